//go:build cgo

package pjsua_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/offhook-voip/offhook/pjsua"
)

// A phone that calls itself: the same steps make a call to any other.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	ep, err := pjsua.Open(pjsua.Config{UserAgent: "example"})
	if err != nil {
		log.Fatal(err)
	}
	tp, err := ep.AddTransport(ctx, pjsua.TransportConfig{Type: pjsua.UDP, BindAddress: "127.0.0.1"})
	if err != nil {
		log.Fatal(err)
	}
	addr := tp.Info().Address
	acc, err := ep.AddAccount(ctx, pjsua.AccountConfig{ID: "sip:alice@" + addr, Transport: tp})
	if err != nil {
		log.Fatal(err)
	}
	call, err := acc.Dial(ctx, "sip:bob@"+addr, pjsua.DialOptions{})
	if err != nil {
		log.Fatal(err)
	}
	for ev := range ep.Events() {
		switch ev := ev.(type) {
		case pjsua.IncomingCall:
			fmt.Println("called by", ev.Remote)
			go ep.Call(ev.Call).Answer(ctx, pjsua.CodeOK, pjsua.AnswerOptions{})
		case pjsua.CallStateChanged:
			if ev.Call == call.ID() {
				fmt.Println(ev.State)
			}
			if ev.Call == call.ID() && ev.State == pjsua.StateConfirmed {
				go call.Hangup(ctx, pjsua.HangupOptions{})
			}
		case pjsua.CallEnded:
			if ev.Call == call.ID() {
				fmt.Println("ended with", int(ev.Code), ev.Reason)
				go ep.Close() // which ends this loop
			}
		}
	}
	// Unordered output:
	// CALLING
	// called by <sip:alice@127.0.0.1>
	// CONNECTING
	// CONFIRMED
	// DISCONNECTED
	// ended with 200 OK
}

// Errors compare with PJSIP's status codes and with SIP codes.
func ExampleError() {
	ep, err := pjsua.Open(pjsua.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer ep.Close()
	go func() {
		for range ep.Events() { // events must be read
		}
	}()
	_, err = ep.AddAccount(context.Background(), pjsua.AccountConfig{ID: "alice"})
	fmt.Println(err)
	// Output: pjsua: account ID "alice": Invalid URI (PJSIP_EINVALIDURI) (status 171039)
}
