package main

import (
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/offhook-voip/offhook/engine"
)

// eventPrinter prints every event of an engine as it comes, as JSON or for people.
type eventPrinter struct {
	w       io.Writer
	json    bool
	printed atomic.Uint64
}

func (p *eventPrinter) print(ev engine.Event) error {
	defer p.printed.Add(1)
	if p.json {
		return writeJSON(p.w, ev)
	}
	h := ev.Header()
	_, err := fmt.Fprintf(p.w, "%s  %-10s  %s\n", h.Time.Local().Format("15:04:05.000"), subject(h), printable(describe(ev)))
	return err
}

// finish waits until done is closed, as long as events are still being printed: a
// reader of the output that stopped reading must not keep the program.
func (p *eventPrinter) finish(done <-chan struct{}) {
	for {
		before := p.printed.Load()
		select {
		case <-done:
			return
		case <-time.After(time.Second):
			if p.printed.Load() == before {
				return
			}
		}
	}
}

// subject names what an event is about.
func subject(h engine.EventHeader) string {
	switch {
	case h.Call != 0:
		return fmt.Sprintf("call %d", h.Call)
	case h.Account != 0:
		return fmt.Sprintf("account %d", h.Account)
	}
	return "engine"
}

// describe says in a short line what happened.
func describe(ev engine.Event) string {
	switch ev := ev.(type) {
	case engine.EngineStarted:
		var at []string
		for _, t := range ev.Transports {
			at = append(at, t.Type+" "+t.Address)
		}
		return "started: " + strings.Join(at, ", ")
	case engine.EngineStopped:
		if ev.Error != "" {
			return "stopped: " + ev.Error
		}
		return "stopped"
	case engine.RegistrationChanged:
		return describeRegistration(ev)
	case engine.IncomingCall:
		return fmt.Sprintf("incoming call from %s to %s", ev.Remote, ev.Local)
	case engine.CallStateChanged:
		return joinWords(string(ev.State), answerText(ev.Code, ev.Reason))
	case engine.CallMediaChanged:
		return "media " + describeMedia(ev.Media)
	case engine.CallEnded:
		return describeEnd(ev)
	case engine.DTMFReceived:
		return fmt.Sprintf("DTMF %s by %s", ev.Digit, ev.Method)
	case engine.TransferRequested:
		return fmt.Sprintf("transfer to %s requested, answered with %d", ev.Target, ev.Code)
	case engine.TransportChanged:
		if ev.Connected {
			return fmt.Sprintf("%s connected with %s", ev.Transport, ev.Remote)
		}
		text := fmt.Sprintf("%s disconnected from %s", ev.Transport, ev.Remote)
		if ev.Reason != "" {
			text += ": " + ev.Reason
		}
		return text
	case engine.PlaybackEnded:
		return fmt.Sprintf("playing %s ended: %s", ev.Path, strings.ReplaceAll(ev.Reason, "_", " "))
	case engine.RecordingStarted:
		return "recording to " + ev.Path
	case engine.RecordingEnded:
		return fmt.Sprintf("recorded %s, %s", ev.Path, human(time.Duration(ev.DurationMS)*time.Millisecond))
	case engine.RecordingFailed:
		return fmt.Sprintf("recording to %s failed: %s", ev.Path, ev.Reason)
	case engine.HookFailed:
		return fmt.Sprintf("hook %s failed: %s", ev.Hook, ev.Reason)
	case engine.WebhookChanged:
		state := "takes events"
		if !ev.Up {
			state = "takes no events"
		}
		return joinWords("webhook", ev.URL, state+":", count(ev.Waiting, "event"), "waiting,", count(int(ev.Dropped), "event"), "dropped", ev.Reason)
	case engine.FileFailed:
		return fmt.Sprintf("%s: %s cannot be written: %s", ev.Key, ev.Path, ev.Reason)
	case engine.ConfigReloaded:
		if ev.Error != "" {
			return "configuration not reloaded: " + ev.Error
		}
		text := "configuration reloaded: " + strings.Join(ev.Changed, ", ")
		if len(ev.Restart) > 0 {
			text += "; after a restart: " + strings.Join(ev.Restart, ", ")
		}
		return text
	case engine.DirectoryLoaded:
		if ev.Error != "" {
			return "users directory: " + ev.Error
		}
		return "users directory: " + count(ev.Contacts, "contact")
	case engine.EventsLost:
		return count(int(ev.Count), "event") + " lost"
	}
	return ev.Header().Type
}

func describeRegistration(ev engine.RegistrationChanged) string {
	answer := answerText(ev.Code, ev.Reason)
	switch {
	case ev.Registered:
		return fmt.Sprintf("registered for %s", human(time.Duration(ev.ExpiresMS)*time.Millisecond))
	case ev.Unregistering:
		return joinWords("unregistered", answer)
	case ev.Detail != "":
		return fmt.Sprintf("registration failed: %s: %s", answer, ev.Detail)
	}
	return "registration failed: " + answer
}

func describeMedia(media []engine.Media) string {
	var streams []string
	for _, m := range media {
		streams = append(streams, joinWords(strings.ReplaceAll(m.Status, "_", " "), m.Direction, m.Codec, m.SRTP))
	}
	if len(streams) == 0 {
		return "none"
	}
	return strings.Join(streams, ", ")
}

func describeEnd(ev engine.CallEnded) string {
	text := "ended: " + answerText(ev.Code, ev.Reason)
	if ev.DurationMS > 0 {
		text += fmt.Sprintf(" after %s, %s, received %s, sent %s", human(time.Duration(ev.DurationMS)*time.Millisecond),
			ev.Codec, describeDirection(ev.RX), describeDirection(ev.TX))
	}
	return text
}

func describeDirection(d engine.DirectionStats) string {
	return fmt.Sprintf("%s (%d lost, jitter %.1f ms)", count(int(d.Packets), "packet"), d.Lost, d.JitterMS)
}

// answerText is "486 Busy Here".
func answerText(code int, reason string) string {
	if code == 0 {
		return reason
	}
	return joinWords(fmt.Sprint(code), reason)
}

// joinWords puts a space between those that are not empty.
func joinWords(words ...string) string {
	var kept []string
	for _, w := range words {
		if w != "" {
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, " ")
}
