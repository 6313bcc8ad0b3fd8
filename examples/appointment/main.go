// Appointment lets callers choose when to come, by keys or by words, and may be interrupted
// at any time. It prints each appointment as a line of JSON. It reads the INI file that is
// its argument, or offhook.ini; APPOINTMENT_RECOGNISER is a command that prints what is said
// in a WAV file: "whisper-cli -nt -f {file}". Without one it understands keys only.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/bot"
	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	src := config.Source{Env: os.Environ(), Path: "offhook.ini"}
	if len(os.Args) > 1 {
		src.Path = os.Args[1]
	}
	cfg, err := config.Load(src)
	if err != nil {
		log.Fatal(err)
	}
	phone, err := engine.New(cfg, hclog.Default())
	if err != nil {
		log.Fatal(err)
	}
	opts := bot.Options{Logger: hclog.Default()}
	office := &office{out: os.Stdout, free: []string{"Monday at nine", "Tuesday at ten", "Friday at noon"}}
	if args := strings.Fields(os.Getenv("APPOINTMENT_RECOGNISER")); len(args) > 0 {
		opts.Recogniser, office.understands = bot.CommandRecogniser{Args: args}, true
	}
	b := bot.New(phone, opts)
	b.Handle(office.appoint)
	if err := b.Run(ctx); err != nil {
		log.Fatal(err)
	}
}

// office has free times, and gives each to one caller.
type office struct {
	out         io.Writer
	understands bool // words

	mu   sync.Mutex
	free []string
}

// Appointment is what is printed.
type Appointment struct {
	Caller string
	Time   string
}

// appoint is one call.
func (o *office) appoint(ctx context.Context, c *bot.Call) error {
	o.mu.Lock()
	free := append([]string(nil), o.free...)
	o.mu.Unlock()
	if len(free) == 0 {
		return pjsua.CodeBusyHere
	}
	if err := c.Answer(ctx); err != nil {
		return err
	}
	menu := "When do you want to come?"
	for i, at := range free {
		menu += fmt.Sprintf(" For %s, press %d or say so.", at, i+1)
	}
	for range 3 {
		n, err := o.ask(ctx, c, menu, free)
		if err != nil {
			return err
		}
		if n < 0 {
			break
		}
		yes, err := o.ask(ctx, c, free[n]+". If that is right, press 1 or say yes. Otherwise press 2 or say no.", []string{"yes", "no"})
		if err != nil {
			return err
		}
		if yes != 0 {
			continue
		}
		if !o.take(c.Info().Remote, free[n]) {
			_, err = c.Say(ctx, "Sorry, somebody else was faster. Please call again.")
			return err
		}
		_, err = c.Say(ctx, "Thank you. See you on "+free[n]+".")
		return err
	}
	_, err := c.Say(ctx, "I did not understand. Goodbye.")
	return err
}

// take gives a time to a caller, unless it is taken.
func (o *office) take(caller, at string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, f := range o.free {
		if f == at {
			o.free = append(o.free[:i:i], o.free[i+1:]...)
			if err := json.NewEncoder(o.out).Encode(Appointment{caller, at}); err != nil {
				log.Print(err)
			}
			return true
		}
	}
	return false
}

// ask asks until a key or a word chooses one of the answers: its index, -1 when none does.
// The caller may speak over the question. When that was no answer, a cough or a word to
// somebody else, the question goes on where it was.
func (o *office) ask(ctx context.Context, c *bot.Call, question string, answers []string) (int, error) {
	say := func() (bot.Played, error) {
		return c.Say(ctx, question, bot.StopOn(bot.Digit), bot.PauseOn(bot.Speech))
	}
	asked, err := say()
	for range 5 {
		if err != nil {
			return -1, err
		}
		heard, err2 := c.Listen(ctx, bot.ListenOptions{Timeout: 5 * time.Second, Hints: answers, AudioOnly: !o.understands})
		if err2 != nil {
			return -1, err2
		}
		if heard.End == bot.EndDigit {
			d, err := c.Gather(ctx, bot.GatherOptions{Max: 1})
			if err != nil {
				return -1, err
			}
			if n := strings.Index("123456789"[:len(answers)], d.Value); d.Valid && n >= 0 {
				return n, nil
			}
		}
		if n := choose(heard.Text, answers); n >= 0 {
			return n, nil
		}
		if asked.By == bot.Speech && !asked.Complete {
			asked, err = c.Continue(ctx)
		} else {
			asked, err = say()
		}
	}
	return -1, nil
}

// choose returns which answer a text has the first word of, -1 when it has none or several.
func choose(text string, answers []string) int {
	found := -1
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return strings.ContainsRune(" .,!?", r) }) {
		for i, a := range answers {
			first, _, _ := strings.Cut(strings.ToLower(a), " ")
			if word != first || found == i {
				continue
			}
			if found >= 0 {
				return -1
			}
			found = i
		}
	}
	return found
}
