package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine/api"
)

func newCalls() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "calls [flags]",
		Short: "List the calls of a running engine",
		Long: `Calls lists the calls of a running engine that are not over.

--json prints one object: {"calls":[…]}, each as GET /v1/calls of the API answers.

` + remoteCodes,
		Example: `  offhook calls
  offhook calls --json`,
		Args: takesNothing,
	}
	r := addRemote(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return r.command(cmd, func(ctx context.Context, c *api.Client) (result, error) {
			list, err := c.Calls(ctx)
			return result{map[string]any{"calls": list}, func(w io.Writer) error { return printCalls(w, list) }}, err
		})
	}
	return cmd
}

func printCalls(w io.Writer, list []api.Call) error {
	if len(list) == 0 {
		return oneLine("no calls")(w)
	}
	t := newTable(w, "")
	t.row("CALL", "ACCOUNT", "STATE", "REMOTE", "TIME", "MEDIA")
	for _, c := range list {
		since := c.Started
		if !c.Answered.IsZero() {
			since = c.Answered
		}
		t.row(fmt.Sprint(c.ID), fmt.Sprint(c.Account), c.State, printable(farEnd(c)), human(time.Since(since)), printable(mediaText(c.Media)))
	}
	return t.flush()
}

// farEnd is "to 1002" or "from 1002".
func farEnd(c api.Call) string {
	if c.Role == "UAS" {
		return "from " + c.Remote
	}
	return "to " + c.Remote
}

func mediaText(media []api.Media) string {
	var streams []string
	for _, m := range media {
		streams = append(streams, joinWords(strings.ReplaceAll(m.Status, "_", " "), m.Codec, m.SRTP))
	}
	return strings.Join(streams, ", ")
}

func printStats(w io.Writer, s api.CallStats) error {
	t := newTable(w, "")
	t.row("", "MOS", "PACKETS", "LOST", "DISCARDED", "JITTER")
	for _, d := range []struct {
		name string
		api.DirectionStats
	}{{"rx", s.RX}, {"tx", s.TX}} {
		mos := "unknown"
		if d.MOS > 0 {
			mos = fmt.Sprintf("%.2f", d.MOS)
		}
		t.row(d.name, mos, fmt.Sprint(d.Packets), fmt.Sprint(d.Lost), fmt.Sprint(d.Discarded), fmt.Sprintf("%.1f ms", d.JitterMS))
	}
	if err := t.flush(); err != nil {
		return err
	}
	roundTrip := "round trip unknown"
	if s.RTTMS > 0 {
		roundTrip = fmt.Sprintf("round trip %.1f ms", s.RTTMS)
	}
	return oneLine("%s, %s", cmp.Or(printable(s.Codec), "no audio"), roundTrip)(w)
}

// callResult is how a call is after a command.
func callResult(c api.Call, err error) (result, error) {
	return result{c, oneLine("call %d %s %s", c.ID, c.State, farEnd(c))}, err
}

// callVerb is a verb that does something with one call.
type callVerb struct {
	use, short, long, example string
	without                   string // what is done without --call, where that is not the usual
	args                      cobra.PositionalArgs
	flags                     func(*cobra.Command)
	do                        func(ctx context.Context, c *api.Client, call api.CallID, args []string) (result, error)
}

func (v callVerb) command() *cobra.Command {
	cmd := &cobra.Command{
		Use: v.use, Short: v.short, Example: v.example, Args: v.args,
		Long: v.long + "\n\n" + cmp.Or(v.without, "Without --call the call is the one that MicroSIP would choose.") +
			"\n\n--json prints one object, as the API answers.\n\n" + remoteCodes,
	}
	if cmd.Args == nil {
		cmd.Args = takesNothing
	}
	var call int64
	cmd.Flags().Int64Var(&call, "call", 0, "`id` of the call")
	cmd.Flags().Lookup("call").DefValue = "0" // not printed
	if v.flags != nil {
		v.flags(cmd)
	}
	r := addRemote(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if cmd.Flags().Changed("call") && call < 1 {
			return errors.New("--call must be a number from 1")
		}
		return r.command(cmd, func(ctx context.Context, c *api.Client) (result, error) {
			return v.do(ctx, c, api.CallID(call), args)
		})
	}
	return cmd
}

// takesOne wants one argument.
func takesOne(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("%s takes one %s, not %d; see %s --help", cmd.Name(), what, len(args), cmd.CommandPath())
		}
		return nil
	}
}

// callVerbs returns the verbs that do something with one call.
func callVerbs() []*cobra.Command {
	var answer api.AnswerRequest
	var reject api.RejectRequest
	var dtmf api.DTMFRequest
	var duration time.Duration
	var record api.RecordRequest
	var stop, stopPlaying bool
	var play api.PlayRequest
	var transfer api.TransferRequest
	verbs := []callVerb{
		{
			use: "answer [flags]", short: "Answer a ringing call",
			long:    "Answer answers an incoming call of a running engine.",
			example: "  offhook answer\n  offhook answer --call 3 --code 180",
			flags: func(cmd *cobra.Command) {
				cmd.Flags().IntVar(&answer.Code, "code", 0, "SIP `code`, 101 to 299 (default 200)")
				cmd.Flags().StringVar(&answer.Reason, "reason", "", "`phrase` of the answer (default the code's usual one)")
			},
			do: func(ctx context.Context, c *api.Client, call api.CallID, _ []string) (result, error) {
				return callResult(c.Answer(ctx, call, answer))
			},
		},
		{
			use: "reject [flags]", short: "Refuse a ringing call",
			long:    "Reject refuses an incoming call of a running engine.",
			example: "  offhook reject\n  offhook reject --call 3 --code 603",
			flags: func(cmd *cobra.Command) {
				cmd.Flags().IntVar(&reject.Code, "code", 0, "SIP `code`, 300 to 699 (default 486)")
				cmd.Flags().StringVar(&reject.Reason, "reason", "", "`phrase` of the answer (default the code's usual one)")
			},
			do: func(ctx context.Context, c *api.Client, call api.CallID, _ []string) (result, error) {
				return callResult(c.Reject(ctx, call, reject))
			},
		},
		{
			use: "hangup [flags]", short: "End a call",
			long:    "Hangup ends a call of a running engine, in whatever state it is.",
			example: "  offhook hangup\n  offhook hangup --call 3",
			do: func(ctx context.Context, c *api.Client, call api.CallID, _ []string) (result, error) {
				return callResult(c.Hangup(ctx, call))
			},
		},
		{
			use: "hold [flags]", short: "Put the far end of a call on hold",
			long:    "Hold puts the far end of a call of a running engine on hold.",
			example: "  offhook hold\n  offhook hold --call 3",
			do: func(ctx context.Context, c *api.Client, call api.CallID, _ []string) (result, error) {
				return callResult(c.Hold(ctx, call))
			},
		},
		{
			use: "resume [flags]", short: "Take the far end of a call off hold",
			long:    "Resume takes the far end of a call of a running engine off hold.",
			example: "  offhook resume\n  offhook resume --call 3",
			do: func(ctx context.Context, c *api.Client, call api.CallID, _ []string) (result, error) {
				return callResult(c.Resume(ctx, call))
			},
		},
		{
			use: "dtmf DIGITS [flags]", short: "Send digits in a call",
			long: `Dtmf sends digits in a call of a running engine, 0-9 * # A-D, a comma being a pause of a
second, and waits until they have been sent.`,
			example: "  offhook dtmf 1234#\n  offhook dtmf 1,2 --call 3 --method info",
			args:    takesOne("word of digits"),
			flags: func(cmd *cobra.Command) {
				cmd.Flags().StringVar(&dtmf.Method, "method", "", "`way` to send them: auto, inband, rfc4733 or info (default the configuration's)")
				cmd.Flags().DurationVar(&duration, "duration", 0, "length of each digit (default PJSIP's)")
			},
			do: func(ctx context.Context, c *api.Client, call api.CallID, args []string) (result, error) {
				dtmf.Digits, dtmf.DurationMS = args[0], int(duration.Milliseconds())
				return callResult(c.SendDTMF(ctx, call, dtmf))
			},
		},
		{
			use: "stats [flags]", short: "Tell how good a call's audio is",
			long: `Stats prints packets, loss, jitter and round trip of a call of a running engine so far, and
the mean opinion score that the E-model of ITU-T G.107 estimates from them: from 1, bad,
to 4.41. RX is what we receive, TX what the far end reports of what we send.`,
			example: "  offhook stats\n  offhook stats --call 3 --json",
			do: func(ctx context.Context, c *api.Client, call api.CallID, _ []string) (result, error) {
				stats, err := c.CallStats(ctx, call)
				return result{stats, func(w io.Writer) error { return printStats(w, stats) }}, err
			},
		},
		{
			use: "record [NAME] [flags]", short: "Record a call",
			long: `Record records both parties of a call of a running engine to a file in its folder of
recordings, and returns when audio flows into it. NAME ends in .wav or .opus; without it
the name has MicroSIP's pattern. --stop ends all recordings of the call.`,
			example: "  offhook record\n  offhook record order-4711.wav --call 3\n  offhook record --stop",
			args: func(cmd *cobra.Command, args []string) error {
				if len(args) > 1 || len(args) == 1 && stop {
					return fmt.Errorf("record takes one NAME at most, and none with --stop; see %s --help", cmd.CommandPath())
				}
				return nil
			},
			flags: func(cmd *cobra.Command) {
				cmd.Flags().BoolVar(&stop, "stop", false, "end the recordings of the call")
				cmd.Flags().BoolVar(&record.OneSided, "one-sided", false, "record what arrives only")
			},
			do: func(ctx context.Context, c *api.Client, call api.CallID, args []string) (result, error) {
				if stop {
					return callResult(c.StopRecording(ctx, call))
				}
				if len(args) == 1 {
					record.Name = args[0]
				}
				f, err := c.Record(ctx, call, record)
				return result{f, oneLine("recording to %s", f.Name)}, err
			},
		},
		{
			use: "play FILE [flags]", short: "Play a WAV file into a call",
			long: `Play uploads a WAV file to a running engine, where it stays as a prompt of that name, and
plays it into a call. It returns when the file is being played. --stop stops everything
that is played into the call.`,
			example: "  offhook play hello.wav\n  offhook play music.wav --call 3 --loop\n  offhook play --stop",
			args: func(cmd *cobra.Command, args []string) error {
				if want := 1; len(args) != want && !stopPlaying || len(args) > 0 && stopPlaying {
					return fmt.Errorf("play takes one FILE, and none with --stop; see %s --help", cmd.CommandPath())
				}
				return nil
			},
			flags: func(cmd *cobra.Command) {
				cmd.Flags().BoolVar(&play.Loop, "loop", false, "play it again and again")
				cmd.Flags().BoolVar(&stopPlaying, "stop", false, "stop what is played")
			},
			do: func(ctx context.Context, c *api.Client, call api.CallID, args []string) (result, error) {
				if stopPlaying {
					return callResult(c.StopPlaying(ctx, call))
				}
				file, err := os.Open(args[0])
				if err != nil {
					return result{}, err
				}
				defer file.Close()
				prompt, err := c.AddPrompt(ctx, filepath.Base(args[0]), file)
				if err != nil {
					return result{}, err
				}
				play.Prompt = prompt.Name
				return callResult(c.Play(ctx, call, play))
			},
		},
	}
	verbs = append(verbs, callVerb{
		use: "transfer [TARGET] [flags]", short: "Transfer a call, blind or attended",
		long: `Transfer has the far end of a call of a running engine call TARGET instead: a user or
number of the account's domain, or a URI. With --to ID, the far end takes our place in that
other call. A call that was transferred is hung up.

With --wait it waits until the far end has told what became of the transfer.`,
		example: "  offhook transfer 1002\n  offhook transfer --call 3 --to 4 --wait",
		args: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 1) == (transfer.To != 0) || len(args) > 1 {
				return fmt.Errorf("transfer takes one TARGET, or --to; see %s --help", cmd.CommandPath())
			}
			return nil
		},
		flags: func(cmd *cobra.Command) {
			cmd.Flags().Int64Var((*int64)(&transfer.To), "to", 0, "`id` of the call that the far end is to take over")
			cmd.Flags().Lookup("to").DefValue = "0" // not printed
			cmd.Flags().BoolVar(&transfer.Wait, "wait", false, "wait for the outcome")
		},
		do: func(ctx context.Context, c *api.Client, call api.CallID, args []string) (result, error) {
			if len(args) == 1 {
				transfer.Target = args[0]
			}
			return callResult(c.Transfer(ctx, call, transfer))
		},
	}, muteVerb("mute", "Mute the microphone or the speaker", (*api.Client).Mute, (*api.Client).MuteAll),
		muteVerb("unmute", "End mute", (*api.Client).Unmute, (*api.Client).UnmuteAll))
	var list []*cobra.Command
	for _, v := range verbs {
		list = append(list, v.command())
	}
	return list
}

// muteVerb is mute or unmute.
func muteVerb(name, short string, one func(*api.Client, context.Context, api.CallID, string) (api.Call, error),
	all func(*api.Client, context.Context, string) (api.Levels, error)) callVerb {
	var direction string
	return callVerb{
		use: name + " [flags]", short: short,
		long: strings.ToUpper(name[:1]) + name[1:] + ` is about what the far end hears of us, or with --direction out about what we hear.`,
		without: `Without --call it is about all calls, those to come too, as MicroSIP's button; a call
that was muted by --call stays so until it is unmuted by --call.`,
		example: "  offhook " + name + "\n  offhook " + name + " --call 3 --direction out",
		flags: func(cmd *cobra.Command) {
			cmd.Flags().StringVar(&direction, "direction", "in", "`way` of the audio: in is the microphone, out the speaker")
		},
		do: func(ctx context.Context, c *api.Client, call api.CallID, _ []string) (result, error) {
			if call != 0 {
				return callResult(one(c, ctx, call, direction))
			}
			l, err := all(c, ctx, direction)
			return result{l, oneLine("microphone %s, speaker %s", mutedWord(l.MutedIn), mutedWord(l.MutedOut))}, err
		},
	}
}

func mutedWord(muted bool) string {
	if muted {
		return "muted"
	}
	return "on"
}
