// Package serve lets package engine/api command an engine. It stands apart from both, so
// that a program with an api.Client needs no PJSIP, and one with an engine no HTTP.
package serve

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/api"
	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// Options are what the engine does not know itself.
type Options struct {
	// Stop ends the engine's Run.
	Stop func()
	// Reload reads the configuration again, from where the program had it.
	Reload func(context.Context) (engine.ConfigReloaded, error)
	// Recordings is the folder that recordings with a name of their own are put into, the
	// configuration's recordingPath.
	Recordings string
}

// New returns e as a softphone that can be commanded.
func New(e *engine.Engine, opts Options) api.Softphone { return &softphone{e: e, opts: opts} }

// Events are the types of events of an engine, for [api.Config].
func Events() []any {
	var list []any
	for _, ev := range engine.EventTypes() {
		list = append(list, ev)
	}
	return list
}

type softphone struct {
	e    *engine.Engine
	opts Options
}

func (p *softphone) Status() api.Status {
	snap := p.e.Snapshot()
	st := api.Status{
		PID: os.Getpid(), State: snap.State, Started: snap.Started, Seq: snap.Seq,
		Transports: transportsOf(snap.Transports), Accounts: len(snap.Accounts), Calls: len(snap.Calls),
	}
	for _, a := range snap.Accounts {
		if a.Registered {
			st.Registered++
		}
	}
	return st
}

func (p *softphone) Follow() (api.Snapshot, api.EventStream) {
	snap, sub := p.e.Follow()
	return api.Snapshot{
		Type: "Snapshot", Seq: snap.Seq, Time: snap.Time, State: snap.State,
		Transports: transportsOf(snap.Transports), Accounts: accountsOf(snap.Accounts), Calls: callsOf(snap.Calls),
	}, stream{sub}
}

type stream struct{ sub *engine.Subscription }

func (s stream) Next(ctx context.Context) (any, bool) {
	select {
	case ev, ok := <-s.sub.Events():
		return ev, ok
	case <-ctx.Done():
		return nil, false
	}
}

func (s stream) Close() { s.sub.Close() }

func (p *softphone) Stop() { p.opts.Stop() }

func (p *softphone) Reload(ctx context.Context) (api.Reloaded, error) {
	r, err := p.opts.Reload(ctx)
	var wrong config.Errors
	if errors.As(err, &wrong) {
		var faults []api.Fault
		for _, w := range wrong {
			faults = append(faults, api.Fault{Location: "configuration", Message: w.Error()})
		}
		return api.Reloaded{}, badRequest(faults)
	}
	return api.Reloaded{Changed: r.Changed, Restart: r.Restart}, explain(err)
}

func (p *softphone) Accounts() []api.Account { return accountsOf(p.e.Accounts()) }

func (p *softphone) Register(ctx context.Context, number int) error {
	a, err := p.account(number)
	if err != nil {
		return err
	}
	return explain(a.Register(ctx))
}

func (p *softphone) Unregister(ctx context.Context, number int) error {
	a, err := p.account(number)
	if err != nil {
		return err
	}
	return explain(a.Unregister(ctx))
}

func (p *softphone) account(number int) (*engine.Account, error) {
	a, ok := p.e.Account(number)
	if !ok {
		return nil, explain(&engine.UnknownAccountError{Number: number})
	}
	return a, nil
}

func (p *softphone) Calls() []api.Call { return callsOf(p.e.Calls()) }

func (p *softphone) Call(id api.CallID) (api.Call, error) {
	return p.on(id, func(*engine.Call) error { return nil })
}

func (p *softphone) Dial(ctx context.Context, req api.DialRequest) (api.Call, error) {
	dial := engine.DialRequest{URI: req.URI, Account: accountNumber(req.Account)}
	for _, h := range req.Headers {
		dial.Headers = append(dial.Headers, pjsua.Header{Name: h.Name, Value: h.Value})
	}
	return dialled(p.e.Dial(ctx, dial))
}

func (p *softphone) Answer(ctx context.Context, id api.CallID, req api.AnswerRequest) (api.Call, error) {
	return p.on(p.ringing(id), func(c *engine.Call) error {
		if err := mustRing(c); err != nil {
			return err
		}
		code := pjsua.CodeOK
		if req.Code != 0 {
			code = pjsua.SIPCode(req.Code)
		}
		return c.Answer(ctx, code, req.Reason)
	})
}

func (p *softphone) Reject(ctx context.Context, id api.CallID, req api.RejectRequest) (api.Call, error) {
	return p.on(p.ringing(id), func(c *engine.Call) error { return c.Reject(ctx, pjsua.SIPCode(req.Code), req.Reason) })
}

// ringing is the call that MicroSIP would answer, where none is named.
func (p *softphone) ringing(id api.CallID) api.CallID {
	if id == 0 {
		if c, ok := p.e.RingingCall(); ok {
			return api.CallID(c.ID())
		}
	}
	return id
}

// mustRing says that a call cannot be answered, which PJSIP takes for a mistake of ours.
func mustRing(c *engine.Call) error {
	info := c.Info()
	if info.Role == pjsua.RoleUAS.String() && (info.State == engine.StateIncoming || info.State == engine.StateEarly) {
		return nil
	}
	return engine.ErrNotRinging
}

func (p *softphone) Hangup(ctx context.Context, id api.CallID) (api.Call, error) {
	return p.on(id, func(c *engine.Call) error { return c.Hangup(ctx, 0, "") })
}

func (p *softphone) Hold(ctx context.Context, id api.CallID) (api.Call, error) {
	return p.on(id, func(c *engine.Call) error { return c.Hold(ctx) })
}

func (p *softphone) Resume(ctx context.Context, id api.CallID) (api.Call, error) {
	return p.on(id, func(c *engine.Call) error { return c.Resume(ctx) })
}

var dtmfMethods = map[string]config.DTMFMethod{
	"": config.DTMFAuto, "auto": config.DTMFAuto, "inband": config.DTMFInband, "rfc4733": config.DTMFRFC4733, "info": config.DTMFInfo,
}

func (p *softphone) SendDTMF(ctx context.Context, id api.CallID, req api.DTMFRequest) (api.Call, error) {
	return p.on(id, func(c *engine.Call) error {
		return c.SendDTMF(ctx, req.Digits, engine.DTMFOptions{
			Method: dtmfMethods[req.Method], Duration: millis(req.DurationMS),
		})
	})
}

func (p *softphone) Record(ctx context.Context, id api.CallID, req api.RecordRequest) (api.File, error) {
	var file api.File
	_, err := p.on(id, func(c *engine.Call) error {
		path, err := p.recordingFile(c, req.Name)
		if err != nil {
			return err
		}
		if _, err := c.Record(ctx, path, engine.RecordOptions{Mix: !req.OneSided}); err != nil {
			return errors.Join(err, removeEmpty(path))
		}
		file.Name = filepath.Base(path)
		if info, err := os.Stat(path); err == nil {
			file.Bytes, file.Modified = info.Size(), info.ModTime().UTC()
		}
		return nil
	})
	return file, err
}

// recordingFile makes an empty file, so that nobody else gets its name.
func (p *softphone) recordingFile(c *engine.Call, name string) (string, error) {
	if name == "" {
		return c.RecordingPath()
	}
	if err := os.MkdirAll(p.opts.Recordings, 0o777); err != nil {
		return "", err
	}
	path := filepath.Join(p.opts.Recordings, name)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if errors.Is(err, os.ErrExist) {
		return "", api.Errorf(http.StatusConflict, api.CodeConflict, "there is a recording %s already", name)
	}
	if err != nil {
		return "", err
	}
	return path, f.Close()
}

// removeEmpty removes a file that nothing was written to.
func removeEmpty(path string) error {
	if info, err := os.Stat(path); err != nil || info.Size() > 0 {
		return nil
	}
	return os.Remove(path)
}

func (p *softphone) CallStats(ctx context.Context, id api.CallID) (api.CallStats, error) {
	c, err := p.find(id)
	if err != nil {
		return api.CallStats{}, err
	}
	s, err := c.Stats(ctx)
	if err != nil {
		return api.CallStats{}, explain(err)
	}
	return api.CallStats{Codec: s.Codec, RX: api.DirectionStats(s.RX), TX: api.DirectionStats(s.TX), RTTMS: s.RTTMS}, nil
}

func (p *softphone) StopRecording(ctx context.Context, id api.CallID) (api.Call, error) {
	return p.on(id, func(c *engine.Call) error {
		recordings := c.Recordings()
		if len(recordings) == 0 {
			return api.Errorf(http.StatusConflict, api.CodeConflict, "call %d is not being recorded", c.ID())
		}
		var errs []error
		for _, r := range recordings {
			errs = append(errs, r.Stop(ctx))
		}
		return errors.Join(errs...)
	})
}

func (p *softphone) Play(ctx context.Context, id api.CallID, path string, loop bool) (api.Call, error) {
	return p.on(id, func(c *engine.Call) error {
		_, err := c.Play(ctx, path, loop)
		return err
	})
}

func (p *softphone) StopPlaying(ctx context.Context, id api.CallID) (api.Call, error) {
	return p.on(id, func(c *engine.Call) error {
		var errs []error
		for _, pb := range c.Playbacks() {
			errs = append(errs, pb.Stop(ctx))
		}
		return errors.Join(errs...)
	})
}

// on does something with a call, and returns how the call is then.
func (p *softphone) on(id api.CallID, do func(*engine.Call) error) (api.Call, error) {
	c, err := p.find(id)
	if err == nil {
		err = do(c)
	}
	if err != nil {
		return api.Call{}, explain(err)
	}
	return callOf(c.Info()), nil
}

func (p *softphone) find(id api.CallID) (*engine.Call, error) {
	if id == 0 {
		c, ok := p.e.SelectedCall()
		if !ok {
			return nil, api.Errorf(http.StatusNotFound, api.CodeNoCall, "there is no call")
		}
		return c, nil
	}
	c, ok := p.e.Call(engine.CallID(id))
	if !ok {
		return nil, api.Errorf(http.StatusNotFound, api.CodeNoCall, "there is no call %d", id)
	}
	return c, nil
}
