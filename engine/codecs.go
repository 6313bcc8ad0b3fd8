package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// codecs are those of audioCodecs that PJSIP has; nil: as PJSIP is made.
func (e *Engine) codecs() []string {
	if list := e.codecList.Load(); list != nil {
		return *list
	}
	return nil
}

// startCodecs turns on the codecs of audioCodecs, in that order, and after them those that
// only accounts list; what an account may use of them its policy says. A codec of the
// default list that this PJSIP was built without is left out; one that the user listed is
// an error. next stands for an account that is about to be added or changed.
// With changing held, or before the engine runs.
func (e *Engine) startCodecs(ctx context.Context, phone Phone, next ...*Account) error {
	all, err := phone.Codecs(ctx)
	if err != nil {
		return fmt.Errorf("engine: list codecs: %w", err)
	}
	ids := slices.Clone(e.settings().AudioCodecs)
	if strings.Join(ids, " ") == config.DefaultCodecs {
		ids = slices.DeleteFunc(ids, func(id string) bool {
			missing := !hasCodec(all, id)
			if missing {
				e.log.Debug("codec not in this PJSIP", "codec", id)
			}
			return missing
		})
	}
	union, err := e.withAccounts(all, ids, next)
	if err != nil {
		return err
	}
	if len(ids) > 0 { // else all that PJSIP turns on are on
		if err := phone.SetCodecOrder(ctx, union...); err != nil {
			return fmt.Errorf("engine: audioCodecs: %w", err)
		}
	}
	e.codecList.Store(&ids)
	e.codecsOn = union
	if slices.ContainsFunc(union, func(id string) bool { return len(id) >= 4 && strings.EqualFold(id[:4], "opus") }) {
		if err := phone.SetOpusStereo(ctx, e.settings().OpusStereo); err != nil {
			return fmt.Errorf("engine: opusStereo: %w", err)
		}
	}
	return nil
}

// withAccounts appends to ids what the accounts list besides, next in the place of the
// account with its number.
func (e *Engine) withAccounts(all []pjsua.Codec, ids []string, next []*Account) ([]string, error) {
	e.mu.Lock()
	accounts := slices.DeleteFunc(slices.Clone(e.accounts), func(a *Account) bool {
		return slices.ContainsFunc(next, func(n *Account) bool { return n.Number() == a.Number() })
	})
	e.mu.Unlock()
	union := slices.Clone(ids)
	for _, a := range append(accounts, next...) {
		for _, id := range a.cfg().AudioCodecs {
			if !hasCodec(all, id) {
				return nil, fmt.Errorf("engine: account %d: accountCodecs: no codec %q; `offhook codecs` lists them", a.Number(), id)
			}
			if !slices.ContainsFunc(union, func(o string) bool { return strings.EqualFold(o, id) }) {
				union = append(union, id)
			}
		}
	}
	return union, nil
}

// hasCodec is PJSIP's way to look a codec up: by the beginning of its id, in any case.
func hasCodec(all []pjsua.Codec, id string) bool {
	return slices.ContainsFunc(all, func(c pjsua.Codec) bool {
		return len(c.ID) >= len(id) && strings.EqualFold(c.ID[:len(id)], id)
	})
}

// ensureCodecs turns on what an account lists that is about to be added or changed.
// With changing held.
func (e *Engine) ensureCodecs(ctx context.Context, phone Phone, next *Account) error {
	for _, id := range next.cfg().AudioCodecs {
		if !slices.ContainsFunc(e.codecsOn, func(o string) bool { return strings.EqualFold(o, id) }) {
			return e.startCodecs(ctx, phone, next)
		}
	}
	return nil
}

// changeCodecs brings another audioCodecs into force, for all accounts that have no list
// of their own.
func (e *Engine) changeCodecs(ctx context.Context, phone Phone) error {
	e.changing.Lock()
	defer e.changing.Unlock()
	before := e.codecs()
	err := e.startCodecs(ctx, phone)
	if err != nil || slices.Equal(before, e.codecs()) {
		return err
	}
	e.mu.Lock()
	accounts := slices.Clone(e.accounts)
	e.mu.Unlock()
	for _, a := range accounts {
		if len(a.cfg().AudioCodecs) > 0 {
			continue
		}
		if failed := phone.ModifyAccount(ctx, a.id, a.phoneConfigNow()); failed != nil {
			err = errors.Join(err, fmt.Errorf("engine: account %d: %w", a.Number(), failed))
		}
	}
	return err
}
