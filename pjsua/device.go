//go:build cgo

package pjsua

/*
#include "bridge.h"

// cgo cannot take the address of an element of this array of arrays.
static const char *dev_name(const pjmedia_aud_dev_info *d) { return d->name; }
static const char *dev_driver(const pjmedia_aud_dev_info *d) { return d->driver; }
*/
import "C"

import (
	"context"
	"fmt"
)

// NoDevice, as a direction of [Endpoint.SetDevices], leaves that direction out.
const NoDevice = -99 // PJSUA_SND_NULL_DEV

// DefaultDevice, as a direction of [Endpoint.SetDevices], is the system's choice.
const DefaultDevice = -1

// Devices lists the sound devices (pjsua_enum_aud_devs).
func (ep *Endpoint) Devices(ctx context.Context) ([]Device, error) {
	var out []Device
	err := ep.do(ctx, func(t onThread) error {
		if err := ep.findDevices(t); err != nil {
			return err
		}
		infos := make([]C.pjmedia_aud_dev_info, 256)
		n := C.uint(len(infos))
		if st := C.pjsua_enum_aud_devs(&infos[0], &n); st != C.PJ_SUCCESS {
			return t.fail("list sound devices", st)
		}
		for i := range infos[:n] {
			d := &infos[i]
			out = append(out, Device{
				ID: int(d.id), Name: C.GoString(C.dev_name(d)), Driver: C.GoString(C.dev_driver(d)),
				Inputs: int(d.input_count), Outputs: int(d.output_count),
				SampleRate: int(d.default_samples_per_sec),
			})
		}
		return nil
	})
	return out, err
}

// RefreshDevices looks for devices that came or went (pjmedia_aud_dev_refresh).
// Device ids change with it. A device in use must be closed before: see
// [Endpoint.SetNullDevice].
func (ep *Endpoint) RefreshDevices(ctx context.Context) error {
	return ep.do(ctx, func(t onThread) error {
		ep.devicesFound = false
		return ep.findDevices(t)
	})
}

// findDevices looks for the sound devices once: it opens each of them, so an Endpoint
// that uses none does without.
func (ep *Endpoint) findDevices(t onThread) error {
	if ep.devicesFound {
		return nil
	}
	ep.devicesFound = true
	return t.fail("find sound devices", C.pjmedia_aud_dev_refresh())
}

// SetDevices opens sound devices by their ids and puts them at SoundPort
// (pjsua_set_snd_dev2). Either may be [DefaultDevice] or [NoDevice].
func (ep *Endpoint) SetDevices(ctx context.Context, capture, playback int) error {
	if capture == NoDevice && playback == NoDevice {
		return ep.SetNullDevice(ctx)
	}
	return ep.do(ctx, func(t onThread) error {
		if err := ep.findDevices(t); err != nil {
			return err
		}
		var param C.pjsua_snd_dev_param
		C.pjsua_snd_dev_param_default(&param)
		param.capture_dev = C.int(capture)
		param.playback_dev = C.int(playback)
		op := fmt.Sprintf("open sound devices %d and %d", capture, playback)
		return t.fail(op, C.pjsua_set_snd_dev2(&param))
	})
}

// SetNullDevice replaces the sound device by a clock: SoundPort is silent and the
// bridge runs (pjsua_set_null_snd_dev). It is what an Endpoint starts with.
func (ep *Endpoint) SetNullDevice(ctx context.Context) error {
	return ep.do(ctx, func(t onThread) error {
		return t.fail("open the null sound device", C.pjsua_set_null_snd_dev())
	})
}

// Codecs lists the audio codecs, the most wanted first (pjsua_enum_codecs).
func (ep *Endpoint) Codecs(ctx context.Context) ([]Codec, error) {
	var out []Codec
	err := ep.do(ctx, func(t onThread) (err error) {
		out, err = codecs(t)
		return err
	})
	return out, err
}

func codecs(t onThread) ([]Codec, error) {
	infos := make([]C.pjsua_codec_info, 64)
	n := C.uint(len(infos))
	if st := C.pjsua_enum_codecs(&infos[0], &n); st != C.PJ_SUCCESS {
		return nil, t.fail("list codecs", st)
	}
	var out []Codec
	for i := range infos[:n] {
		out = append(out, Codec{ID: goStr(infos[i].codec_id), Priority: int(infos[i].priority)})
	}
	return out, nil
}

// SetCodecPriority sets how much a codec is wanted, 0 (off) to 255
// (pjsua_codec_set_priority). id may be the beginning of an id, such as "PCMU". It
// is for calls that begin afterwards.
func (ep *Endpoint) SetCodecPriority(ctx context.Context, id string, priority int) error {
	if priority < 0 || priority > 255 {
		return fmt.Errorf("pjsua: codec priority %d is outside 0 to 255", priority)
	}
	return ep.do(ctx, func(t onThread) error { return setPriority(t, id, priority) })
}

func setPriority(t onThread, id string, priority int) error {
	var a arena
	defer a.free()
	name := a.str(id)
	return t.fail(fmt.Sprintf("codec %q", id), C.pjsua_codec_set_priority(&name, C.pj_uint8_t(priority)))
}

// SetCodecOrder makes ids the codecs in use, the first the most wanted; all others are
// turned off. An id that PJSIP does not have is an error, and nothing is changed.
func (ep *Endpoint) SetCodecOrder(ctx context.Context, ids ...string) error {
	return ep.do(ctx, func(t onThread) error {
		all, err := codecs(t)
		if err != nil {
			return err
		}
		order, err := codecOrder(all, ids)
		if err != nil {
			return err
		}
		for id, priority := range order {
			if err := setPriority(t, id, priority); err != nil {
				return err
			}
		}
		return nil
	})
}
