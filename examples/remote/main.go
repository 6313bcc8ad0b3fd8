// Remote has a running offhook call somebody, and prints what happens to the call. It needs
// no PJSIP: CGO_ENABLED=0 go run ./examples/remote SOCKET URI
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/offhook-voip/offhook/engine/api"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: remote SOCKET URI")
		os.Exit(1)
	}
	if err := callAndWatch(ctx, &api.Client{Socket: os.Args[1]}, os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func callAndWatch(ctx context.Context, phone *api.Client, uri string) error {
	events, err := phone.Events(ctx) // before the call, so that none of its events is missed
	if err != nil {
		return err
	}
	defer events.Close()
	call, err := phone.Dial(ctx, api.DialRequest{URI: uri})
	var refused *api.Error
	if errors.As(err, &refused) && refused.Code == api.CodeBadRequest {
		return fmt.Errorf("%s cannot be called: %w", uri, err)
	}
	if err != nil {
		return err
	}
	for {
		ev, err := events.Next(ctx)
		if err != nil {
			return err
		}
		if ev.Call != call.ID {
			continue
		}
		fmt.Println(ev.Type, string(ev.Raw))
		if ev.Type == "CallEnded" {
			return nil
		}
	}
}
