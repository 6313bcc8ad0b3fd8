package engine

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/contacts"
	"github.com/offhook-voip/offhook/pjsua"
)

// Contact is somebody in the address book.
type Contact = contacts.Contact

// ErrNoContacts is returned by [Engine.SetContacts] when the configuration has no file for
// them.
var ErrNoContacts = errors.New("engine: there is no file of contacts: contacts is empty")

const (
	directoryTimeout = 30 * time.Second
	directoryRetry   = 10 * time.Second // times the cube of the number of failures
	directoryLongest = time.Hour
)

// book is the address book: the contacts of the file, and those of the users directory.
type book struct {
	mu        sync.Mutex // after Engine.mu
	own       []Contact
	directory []Contact
	names     map[string]string // by number in its plain form
}

// plainNumber takes off what people write between digits, and the rest of a SIP URI.
func plainNumber(number string) string {
	if _, rest, ok := cutScheme(number); ok {
		number, _, _ = strings.Cut(rest, "@")
	}
	if plain := stripSeparators(number); plain != "" && strings.Trim(plain, "+*#0123456789") == "" {
		return plain
	}
	return strings.ToLower(number)
}

func (b *book) indexLocked() {
	b.names = make(map[string]string)
	// The own name of somebody wins over the directory's, and the first over the next.
	for _, list := range [][]Contact{b.own, b.directory} {
		for _, c := range list {
			for _, number := range []string{c.Number, c.Phone, c.Mobile} {
				if number = plainNumber(number); number != "" && b.names[number] == "" {
					b.names[number] = c.Name
				}
			}
		}
	}
}

func (b *book) set(own, directory *[]Contact) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if own != nil {
		b.own = slices.Clone(*own)
	}
	if directory != nil {
		b.directory = slices.Clone(*directory)
	}
	b.indexLocked()
}

func (b *book) name(number string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.names) == 0 || number == "" {
		return ""
	}
	return b.names[plainNumber(number)]
}

// Contacts returns the contacts of the file, then those of the users directory.
func (e *Engine) Contacts() []Contact {
	e.book.mu.Lock()
	defer e.book.mu.Unlock()
	return append(slices.Clone(e.book.own), e.book.directory...)
}

// ContactName returns the name of the contact with a number or SIP URI, empty where there
// is none. What people write between digits does not matter.
func (e *Engine) ContactName(number string) string { return e.book.name(number) }

// nameOf is how somebody is called here: as the contact with his number, unless
// disableNameLookup is set, else as he calls himself.
func (e *Engine) nameOf(user, own string) string {
	if e.settings().DisableNameLookup {
		return own
	}
	if name := e.book.name(user); name != "" {
		return name
	}
	return own
}

// loadContacts reads the file of contacts; one that does not exist is empty.
func (e *Engine) loadContacts() error {
	var list []Contact
	if path := e.settings().Contacts; path != "" {
		f, err := os.Open(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return fmt.Errorf("engine: contacts: %w", err)
		default:
			list, err = contacts.Read(f)
			if err = errors.Join(err, f.Close()); err != nil {
				return fmt.Errorf("engine: contacts: %s: %w", path, err)
			}
		}
	}
	e.book.set(&list, nil)
	return nil
}

// SetContacts replaces the contacts of the file, in memory and in the file. Those of the
// users directory stay. It returns [ErrNoContacts] when the configuration has no file.
func (e *Engine) SetContacts(list []Contact) error {
	path := e.settings().Contacts
	if path == "" {
		return ErrNoContacts
	}
	var b bytes.Buffer
	if err := WriteContacts(&b, list, strings.EqualFold(filepath.Ext(path), ".csv")); err != nil {
		return err
	}
	if err := config.ReplaceFile(path, b.Bytes(), 0o600, true); err != nil {
		return fmt.Errorf("engine: contacts: %w", err)
	}
	e.book.set(&list, nil)
	return nil
}

// ImportContacts adds the contacts of a file of any format that Offhook reads to those of
// the file; one with the number of another takes its place. It returns how many there
// were.
func (e *Engine) ImportContacts(r io.Reader) (int, error) {
	fresh, err := contacts.Read(r)
	if err != nil {
		return 0, err
	}
	e.book.mu.Lock()
	list := slices.Clone(e.book.own)
	e.book.mu.Unlock()
	at := make(map[string]int)
	for i, c := range list {
		at[plainNumber(c.Number)] = i
	}
	for _, c := range fresh {
		number := plainNumber(c.Number)
		if i, ok := at[number]; ok && number != "" {
			list[i] = c
			continue
		}
		at[number] = len(list)
		list = append(list, c)
	}
	return len(fresh), e.SetContacts(list)
}

// WriteContacts writes contacts as MicroSIP's Contacts.xml or as its CSV.
func WriteContacts(w io.Writer, list []Contact, asCSV bool) error {
	if asCSV {
		return contacts.WriteCSV(w, list)
	}
	return contacts.WriteXML(w, list)
}

// ReadContacts reads contacts of any format that Offhook knows.
func ReadContacts(r io.Reader) ([]Contact, error) { return contacts.Read(r) }

// callerLocked is how the caller is called here.
func (e *Engine) callerLocked(invite pjsua.IncomingCall) string {
	var f callFacts
	f.identify(identityOf(invite.HeaderValues, invite.Remote))
	return e.nameOf(f.user, f.name)
}

// directory loads the users directory: at the start, or, where its address has words
// that an account fills in, when the account is registered; then as often as it asks.
type directory struct {
	e        *Engine
	client   *http.Client
	wake     chan int // an account that is registered, 0: look at the configuration
	done     chan struct{}
	cancel   context.CancelFunc
	account  int
	sequence int
	failures int
}

func newDirectory(e *Engine) *directory {
	ctx, cancel := context.WithCancel(context.Background())
	d := &directory{
		e: e, wake: make(chan int, 16), done: make(chan struct{}), cancel: cancel,
		client: &http.Client{Timeout: directoryTimeout, Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true,
			// MicroSIP takes any certificate; so does this with tlsVerify = 0.
			TLSClientConfig: &tls.Config{InsecureSkipVerify: !e.settings().TLSVerify},
		}},
	}
	go d.serve(ctx)
	return d
}

func (d *directory) take(ev Event) {
	number := 0
	switch ev := ev.(type) {
	case EngineStarted, ConfigReloaded:
	case RegistrationChanged:
		if !ev.Registered || ev.Account == 0 {
			return
		}
		number = ev.Account
	default:
		return
	}
	select {
	case d.wake <- number:
	default: // it comes again with the next registration
	}
}

func (d *directory) stop() {
	d.cancel()
	<-d.done
}

func (d *directory) serve(ctx context.Context) {
	defer close(d.done)
	timer := stoppedTimer()
	defer timer.Stop()
	url := ""
	for {
		select {
		case number := <-d.wake:
			now := d.e.settings().UsersDirectory
			needs := contacts.NeedsAccount(now)
			switch {
			case now == url && (number == 0 || number == d.account):
				continue // nothing is new
			case number == 0 && needs && d.account == 0:
				continue // until one is registered
			case number != 0 && (!needs || d.account != 0 && d.account != number):
				continue // it is not needed, or another was first
			case number != 0:
				d.account = number
			}
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		if url != d.e.settings().UsersDirectory {
			url = d.e.settings().UsersDirectory
			d.sequence, d.failures = 0, 0
		}
		if url == "" {
			d.e.book.set(nil, new([]Contact))
			continue
		}
		if wait := d.load(ctx, url); wait > 0 {
			timer.Reset(wait)
		}
	}
}

// load asks the directory, and returns when to ask again.
func (d *directory) load(ctx context.Context, url string) time.Duration {
	request := contacts.Request{URL: url, Version: "1", Sequence: d.sequence, Time: time.Now()}
	if a := d.e.accountConfig(d.account); a != nil && d.account > 0 {
		request.Label, request.Server, request.Domain = a.Label, a.Server, a.Domain
		request.Username, request.Password = a.Username, a.Password.Reveal()
	}
	d.sequence++
	doc, err := contacts.Fetch(ctx, d.client, request)
	if ctx.Err() != nil {
		return 0
	}
	out := DirectoryLoaded{Contacts: len(doc.Contacts)}
	wait := doc.Refresh
	if err != nil {
		d.failures++
		out.Error = err.Error()
		wait = min(directoryRetry*time.Duration(d.failures*d.failures*d.failures), directoryLongest)
		d.e.log.Warn("users directory", "error", err, "retry", wait)
	} else {
		d.failures = 0
		d.e.book.set(nil, &doc.Contacts)
	}
	d.e.report(func() Event {
		out.EventHeader = d.e.header("DirectoryLoaded", time.Now(), d.account, 0)
		return out
	})
	return wait
}
