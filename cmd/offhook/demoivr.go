package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/engine/tempdir"
)

// The IVR of the demo is a whole telephone application: the engine answers the
// calls, and it plays a menu over and over, another tone for each of the keys 1 and
// 2, and hangs up at the key #.

// ivrBranch is what the caller hears after a key.
type ivrBranch struct {
	Key string
	Hz  float64
}

// ivrBranches is the menu, and ivrLevel how loud its tones are, in dBov.
var ivrBranches = []ivrBranch{{"1", 440}, {"2", 880}}

const (
	ivrLevel    = -20.0
	ivrToneTime = 2 * time.Second
	ivrRate     = 16000
)

// ivr serves calls, each in a goroutine of its own.
type ivr struct {
	eng  *engine.Engine
	dir  string                          // of the sound files
	keys map[engine.CallID]chan<- string // of the calls that are up
}

// serve reacts to the events until the engine stops. Events go to report too.
func (v *ivr) serve(ctx context.Context, events <-chan engine.Event, report func(engine.Event)) {
	for ev := range events {
		report(ev)
		switch ev := ev.(type) {
		case engine.IncomingCall:
			if call, ok := v.eng.Call(ev.Call); ok {
				keys := make(chan string, 16)
				v.keys[ev.Call] = keys
				go v.talk(ctx, call, keys)
			}
		case engine.DTMFReceived:
			select {
			case v.keys[ev.Call] <- ev.Digit:
			default: // nobody types ahead so far
			}
		case engine.CallEnded:
			if keys, ok := v.keys[ev.Call]; ok {
				close(keys)
				delete(v.keys, ev.Call)
			}
		}
	}
}

// talk is one call, from before the answer to the end. Play waits for the answer.
func (v *ivr) talk(ctx context.Context, call *engine.Call, keys <-chan string) {
	playing, err := call.Play(ctx, v.file("menu"), true)
	for key := range keys {
		if err != nil {
			break
		}
		if key == "#" {
			err = call.Hangup(ctx, 0, "")
			continue
		}
		if !slices.ContainsFunc(ivrBranches, func(b ivrBranch) bool { return b.Key == key }) {
			continue
		}
		if err = playing.Stop(ctx); err == nil {
			playing, err = call.Play(ctx, v.file(key), false)
		}
	}
	if err != nil && !ended(err) {
		_ = call.Hangup(ctx, 0, "") // without sound there is no menu
	}
}

func (v *ivr) file(name string) string { return filepath.Join(v.dir, "ivr-"+name+".wav") }

// writeSounds generates the menu, seven notes and a pause, and the tones of its branches. A
// melody is as well to recognise as a spoken prompt, and needs no program that speaks.
func (v *ivr) writeSounds() error {
	note := func(hz float64) []int16 { return dsp.GenerateTone(ivrRate, 200*time.Millisecond, ivrLevel, hz) }
	menu := dsp.Concat(note(523), note(659), note(784), note(659), note(587), note(784), note(1047), dsp.Silence(ivrRate, 600*time.Millisecond))
	errs := []error{dsp.WriteWAV(v.file("menu"), &dsp.Audio{Rate: ivrRate, Channels: 1, Samples: menu})}
	for _, b := range ivrBranches {
		tone := dsp.GenerateTone(ivrRate, ivrToneTime, ivrLevel, b.Hz)
		errs = append(errs, dsp.WriteWAV(v.file(b.Key), &dsp.Audio{Rate: ivrRate, Channels: 1, Samples: tone}))
	}
	return errors.Join(errs...)
}

// newDemoIVR is the other process of the demo, no verb for people. It prints events
// as run --json does and ends when its standard input does, which is when the demo
// ends, however that is.
func newDemoIVR() *cobra.Command {
	var dir string
	var remove bool
	cmd := &cobra.Command{
		Use:    "demo-ivr",
		Short:  "Serve the demo's menu until standard input ends",
		Hidden: true,
		Args:   takesNothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if remove {
				defer tempdir.Remove(dir)
			}
			// Ctrl-C in a terminal reaches this process too; the demo handles it.
			signal.Ignore(os.Interrupt)
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			go func() {
				_, _ = io.Copy(io.Discard, cmd.InOrStdin())
				cancel()
			}()

			cfg, err := demoConfig(config.AutoAnswerAll)
			if err != nil {
				return err
			}
			eng, err := engine.New(cfg, newLogger("warn", os.Stderr).Named("ivr"))
			if err != nil {
				return err
			}
			v := &ivr{eng: eng, dir: dir, keys: make(map[engine.CallID]chan<- string)}
			if err := v.writeSounds(); err != nil {
				return err
			}
			events := eng.Subscribe()
			defer events.Close()
			printer := &eventPrinter{w: cmd.OutOrStdout(), json: true}
			served := make(chan struct{})
			go func() {
				defer close(served)
				v.serve(ctx, events.Events(), func(ev engine.Event) { _ = printer.print(ev) })
			}()
			err = explainStart(eng.Run(ctx))
			printer.finish(served)
			return err
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "folder of the sound files")
	cmd.Flags().BoolVar(&remove, "remove", false, "remove the folder at the end")
	return cmd
}

// demoConfig is that of an engine on any free port of the loopback interface, with the
// local account and no other, whatever the environment says.
func demoConfig(answer config.AutoAnswer) (*config.Config, error) {
	cfg, err := config.Load(config.Source{Flags: []config.Flag{
		{Name: "bind-address", Value: "127.0.0.1"},
		{Name: "auto-answer", Value: string(answer)},
	}})
	if err != nil {
		return nil, fmt.Errorf("the configuration of the demo: %w", err)
	}
	return cfg, nil
}
