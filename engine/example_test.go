package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// The accounts of a configuration can be looked at before anything is opened.
func ExampleNew() {
	cfg, err := config.Load(config.Source{Path: "offhook.ini", Data: []byte(`
[Account]
label      = Sales
server     = pbx.example.com
username   = 1001
server-2   = pbx.example.com
username-2 = 1002
`)})
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := engine.New(cfg, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, a := range e.Accounts() {
		fmt.Printf("%d %q at %q\n", a.Number, a.Username, a.Server)
	}
	// Output:
	// 0 "" at ""
	// 1 "1001" at "pbx.example.com"
	// 2 "1002" at "pbx.example.com"
}

// A bot that calls a number, plays a file, and says how it went.
func ExampleEngine_Dial() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	cfg, err := config.Load(config.Source{Path: "offhook.ini"})
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := engine.New(cfg, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	ran := make(chan error, 1)
	go func() { ran <- e.Run(ctx) }()
	select {
	case <-e.Started():
	case err := <-ran: // a port in use, for example
		fmt.Println(err)
		return
	}

	call, err := e.Dial(ctx, engine.DialRequest{URI: "1002"})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = call.Wait(ctx, engine.StateConfirmed)
	var refused *pjsua.CallError
	if errors.As(err, &refused) {
		fmt.Println("refused:", refused.Code, refused.Reason)
		return
	}
	playback, err := call.Play(ctx, "hello.wav", false)
	if err != nil {
		fmt.Println(err)
		return
	}
	<-playback.Done()
	if err := call.Hangup(ctx, 0, ""); err != nil {
		fmt.Println(err)
	}
}
