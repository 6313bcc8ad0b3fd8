// Host has the doors of Offhook without an engine: it prints what comes in by them, until
// its input ends.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/microsip"
)

type printer struct{}

func (printer) Dialect() config.Dialect { return config.Documented }

func (p printer) Command(ctx context.Context, line string) (microsip.Result, error) {
	fmt.Printf("line %s\n", line)
	return microsip.Result{}, nil
}

func (printer) Execute(_ context.Context, c microsip.Command) (microsip.Result, error) {
	fmt.Printf("command %s %s%s%d\n", c.Op, c.Number, c.Digits, c.Percent)
	return microsip.Result{}, nil
}

func main() {
	if err := host(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func host() error {
	q := microsip.NewQueue(printer{})
	window, err := microsip.OpenWindow(q, "MicroSIP")
	if err != nil {
		return err
	}
	answered := time.Now()
	dde, err := microsip.OpenDDE(q, func() microsip.Status {
		return microsip.Status{State: "CONFIRMED", Number: "1001", Name: "Žaneta", Incoming: true, Answered: answered, Calls: 1}
	})
	if err != nil {
		return err
	}
	fmt.Println("open")
	_, err = io.Copy(io.Discard, os.Stdin)
	q.Close()
	window.Close()
	dde.Close()
	return err
}
