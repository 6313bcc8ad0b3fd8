package engine

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/offhook-voip/offhook/engine/config"
)

func TestContactNames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "Contacts.xml")
	text := `<?xml version="1.0"?><contacts><contact name="Ann" number="+49 (30) 12-34" mobile="0171 5"/><contact name="Zoe" number="sip:zoe@x"/></contacts>`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	withEngine(t, func(cfg *config.Config, _ *fakePhone) { cfg.Settings.Contacts = path }, func(t *testing.T, r *rig) {
		for number, want := range map[string]string{
			"+49301234": "Ann", "+49-30/1234": "Ann", "01715": "Ann", "sip:01715@pbx;user=phone": "Ann", "ZOE": "Zoe", "sip:zoe@y": "Zoe", "": "", "1": "",
		} {
			if got := r.e.ContactName(number); got != want {
				t.Errorf("%s is %q, want %q", number, got, want)
			}
		}
		r.events()
		name := func(remote string) string {
			id := r.phone.ring(r.acc1, remote)
			events := r.events()
			r.phone.end(id, 487, "Request Terminated")
			r.events()
			return events[0].(IncomingCall).Name
		}
		if got := name(`"Somebody" <sip:+49301234@x>`); got != "Ann" {
			t.Errorf("the caller is %q", got)
		}
		if got := name(`"Somebody" <sip:9@x>`); got != "Somebody" {
			t.Errorf("the caller is %q", got)
		}
		r.e.changeSettings(func(s *config.Settings) { s.DisableNameLookup = true })
		if got := name(`"Somebody" <sip:+49301234@x>`); got != "Somebody" {
			t.Errorf("the caller is %q though disableNameLookup is set", got)
		}

		added, err := r.e.ImportContacts(strings.NewReader("Name,Number\nAnna,+49301234\nBob,7\n"))
		if err != nil || added != 2 || len(r.e.Contacts()) != 3 || r.e.ContactName("7") != "Bob" || r.e.ContactName("+49301234") != "Anna" {
			t.Errorf("imported %d, %v: %+v", added, err, r.e.Contacts())
		}
		data, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(data), `<contact name="Bob" number="7"`) {
			t.Errorf("the file is %s, %v", data, err)
		}
		if _, err := r.e.ImportContacts(strings.NewReader("<contacts")); err == nil || len(r.e.Contacts()) != 3 {
			t.Errorf("error %v", err)
		}
	})
}

func TestNoContacts(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		if err := r.e.SetContacts(nil); !errors.Is(err, ErrNoContacts) {
			t.Errorf("error %v", err)
		}
	})
	path := filepath.Join(t.TempDir(), "bad.xml")
	if err := os.WriteFile(path, []byte("<contacts><"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := testConfig()
	cfg.Settings.Contacts = path
	if _, err := New(cfg, nil); err == nil || !strings.Contains(err.Error(), "bad.xml") {
		t.Errorf("error %v", err)
	}
}

func TestUsersDirectory(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		mu.Lock()
		asked = append(asked, q.URL.String())
		mu.Unlock()
		w.Write([]byte(`{"items":[{"name":"Desk","number":"55"}]}`))
	}))
	defer server.Close()
	r := liveRig(t, func(cfg *config.Config, _ *fakePhone) {
		cfg.Settings.UsersDirectory = server.URL + "/d?u={username}&p={password}"
	})
	r.phone.registered(r.acc1, 200, "OK")
	loaded := r.await("directory", func(ev Event) bool { return ev.Header().Type == "DirectoryLoaded" }).(DirectoryLoaded)
	if loaded.Contacts != 1 || loaded.Error != "" || loaded.Account != 1 {
		t.Errorf("loaded %+v", loaded)
	}
	if list := r.e.Contacts(); len(list) != 1 || !list[0].Directory || r.e.ContactName("55") != "Desk" {
		t.Errorf("contacts %+v", list)
	}
	r.cancel()
	mu.Lock()
	defer mu.Unlock()
	if len(asked) != 1 || asked[0] != "/d?u=1001&p="+secret+"&sequence=0" {
		t.Errorf("asked for %q", asked)
	}
	if strings.Contains(r.log.String(), secret) {
		t.Error("the log has the password")
	}
}

// A directory that fails is reported, and asked again.
func TestUsersDirectoryFails(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	r := liveRig(t, func(cfg *config.Config, _ *fakePhone) { cfg.Settings.UsersDirectory = server.URL + "/?key=hunter2" })
	loaded := r.await("directory", func(ev Event) bool { return ev.Header().Type == "DirectoryLoaded" }).(DirectoryLoaded)
	if !strings.Contains(loaded.Error, "404") || strings.Contains(loaded.Error, "hunter2") {
		t.Errorf("loaded %+v", loaded)
	}
	r.cancel()
	if !strings.Contains(r.log.String(), "retry=10s") {
		t.Errorf("log %s", r.log)
	}
}
