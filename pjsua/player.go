//go:build cgo

package pjsua

/*
#include "bridge.h"
#include "player.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
	"unsafe"

	"github.com/offhook-voip/offhook/pjsua/wav"
)

// Player plays WAV files into the bridge. It plays while its port is connected to
// another and stands still while it is not. Close it when it is no longer needed; after
// that its commands return [ErrPlayerGone].
type Player struct {
	ep   *Endpoint
	id   PlayerID
	port PortID
	info PlayerInfo

	rate   int   // of the frames that a position counts
	frames int64 // in all

	file C.pjsua_player_id // not [noFile] when PJSIP reads the file
	c    *C.oh_player      // the executor's; nil when closed
}

// noFile is the pjsua player of one that plays from memory.
const noFile = -1

// ID returns the player's serial number, which [PlayerFinished] carries.
func (p *Player) ID() PlayerID { return p.id }

// Port returns the player's port in the bridge (pjsua_player_get_conf_port).
func (p *Player) Port() PortID { return p.port }

// Info describes what is played (pjsua_player_get_info). It holds after Close too.
func (p *Player) Info() PlayerInfo { return p.info }

// NewPlayer opens a WAV file: PCM of 8, 16, 24 or 32 bits, float, A-law or mu-law, any
// rate and number of channels. It plays from the moment at which its port is connected
// to another. A file in another format is an error that says what it is, and wraps a
// [*wav.FormatError]; [wav.ReadInfo] finds that out before.
//
// What PJSIP's player takes is read by that while it plays (pjsua_player_create): mono
// and stereo of 16-bit PCM, A-law and mu-law, at rates of which a tick of the bridge has
// a whole number of samples, in files that are longer than a tick and whole. All else
// is read into memory, mixed to mono and converted to the bridge's rate, which takes
// 115 MB for an hour at 16 kHz.
func (ep *Endpoint) NewPlayer(ctx context.Context, path string, opts PlayerOptions) (*Player, error) {
	op := fmt.Sprintf("play %q", path)
	info, err := wav.ReadInfo(path)
	if err != nil {
		return nil, fmt.Errorf("pjsua: %s: %w", op, err)
	}
	bridge, err := ep.bridge(ctx)
	if err != nil {
		return nil, err
	}
	if !streams(info, bridge) {
		audio, err := wav.Read(path)
		if err != nil {
			return nil, fmt.Errorf("pjsua: %s: %w", op, err)
		}
		return ep.playSamples(ctx, op, []*wav.Audio{audio}, bridge, opts)
	}
	p := &Player{
		ep: ep, id: PlayerID(C.oh_mint()), rate: info.Rate, frames: info.Frames,
		info: PlayerInfo{Files: []wav.Info{info}, Duration: info.Duration()},
	}
	err = ep.do(ctx, func(t onThread) error {
		var a arena
		defer a.free()
		name := a.str(path)
		flags := C.uint(C.PJMEDIA_FILE_NO_LOOP)
		if opts.Loop {
			flags = 0
		}
		if st := C.pjsua_player_create(&name, flags, &p.file); st != C.PJ_SUCCESS {
			return t.fail(op, st)
		}
		p.port = portIn(t, C.pjsua_player_get_conf_port(p.file))
		st := C.oh_player_watch(p.file, C.int64_t(p.id), C.int64_t(p.frames), cInt(opts.Loop), cInt(opts.Paused), &p.c)
		if st != C.PJ_SUCCESS {
			C.pjsua_player_destroy(p.file)
		}
		return t.fail(op, st)
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// NewPlayerFrom plays a WAV file that it reads from r to the end before it returns: one
// in memory, in a program's embedded files, in an HTTP response. It takes what
// [Endpoint.NewPlayer] does.
func (ep *Endpoint) NewPlayerFrom(ctx context.Context, r io.Reader, opts PlayerOptions) (*Player, error) {
	const op = "play from a reader"
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("pjsua: %s: %w", op, err)
	}
	audio, err := wav.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("pjsua: %s: %w", op, err)
	}
	bridge, err := ep.bridge(ctx)
	if err != nil {
		return nil, err
	}
	return ep.playSamples(ctx, op, []*wav.Audio{audio}, bridge, opts)
}

// NewPlaylist plays WAV files one after the other, without a gap. They may be of
// different formats. Opts.Loop goes back to the first after the last; otherwise one
// [PlayerFinished] follows the end of the last. Positions count through all files.
//
// This is what pjsua_playlist_create is for. That is not used, since it takes only
// 16-bit PCM of one rate, has no positions, and does not play up to 125 ms at the end of
// the last file.
func (ep *Endpoint) NewPlaylist(ctx context.Context, paths []string, opts PlayerOptions) (*Player, error) {
	const op = "play a playlist"
	if len(paths) == 0 {
		return nil, fmt.Errorf("pjsua: %s: it has no files", op)
	}
	var files []*wav.Audio
	for _, path := range paths {
		audio, err := wav.Read(path)
		if err != nil {
			return nil, fmt.Errorf("pjsua: %s: %w", op, err)
		}
		files = append(files, audio)
	}
	bridge, err := ep.bridge(ctx)
	if err != nil {
		return nil, err
	}
	return ep.playSamples(ctx, op, files, bridge, opts)
}

// bridgeFormat is what the conference bridge works in.
type bridgeFormat struct{ rate, tick int } // tick is in samples of one channel

// bridge asks for the format of the bridge, which never changes.
func (ep *Endpoint) bridge(ctx context.Context) (bridgeFormat, error) {
	var b bridgeFormat
	err := ep.do(ctx, func(t onThread) error {
		var a arena
		defer a.free()
		// One listener for every port that PJSIP was compiled for: too big for a stack.
		info := (*C.pjsua_conf_port_info)(a.zero(C.sizeof_pjsua_conf_port_info))
		if st := C.pjsua_conf_get_port_info(0, info); st != C.PJ_SUCCESS {
			return t.fail("conference bridge", st)
		}
		b = bridgeFormat{int(info.clock_rate), int(info.samples_per_frame / info.channel_count)}
		return nil
	})
	return b, err
}

// streams says whether PJSIP's own player plays the file as it should. It takes a tick
// to be a whole number of milliseconds.
func streams(info wav.Info, b bridgeFormat) bool {
	ms := b.tick * 1000 / b.rate
	format := info.Format == wav.PCM && info.Bits == 16 || info.Format == wav.ALaw || info.Format == wav.MuLaw
	return format && info.Plain && info.Channels <= 2 && ms*info.Rate%1000 == 0 &&
		info.Frames >= int64(ms*info.Rate/1000) && info.DataBytes < math.MaxInt32
}

func (ep *Endpoint) playSamples(ctx context.Context, op string, files []*wav.Audio, b bridgeFormat, opts PlayerOptions) (*Player, error) {
	p := &Player{
		ep: ep, id: PlayerID(C.oh_mint()), rate: b.rate, file: noFile,
		info: PlayerInfo{InMemory: true},
	}
	var samples []int16
	for _, f := range files {
		p.info.Files = append(p.info.Files, f.Info)
		samples = append(samples, wav.Resample(f.Mono(), f.Info.Rate, b.rate)...)
	}
	p.frames = int64(len(samples))
	p.info.Duration = p.duration(p.frames)
	if p.frames == 0 {
		return nil, fmt.Errorf("pjsua: %s: %w", op, errors.New("there is no audio in it"))
	}
	err := ep.do(ctx, func(t onThread) error {
		var buf *C.int16_t
		var slot C.int
		st := C.oh_player_create(C.int64_t(p.id), C.int64_t(p.frames), cInt(opts.Loop), cInt(opts.Paused), &buf, &slot, &p.c)
		if st != C.PJ_SUCCESS {
			return t.fail(op, st)
		}
		copy(unsafe.Slice((*int16)(buf), p.frames), samples)
		p.port = portIn(t, slot)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// on runs fn on pjsua's thread, unless the player is closed.
func (p *Player) on(ctx context.Context, fn func(onThread) error) error {
	return p.ep.do(ctx, func(t onThread) error {
		if p.c == nil {
			return ErrPlayerGone
		}
		return fn(t)
	})
}

func (p *Player) duration(frames int64) time.Duration {
	return time.Duration(math.Round(float64(frames) / float64(p.rate) * float64(time.Second)))
}

// Pause gives silence from the next tick on, and stays where it is.
func (p *Player) Pause(ctx context.Context) error { return p.pause(ctx, true) }

// Resume goes on after Pause or [PlayerOptions].Paused.
func (p *Player) Resume(ctx context.Context) error { return p.pause(ctx, false) }

func (p *Player) pause(ctx context.Context, paused bool) error {
	return p.on(ctx, func(onThread) error {
		C.oh_player_pause(p.c, cInt(paused))
		return nil
	})
}

// Position returns what will be played next, exact to the sample: how far from the
// beginning it is. At the end of what plays once it is the whole duration. The bridge
// takes a tick at a time and may be one ahead of what is heard. It is what
// pjsua_player_get_pos is for, which is 0 while the last 125 ms are played.
func (p *Player) Position(ctx context.Context) (time.Duration, error) {
	var pos int64
	err := p.on(ctx, func(onThread) error {
		pos = int64(C.oh_player_pos(p.c))
		return nil
	})
	return p.duration(pos), err
}

// SetPosition goes to the sample that is nearest to pos from the beginning
// (pjsua_player_set_pos). A player that was at its end plays again, and another
// [PlayerFinished] follows. Past the last sample is an error.
func (p *Player) SetPosition(ctx context.Context, pos time.Duration) error {
	op := fmt.Sprintf("set the position %v", pos)
	frame := int64(math.Round(pos.Seconds() * float64(p.rate)))
	if frame < 0 || frame >= p.frames {
		return fmt.Errorf("pjsua: %s: it is outside 0 to %v", op, p.info.Duration)
	}
	return p.on(ctx, func(t onThread) error {
		return t.fail(op, C.oh_player_set_pos(p.c, C.int64_t(frame)))
	})
}

// Close ends the playing and frees the player (pjsua_player_destroy). [PlayerFinished]
// does not follow, but one that happened before may still be on its way.
func (p *Player) Close(ctx context.Context) error {
	return p.on(ctx, func(t onThread) error {
		c := p.c
		p.c = nil
		if p.file == noFile {
			return t.fail("close player", C.oh_player_remove(c))
		}
		return t.fail("close player", C.pjsua_player_destroy(p.file))
	})
}

func cInt(b bool) C.int {
	if b {
		return 1
	}
	return 0
}
