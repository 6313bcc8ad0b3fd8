package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua/wav"
)

// callOptions are the flags of call.
type callOptions struct {
	uri      string
	account  int // noAccount where it was not given
	play     string
	record   string
	dtmf     string
	duration time.Duration
	timeout  time.Duration
	json     bool
}

const noAccount = -1

func newCall(args []string) *cobra.Command {
	o := &callOptions{}
	cmd := &cobra.Command{
		Use:   "call URI [flags]",
		Short: "Make a call, play, send digits, record, and tell what happened",
		Long: `Call registers the account if it has a server, dials URI, waits for the answer, plays a
file, sends digits when it has ended, records what arrives, hangs up, and tells what
happened: the SIP code, when it rang and was answered, the codec, and packets, loss,
jitter and round-trip time.

URI is a SIP, SIPS or tel URI, user@host, or a number of the account's domain. Without a
configuration the call is made directly, without a registrar: sip:user@host:port.

The call lasts until --duration is over, counted from the answer. Without --duration it
lasts until the file was played and the digits were sent; without these, until the far
end hangs up or Ctrl-C is pressed, which always hangs up.

--json prints each event as one JSON object in a line, and a CallSummary last.

Exit codes:
  0  answered, and ended as asked or by the far end
  1  bad usage or configuration, or a file that cannot be played or written
  2  rejected; the SIP code is in the output
  3  not answered within --timeout, or before Ctrl-C; the call was cancelled
  4  registration failed
  5  media failed: answered, but in a second or more no RTP came
  128 and the signal's number after a second Ctrl-C or SIGTERM, which does not wait`,
		Example: `  offhook call sip:1000@pbx.example.com -c offhook.ini --play hello.wav
  offhook call 1000 --account 2 --dtmf ,1,2# --record menu.wav --duration 20s
  offhook call sip:echo@127.0.0.1:5070 --play tone.wav --record echo.wav --json`,
		Args: takesURI,
	}
	f := cmd.Flags()
	f.IntVar(&o.account, "account", noAccount, "`number` of the account that calls, 0 is the local account (default the first)")
	f.StringVar(&o.play, "play", "", "WAV `file` to play when the call is answered")
	f.StringVar(&o.record, "record", "", "`file` to write what arrives to, early media included: WAV, or Opus when it ends in .opus or .ogg; an existing one is overwritten")
	f.StringVar(&o.dtmf, "dtmf", "", "`digits` to send, 0-9 * # A-D; a comma is a pause of 1 s")
	f.DurationVar(&o.duration, "duration", 0, "hang up so long after the answer")
	f.DurationVar(&o.timeout, "timeout", 30*time.Second, "give up so long after dialling; a registration before has the same time")
	f.BoolVar(&o.json, "json", false, "print events and a summary as lines of JSON")
	f.Lookup("account").DefValue = "0" // not printed: its usage says what it is
	s := addSettings(cmd, args, "log-level")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.uri = args[0]
		if err := o.check(); err != nil {
			return err
		}
		cfg, err := s.load()
		if err != nil {
			return err
		}
		if cfg, err = o.narrow(cfg); err != nil {
			return err
		}
		level := cfg.Settings.LogLevel
		if level == "info" {
			level = "warn" // the events say what the info lines would
		}
		eng, err := engine.New(cfg, newLogger(level, os.Stderr))
		if err != nil {
			return err
		}
		ctx, stop := untilSignal(cmd.Context())
		defer stop()
		c := &caller{o: o, eng: eng, printer: &eventPrinter{w: cmd.OutOrStdout(), json: o.json}}
		return c.run(ctx)
	}
	return cmd
}

func takesURI(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("call takes one URI, not %d; see %s --help", len(args), cmd.CommandPath())
	}
	return nil
}

// check reports what is wrong with the flags before anything is opened.
func (o *callOptions) check() error {
	if i := strings.IndexFunc(o.dtmf, func(r rune) bool { return !strings.ContainsRune("0123456789*#ABCDabcd,", r) }); i >= 0 {
		return fmt.Errorf("--dtmf %s: %q is no digit: allowed are 0-9 * # A-D, and the comma for a pause", o.dtmf, []rune(o.dtmf[i:])[0])
	}
	if o.duration < 0 || o.timeout <= 0 {
		return errors.New("--duration and --timeout must be positive, such as 10s")
	}
	if o.account < noAccount {
		return errors.New("--account must be a number from 0")
	}
	if o.play != "" {
		if _, err := wav.ReadInfo(o.play); err != nil {
			return fmt.Errorf("--play: %w", err)
		}
	}
	if o.record != "" {
		if err := checkWritable(o.record); err != nil {
			return fmt.Errorf("--record: %w", err)
		}
	}
	return nil
}

// checkWritable says why no recording can be written to path, and leaves no file.
func checkWritable(path string) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".wav", ".opus", ".ogg", ".oga":
	default:
		return fmt.Errorf("%s: the name must end in .wav, .opus, .ogg or .oga", path)
	}
	_, statErr := os.Stat(path)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if errors.Is(statErr, os.ErrNotExist) {
		return os.Remove(path)
	}
	return nil
}

// narrow returns the configuration for one call: with the account that calls only,
// so that no other is registered, and without anything that would answer.
func (o *callOptions) narrow(cfg *config.Config) (*config.Config, error) {
	one := *cfg
	one.Accounts = nil
	one.Settings.AutoAnswer = config.AutoAnswerOff
	one.Settings.CallWaiting = false
	if o.account == noAccount {
		o.account = 0
		for _, a := range cfg.Accounts {
			if !a.Local() {
				o.account = a.Number
				break
			}
		}
	}
	a, ok := cfg.Account(o.account)
	switch {
	case ok:
		one.Accounts = append(one.Accounts, a)
	case o.account == 0 && transportIn(o.uri) != config.UDP:
		// The local account that is there without a configuration has UDP only.
		one.Accounts = append(one.Accounts, config.Account{Transport: transportIn(o.uri)})
	case o.account != 0:
		return nil, fmt.Errorf("--account %d: there is no such account in the configuration, which has %s", o.account, numbers(cfg))
	}
	return &one, nil
}

// transportIn is the transport that a URI asks for (RFC 3261 section 19.1.1).
func transportIn(uri string) config.Transport {
	uri = strings.ToLower(uri)
	switch {
	case strings.Contains(uri, ";transport=tcp"):
		return config.TCP
	case strings.Contains(uri, ";transport=tls"), strings.Contains(uri, "sips:"):
		return config.TLS
	}
	return config.UDP
}

func numbers(cfg *config.Config) string {
	var list []string
	for _, a := range cfg.Accounts {
		list = append(list, fmt.Sprint(a.Number))
	}
	if list == nil {
		return "none"
	}
	return strings.Join(list, ", ")
}

// caller makes the one call of the verb.
type caller struct {
	o       *callOptions
	eng     *engine.Engine
	printer *eventPrinter

	facts   callFacts // belongs to the reader of the events until that has ended
	outcome outcome
	dialled time.Time
	call    *engine.Call
	endedBy string
}

// outcome is how it went, in the words of the summary.
type outcome struct {
	result string
	code   int
	reason string
}

// The results of a call.
const (
	resultAnswered       = "answered"
	resultRejected       = "rejected"
	resultTimeout        = "timeout"
	resultCancelled      = "cancelled"
	resultRegisterFailed = "register_failed"
	resultMediaFailed    = "media_failed"
)

var resultCodes = map[string]int{
	resultAnswered:       exitOK,
	resultRejected:       exitRejected,
	resultTimeout:        exitNotAnswered,
	resultCancelled:      exitNotAnswered,
	resultRegisterFailed: exitRegisterFailed,
	resultMediaFailed:    exitMediaFailed,
}

// hangupTime bounds what happens after the call: BYE, closing of files.
const hangupTime = 5 * time.Second

// run makes the call and prints the summary. Its error has the exit code.
func (c *caller) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	sub := c.eng.Subscribe()
	read := make(chan struct{})
	go func() {
		defer close(read)
		for ev := range sub.Events() {
			c.refuse(ev)
			c.facts.add(ev)
			if err := c.printer.print(ev); err != nil {
				cancel(fmt.Errorf("standard output: %w", err))
			}
		}
	}()
	engineCtx, stopEngine := context.WithCancel(context.Background())
	defer stopEngine()
	ran := make(chan error, 1)
	go func() { ran <- c.eng.Run(engineCtx) }()

	err := c.work(ctx, ran)
	stopEngine()
	if runErr := explainStart(<-ran); err == nil {
		err = runErr
	}
	<-read // to the end: the summary needs CallEnded
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, errInterrupted) && err == nil {
		err = cause
	}
	if c.outcome.result == "" {
		return err // there was no call to sum up
	}
	// The summary is the last line in any case.
	s := c.summary()
	code := resultCodes[s.Result]
	if err != nil {
		tell(err, c.o.json, c.printer.w, os.Stderr)
		code = exitUsage
	}
	if err := c.printer.summary(s); err != nil {
		return err
	}
	if code != exitOK {
		return &exitError{code: code}
	}
	return nil
}

// refuse hangs up on calls that come in meanwhile.
func (c *caller) refuse(ev engine.Event) {
	if in, ok := ev.(engine.IncomingCall); ok {
		if call, ok := c.eng.Call(in.Call); ok {
			ctx, cancel := context.WithTimeout(context.Background(), hangupTime)
			defer cancel()
			_ = call.Hangup(ctx, 486, "")
		}
	}
}
