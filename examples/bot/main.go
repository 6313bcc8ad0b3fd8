// Bot answers every call, plays welcome.wav, and hangs up. It reads offhook.ini, or
// takes calls to its own address when there is none.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"

	"github.com/hashicorp/go-hclog"
	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/config"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	src := config.Source{Env: os.Environ()}
	if _, err := os.Stat("offhook.ini"); err == nil {
		src.Path = "offhook.ini"
	}
	cfg, err := config.Load(src)
	if err != nil {
		log.Fatal(err)
	}
	phone, err := engine.New(cfg, hclog.Default())
	if err != nil {
		log.Fatal(err)
	}
	go serve(ctx, phone, phone.Subscribe())
	if err := phone.Run(ctx); err != nil {
		log.Fatal(err)
	}
}

func serve(ctx context.Context, phone *engine.Engine, events *engine.Subscription) {
	for ev := range events.Events() {
		switch ev := ev.(type) {
		case engine.EngineStarted:
			log.Printf("listening: %+v", ev)
		case engine.IncomingCall:
			if call, ok := phone.Call(ev.Call); ok {
				go welcome(ctx, call)
			}
		}
	}
}

// welcome is one call. Its errors mean that the caller has hung up.
func welcome(ctx context.Context, call *engine.Call) {
	defer call.Hangup(context.Background(), 0, "")
	if call.Answer(ctx, 200, "") != nil {
		return
	}
	playing, err := call.Play(ctx, "welcome.wav", false)
	if err != nil {
		log.Print(err)
		return
	}
	<-playing.Done()
}
