package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// Direction is one of the two ways of a call's audio, in MicroSIP's words.
type Direction string

// The directions.
const (
	Input  Direction = "in"  // the microphone's: what the far end hears of us
	Output Direction = "out" // the speaker's: what we hear of the far end
)

func (d Direction) check() error {
	if d != Input && d != Output {
		return fmt.Errorf("engine: %q is no direction: in is what the far end hears, out what we hear", string(d))
	}
	return nil
}

// maxVolume is the greatest volume in per cent.
const maxVolume = 200

// Levels is what is muted and how loud the rest is, in per cent.
type Levels struct {
	MutedIn   bool `json:"muted_in"`
	MutedOut  bool `json:"muted_out"`
	VolumeIn  int  `json:"volume_in"`
	VolumeOut int  `json:"volume_out"`
}

func (l *Levels) mute(dir Direction, muted bool) {
	if dir == Input {
		l.MutedIn = muted
	} else {
		l.MutedOut = muted
	}
}

func (l *Levels) setVolume(dir Direction, percent int) {
	if dir == Input {
		l.VolumeIn = percent
	} else {
		l.VolumeOut = percent
	}
}

// portLevels is how a call's port is set: what it hears and what it says.
type portLevels struct{ tx, rx float64 }

var unchangedLevels = portLevels{1, 1}

// portLevelsLocked is how the call's port should be set.
func (c *Call) portLevelsLocked() portLevels {
	all := c.e.muted
	p := portLevels{
		tx: float64(c.levels.VolumeIn) / 100,
		rx: float64(c.levels.VolumeOut) / 100 * float64(c.e.settings().VolumeOutput) / 100,
	}
	if c.levels.MutedIn || all.MutedIn {
		p.tx = 0
	}
	if c.levels.MutedOut || all.MutedOut {
		p.rx = 0
	}
	return p
}

// SetMuted mutes one direction of the call, or ends that; recordings are silent there
// too. It returns when it is done; while the call has no audio, that is at once, and it
// holds from the beginning.
func (c *Call) SetMuted(ctx context.Context, dir Direction, muted bool) error {
	return c.setLevels(ctx, dir, func(l *Levels) { l.mute(dir, muted) })
}

// SetVolume sets the volume of one direction of the call in per cent, from 0 to 200;
// 100 is unchanged.
func (c *Call) SetVolume(ctx context.Context, dir Direction, level int) error {
	if level < 0 || level > maxVolume {
		return fmt.Errorf("engine: volume %d is outside 0 to %d", level, maxVolume)
	}
	return c.setLevels(ctx, dir, func(l *Levels) { l.setVolume(dir, level) })
}

func (c *Call) setLevels(ctx context.Context, dir Direction, set func(*Levels)) error {
	if err := dir.check(); err != nil {
		return err
	}
	if _, err := c.phoneFor(); err != nil {
		return err
	}
	c.e.mu.Lock()
	before := c.levels
	set(&c.levels)
	if c.levels != before {
		c.e.bus.publish(LevelsChanged{EventHeader: c.headerLocked("LevelsChanged", time.Now()), Levels: c.levels})
		c.changedLocked()
	}
	c.e.mu.Unlock()
	return c.waitLevels(ctx)
}

// waitLevels waits until the worker has set the call's port.
func (c *Call) waitLevels(ctx context.Context) error {
	err := c.waitUntil(ctx, func() bool {
		return c.e.state != running || c.audioLocked().port == pjsua.NoPort || c.levelled == c.portLevelsLocked()
	})
	var ended *pjsua.CallError
	if errors.As(err, &ended) {
		return ErrCallEnded
	}
	return err
}

// SetMuted mutes one direction of all calls, those to come too, or ends that; a call
// that was muted by itself stays so. It is MicroSIP's button.
func (e *Engine) SetMuted(ctx context.Context, dir Direction, muted bool) error {
	if err := dir.check(); err != nil {
		return err
	}
	e.mu.Lock()
	before := e.muted
	e.muted.mute(dir, muted)
	changed := e.muted != before
	e.mu.Unlock()
	if !changed {
		return nil
	}
	return e.applyLevels(ctx)
}

// Levels returns what is muted and how loud for all calls.
func (e *Engine) Levels() Levels {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.levelsLocked()
}

func (e *Engine) levelsLocked() Levels {
	s := e.settings()
	l := e.muted
	l.VolumeIn, l.VolumeOut = s.VolumeInput, s.VolumeOutput
	return l
}

// Volumes are MicroSIP's volumes in per cent, from 0 to 100. Nil ones stay as they are.
type Volumes struct {
	Input  *int `json:"input,omitempty"`  // of the microphone
	Output *int `json:"output,omitempty"` // of what we hear of all calls
	Ring   *int `json:"ring,omitempty"`
}

// SetVolumes sets the volumes of all calls.
func (e *Engine) SetVolumes(ctx context.Context, v Volumes) error {
	for _, p := range []*int{v.Input, v.Output, v.Ring} {
		if p != nil && (*p < 0 || *p > 100) {
			return fmt.Errorf("engine: volume %d is outside 0 to 100", *p)
		}
	}
	e.changeSettings(func(s *config.Settings) {
		for _, c := range []struct {
			from *int
			to   *int
		}{{v.Input, &s.VolumeInput}, {v.Output, &s.VolumeOutput}, {v.Ring, &s.VolumeRing}} {
			if c.from != nil {
				*c.to = *c.from
			}
		}
	})
	if e.sound && v.Input != nil {
		phone, err := e.runningPhone()
		if err != nil {
			return err
		}
		if err := e.setMicrophone(ctx, phone); err != nil {
			return err
		}
	}
	if v.Ring != nil {
		phone, err := e.runningPhone()
		if err != nil {
			return err
		}
		if err := e.ringVolume(ctx, phone); err != nil {
			return fmt.Errorf("engine: volume of ringing: %w", err)
		}
	}
	return e.applyLevels(ctx)
}

// setMicrophone brings about volumeInput: by the sound device where that can, else, or where
// the configuration wants it, by the level of its port.
func (e *Engine) setMicrophone(ctx context.Context, phone Phone) error {
	s := e.settings()
	gain := float64(s.VolumeInput) / 100
	switch {
	case s.MicAmplification:
		gain *= 2
	case !s.SWLevelAdjustment:
		err := phone.SetDeviceVolume(ctx, s.VolumeInput)
		if err == nil {
			gain = 1
		} else {
			e.log.Debug("the microphone's level is set in software", "error", err)
		}
	}
	if err := phone.SetPortLevels(ctx, pjsua.SoundPort, 1, gain); err != nil {
		return fmt.Errorf("engine: volume of the microphone: %w", err)
	}
	return nil
}

// applyLevels tells what holds for all calls, and waits until it does.
func (e *Engine) applyLevels(ctx context.Context) error {
	e.mu.Lock()
	e.bus.publish(LevelsChanged{EventHeader: e.header("LevelsChanged", time.Now(), 0, 0), Levels: e.levelsLocked()})
	calls := e.callsLocked()
	for _, c := range calls {
		c.changedLocked()
	}
	e.mu.Unlock()
	for _, c := range calls {
		if err := c.waitLevels(ctx); err != nil && !errors.Is(err, ErrCallEnded) {
			return err
		}
	}
	return nil
}
