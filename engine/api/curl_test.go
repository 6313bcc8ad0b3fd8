package api

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// asCurl is set in processes that stand in for curl, which not every machine has.
const asCurl = "RUN_AS_CURL"

// beCurl is as much of curl as docs/api.md uses: with the exit code 22 where the answer is an
// error, as by --fail, and 28 when the time is over.
func beCurl() int {
	f := flag.NewFlagSet("curl", flag.ExitOnError)
	socket, method, data := f.String("unix-socket", "", ""), f.String("X", "", ""), f.String("d", "", "")
	upload, output, limit := f.String("T", "", ""), f.String("o", "", ""), f.Int("max-time", 0, "")
	f.Bool("s", false, "")
	f.Bool("N", false, "")
	header := http.Header{}
	f.Func("H", "", func(text string) error {
		name, value, _ := strings.Cut(text, ": ")
		header.Set(name, value)
		return nil
	})
	url, args := "", os.Args[1:]
	for len(args) > 0 { // curl takes flags after the URL too
		if err := f.Parse(args); err != nil {
			return 2
		}
		if args = f.Args(); len(args) > 0 {
			url, args = args[0], args[1:]
		}
	}
	var body io.Reader
	verb := "GET"
	switch {
	case *upload != "":
		text, err := os.ReadFile(*upload)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 26
		}
		verb, body = "PUT", bytes.NewReader(text)
	case *data != "":
		verb, body = "POST", strings.NewReader(*data)
	}
	if *method != "" {
		verb = *method
	}
	ctx := context.Background()
	if *limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(*limit)*time.Second)
		defer cancel()
	}
	req, err := http.NewRequestWithContext(ctx, verb, url, body)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 3
	}
	req.Header = header
	transport := &http.Transport{}
	if *socket != "" {
		transport.DialContext = func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", *socket) }
	}
	resp, err := transport.RoundTrip(req)
	switch {
	case ctx.Err() != nil:
		return 28
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		return 7
	}
	defer resp.Body.Close()
	to := os.Stdout
	if *output != "" {
		if to, err = os.Create(*output); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 23
		}
	}
	_, err = io.Copy(to, resp.Body)
	switch {
	case ctx.Err() != nil:
		return 28
	case err != nil:
		return 18
	case resp.StatusCode >= 400:
		return 22
	}
	return 0
}
