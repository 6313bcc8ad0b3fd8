//go:build cgo

package pjsua

/*
#include <stdlib.h>
#include "bridge.h"
#include "device.h"

// cgo cannot take the address of an element of this array of arrays.
static const char *dev_name(const pjmedia_aud_dev_info *d) { return d->name; }
static const char *dev_driver(const pjmedia_aud_dev_info *d) { return d->driver; }
*/
import "C"

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unsafe"
)

// Devices lists the sound devices (pjsua_enum_aud_devs), also those that cannot be opened
// now, which have neither inputs nor outputs.
func (ep *Endpoint) Devices(ctx context.Context) ([]Device, error) {
	var out []Device
	err := ep.do(ctx, func(t onThread) (err error) {
		if err = ep.findDevices(t); err == nil {
			out, err = devices(t)
		}
		return err
	})
	return out, err
}

func devices(t onThread) ([]Device, error) {
	infos := make([]C.pjmedia_aud_dev_info, 256)
	n := C.uint(len(infos))
	if st := C.pjsua_enum_aud_devs(&infos[0], &n); st != C.PJ_SUCCESS {
		return nil, t.fail("list sound devices", st)
	}
	var out []Device
	for i := range infos[:n] {
		out = append(out, device(&infos[i]))
	}
	return out, nil
}

func device(d *C.pjmedia_aud_dev_info) Device {
	// Windows cuts names off after 31 bytes, also within a character.
	name := strings.ToValidUTF8(C.GoString(C.dev_name(d)), "")
	dev := Device{
		ID: int(d.id), Name: name, Driver: C.GoString(C.dev_driver(d)),
		Inputs: int(d.input_count), Outputs: int(d.output_count),
		SampleRate: int(d.default_samples_per_sec), Caps: DeviceCap(d.caps), Routes: DeviceRoute(d.routes),
	}
	for _, f := range d.ext_fmt[:d.ext_fmt_cnt] {
		id := uint32(f.id) // four characters, the first the lowest
		letters := string([]byte{byte(id), byte(id >> 8), byte(id >> 16), byte(id >> 24)})
		dev.Formats = append(dev.Formats, strings.TrimSpace(letters))
	}
	return dev
}

// FindDevice looks a device up by its driver, such as "ALSA", and name
// (pjmedia_aud_dev_lookup); any case.
func (ep *Endpoint) FindDevice(ctx context.Context, driver, name string) (Device, error) {
	var out Device
	op := fmt.Sprintf("find sound device %q of %s", name, driver)
	err := ep.do(ctx, func(t onThread) error {
		if err := ep.findDevices(t); err != nil {
			return err
		}
		drv, dev := C.CString(driver), C.CString(name)
		defer C.free(unsafe.Pointer(drv))
		defer C.free(unsafe.Pointer(dev))
		var id C.pjmedia_aud_dev_index
		if st := C.pjmedia_aud_dev_lookup(drv, dev, &id); st != C.PJ_SUCCESS {
			return t.fail(op, st)
		}
		var info C.pjmedia_aud_dev_info
		if st := C.pjmedia_aud_dev_get_info(id, &info); st != C.PJ_SUCCESS {
			return t.fail(op, st)
		}
		out = device(&info)
		return nil
	})
	return out, err
}

// RefreshDevices looks for devices that came or went (pjmedia_aud_dev_refresh), and says
// which. Device ids change with it. Devices that are open are closed for the moment and
// opened again by their names. The first look of an Endpoint finds all devices added.
func (ep *Endpoint) RefreshDevices(ctx context.Context) (DeviceChange, error) {
	var change DeviceChange
	err := ep.do(ctx, func(t onThread) (err error) {
		change, err = ep.refreshDevices(t)
		return err
	})
	return change, err
}

func (ep *Endpoint) refreshDevices(t onThread) (change DeviceChange, err error) {
	var before []Device
	if ep.devicesFound {
		if before, err = devices(t); err != nil {
			return change, err
		}
	}
	open := soundDevices(t)
	if open.Active {
		if err := nullDevice(t); err != nil {
			return change, err
		}
	}
	ep.devicesFound = false
	if err := ep.findDevices(t); err != nil {
		return change, err
	}
	after, err := devices(t)
	if err != nil {
		return change, err
	}
	change = deviceChange(before, after)
	if !open.Active {
		return change, nil
	}
	// again returns the id that a device has now.
	again := func(id int) int {
		i := slices.IndexFunc(before, func(d Device) bool { return d.ID == id })
		if i < 0 {
			return id // the system's choice
		}
		j := slices.IndexFunc(after, before[i].same)
		if j < 0 {
			change.Lost = append(change.Lost, before[i].Name)
			return id
		}
		return after[j].ID
	}
	playback := again(open.Playback)
	capture := NoDevice
	if !open.SpeakerOnly {
		capture = again(open.Capture)
	}
	if change.Lost = slices.Compact(change.Lost); change.Lost != nil {
		return change, nil
	}
	err = openDevices(t, capture, playback, DeviceOptions{})
	change.Reopened = err == nil
	return change, err
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
// (pjsua_set_snd_dev2). Either may be [DefaultDevice]. With [NoDevice] for capture there
// is only a loudspeaker; a microphone alone is nothing that PJSIP opens. Both [NoDevice]
// is [Endpoint.SetNullDevice]. When a device cannot be opened the null device takes its
// place, as the bridge needs a clock, and the error says why.
func (ep *Endpoint) SetDevices(ctx context.Context, capture, playback int, opts DeviceOptions) error {
	if capture == NoDevice && playback == NoDevice {
		return ep.SetNullDevice(ctx)
	}
	if playback == NoDevice {
		return fmt.Errorf("pjsua: open sound device %d: PJSIP opens no microphone without a loudspeaker", capture)
	}
	return ep.do(ctx, func(t onThread) error {
		if err := ep.findDevices(t); err != nil {
			return err
		}
		return openDevices(t, capture, playback, opts)
	})
}

func openDevices(t onThread, capture, playback int, opts DeviceOptions) error {
	var param C.pjsua_snd_dev_param
	C.pjsua_snd_dev_param_default(&param)
	param.capture_dev = C.int(capture)
	param.playback_dev = C.int(playback)
	if capture == NoDevice {
		param.capture_dev = C.PJSUA_SND_NO_DEV
		param.mode |= C.PJSUA_SND_DEV_SPEAKER_ONLY
	}
	if opts.Later {
		param.mode |= C.PJSUA_SND_DEV_NO_IMMEDIATE_OPEN
	}
	param.use_default_settings = cBool(opts.Defaults)
	st := C.pjsua_set_snd_dev2(&param)
	if st == C.PJ_SUCCESS {
		return nil
	}
	err := t.fail(fmt.Sprintf("open sound devices %d and %d", capture, playback), st)
	_ = nullDevice(t)
	return err
}

// SetNullDevice replaces the sound device by a clock: SoundPort is silent and the
// bridge runs (pjsua_set_null_snd_dev). It is what an Endpoint starts with.
func (ep *Endpoint) SetNullDevice(ctx context.Context) error {
	return ep.do(ctx, func(t onThread) error { return nullDevice(t) })
}

func nullDevice(t onThread) error {
	return t.fail("open the null sound device", C.pjsua_set_null_snd_dev())
}

// SetNoDevice closes the sound device and leaves the bridge without a clock
// (pjsua_set_no_snd_dev): it stands still, and so do players, recorders and
// [Endpoint.Connect], but for what [Endpoint.Tick] moves.
func (ep *Endpoint) SetNoDevice(ctx context.Context) error {
	return ep.do(ctx, func(t onThread) error {
		ep.master = C.pjsua_set_no_snd_dev()
		return nil
	})
}

// Tick moves the bridge on by n ticks, as fast as it can, after [Endpoint.SetNoDevice]:
// files are converted, mixed and recorded faster than they play. With any device it is an
// error, as there is a clock already.
func (ep *Endpoint) Tick(ctx context.Context, n int) error {
	if n < 0 {
		return fmt.Errorf("pjsua: %d ticks", n)
	}
	return ep.do(ctx, func(t onThread) error {
		if d := soundDevices(t); d.Playback != C.PJSUA_SND_NO_DEV || ep.master == nil {
			return t.fail("tick", C.PJ_EINVALIDOP)
		}
		return t.fail("tick", C.oh_device_tick(ep.master, C.uint(n)))
	})
}

// SoundDevices tells which devices are chosen (pjsua_get_snd_dev2) and whether they are
// open (pjsua_snd_is_active).
func (ep *Endpoint) SoundDevices(ctx context.Context) (SoundDevices, error) {
	var out SoundDevices
	err := ep.do(ctx, func(t onThread) error {
		out = soundDevices(t)
		return nil
	})
	return out, err
}

func soundDevices(_ onThread) SoundDevices {
	var param C.pjsua_snd_dev_param
	C.pjsua_snd_dev_param_default(&param)
	C.pjsua_get_snd_dev2(&param)
	return SoundDevices{
		Capture: int(param.capture_dev), Playback: int(param.playback_dev),
		SpeakerOnly: param.mode&C.PJSUA_SND_DEV_SPEAKER_ONLY != 0,
		Later:       param.mode&C.PJSUA_SND_DEV_NO_IMMEDIATE_OPEN != 0,
		Active:      C.pjsua_snd_is_active() != 0,
	}
}

// SetDeviceSetting changes one setting of the open device, and of those that are opened
// later unless opts.Once (pjsua_snd_set_setting). What the value is stands beside each
// [DeviceCap]. A setting that the driver does not have is an error, not a silent no.
func (ep *Endpoint) SetDeviceSetting(ctx context.Context, setting DeviceCap, value int, opts DeviceSettingOptions) error {
	if err := checkSetting(setting); err != nil {
		return err
	}
	return ep.do(ctx, func(t onThread) error {
		v := C.uint(value)
		st := C.pjsua_snd_set_setting(C.pjmedia_aud_dev_cap(setting), unsafe.Pointer(&v), cBool(!opts.Once))
		return t.fail(fmt.Sprintf("set the device's %v to %d", setting, value), st)
	})
}

// DeviceSetting reads a setting of the open device, or what SetDeviceSetting chose for
// those that are opened later (pjsua_snd_get_setting). ALSA tells the latencies only.
func (ep *Endpoint) DeviceSetting(ctx context.Context, setting DeviceCap) (int, error) {
	if err := checkSetting(setting); err != nil {
		return 0, err
	}
	var v C.uint
	err := ep.do(ctx, func(t onThread) error {
		before := soundDevices(t)
		st := C.pjsua_snd_get_setting(C.pjmedia_aud_dev_cap(setting), unsafe.Pointer(&v))
		if before.Playback == NoDevice {
			// To look at the device PJSIP may have opened and closed it, and with it the
			// null device, which is the bridge's clock.
			_ = nullDevice(t)
		}
		return t.fail(fmt.Sprintf("read the device's %v", setting), st)
	})
	return int(v), err
}

func checkSetting(setting DeviceCap) error {
	if setting&(setting-1) != 0 || setting == 0 || setting > DevicePLC || setting == DeviceExtFormat {
		return fmt.Errorf("pjsua: %q is not one setting of a sound device", setting)
	}
	return nil
}

// SetEchoCanceller sets how far back in time the echo of the loudspeaker is looked for in
// the microphone, 0 for no cancelling, and how (pjsua_set_ec). It holds for the open
// device and those that are opened later. An algorithm that PJSIP was built without is an
// error. [MediaConfig].EchoTail is what an Endpoint starts with.
func (ep *Endpoint) SetEchoCanceller(ctx context.Context, tail time.Duration, opts EchoOptions) error {
	if tail < 0 || tail > 10*time.Second {
		return fmt.Errorf("pjsua: echo canceller: a tail of %v is outside 0 to 10s", tail)
	}
	err := ep.media.echo(opts)
	if err == nil {
		err = opts.compiled()
	}
	if err != nil {
		return fmt.Errorf("pjsua: echo canceller: %w", err)
	}
	return ep.do(ctx, func(t onThread) error {
		return t.fail("echo canceller", C.pjsua_set_ec(C.uint(tail/time.Millisecond), C.uint(opts)))
	})
}

// compiled says whether PJSIP was compiled with the canceller.
func (o EchoOptions) compiled() error {
	has := map[EchoOptions]bool{
		EchoSpeex:      C.PJMEDIA_HAS_SPEEX_AEC != 0,
		EchoWebRTC:     C.PJMEDIA_HAS_WEBRTC_AEC != 0,
		EchoWebRTCAEC3: C.PJMEDIA_HAS_WEBRTC_AEC3 != 0,
	}
	name := map[EchoOptions]string{EchoSpeex: "Speex", EchoWebRTC: "WebRTC's canceller", EchoWebRTCAEC3: "WebRTC's AEC3"}
	if there, known := has[o.algorithm()]; known && !there {
		return fmt.Errorf("this PJSIP was built without %s", name[o.algorithm()])
	}
	return nil
}

// EchoTail returns the tail of SetEchoCanceller, 0 when it is off (pjsua_get_ec_tail).
func (ep *Endpoint) EchoTail(ctx context.Context) (time.Duration, error) {
	var ms C.uint
	err := ep.do(ctx, func(t onThread) error { return t.fail("echo tail", C.pjsua_get_ec_tail(&ms)) })
	return time.Duration(ms) * time.Millisecond, err
}

// EchoStats returns the figures of the echo canceller of the open sound device
// (pjsua_get_ec_stat). Without one it fails with StatusNotFound; Speex keeps no figures
// and fails.
func (ep *Endpoint) EchoStats(ctx context.Context) (EchoStats, error) {
	var out EchoStats
	err := ep.do(ctx, func(t onThread) error {
		var s C.pjmedia_echo_stat
		if st := C.pjsua_get_ec_stat(&s); st != C.PJ_SUCCESS {
			return t.fail("echo statistics", st)
		}
		const unknown = C.PJMEDIA_ECHO_STAT_NOT_SPECIFIED
		ms := func(v int64) time.Duration {
			if v == unknown {
				return -1
			}
			return time.Duration(v) * time.Millisecond
		}
		db := func(v float64) float64 {
			if v == unknown {
				return math.NaN()
			}
			return v
		}
		out = EchoStats{
			Delay: ms(int64(s.delay)), DelayDeviation: ms(int64(s.std)), Learned: ms(int64(s.duration)),
			ReturnLoss: db(float64(s.return_loss)), ReturnLossEnhancement: db(float64(s.return_loss_enh)),
			PoorDelays: float64(s.frac_delay),
		}
		if s.name != nil {
			out.Name = C.GoString(s.name)
		}
		if s.frac_delay == unknown {
			out.PoorDelays = -1
		}
		return nil
	})
	return out, err
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
