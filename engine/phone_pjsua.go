package engine

import (
	"context"
	"errors"
	"sync"

	"github.com/offhook-voip/offhook/pjsua"
)

// openPJSUA opens the real phone.
func openPJSUA(cfg pjsua.Config) (Phone, error) {
	ep, err := pjsua.Open(cfg)
	if err != nil {
		return nil, err
	}
	return &pjsuaPhone{
		ep:        ep,
		players:   make(map[pjsua.PlayerID]*pjsua.Player),
		recorders: make(map[pjsua.RecorderID]*pjsua.Recorder),
		tones:     make(map[pjsua.ToneID]*pjsua.ToneGenerator),
	}, nil
}

// pjsuaPhone is an Endpoint as a Phone. It keeps players, recorders and tone generators,
// which the Endpoint does not look up by number.
type pjsuaPhone struct {
	ep *pjsua.Endpoint

	mu        sync.Mutex
	players   map[pjsua.PlayerID]*pjsua.Player
	recorders map[pjsua.RecorderID]*pjsua.Recorder
	tones     map[pjsua.ToneID]*pjsua.ToneGenerator
}

func (p *pjsuaPhone) Events() <-chan pjsua.Event { return p.ep.Events() }

func (p *pjsuaPhone) AddTransport(ctx context.Context, cfg pjsua.TransportConfig) (*pjsua.Transport, pjsua.TransportInfo, error) {
	tp, err := p.ep.AddTransport(ctx, cfg)
	if err != nil {
		return nil, pjsua.TransportInfo{}, err
	}
	return tp, tp.Info(), nil
}

func (p *pjsuaPhone) AddAccount(ctx context.Context, cfg pjsua.AccountConfig) (pjsua.AccountID, error) {
	acc, err := p.ep.AddAccount(ctx, cfg)
	if err != nil {
		return 0, err
	}
	return acc.ID(), nil
}

func (p *pjsuaPhone) ModifyAccount(ctx context.Context, acc pjsua.AccountID, cfg pjsua.AccountConfig) error {
	return p.ep.Account(acc).Modify(ctx, cfg)
}

func (p *pjsuaPhone) RemoveAccount(ctx context.Context, acc pjsua.AccountID) error {
	return p.ep.Account(acc).Remove(ctx, pjsua.RemoveOptions{})
}

func (p *pjsuaPhone) SetOnlineStatus(ctx context.Context, acc pjsua.AccountID, status pjsua.OnlineStatus) error {
	return p.ep.Account(acc).SetOnlineStatus(ctx, status)
}

func (p *pjsuaPhone) Probe(ctx context.Context, acc pjsua.AccountID, uri string) (pjsua.SIPCode, error) {
	answer, err := p.ep.Account(acc).SendRequestWait(ctx, "OPTIONS", uri, pjsua.RequestOptions{})
	return answer.Code, err
}

func (p *pjsuaPhone) HandleIPChange(ctx context.Context) error {
	return p.ep.HandleIPChange(ctx, pjsua.IPChangeOptions{})
}

func (p *pjsuaPhone) AddBuddy(ctx context.Context, acc pjsua.AccountID, uri string, pkg pjsua.EventPackage) (pjsua.BuddyID, error) {
	buddy, err := p.ep.AddBuddy(ctx, pjsua.BuddyConfig{
		URI: uri, Account: p.ep.Account(acc),
		Subscribe: pkg == pjsua.PackagePresence, SubscribeDialogEvent: pkg == pjsua.PackageDialog,
	})
	if err != nil {
		return 0, err
	}
	return buddy.ID(), nil
}

func (p *pjsuaPhone) UpdateBuddy(ctx context.Context, buddy pjsua.BuddyID, pkg pjsua.EventPackage) error {
	if pkg == pjsua.PackageDialog {
		return p.ep.Buddy(buddy).UpdateDialogEvent(ctx)
	}
	return p.ep.Buddy(buddy).UpdatePresence(ctx)
}

func (p *pjsuaPhone) RemoveBuddy(ctx context.Context, buddy pjsua.BuddyID) error {
	return p.ep.Buddy(buddy).Remove(ctx)
}

func (p *pjsuaPhone) SendMessage(ctx context.Context, acc pjsua.AccountID, uri string, body []byte, opts pjsua.MessageOptions) (pjsua.MessageID, error) {
	return p.ep.Account(acc).SendMessage(ctx, uri, body, opts)
}

func (p *pjsuaPhone) Register(ctx context.Context, acc pjsua.AccountID, renew bool) error {
	return p.ep.Account(acc).Register(ctx, renew)
}

func (p *pjsuaPhone) AccountInfo(ctx context.Context, acc pjsua.AccountID) (pjsua.AccountInfo, error) {
	return p.ep.Account(acc).Info(ctx)
}

func (p *pjsuaPhone) Dial(ctx context.Context, acc pjsua.AccountID, uri string, opts pjsua.DialOptions) (pjsua.CallID, error) {
	call, err := p.ep.Account(acc).Dial(ctx, uri, opts)
	if err != nil {
		return 0, err
	}
	return call.ID(), nil
}

func (p *pjsuaPhone) Answer(ctx context.Context, call pjsua.CallID, code pjsua.SIPCode, opts pjsua.AnswerOptions) error {
	return p.ep.Call(call).Answer(ctx, code, opts)
}

func (p *pjsuaPhone) Hangup(ctx context.Context, call pjsua.CallID, opts pjsua.HangupOptions) error {
	return p.ep.Call(call).Hangup(ctx, opts)
}

func (p *pjsuaPhone) Transfer(ctx context.Context, call pjsua.CallID, target string, opts pjsua.TransferOptions) error {
	return p.ep.Call(call).Transfer(ctx, target, opts)
}

func (p *pjsuaPhone) AttendedTransfer(ctx context.Context, call, other pjsua.CallID, opts pjsua.TransferOptions) error {
	return p.ep.Call(call).AttendedTransfer(ctx, p.ep.Call(other), opts)
}

func (p *pjsuaPhone) SendCallMessage(ctx context.Context, call pjsua.CallID, body []byte, opts pjsua.MessageOptions) (pjsua.MessageID, error) {
	return p.ep.Call(call).SendMessage(ctx, body, opts)
}

func (p *pjsuaPhone) ProcessRedirect(ctx context.Context, call pjsua.CallID, op pjsua.RedirectOp) error {
	return p.ep.Call(call).ProcessRedirect(ctx, op)
}

func (p *pjsuaPhone) Hold(ctx context.Context, call pjsua.CallID) error {
	return p.ep.Call(call).Hold(ctx, pjsua.HoldOptions{})
}

func (p *pjsuaPhone) Resume(ctx context.Context, call pjsua.CallID) error {
	return p.ep.Call(call).Resume(ctx, pjsua.ReinviteOptions{})
}

func (p *pjsuaPhone) SendDTMF(ctx context.Context, call pjsua.CallID, digits string, opts pjsua.DTMFOptions) error {
	return p.ep.Call(call).SendDTMF(ctx, digits, opts)
}

func (p *pjsuaPhone) CallInfo(ctx context.Context, call pjsua.CallID) (pjsua.CallInfo, error) {
	return p.ep.Call(call).Info(ctx)
}

func (p *pjsuaPhone) CallStats(ctx context.Context, call pjsua.CallID) (pjsua.CallStats, error) {
	return p.ep.Call(call).Stats(ctx)
}

func (p *pjsuaPhone) NewPlayer(ctx context.Context, path string, opts pjsua.PlayerOptions) (pjsua.PlayerID, pjsua.PortID, error) {
	player, err := p.ep.NewPlayer(ctx, path, opts)
	if err != nil {
		return 0, pjsua.NoPort, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.players[player.ID()] = player
	return player.ID(), player.Port(), nil
}

func (p *pjsuaPhone) ClosePlayer(ctx context.Context, id pjsua.PlayerID) error {
	p.mu.Lock()
	player := p.players[id]
	delete(p.players, id)
	p.mu.Unlock()
	if player == nil {
		return pjsua.StatusNotFound
	}
	return player.Close(ctx)
}

func (p *pjsuaPhone) NewRecorder(ctx context.Context, path string, opts pjsua.RecorderOptions) (pjsua.RecorderID, pjsua.PortID, pjsua.PortID, error) {
	recorder, err := p.ep.NewRecorder(ctx, path, opts)
	if err != nil {
		return 0, pjsua.NoPort, pjsua.NoPort, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.recorders[recorder.ID()] = recorder
	right := pjsua.NoPort
	if opts.Stereo {
		right = recorder.RightPort()
	}
	return recorder.ID(), recorder.Port(), right, nil
}

func (p *pjsuaPhone) CloseRecorder(ctx context.Context, id pjsua.RecorderID) error {
	p.mu.Lock()
	recorder := p.recorders[id]
	delete(p.recorders, id)
	p.mu.Unlock()
	if recorder == nil {
		return pjsua.StatusNotFound
	}
	return recorder.Close(ctx)
}

func (p *pjsuaPhone) NewTone(ctx context.Context, digits string, opts pjsua.ToneDigits) (pjsua.ToneID, pjsua.PortID, error) {
	return p.newTone(ctx, func(tone *pjsua.ToneGenerator) error { return tone.PlayDigits(ctx, digits, opts) })
}

func (p *pjsuaPhone) NewTones(ctx context.Context, tones []pjsua.Tone, opts pjsua.PlayTonesOptions) (pjsua.ToneID, pjsua.PortID, error) {
	return p.newTone(ctx, func(tone *pjsua.ToneGenerator) error { return tone.Play(ctx, tones, opts) })
}

func (p *pjsuaPhone) newTone(ctx context.Context, play func(*pjsua.ToneGenerator) error) (pjsua.ToneID, pjsua.PortID, error) {
	tone, err := p.ep.NewToneGenerator(ctx, pjsua.ToneOptions{})
	if err != nil {
		return 0, pjsua.NoPort, err
	}
	if err := play(tone); err != nil {
		return 0, pjsua.NoPort, errors.Join(err, tone.Close(context.WithoutCancel(ctx)))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tones[tone.ID()] = tone
	return tone.ID(), tone.Port(), nil
}

func (p *pjsuaPhone) CloseTone(ctx context.Context, id pjsua.ToneID) error {
	p.mu.Lock()
	tone := p.tones[id]
	delete(p.tones, id)
	p.mu.Unlock()
	if tone == nil {
		return pjsua.StatusNotFound
	}
	return tone.Close(ctx)
}

func (p *pjsuaPhone) Audio(ctx context.Context, call pjsua.CallID, rate int, opts pjsua.AudioOptions) (Audio, error) {
	audio, err := p.ep.Call(call).Audio(ctx, rate, opts)
	if err != nil {
		return nil, err
	}
	return audio, nil
}

func (p *pjsuaPhone) Trace(ctx context.Context, opts pjsua.TraceOptions) (Trace, error) {
	trace, err := p.ep.Trace(ctx, opts)
	if err != nil {
		return nil, err
	}
	return trace, nil
}

func (p *pjsuaPhone) TraceRTP(ctx context.Context, opts pjsua.RTPTraceOptions) (RTPTrace, error) {
	trace, err := p.ep.TraceRTP(ctx, opts)
	if err != nil {
		return nil, err
	}
	return trace, nil
}

func (p *pjsuaPhone) SetPortLevels(ctx context.Context, port pjsua.PortID, tx, rx float64) error {
	return p.ep.SetPortLevels(ctx, port, tx, rx)
}

// pjsuaRoom is a Room of pjsua as a Room.
type pjsuaRoom struct {
	*pjsuaPhone
	room *pjsua.Room
}

func (p *pjsuaPhone) NewRoom() Room { return pjsuaRoom{p, p.ep.NewRoom()} }

func (r pjsuaRoom) Join(ctx context.Context, call pjsua.CallID, opts pjsua.JoinOptions) error {
	return r.room.Join(ctx, r.ep.Call(call), opts)
}

func (r pjsuaRoom) Leave(ctx context.Context, call pjsua.CallID) error {
	return r.room.Leave(ctx, r.ep.Call(call))
}

func (r pjsuaRoom) Listen(ctx context.Context, id pjsua.RecorderID) error {
	rec, err := r.recorder(id)
	if err != nil {
		return err
	}
	return r.room.Join(ctx, rec, pjsua.JoinOptions{Muted: true})
}

func (r pjsuaRoom) Unlisten(ctx context.Context, id pjsua.RecorderID) error {
	rec, err := r.recorder(id)
	if err != nil {
		return nil // closed, and out by itself
	}
	return r.room.Leave(ctx, rec)
}

func (p *pjsuaPhone) recorder(id pjsua.RecorderID) (*pjsua.Recorder, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if rec := p.recorders[id]; rec != nil {
		return rec, nil
	}
	return nil, pjsua.StatusNotFound
}

func (p *pjsuaPhone) Connect(ctx context.Context, src, dst pjsua.PortID, opts pjsua.ConnectOptions) error {
	return p.ep.Connect(ctx, src, dst, opts)
}

func (p *pjsuaPhone) Disconnect(ctx context.Context, src, dst pjsua.PortID) error {
	return p.ep.Disconnect(ctx, src, dst)
}

func (p *pjsuaPhone) Devices(ctx context.Context) ([]pjsua.Device, error) { return p.ep.Devices(ctx) }

func (p *pjsuaPhone) SetDevices(ctx context.Context, capture, playback int) error {
	return p.ep.SetDevices(ctx, capture, playback, pjsua.DeviceOptions{})
}

func (p *pjsuaPhone) SetDeviceVolume(ctx context.Context, percent int) error {
	return p.ep.SetDeviceSetting(ctx, pjsua.DeviceInputVolume, percent, pjsua.DeviceSettingOptions{})
}

func (p *pjsuaPhone) Codecs(ctx context.Context) ([]pjsua.Codec, error) { return p.ep.Codecs(ctx) }

func (p *pjsuaPhone) SetCodecOrder(ctx context.Context, ids ...string) error {
	return p.ep.SetCodecOrder(ctx, ids...)
}

// opusStereoRate is MicroSIP's.
const opusStereoRate = 96000

func (p *pjsuaPhone) SetOpusStereo(ctx context.Context, stereo bool) error {
	cfg, err := p.ep.OpusConfig(ctx)
	if err != nil {
		return err
	}
	switch {
	case stereo:
		cfg.Channels, cfg.BitRate = 2, opusStereoRate
	case cfg.Channels == 2: // of another engine in this process
		cfg.Channels, cfg.BitRate = 1, 0
	default:
		return nil
	}
	return p.ep.SetOpusConfig(ctx, cfg)
}

func (p *pjsuaPhone) Shutdown(ctx context.Context) error { return p.ep.Shutdown(ctx) }

func (p *pjsuaPhone) Close() error { return p.ep.Close() }
