// Voicemail answers every call, greets, beeps and takes a message. Each message is a WAV
// file and a mail with that file in the folder VOICEMAIL_DIR (messages), for a mail system
// to pick up; where VOICEMAIL_NOTIFY is set, a SIP MESSAGE tells that user. It reads the INI
// file that is its argument, or offhook.ini.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"log"
	"mime/multipart"
	"net/textproto"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/bot"
	"github.com/offhook-voip/offhook/engine/config"
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
	v := &voicemail{
		dir:      cmp.Or(os.Getenv("VOICEMAIL_DIR"), "messages"),
		greeting: cmp.Or(os.Getenv("VOICEMAIL_GREETING"), "Nobody is here at the moment. Please leave a message after the tone."),
		notify:   func(context.Context, string) error { return nil },
	}
	if user := os.Getenv("VOICEMAIL_NOTIFY"); user != "" {
		v.notify = func(ctx context.Context, text string) error {
			_, err := phone.SendMessage(ctx, 0, user, text, "")
			return err
		}
	}
	if err := os.MkdirAll(v.dir, 0o700); err != nil {
		log.Fatal(err)
	}
	b := bot.New(phone, bot.Options{Logger: hclog.Default()})
	b.Handle(v.take)
	if err := b.Run(ctx); err != nil {
		log.Fatal(err)
	}
}

type voicemail struct {
	dir, greeting string
	notify        func(ctx context.Context, text string) error
}

// take is one call. Who knows the greeting presses a key.
func (v *voicemail) take(ctx context.Context, c *bot.Call) error {
	if err := c.Answer(ctx); err != nil {
		return err
	}
	if _, err := c.Say(ctx, v.greeting, bot.StopOn(bot.Digit)); err != nil {
		return err
	}
	info := c.Info()
	name := fmt.Sprintf("%s-%d", time.Now().Format("20060102-150405"), info.ID)
	msg, err := c.Record(ctx, filepath.Join(v.dir, name+".wav"), bot.RecordOptions{Max: 3 * time.Minute, Rate: 8000})
	if err != nil || !msg.Spoken {
		return err
	}
	// Most callers have hung up by now, which ends ctx.
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := v.mail(name, info, msg); err != nil {
		return err
	}
	text := fmt.Sprintf("New message from %s, %.0f s: %s", info.Remote, msg.Duration.Seconds(), name)
	if err := v.notify(after, text); err != nil {
		return err
	}
	if msg.End == bot.EndCall {
		return nil
	}
	_, err = c.Say(ctx, "Thank you. Goodbye.")
	return err
}

// mail writes the message as a mail.
func (v *voicemail) mail(name string, info engine.CallInfo, msg bot.Recorded) error {
	sound, err := os.ReadFile(msg.Path)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	parts := multipart.NewWriter(&b)
	fmt.Fprintf(&b, "Subject: Voice message\r\nDate: %s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=%s\r\n\r\n",
		time.Now().Format(time.RFC1123Z), parts.Boundary())
	for _, part := range []struct{ typ, encoding, text string }{
		{"text/plain; charset=utf-8", "8bit", fmt.Sprintf("%s called and left a message of %.0f s.\r\n", info.Remote, msg.Duration.Seconds())},
		{"audio/wav; name=" + name + ".wav", "base64", lines(base64.StdEncoding.EncodeToString(sound))},
	} {
		w, err := parts.CreatePart(textproto.MIMEHeader{"Content-Type": {part.typ}, "Content-Transfer-Encoding": {part.encoding}})
		if err != nil {
			return err
		}
		if _, err := w.Write([]byte(part.text)); err != nil {
			return err
		}
	}
	if err := parts.Close(); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(v.dir, name+".eml"), b.Bytes(), 0o600)
}

// lines breaks a text into lines that mail systems take.
func lines(s string) string {
	var out strings.Builder
	for len(s) > 76 {
		out.WriteString(s[:76] + "\r\n")
		s = s[76:]
	}
	return out.String() + s + "\r\n"
}
