package engine

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/offhook-voip/offhook/engine/config"
)

// restartKeys are the settings that PJSIP, or the program around the engine, takes when it
// starts.
var restartKeys = []string{
	"sourcePort", "bindAddress", "rtpPortMin", "rtpPortMax", "tlsCAFile", "tlsCertFile", "tlsKeyFile", "tlsVerify", "userAgent",
	"dnsSrv", "dnsSrvNs", "enableSTUN", "STUN", "enableLocalAccount", "audioInputDevice", "audioOutputDevice", "VAD", "EC", "opusStereo", "rport", "maxCalls",
	"enableLog", "socket", "apiListen", "apiTokenFile", "apiHosts", "promptPath",
}

// Reload takes another configuration in the place of the one that the engine was made
// with or that was loaded last. It checks cfg first: one with a mistake changes nothing, and the
// error names all mistakes. What is the same in both stays as it is now, also
// where a command has changed it since. No call is dropped: an account that is gone
// is unregistered, and removed when its calls are over. It returns what changed, and
// [ConfigReloaded] reports it. cfg must not be changed afterwards.
func (e *Engine) Reload(ctx context.Context, cfg *config.Config) (ConfigReloaded, error) {
	out, err := e.reload(ctx, cfg)
	if err != nil {
		e.ReloadFailed(err)
	}
	return out, err
}

// ReloadFailed reports why there is no other configuration, or why a part of it did not
// take effect: a program calls it that could not read its file.
func (e *Engine) ReloadFailed(err error) {
	e.log.Error("the configuration was not reloaded", "error", err)
	e.report(func() Event {
		return ConfigReloaded{
			EventHeader: e.header("ConfigReloaded", time.Now(), 0, 0),
			Changed:     []string{}, Restart: []string{}, Error: err.Error(),
		}
	})
}

func (e *Engine) reload(ctx context.Context, cfg *config.Config) (ConfigReloaded, error) {
	if cfg == nil {
		return ConfigReloaded{}, errors.New("engine: no configuration")
	}
	if _, err := New(cfg, hclog.NewNullLogger()); err != nil {
		return ConfigReloaded{}, err
	}
	phone, err := e.runningPhone()
	if err != nil {
		return ConfigReloaded{}, err
	}
	e.reloading.Lock()
	defer e.reloading.Unlock()
	base := e.loaded
	changed := config.Changes(&base.Settings, &cfg.Settings)
	out := ConfigReloaded{Changed: append([]string{}, changed...), Restart: []string{}}
	apply := slices.DeleteFunc(slices.Clone(changed), func(key string) bool {
		if slices.Contains(restartKeys, key) {
			out.Restart = append(out.Restart, key)
			return true
		}
		return false
	})
	before := e.replaceSettings(cfg, apply)
	undo := func(err error) (ConfigReloaded, error) {
		e.mu.Lock()
		e.config.Store(before)
		e.mu.Unlock()
		if slices.Contains(apply, "audioCodecs") {
			err = errors.Join(err, e.changeCodecs(ctx, phone))
		}
		if slices.Contains(apply, "contacts") {
			err = errors.Join(err, e.loadContacts())
		}
		return ConfigReloaded{}, err
	}
	if slices.Contains(apply, "audioCodecs") {
		if err := e.changeCodecs(ctx, phone); err != nil {
			return undo(err)
		}
	}
	if slices.Contains(apply, "contacts") {
		if err := e.loadContacts(); err != nil {
			return undo(err)
		}
	}
	if err := e.startSinks(); err != nil {
		return undo(err)
	}
	if !reflect.DeepEqual(base.Rules, cfg.Rules) {
		out.Changed = append(out.Changed, "rules")
	}
	if slices.Contains(apply, "logLevel") {
		e.log.SetLevel(hclog.LevelFromString(cfg.Settings.LogLevel))
	}
	err = e.reloadAccounts(ctx, base, cfg, &out)
	if e.sound && slices.ContainsFunc(apply, func(key string) bool {
		return key == "volumeInput" || key == "micAmplification" || key == "swLevelAdjustment"
	}) {
		err = errors.Join(err, e.setMicrophone(ctx, phone))
	}
	if slices.Contains(apply, "volumeInput") || slices.Contains(apply, "volumeOutput") {
		err = errors.Join(err, e.applyLevels(ctx))
	}
	e.loaded = cfg
	e.mu.Lock()
	out.EventHeader = e.header("ConfigReloaded", time.Now(), 0, 0)
	e.bus.publish(out)
	e.mu.Unlock()
	e.log.Info("configuration reloaded", "changed", out.Changed, "restart", out.Restart)
	return out, err
}

// replaceSettings puts cfg in place, with the settings of now but for those in keys, and
// returns what was in place.
func (e *Engine) replaceSettings(cfg *config.Config, keys []string) *config.Config {
	e.mu.Lock()
	defer e.mu.Unlock()
	before := e.config.Load()
	next := *cfg
	next.Settings = before.Settings
	config.Copy(&next.Settings, &cfg.Settings, keys)
	e.config.Store(&next)
	return before
}

// reloadAccounts adds, changes and removes accounts.
func (e *Engine) reloadAccounts(ctx context.Context, base, cfg *config.Config, out *ConfigReloaded) error {
	var errs []error
	note := func(number int, keys ...string) {
		for _, key := range keys {
			out.Changed = append(out.Changed, fmt.Sprintf("Account%d.%s", number, key))
		}
	}
	for _, old := range base.Accounts {
		if _, stays := cfg.Account(old.Number); stays {
			continue
		}
		note(old.Number, "removed")
		if old.Local() {
			out.Restart = append(out.Restart, "Account0.removed")
			continue
		}
		errs = append(errs, e.removeIdle(ctx, old.Number))
	}
	for _, next := range cfg.Accounts {
		old, known := base.Account(next.Number)
		_, exists := e.Account(next.Number)
		e.setLeaving(next.Number, false)
		switch {
		case known && exists:
			keys := config.AccountChanges(&old, &next)
			note(next.Number, keys...)
			if len(keys) > 0 {
				errs = append(errs, e.UpdateAccount(ctx, next))
			}
		case next.Local():
			note(0, "added")
			out.Restart = append(out.Restart, "Account0.added")
		case exists: // a command added it, or it is on its way out
			note(next.Number, "added")
			errs = append(errs, e.UpdateAccount(ctx, next))
		default:
			note(next.Number, "added")
			_, err := e.AddAccount(ctx, next)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (e *Engine) setLeaving(number int, leaving bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !leaving {
		delete(e.leaving, number)
		return
	}
	if e.leaving == nil {
		e.leaving = make(map[int]bool)
	}
	e.leaving[number] = true
}

func (e *Engine) isLeaving(number int) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.leaving[number]
}

// removeIdle removes an account now, or when its calls are over.
func (e *Engine) removeIdle(ctx context.Context, number int) error {
	sub := e.Subscribe() // before the first try: no end is missed
	err := e.RemoveAccount(ctx, number)
	if !errors.Is(err, ErrAccountBusy) {
		sub.Close()
		var unknown *UnknownAccountError
		if errors.As(err, &unknown) {
			return nil // a command removed it
		}
		return err
	}
	e.setLeaving(number, true)
	if a, ok := e.Account(number); ok {
		if err := a.Unregister(ctx); err != nil && !errors.Is(err, ErrNoRegistrar) {
			e.log.Warn("unregister an account that is gone", "account", number, "error", err)
		}
	}
	e.sinks.running.Go(func() {
		defer sub.Close()
		for ev := range sub.Events() {
			if _, ended := ev.(CallEnded); !ended {
				continue
			}
			if !e.isLeaving(number) {
				return
			}
			err := e.RemoveAccount(context.Background(), number)
			if !errors.Is(err, ErrAccountBusy) {
				if err != nil {
					e.log.Warn("remove an account that is gone", "account", number, "error", err)
				}
				e.setLeaving(number, false)
				return
			}
		}
	})
	return nil
}
