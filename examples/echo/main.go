// Echo answers every call and gives the caller his own words back, a second later. It
// shows package pjsua without the engine: events, and PCM in Go.
//
//	go run ./examples/echo -listen 127.0.0.1:5070
//	offhook call sip:echo@127.0.0.1:5070 --play hello.wav --record answer.wav
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"log"
	"net/netip"
	"os"
	"os/signal"
	"time"

	"github.com/offhook-voip/offhook/pjsua"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:5070", "address and UDP port to take calls on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *listen); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, listen string) error {
	addr, err := netip.ParseAddrPort(listen)
	if err != nil {
		return err
	}
	ep, err := pjsua.Open(pjsua.Config{})
	if err != nil {
		return err
	}
	defer ep.Close()
	transport, err := ep.AddTransport(ctx, pjsua.TransportConfig{
		Type: pjsua.UDP, BindAddress: addr.Addr().String(), Port: int(addr.Port()),
	})
	if err != nil {
		return err
	}
	account := pjsua.AccountConfig{ID: "sip:echo@" + listen, Transport: transport}
	if _, err := ep.AddAccount(ctx, account); err != nil {
		return err
	}
	log.Printf("call sip:echo@%s", listen)
	for {
		select {
		case ev := <-ep.Events():
			if in, ok := ev.(pjsua.IncomingCall); ok {
				// Events must be read on: each call has a goroutine of its own.
				go func() {
					if err := echo(ctx, ep.Call(in.Call)); err != nil {
						log.Printf("call from %s: %v", in.Remote, err)
					}
				}()
			}
		case <-ctx.Done():
			hangup, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			return ep.Shutdown(hangup)
		}
	}
}

// echo is one call, until the caller hangs up.
func echo(ctx context.Context, call *pjsua.Call) error {
	const rate = 16000
	audio, err := call.Audio(ctx, rate, pjsua.AudioOptions{WriteBuffer: 2 * time.Second})
	if err != nil {
		return err
	}
	defer audio.Close()
	if err := call.Answer(ctx, pjsua.CodeOK, pjsua.AnswerOptions{}); err != nil {
		return err
	}
	if _, err := audio.WriteSamples(make([]int16, rate)); err != nil { // the second
		return err
	}
	_, err = io.Copy(audio, audio)
	if errors.Is(err, pjsua.ErrCallGone) || errors.Is(err, pjsua.ErrClosed) {
		return nil
	}
	return err
}
