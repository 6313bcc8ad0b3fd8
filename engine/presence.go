package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/offhook-voip/offhook/pjsua"
)

// The values of [WatchOptions.Package].
const (
	PackagePresence = "presence" // RFC 3856
	PackageDialog   = "dialog"   // RFC 4235, a busy lamp
)

// WatchOptions are the choices of [Engine.Watch].
type WatchOptions struct {
	// Account subscribes; as [DialRequest.Account].
	Account int
	// Package is what is subscribed to; empty means PackagePresence, as in MicroSIP.
	Package string
}

// The values of [BuddyInfo.Status].
const (
	BuddyUnknown    = "unknown" // no subscription, or nothing said
	BuddyOffline    = "offline"
	BuddyOnline     = "online"
	BuddyAway       = "away"
	BuddyBusy       = "busy"
	BuddyRinging    = "ringing"
	BuddyOnThePhone = "on_the_phone"
)

// BuddyInfo is what is known of somebody who is watched.
type BuddyInfo struct {
	URI     string `json:"uri"`
	Package string `json:"package"` // "presence" or "dialog"
	Status  string `json:"status"`
	Note    string `json:"note,omitempty"` // of presence, in the buddy's own words
	// State is that of the subscription, such as "ACTIVE"; empty before the account has
	// registered.
	State   string   `json:"state"`
	Code    int      `json:"code,omitempty"` // why the subscription ended
	Reason  string   `json:"reason,omitempty"`
	Dialogs []Dialog `json:"dialogs,omitempty"`
}

// Dialog is one call of somebody who is watched, as a busy lamp shows.
type Dialog struct {
	ID        string `json:"id"`
	State     string `json:"state"`               // "trying", "proceeding", "early", "confirmed", "terminated"
	Direction string `json:"direction,omitempty"` // "initiator": he called; "recipient"
	Remote    string `json:"remote,omitempty"`    // whom he talks to
}

// watch is somebody who is watched.
type watch struct {
	account *Account
	pkg     pjsua.EventPackage

	// Guarded by Engine.mu.
	info    BuddyInfo
	id      pjsua.BuddyID // 0: no subscription was asked for yet
	adding  bool          // one is being asked for
	removed bool
}

// Watch subscribes to the presence or the calls of somebody: a user or number of the
// account's domain, or a URI. [BuddyChanged] tells what is known. An account that
// registers subscribes when it has; what fails is tried again. To watch somebody twice
// is no error.
func (e *Engine) Watch(ctx context.Context, uri string, opts WatchOptions) (BuddyInfo, error) {
	pkg := pjsua.PackagePresence
	switch opts.Package {
	case "", PackagePresence:
	case PackageDialog:
		pkg = pjsua.PackageDialog
	default:
		return BuddyInfo{}, fmt.Errorf("engine: %q is neither presence nor dialog", opts.Package)
	}
	acc, err := e.dialAccount(opts.Account)
	if err != nil {
		return BuddyInfo{}, err
	}
	target, err := dialTarget(uri, acc.cfg().Domain, string(acc.cfg().Transport))
	if err != nil {
		return BuddyInfo{}, err
	}
	e.mu.Lock()
	if e.state != running {
		e.mu.Unlock()
		return BuddyInfo{}, ErrNotRunning
	}
	w := e.findWatchLocked(func(w *watch) bool { return w.account == acc && w.pkg == pkg && w.info.URI == target })
	if w == nil {
		w = &watch{account: acc, pkg: pkg, info: BuddyInfo{URI: target, Package: pkg.String(), Status: BuddyUnknown}}
		e.watches = append(e.watches, w)
	}
	info := w.info
	ready := acc.reg.Registered || !acc.cfg().Registers()
	phone := e.phone
	e.mu.Unlock()
	if ready {
		if err := e.subscribe(ctx, phone, w); err != nil {
			e.mu.Lock()
			e.forgetWatchLocked(w)
			e.mu.Unlock()
			return BuddyInfo{}, err
		}
	}
	return info, nil
}

// subscribe brings a subscription about.
func (e *Engine) subscribe(ctx context.Context, phone Phone, w *watch) error {
	e.mu.Lock()
	id, busy := w.id, w.adding || w.removed
	w.adding = w.adding || !busy && id == 0
	e.mu.Unlock()
	if busy {
		return nil
	}
	if id != 0 {
		return phone.UpdateBuddy(ctx, id, w.pkg)
	}
	id, err := phone.AddBuddy(ctx, w.account.id, w.info.URI, w.pkg)
	e.mu.Lock()
	w.adding, w.id = false, id
	removed := w.removed
	early := e.early[id]
	if err == nil && !removed {
		e.buddies[id] = w
		delete(e.early, id)
		for _, ev := range early {
			e.buddyLocked(w, ev)
		}
	}
	e.mu.Unlock()
	if err != nil {
		return fmt.Errorf("engine: watch %s: %w", w.info.URI, err)
	}
	if removed {
		return phone.RemoveBuddy(ctx, id)
	}
	return nil
}

// subscribeAll brings about the subscriptions of an account that has registered.
func (e *Engine) subscribeAllLocked(ctx context.Context, a *Account) {
	var list []*watch
	for _, w := range e.watches {
		if w.account == a {
			list = append(list, w)
		}
	}
	if len(list) == 0 || e.state != running {
		return
	}
	phone := e.phone
	e.workers.Add(1)
	go func() {
		defer e.workers.Done()
		for _, w := range list {
			if err := e.subscribe(ctx, phone, w); err != nil && !isGone(err) && !errors.Is(err, pjsua.ErrBuddyGone) {
				e.log.Warn("watch", "uri", w.info.URI, "error", err)
			}
		}
	}()
}

// Unwatch ends what [Engine.Watch] began for this uri, whatever account and package. uri
// is as it was given to Watch, or as BuddyInfo has it.
func (e *Engine) Unwatch(ctx context.Context, uri string) error {
	var found []*watch
	e.mu.Lock()
	phone := e.phone
	for _, w := range slices.Clone(e.watches) {
		target, err := dialTarget(uri, w.account.cfg().Domain, string(w.account.cfg().Transport))
		if err == nil && target == w.info.URI {
			found = append(found, w)
			e.forgetWatchLocked(w)
		}
	}
	e.mu.Unlock()
	switch {
	case phone == nil:
		return ErrNotRunning
	case len(found) == 0:
		return fmt.Errorf("engine: %s is not watched", uri)
	}
	var errs []error
	for _, w := range found {
		if w.id != 0 {
			if err := phone.RemoveBuddy(ctx, w.id); !errors.Is(err, pjsua.ErrBuddyGone) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

func (e *Engine) forgetWatchLocked(w *watch) {
	w.removed = true
	e.watches = slices.DeleteFunc(e.watches, func(o *watch) bool { return o == w })
	delete(e.buddies, w.id)
}

func (e *Engine) findWatchLocked(fits func(*watch) bool) *watch {
	if i := slices.IndexFunc(e.watches, fits); i >= 0 {
		return e.watches[i]
	}
	return nil
}

// Buddies returns what is known of everybody who is watched, in the order of their URIs.
func (e *Engine) Buddies() []BuddyInfo {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := []BuddyInfo{}
	for _, w := range e.watches {
		out = append(out, w.info)
	}
	slices.SortStableFunc(out, func(a, b BuddyInfo) int { return cmp.Compare(a.URI, b.URI) })
	return out
}

// buddyEventLocked finds out whom an event is about. The first events of a buddy may come
// before AddBuddy returns its number, and wait.
func (e *Engine) buddyEventLocked(id pjsua.BuddyID, ev pjsua.Event) {
	if id == 0 {
		return
	}
	if w := e.buddies[id]; w != nil {
		e.buddyLocked(w, ev)
		return
	}
	if slices.ContainsFunc(e.watches, func(w *watch) bool { return w.adding }) {
		e.early[id] = append(e.early[id], ev)
	}
}

func (e *Engine) buddyLocked(w *watch, ev pjsua.Event) {
	before := w.info
	switch ev := ev.(type) {
	case pjsua.SubscriptionChanged:
		w.info.State = ev.State.String()
		w.info.Code, w.info.Reason = 0, ""
		if ev.State == pjsua.SubTerminated {
			w.info.Code, w.info.Reason = int(ev.Code), ev.Reason
			w.info.Status, w.info.Note, w.info.Dialogs = BuddyUnknown, "", nil
		}
	case pjsua.BuddyChanged:
		if ev.Body == nil && ev.State != pjsua.SubTerminated {
			return
		}
		w.info.Status, w.info.Note = presenceStatus(ev.Presence), ev.Presence.Note
	case pjsua.BuddyDialogChanged:
		if ev.Body == nil && ev.State != pjsua.SubTerminated {
			return
		}
		w.info.Dialogs = mergeDialogs(w.info.Dialogs, ev.Dialogs)
		w.info.Status = dialogStatus(w.info.Dialogs, ev.Dialogs.Full || ev.Dialogs.Dialogs != nil)
	}
	if sameBuddy(before, w.info) {
		return
	}
	at := ev.Header().Time
	e.bus.publish(BuddyChanged{EventHeader: e.header("BuddyChanged", at, w.account.cfg().Number, 0), BuddyInfo: w.info})
}

func sameBuddy(a, b BuddyInfo) bool {
	return a.Status == b.Status && a.Note == b.Note && a.State == b.State && a.Code == b.Code && a.Reason == b.Reason &&
		slices.Equal(a.Dialogs, b.Dialogs)
}

// presenceStatus reads a presence document as MicroSIP does.
func presenceStatus(p pjsua.Presence) string {
	note := strings.ToLower(p.Note)
	switch {
	case p.Status == pjsua.BuddyUnknown:
		return BuddyUnknown
	case p.Status == pjsua.BuddyOffline:
		return BuddyOffline
	case strings.HasPrefix(note, "ring"):
		return BuddyRinging
	case note == "on the phone" || slices.Contains(p.Activities, "on-the-phone"):
		return BuddyOnThePhone
	case p.Activity == pjsua.ActivityBusy:
		return BuddyBusy
	case p.Activity == pjsua.ActivityAway:
		return BuddyAway
	}
	return BuddyOnline
}

// mergeDialogs takes in a dialog-info document: the whole list, or what changed of it.
func mergeDialogs(old []Dialog, doc pjsua.DialogInfo) []Dialog {
	var out []Dialog
	if !doc.Full {
		out = slices.Clone(old)
	}
	for _, d := range doc.Dialogs {
		out = slices.DeleteFunc(out, func(o Dialog) bool { return o.ID == d.ID })
		if d.State != pjsua.DialogTerminated {
			out = append(out, Dialog{ID: d.ID, State: d.StateName, Direction: d.Direction, Remote: d.Remote.Identity})
		}
	}
	return out
}

func dialogStatus(dialogs []Dialog, known bool) string {
	status := BuddyUnknown
	if known {
		status = BuddyOnline
	}
	for _, d := range dialogs {
		switch d.State {
		case "confirmed":
			return BuddyOnThePhone
		case "early":
			status = BuddyRinging
			if d.Direction == "initiator" {
				status = BuddyOnThePhone
			}
		case "trying", "proceeding":
			status = BuddyOnThePhone
		}
	}
	return status
}

// Presence is what we say of ourselves.
type Presence struct {
	Online bool `json:"online"`
	// Activity is empty, "away" or "busy".
	Activity string `json:"activity,omitempty"`
	Note     string `json:"note,omitempty"`
}

func (p Presence) status() (pjsua.OnlineStatus, error) {
	s := pjsua.OnlineStatus{Online: p.Online, Note: p.Note}
	switch p.Activity {
	case "":
	case BuddyAway:
		s.Activity = pjsua.ActivityAway
	case BuddyBusy:
		s.Activity = pjsua.ActivityBusy
	default:
		return s, fmt.Errorf("engine: the activity %q is neither away nor busy", p.Activity)
	}
	return s, nil
}

// Publish says how things are here, on all accounts: to the presence server where the
// account publishes. They begin as online.
func (e *Engine) Publish(ctx context.Context, p Presence) error {
	status, err := p.status()
	if err != nil {
		return err
	}
	e.mu.Lock()
	if e.state != running {
		e.mu.Unlock()
		return ErrNotRunning
	}
	phone, accounts := e.phone, slices.Clone(e.accounts)
	e.presence = p
	e.mu.Unlock()
	var errs []error
	for _, a := range accounts {
		if !a.cfg().Publish {
			continue
		}
		if err := phone.SetOnlineStatus(ctx, a.id, status); err != nil {
			errs = append(errs, fmt.Errorf("engine: account %d: publish: %w", a.cfg().Number, err))
		}
	}
	return errors.Join(errs...)
}

// Mailbox is how many messages wait for an account (RFC 3842).
type Mailbox struct {
	Waiting   bool   `json:"waiting"`
	New       int    `json:"new"` // voice messages, as the three that follow
	Old       int    `json:"old"`
	UrgentNew int    `json:"urgent_new,omitempty"`
	UrgentOld int    `json:"urgent_old,omitempty"`
	Mailbox   string `json:"mailbox,omitempty"` // its URI, where the server tells
}

func (e *Engine) mwiLocked(ev pjsua.MWIChanged) {
	a := e.byID[ev.Account]
	if a == nil || ev.Err != nil {
		return
	}
	v := ev.Summary.Voice()
	m := Mailbox{
		Waiting: ev.Summary.Waiting, New: v.New, Old: v.Old, UrgentNew: v.UrgentNew, UrgentOld: v.UrgentOld,
		Mailbox: ev.Summary.Account,
	}
	a.mailbox = &m
	e.bus.publish(MWIChanged{EventHeader: e.header("MWIChanged", ev.Time, a.cfg().Number, 0), Mailbox: m})
}
