package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/dsp"
)

func newDemo() *cobra.Command {
	d := &demo{began: time.Now()}
	cmd := &cobra.Command{
		Use:   "demo [flags]",
		Short: "Make a call to a small IVR on this machine and measure it",
		Long: `Demo shows that everything works, without a PBX, a configuration or a sound card. It
starts a second Offhook on the loopback interface, which is a small IVR: a menu of three
notes, a tone of 440 Hz for the key 1 and one of 880 Hz for the key 2. Then it calls the
IVR, hears the menu, presses the keys, records what it hears, and measures the recording.

It prints each step and a table of what was expected and what was measured. --keep leaves
the recording and the sound files of the IVR in a folder.

Exit codes: 0 all is right; 1 a measurement is wrong (a frequency by more than 1 Hz, a
level by more than 1 dB, the wrong branch of the menu, lost packets), or a step failed.`,
		Example: `  offhook demo
  offhook demo --keep sounds`,
		Args: takesNothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d.out = cmd.OutOrStdout()
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			return d.run(ctx)
		},
	}
	cmd.Flags().StringVar(&d.keep, "keep", "", "`folder` to leave the sound files in; it is made if need be")
	cmd.Flags().BoolVar(&d.json, "json", false, "print steps and results as lines of JSON")
	return cmd
}

// demo is one run of the demo.
type demo struct {
	keep string
	json bool

	out   io.Writer
	began time.Time
}

// stepTime bounds every wait for what takes no time.
const stepTime = 10 * time.Second

// demoStep is a step in demo --json.
type demoStep struct {
	Type string `json:"type"` // "DemoStep"
	MS   int64  `json:"ms"`   // since the start
	Text string `json:"text"`
}

// step says what was done.
func (d *demo) step(format string, args ...any) {
	since, text := time.Since(d.began), fmt.Sprintf(format, args...)
	if d.json {
		_ = writeJSON(d.out, demoStep{Type: "DemoStep", MS: since.Milliseconds(), Text: text})
		return
	}
	fmt.Fprintf(d.out, "%6.2f s  %s\n", since.Seconds(), text)
}

func (d *demo) run(ctx context.Context) error {
	dir, temporary := d.keep, d.keep == ""
	var err error
	if temporary {
		if dir, err = os.MkdirTemp("", "offhook-demo-"); err == nil {
			defer os.RemoveAll(dir)
		}
	} else {
		err = os.MkdirAll(dir, 0o777)
	}
	if err != nil {
		return err
	}
	menu, err := startIVR(dir, temporary)
	if err != nil {
		return fmt.Errorf("start the IVR: %w", err)
	}
	defer menu.stop()

	recording := filepath.Join(dir, "heard.wav")
	ended, setup, err := d.call(ctx, menu, recording)
	if err != nil {
		if ctx.Err() != nil {
			return errInterrupted
		}
		return err
	}
	audio, err := dsp.ReadWAV(recording)
	if err != nil {
		return err
	}
	d.step("measured the recording, %s", audio)
	result := judgeDemo(audio, ended, setup)
	if !temporary {
		result.Recording = recording
	}
	if d.json {
		err = writeJSON(d.out, result)
	} else {
		err = result.print(d.out)
	}
	if err == nil && !result.OK {
		err = &exitError{code: exitUsage}
	}
	return err
}

// call starts an engine and calls the IVR. setup is the time from dialling to the
// answer.
func (d *demo) call(ctx context.Context, menu *ivrProcess, recording string) (ended engine.CallEnded, setup time.Duration, err error) {
	started, err := menu.await(ctx, "start", func(ev ivrEvent) bool { return ev.Type == "EngineStarted" })
	if err != nil {
		return ended, 0, err
	}
	if len(started.Transports) == 0 {
		return ended, 0, errors.New("the IVR does not say where it listens")
	}
	address := started.Transports[0].Address
	d.step("the IVR listens on %s, process %d", address, menu.cmd.Process.Pid)

	eng, err := demoEngine("caller", config.AutoAnswerOff)
	if err != nil {
		return ended, 0, err
	}
	events := eng.Subscribe()
	defer events.Close()
	last := make(chan engine.CallEnded, 1)
	go func() {
		for ev := range events.Events() {
			if ev, ok := ev.(engine.CallEnded); ok {
				last <- ev
				return
			}
		}
	}()
	engineCtx, stopEngine := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- eng.Run(engineCtx) }()
	defer func() {
		stopEngine()
		if runErr := <-ran; err == nil {
			err = explainStart(runErr)
		}
	}()
	select {
	case <-eng.Started():
	case err := <-ran:
		ran <- nil
		return ended, 0, explainStart(err)
	}
	d.step("the caller is ready, process %d", os.Getpid())

	dialled := time.Now()
	call, err := eng.Dial(ctx, engine.DialRequest{URI: "sip:menu@" + address})
	if err != nil {
		return ended, 0, err
	}
	d.step("dialled sip:menu@%s", address)
	if err := d.talk(ctx, call, menu, recording); err != nil {
		return ended, 0, err
	}
	select {
	case ended = <-last:
	case <-time.After(stepTime):
		return ended, 0, errors.New("the end of the call was not reported")
	}
	return ended, call.Info().Answered.Sub(dialled), nil
}

// talk goes through the menu. The IVR reports what it plays, so that the next key
// is pressed when a tone has been heard to its end.
func (d *demo) talk(ctx context.Context, call *engine.Call, menu *ivrProcess, recording string) error {
	short, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	if err := call.Wait(short, engine.StateConfirmed); err != nil {
		return err
	}
	d.step("answered")
	file, err := call.Record(short, recording, engine.RecordOptions{})
	if err != nil {
		return err
	}
	d.step("recording, and hearing the menu")
	if err := pause(ctx, call, 1500*time.Millisecond); err != nil {
		return err
	}
	for _, b := range ivrBranches {
		d.step("pressing %s (RFC 4733)", b.Key)
		if err := call.SendDTMF(ctx, b.Key, engine.DTMFOptions{}); err != nil {
			return err
		}
		if _, err := menu.await(ctx, "key "+b.Key, func(ev ivrEvent) bool { return ev.Type == "DTMFReceived" }); err != nil {
			return err
		}
		d.step("the IVR got the key, %g Hz should follow", b.Hz)
		_, err := menu.await(ctx, "end of the tone", func(ev ivrEvent) bool {
			return ev.Type == "PlaybackEnded" && ev.Reason == "finished"
		})
		if err != nil {
			return err
		}
		// What was played last is still on its way.
		if err := pause(ctx, call, 300*time.Millisecond); err != nil {
			return err
		}
	}
	d.step("pressing #, at which the IVR hangs up")
	if err := call.SendDTMF(ctx, "#", engine.DTMFOptions{}); err != nil && !ended(err) {
		return err
	}
	last, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	if err := call.Wait(last, engine.StateDisconnected); err != nil {
		return fmt.Errorf("the IVR does not hang up: %w", err)
	}
	d.step("the call is over")
	return file.Stop(last)
}

// pause lets a call go on for a while.
func pause(ctx context.Context, call *engine.Call, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-call.Done():
		return engine.ErrCallEnded
	case <-ctx.Done():
		return ctx.Err()
	}
}
