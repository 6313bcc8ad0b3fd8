package engine

import (
	"slices"
	"strings"
	"testing"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// codecsOf are the codecs that the calls of the account may use.
func (r *rig) codecsOf(aor string, want ...string) {
	r.t.Helper()
	id := r.phone.account(aor)
	r.phone.mu.Lock()
	defer r.phone.mu.Unlock()
	if got := r.phone.accounts[id].Policy.Media.Codecs; !slices.Equal(got, want) {
		r.t.Errorf("%s has the codecs %q, want %q", aor, got, want)
	}
}

// Each account has its own codecs; the phone has all of them turned on, those of the
// settings first.
func TestCodecsOfAccounts(t *testing.T) {
	withEngine(t, func(c *config.Config, f *fakePhone) {
		f.codecs = append(f.codecs, pjsua.Codec{ID: "G722/16000/1"}, pjsua.Codec{ID: "GSM/8000/1"}, pjsua.Codec{ID: "opus/48000/2"})
		c.Accounts[0].AudioCodecs = words("GSM/8000/1", "PCMU/8000/1")
	}, func(t *testing.T, r *rig) {
		r.journal(words("codecs"), "codecs PCMU/8000/1 GSM/8000/1")
		r.codecsOf("sip:1001@", "GSM/8000/1", "PCMU/8000/1")
		r.codecsOf("sip:1003@", "PCMU/8000/1")
		r.codecsOf("sip:offhook@", "PCMU/8000/1")

		// What an account needs that comes later is turned on then.
		added := newAccountConfig()
		added.AudioCodecs = words("opus/48000/2", "gsm/8000/1")
		if _, err := r.e.AddAccount(t.Context(), added); err != nil {
			t.Fatal(err)
		}
		on := []string{"codecs PCMU/8000/1 GSM/8000/1", "codecs PCMU/8000/1 GSM/8000/1 opus/48000/2", "opus false"}
		r.journal(words("codecs", "opus"), on...)
		r.codecsOf("sip:2001@", "opus/48000/2", "gsm/8000/1")
		added.Number, added.AudioCodecs = 4, words("G722/16000/1")
		if err := r.e.UpdateAccount(t.Context(), added); err != nil {
			t.Fatal(err)
		}
		r.codecsOf("sip:2001@", "G722/16000/1")
		added.AudioCodecs = words("PCMU/8000/1") // is on
		if err := r.e.UpdateAccount(t.Context(), added); err != nil {
			t.Fatal(err)
		}
		on = append(on, "codecs PCMU/8000/1 GSM/8000/1 G722/16000/1")
		r.journal(words("codecs", "opus"), on...)

		// A codec that there is not.
		for _, number := range []int{0, 4} {
			added.Number, added.AudioCodecs = number, words("PCMU/8000/1", "EVS/16000/1")
			err := r.e.UpdateAccount(t.Context(), added)
			if number == 0 {
				_, err = r.e.AddAccount(t.Context(), added)
			}
			if err == nil || !strings.Contains(err.Error(), `accountCodecs: no codec "EVS/16000/1"`) {
				t.Errorf("%d: %v", number, err)
			}
		}
		r.codecsOf("sip:2001@", "PCMU/8000/1")
		r.journal(words("codecs", "opus"), on...)
	})
}

// Another audioCodecs is for the accounts that have no list of their own.
func TestReloadCodecs(t *testing.T) {
	withEngine(t, func(c *config.Config, _ *fakePhone) { c.Accounts[1].AudioCodecs = words("PCMU/8000/1") }, func(t *testing.T, r *rig) {
		r.journal(words("codecs", "modify"), "codecs PCMU/8000/1")
		next := copyOf(r.e.loaded)
		next.Settings.AudioCodecs = words("PCMA/8000/1")
		if _, err := r.e.Reload(t.Context(), next); err != nil {
			t.Fatal(err)
		}
		r.codecsOf("sip:1001@", "PCMA/8000/1")
		r.codecsOf("sip:1003@", "PCMU/8000/1")
		r.codecsOf("sip:offhook@", "PCMA/8000/1")
		r.journal(words("codecs"), "codecs PCMU/8000/1", "codecs PCMA/8000/1 PCMU/8000/1")
		again := copyOf(next)
		again.Accounts[1].AudioCodecs = nil
		if out, err := r.e.Reload(t.Context(), again); err != nil || !slices.Equal(out.Changed, words("Account3.accountCodecs")) {
			t.Errorf("%v, %v", out, err)
		}
		r.codecsOf("sip:1003@", "PCMA/8000/1")
		// A reload that fails leaves them as they were.
		bad := copyOf(again)
		bad.Settings.AudioCodecs, bad.Settings.Contacts = words("PCMU/8000/1"), t.TempDir()
		if _, err := r.e.Reload(t.Context(), bad); err == nil {
			t.Error("no error")
		}
		r.codecsOf("sip:1001@", "PCMA/8000/1")
	})
}
