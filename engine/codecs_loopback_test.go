//go:build cgo

package engine

import (
	"testing"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// Accounts with codecs of their own, one that comes while the engine runs: each calls with
// its own, and whoever has none in common is told 488. The calls are taken by the local
// account, with the codecs of the settings.
func TestLoopbackCodecsOfAccounts(t *testing.T) {
	l := newLoop(t, func(cfg *config.Config) {
		cfg.Settings.AudioCodecs = []string{"PCMU/8000/1", "G722/16000/1"}
		cfg.Settings.AutoAnswer = config.AutoAnswerAll
	})
	for _, test := range []struct {
		codecs []string
		want   string // "": 488
	}{
		{nil, "PCMU/8000"},
		{[]string{"G722/16000/1", "PCMU/8000/1"}, "G722/8000"},
		{[]string{"GSM/8000/1", "PCMU/8000/1"}, "PCMU/8000"},
		{[]string{"speex/16000/1"}, ""},
	} {
		a, err := l.e.AddAccount(l.ctx, config.Account{Domain: "127.0.0.1", Username: "caller", Transport: config.UDP, AudioCodecs: test.codecs})
		if err != nil {
			t.Fatal(err)
		}
		call, err := l.e.Dial(l.ctx, DialRequest{Account: a.Number(), URI: l.uri})
		if err != nil {
			t.Fatal(err)
		}
		if test.want != "" {
			if err := call.Wait(l.ctx, StateConfirmed); err != nil {
				t.Fatal(err)
			}
			media := next(l.ctx, t, l.sub, func(ev CallMediaChanged) bool { return ev.Call == call.ID() && len(ev.Media) > 0 })
			if media.Media[0].Codec != test.want {
				t.Errorf("%q: %+v", test.codecs, media.Media)
			}
			if err := call.Hangup(l.ctx, 0, ""); err != nil {
				t.Fatal(err)
			}
		}
		ended := next(l.ctx, t, l.sub, func(ev CallEnded) bool { return ev.Call == call.ID() })
		if test.want == "" && ended.Code != int(pjsua.CodeNotAcceptableHere) {
			t.Errorf("%q: %+v", test.codecs, ended)
		}
	}
}
