// Bot answers every call, says who called, plays welcome.wav where there is one, and hangs
// up. It reads offhook.ini, or takes calls to its own address when there is none.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"

	"github.com/hashicorp/go-hclog"
	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/bot"
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
	b := bot.New(phone, bot.Options{Logger: hclog.Default()})
	b.Handle(welcome)
	if err := b.Run(ctx); err != nil {
		log.Fatal(err)
	}
}

// welcome is one call. It is hung up when the function returns.
func welcome(ctx context.Context, c *bot.Call) error {
	if err := c.Answer(ctx); err != nil {
		return err
	}
	if _, err := os.Stat("welcome.wav"); err == nil {
		_, err = c.Play(ctx, "welcome.wav")
		return err
	}
	_, err := c.Say(ctx, "Welcome. This is a telephone that a program answers. Goodbye.")
	return err
}
