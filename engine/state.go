package engine

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
)

const (
	maxDialled = 10                     // as MicroSIP's [Dialed]
	statePause = 200 * time.Millisecond // commands come in rows
)

// stateOf is what MicroSIP remembers of its settings between two runs.
func stateOf(s *config.Settings) map[string]string {
	flag := func(b bool) string {
		if b {
			return "1"
		}
		return "0"
	}
	return map[string]string{
		"AA": flag(s.AA), "AC": flag(s.AC), "DND": flag(s.DND), "FWD": flag(s.FWD),
		"volumeInput": strconv.Itoa(s.VolumeInput), "volumeOutput": strconv.Itoa(s.VolumeOutput), "volumeRing": strconv.Itoa(s.VolumeRing),
		"accountId": strconv.Itoa(s.AccountID),
	}
}

// stateFile writes what a command changed, passwords of accounts too, into the INI file, and
// only that: what came by flag or variable does not get there, and all other lines stay.
type stateFile struct {
	e       *Engine
	cancel  context.CancelFunc
	done    chan struct{}
	saved   map[string]string
	dialled []string
	wanted  map[int]config.Secret // passwords that are to be written
	failed  bool                  // reported
}

func newStateFile(e *Engine) *stateFile {
	ctx, cancel := context.WithCancel(context.Background())
	f := &stateFile{e: e, cancel: cancel, done: make(chan struct{}), saved: stateOf(e.settings()), dialled: e.Dialled(),
		wanted: make(map[int]config.Secret)}
	go f.serve(ctx)
	return f
}

func (f *stateFile) serve(ctx context.Context) {
	defer close(f.done)
	for {
		select {
		case <-f.e.stateChanged:
		case <-ctx.Done():
			f.save()
			return
		}
		pause := time.NewTimer(statePause)
		select {
		case <-pause.C:
			f.save()
		case <-ctx.Done():
			pause.Stop()
		}
	}
}

func (f *stateFile) stop() {
	f.cancel()
	<-f.done
}

func (f *stateFile) save() {
	path := f.e.config.Load().Path
	if path == "" || !f.e.settings().SaveState {
		return
	}
	state, dialled := stateOf(f.e.settings()), f.e.Dialled()
	f.e.mu.Lock()
	maps.Copy(f.wanted, f.e.passwords)
	clear(f.e.passwords)
	f.e.mu.Unlock()
	changed := !slices.Equal(dialled, f.dialled) || len(f.wanted) > 0
	for key, value := range state {
		changed = changed || f.saved[key] != value
	}
	if !changed {
		return
	}
	err := f.write(path, state, dialled)
	if err != nil && !f.failed {
		f.e.fileFailed("saveState", path, err)
	}
	if f.failed = err != nil; !f.failed {
		f.saved, f.dialled = state, dialled
		clear(f.wanted)
	}
}

// write reads the file again: somebody may have edited it.
func (f *stateFile) write(path string, state map[string]string, dialled []string) error {
	file, err := config.ReadFile(path)
	if err != nil {
		return err
	}
	for key, value := range state {
		if f.saved[key] != value {
			if err := file.Set("Settings", key, value); err != nil {
				return err
			}
		}
	}
	if !slices.Equal(dialled, f.dialled) {
		for i, number := range dialled {
			if err := file.Set("Dialed", strconv.Itoa(i), number); err != nil {
				return err
			}
		}
		if err := file.Set("Settings", "lastCallNumber", dialled[0]); err != nil {
			return err
		}
	}
	for number, password := range f.wanted {
		switch found, err := file.SetPassword(number, password); {
		case err != nil:
			f.e.log.Warn("a password was not written to the configuration", "account", number, "error", err)
		case !found:
			f.e.log.Info("the configuration does not hold the account's password, it is not written there", "account", number)
		}
	}
	return file.Save()
}

// notePassword has a password written to the file as MicroSIP does, where the file holds it.
func (e *Engine) notePassword(number int, password config.Secret) {
	if !e.settings().SaveState || e.config.Load().Path == "" {
		return
	}
	e.mu.Lock()
	e.passwords[number] = password
	e.mu.Unlock()
	e.noteState()
}

// noteState has the state written soon.
func (e *Engine) noteState() {
	select {
	case e.stateChanged <- struct{}{}:
	default:
	}
}

// Dialled returns the numbers that were dialled last, the newest first: MicroSIP's redial
// list. It survives a restart in the INI file.
func (e *Engine) Dialled() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.dialled)
}

// dialledLocked puts a number at the head of the redial list.
func (e *Engine) dialledLocked(number string) {
	e.lastNumber = number
	e.dialled = slices.DeleteFunc(e.dialled, func(n string) bool { return n == number })
	e.dialled = slices.Insert(e.dialled, 0, number)
	e.dialled = e.dialled[:min(len(e.dialled), maxDialled)]
	e.noteState()
}

// loadState reads the redial list of the INI file. A file that cannot be read has none: the
// configuration may come from elsewhere.
func (e *Engine) loadState() {
	path := e.config.Load().Path
	if path == "" {
		return
	}
	file, err := config.ReadFile(path)
	if err != nil {
		return
	}
	for i := range maxDialled {
		if number, ok := file.Get("Dialed", strconv.Itoa(i)); ok && number != "" {
			e.dialled = append(e.dialled, number)
		}
	}
	e.lastNumber = e.settings().LastCallNumber
	if len(e.dialled) > 0 {
		e.lastNumber = e.dialled[0]
	}
}
