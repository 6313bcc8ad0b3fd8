package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/offhook-voip/offhook/pjsua"
)

func (f *fakePhone) ModifyAccount(_ context.Context, acc pjsua.AccountID, cfg pjsua.AccountConfig) error {
	f.note("modify %d %s %s", acc, cfg.ID, cfg.Registrar)
	if f.onModify != nil {
		defer f.onModify(cfg)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.accounts[acc]; !ok {
		return fmt.Errorf("no account %d", acc)
	}
	f.accounts[acc] = cfg
	return nil
}

func (f *fakePhone) RemoveAccount(_ context.Context, acc pjsua.AccountID) error {
	if f.onRemove != nil {
		if err := f.onRemove(acc); err != nil {
			return err
		}
	}
	f.note("removeaccount %d", acc)
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.accounts, acc)
	return nil
}

func (f *fakePhone) SetOnlineStatus(_ context.Context, acc pjsua.AccountID, s pjsua.OnlineStatus) error {
	f.note("online %d %v %v %q", acc, s.Online, s.Activity, s.Note)
	return nil
}

func (f *fakePhone) Probe(_ context.Context, acc pjsua.AccountID, uri string) (pjsua.SIPCode, error) {
	f.note("probe %d %s", acc, uri)
	if f.onProbe != nil {
		return f.onProbe(uri), nil
	}
	return 200, nil
}

func (f *fakePhone) HandleIPChange(context.Context) error {
	f.note("ipchange")
	return nil
}

func (f *fakePhone) AddBuddy(_ context.Context, acc pjsua.AccountID, uri string, pkg pjsua.EventPackage) (pjsua.BuddyID, error) {
	id := pjsua.BuddyID(f.mint())
	f.note("buddy %d %s %v", acc, uri, pkg)
	if f.onBuddy != nil {
		return id, f.onBuddy(id, uri)
	}
	return id, nil
}

func (f *fakePhone) UpdateBuddy(_ context.Context, id pjsua.BuddyID, pkg pjsua.EventPackage) error {
	f.note("updatebuddy %d %v", id, pkg)
	return nil
}

func (f *fakePhone) RemoveBuddy(_ context.Context, id pjsua.BuddyID) error {
	f.note("removebuddy %d", id)
	return nil
}

func (f *fakePhone) SendMessage(_ context.Context, acc pjsua.AccountID, uri string, body []byte, opts pjsua.MessageOptions) (pjsua.MessageID, error) {
	f.note("message %d %s %q %s", acc, uri, body, opts.ContentType)
	return pjsua.MessageID(f.mint()), nil
}

func (f *fakePhone) SendCallMessage(_ context.Context, call pjsua.CallID, body []byte, opts pjsua.MessageOptions) (pjsua.MessageID, error) {
	f.note("callmessage %d %q %s", call, body, opts.ContentType)
	return pjsua.MessageID(f.mint()), f.gone(call)
}

func (f *fakePhone) Transfer(_ context.Context, call pjsua.CallID, target string, _ pjsua.TransferOptions) error {
	f.note("transfer %d %s", call, target)
	if f.onTransfer != nil {
		return f.onTransfer(call, 0, target)
	}
	return f.gone(call)
}

func (f *fakePhone) AttendedTransfer(_ context.Context, call, other pjsua.CallID, _ pjsua.TransferOptions) error {
	f.note("transferto %d %d", call, other)
	if f.onTransfer != nil {
		return f.onTransfer(call, other, "")
	}
	return f.gone(call)
}

func (f *fakePhone) NewTone(_ context.Context, digits string, opts pjsua.ToneDigits) (pjsua.ToneID, pjsua.PortID, error) {
	id := f.mint()
	f.note("tone %s %v", digits, opts.On)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files[id] = f.addLocked("tone")
	return pjsua.ToneID(id), f.files[id], nil
}

func (f *fakePhone) NewTones(_ context.Context, tones []pjsua.Tone, opts pjsua.PlayTonesOptions) (pjsua.ToneID, pjsua.PortID, error) {
	id := f.mint()
	f.note("tones %d loop=%v", len(tones), opts.Loop)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files[id] = f.addLocked("tone")
	return pjsua.ToneID(id), f.files[id], nil
}

func (f *fakePhone) CloseTone(_ context.Context, id pjsua.ToneID) error {
	f.note("closetone")
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closeLocked(int64(id))
}

func (f *fakePhone) SetPortLevels(_ context.Context, port pjsua.PortID, tx, rx float64) error {
	if f.onLevels != nil {
		if err := f.onLevels(port); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ports[port] == "" {
		return pjsua.StatusInvalid
	}
	f.journal = append(f.journal, fmt.Sprintf("levels %s %g %g", f.ports[port], tx, rx))
	f.levels[port] = portLevels{tx, rx}
	return nil
}

// fakeRoom is a Room; calls that end leave it.
type fakeRoom struct {
	f *fakePhone

	mu      sync.Mutex
	members map[pjsua.CallID]pjsua.JoinOptions
}

func (f *fakePhone) NewRoom() Room {
	return &fakeRoom{f: f, members: make(map[pjsua.CallID]pjsua.JoinOptions)}
}

func (r *fakeRoom) Join(_ context.Context, call pjsua.CallID, opts pjsua.JoinOptions) error {
	if r.f.onJoin != nil {
		if err := r.f.onJoin(call); err != nil {
			return err
		}
	}
	if err := r.f.gone(call); err != nil {
		return err
	}
	r.f.note("join %d", call)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.members[call] = opts
	return nil
}

func (r *fakeRoom) Leave(_ context.Context, call pjsua.CallID) error {
	r.f.note("leave %d", call)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.members, call)
	return nil
}

// in returns who is in the room of the conference and has not ended.
func (r *fakeRoom) in() []pjsua.CallID {
	r.mu.Lock()
	defer r.mu.Unlock()
	var ids []pjsua.CallID
	for id := range r.members {
		if r.f.call(id) != nil {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func (r *fakeRoom) Listen(_ context.Context, id pjsua.RecorderID) error {
	r.f.note("listen %d", id)
	return nil
}

func (r *fakeRoom) Unlisten(_ context.Context, id pjsua.RecorderID) error {
	r.f.note("unlisten %d", id)
	return nil
}

func (f *fakePhone) SetDeviceVolume(_ context.Context, percent int) error {
	if !f.deviceVolume {
		return pjsua.StatusInvalid
	}
	f.note("volume %d", percent)
	return nil
}

func (f *fakePhone) SetOpusStereo(_ context.Context, stereo bool) error {
	f.note("opus %v", stereo)
	return nil
}

func (f *fakePhone) Devices(context.Context) ([]pjsua.Device, error) { return f.devices, nil }

func (f *fakePhone) SetDevices(_ context.Context, capture, playback int) error {
	f.note("devices %d %d", capture, playback)
	f.sound = [2]int{capture, playback}
	return nil
}

func (f *fakePhone) Codecs(context.Context) ([]pjsua.Codec, error) { return f.codecs, nil }

func (f *fakePhone) SetCodecOrder(_ context.Context, ids ...string) error {
	for _, id := range ids {
		if !slices.ContainsFunc(f.codecs, func(c pjsua.Codec) bool { return c.ID == id }) {
			return fmt.Errorf("pjsua: no codec %q; there are PCMA/8000/1, PCMU/8000/1", id)
		}
	}
	f.note("codecs %s", strings.Join(ids, " "))
	return nil
}
