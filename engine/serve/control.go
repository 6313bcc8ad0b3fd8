package serve

import (
	"context"
	"errors"
	"net/http"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/api"
)

func (p *softphone) Select(_ context.Context, id api.CallID) (api.Call, error) {
	return p.on(id, func(c *engine.Call) error { return c.Select() })
}

func (p *softphone) SetMuted(ctx context.Context, id api.CallID, dir string, muted bool) (api.Call, error) {
	return p.on(id, func(c *engine.Call) error { return c.SetMuted(ctx, engine.Direction(dir), muted) })
}

func (p *softphone) SetVolume(ctx context.Context, id api.CallID, req api.VolumeRequest) (api.Call, error) {
	return p.on(id, func(c *engine.Call) error { return c.SetVolume(ctx, engine.Direction(req.Direction), req.Percent) })
}

func (p *softphone) Forward(ctx context.Context, id api.CallID, req api.TargetRequest) (api.Call, error) {
	return p.on(p.ringing(id), func(c *engine.Call) error { return c.Forward(ctx, req.Target) })
}

func (p *softphone) Transfer(ctx context.Context, id api.CallID, req api.TransferRequest) (api.Call, error) {
	return p.on(id, func(c *engine.Call) error {
		var t *engine.Transfer
		var err error
		if req.To == 0 {
			t, err = c.Transfer(ctx, req.Target)
		} else {
			var other *engine.Call
			if other, err = p.find(req.To); err == nil {
				t, err = c.TransferTo(ctx, other)
			}
		}
		if err == nil && req.Wait {
			err = t.Wait(ctx)
		}
		return err
	})
}

func (p *softphone) Consult(ctx context.Context, id api.CallID, req api.TargetRequest) (api.Call, error) {
	var consulted *engine.Call
	call, err := p.on(id, func(c *engine.Call) (err error) {
		consulted, err = c.Consult(ctx, req.Target)
		return err
	})
	if err == nil && consulted != nil {
		call = callOf(consulted.Info())
	}
	return call, err
}

func (p *softphone) Park(ctx context.Context, id api.CallID, req api.SlotRequest) (api.Call, error) {
	return p.on(id, func(c *engine.Call) error {
		_, err := p.e.Park(ctx, c, req.Slot)
		return err
	})
}

func (p *softphone) Separate(ctx context.Context, id api.CallID) (api.Call, error) {
	return p.on(id, func(c *engine.Call) error { return p.e.Separate(ctx, c) })
}

func (p *softphone) Redial(ctx context.Context) (api.Call, error) { return dialled(p.e.Redial(ctx)) }

func (p *softphone) Pickup(ctx context.Context, req api.PickupRequest) (api.Call, error) {
	return dialled(p.e.Pickup(ctx, req.Extension))
}

func (p *softphone) Retrieve(ctx context.Context, req api.SlotRequest) (api.Call, error) {
	return dialled(p.e.Retrieve(ctx, req.Slot))
}

func (p *softphone) Voicemail(ctx context.Context, req api.VoicemailRequest) (api.Call, error) {
	return dialled(p.e.Voicemail(ctx, accountNumber(req.Account)))
}

func dialled(c *engine.Call, err error) (api.Call, error) {
	if err != nil {
		return api.Call{}, explain(err)
	}
	return callOf(c.Info()), nil
}

// accountNumber is an account as the engine's requests name it.
func accountNumber(n *int) int {
	switch {
	case n == nil:
		return 0
	case *n == 0:
		return engine.LocalAccount
	}
	return *n
}

func (p *softphone) HangupThose(ctx context.Context, which string) (n int, err error) {
	switch which {
	case "incoming":
		n, err = p.e.HangupIncoming(ctx)
	case "calling":
		n, err = p.e.HangupCalling(ctx)
	default:
		n, err = p.e.HangupAll(ctx)
	}
	return n, explain(err)
}

func (p *softphone) Levels() api.Levels { return api.Levels(p.e.Levels()) }

func (p *softphone) MuteAll(ctx context.Context, dir string, muted bool) (api.Levels, error) {
	err := p.e.SetMuted(ctx, engine.Direction(dir), muted)
	return p.Levels(), explain(err)
}

func (p *softphone) SetVolumes(ctx context.Context, req api.VolumesRequest) (api.Levels, error) {
	err := p.e.SetVolumes(ctx, engine.Volumes(req))
	return p.Levels(), explain(err)
}

func (p *softphone) Conferences() []api.Conference {
	var list []api.Conference
	for _, c := range p.e.Conferences() {
		conf := api.Conference{Conference: int64(c.Conference), Calls: []api.CallID{}}
		for _, id := range c.Calls {
			conf.Calls = append(conf.Calls, api.CallID(id))
		}
		list = append(list, conf)
	}
	return list
}

func (p *softphone) Conference(ctx context.Context, req api.ConferenceRequest) (api.Conference, error) {
	var calls []*engine.Call
	for _, id := range req.Calls {
		c, err := p.find(id)
		if err != nil {
			return api.Conference{}, explain(err)
		}
		calls = append(calls, c)
	}
	var id engine.ConferenceID
	var err error
	if len(calls) == 0 {
		id, err = p.e.Merge(ctx)
	} else {
		id, err = p.e.Conference(ctx, calls...)
	}
	if err != nil {
		return api.Conference{}, explain(err)
	}
	for _, c := range p.Conferences() {
		if c.Conference == int64(id) {
			return c, nil
		}
	}
	return api.Conference{Conference: int64(id)}, nil // it ended meanwhile
}

func (p *softphone) SendMessage(ctx context.Context, req api.MessageRequest) (api.Message, error) {
	var id engine.MessageID
	var err error
	if req.Call == 0 {
		id, err = p.e.SendMessage(ctx, accountNumber(req.Account), req.To, req.Text, req.ContentType)
	} else {
		_, err = p.on(req.Call, func(c *engine.Call) (err error) {
			id, err = c.Message(ctx, req.Text, req.ContentType)
			return err
		})
	}
	return api.Message{Message: int64(id)}, explain(err)
}

func (p *softphone) Buddies() []api.Buddy {
	var list []api.Buddy
	for _, b := range p.e.Buddies() {
		list = append(list, buddyOf(b))
	}
	return list
}

func buddyOf(b engine.BuddyInfo) api.Buddy {
	out := api.Buddy{URI: b.URI, Package: b.Package, Status: b.Status, Note: b.Note, State: b.State, Code: b.Code, Reason: b.Reason}
	for _, d := range b.Dialogs {
		out.Dialogs = append(out.Dialogs, api.Dialog(d))
	}
	return out
}

func (p *softphone) Watch(ctx context.Context, req api.WatchRequest) (api.Buddy, error) {
	b, err := p.e.Watch(ctx, req.URI, engine.WatchOptions{Account: accountNumber(req.Account), Package: req.Package})
	return buddyOf(b), explain(err)
}

func (p *softphone) Unwatch(ctx context.Context, uri string) error {
	return explain(p.e.Unwatch(ctx, uri))
}

func (p *softphone) Publish(ctx context.Context, req api.PresenceRequest) error {
	return explain(p.e.Publish(ctx, engine.Presence(req)))
}

func (p *softphone) AddAccount(ctx context.Context, req api.AccountRequest) (api.Account, error) {
	cfg, err := accountConfig(req)
	if err != nil {
		return api.Account{}, explain(err)
	}
	cfg.Number = req.Number
	a, err := p.e.AddAccount(ctx, cfg)
	if err != nil {
		return api.Account{}, explain(err)
	}
	return accountOf(a.Info()), nil
}

func (p *softphone) UpdateAccount(ctx context.Context, number int, req api.AccountRequest) (api.Account, error) {
	a, err := p.account(number)
	if err != nil {
		return api.Account{}, err
	}
	cfg, err := accountConfig(req)
	if err != nil {
		return api.Account{}, explain(err)
	}
	cfg.Number = number
	if err := p.e.UpdateAccount(ctx, cfg); err != nil {
		return api.Account{}, explain(err)
	}
	return accountOf(a.Info()), nil
}

func (p *softphone) RemoveAccount(ctx context.Context, number int) error {
	return explain(p.e.RemoveAccount(ctx, number))
}

// conflicts are what the engine says of the state of a call or of an account.
var conflicts = []error{
	engine.ErrNoRegistrar, engine.ErrNotRinging, engine.ErrNotAnswered, engine.ErrTransferPending, engine.ErrInConference,
	engine.ErrNoConference, engine.ErrMessagingDisabled, engine.ErrAccountBusy, engine.ErrAccountExists,
	engine.ErrSingleMode, engine.ErrNotRecording, engine.ErrNoCallLog,
}

func isConflict(err error) bool {
	for _, c := range conflicts {
		if errors.Is(err, c) {
			return true
		}
	}
	return false
}

// badRequest says what is wrong with parts of a request.
func badRequest(faults []api.Fault) error {
	e := api.Errorf(http.StatusUnprocessableEntity, api.CodeBadRequest, "the request is wrong")
	e.Errors = faults
	return e
}
