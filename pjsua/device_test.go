//go:build cgo

package pjsua

import (
	"bytes"
	"context"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/pjsua/wav"
)

// Without a device the bridge stands still; Tick moves it, exactly and at once.
func TestTick(t *testing.T) {
	p := newPhone(t, Config{})
	samples := noise(50 * 320)
	path := filepath.Join(t.TempDir(), "ticks.wav")
	player := must(p.NewPlayerFrom(within(t), bytes.NewReader(must(wav.Encode(16000, 1, samples))(t)), PlayerOptions{}))(t)
	rec := must(p.NewRecorder(within(t), path, RecorderOptions{}))(t)
	if err := p.Tick(within(t), 1); err == nil {
		t.Error("a tick beside the null device's clock")
	}
	check(t, p.SetNoDevice(within(t)))
	await(p, func(ev SoundDeviceChanged) bool { return !ev.Opened && ev.Playback == NoDevice })
	if d := must(p.SoundDevices(within(t)))(t); d.Active || d.Playback != -3 {
		t.Errorf("%+v", d)
	}
	// Connect waits for a tick.
	connected := make(chan error, 1)
	go func() { connected <- p.Connect(context.Background(), player.Port(), rec.Port(), ConnectOptions{}) }()
	for done := false; !done; {
		select {
		case err := <-connected:
			check(t, err)
			done = true
		case <-time.After(time.Millisecond):
			check(t, p.Tick(within(t), 1))
		}
	}
	check(t, p.Tick(within(t), 60))
	await(p, func(PlayerFinished) bool { return true })
	check(t, p.SetNullDevice(within(t)))
	await(p, func(ev SoundDeviceChanged) bool { return ev.Opened && ev.Playback == NoDevice })
	check(t, rec.Close(within(t)))
	// A player's port plays while it is connected, so nothing of it is lost.
	if got := must(wav.Read(path))(t).Samples; !slices.Equal(got, samples) {
		t.Errorf("%d samples of %d, found at %d", len(got), len(samples), find(got, samples[:320]))
	}
}

// What cannot be is refused in words, and the clock goes on whatever was tried.
func TestDeviceRefusals(t *testing.T) {
	p := newPhone(t, Config{Media: MediaConfig{ClockRate: 8000}})
	for want, err := range map[string]error{
		"no microphone without":       p.SetDevices(within(t), 1, NoDevice, DeviceOptions{}),
		"open sound devices 77 and 7": p.SetDevices(within(t), 77, 77, DeviceOptions{}),
		"nosuch":                      second(p.FindDevice(within(t), "nosuch", "device")),
		"built without WebRTC's":      p.SetEchoCanceller(within(t), time.Second, EchoWebRTC),
		"not at 8000 Hz":              p.SetEchoCanceller(within(t), time.Second, EchoWebRTCAEC3|EchoSoftware),
		"outside 0 to 10s":            p.SetEchoCanceller(within(t), -1, 0),
		"there is no number 7":        p.SetEchoCanceller(within(t), time.Second, 7),
		"echo statistics":             second(p.EchoStats(within(t))),
		`"formats"`:                   p.SetDeviceSetting(within(t), DeviceExtFormat, 1, DeviceSettingOptions{}),
		"is not one setting":          second(p.DeviceSetting(within(t), DeviceInputVolume|DeviceOutputVolume)),
		"output meter":                second(p.DeviceSetting(within(t), DeviceOutputMeter)),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	// Connect needs the clock.
	player := p.tonePlayer(440)
	check(t, p.Connect(within(t), player.Port(), SoundPort, ConnectOptions{}))
	if d := must(p.SoundDevices(within(t)))(t); d != (SoundDevices{Capture: NoDevice, Playback: NoDevice}) {
		t.Errorf("%+v", d)
	}
}

// Settings hold for devices that are opened later.
func TestDeviceSettingsAreKept(t *testing.T) {
	p := newPhone(t, Config{})
	check(t, p.SetDeviceSetting(within(t), DeviceOutputVolume, 55, DeviceSettingOptions{}))
	if v := must(p.DeviceSetting(within(t), DeviceOutputVolume))(t); v != 55 {
		t.Errorf("volume %d", v)
	}
	check(t, p.SetEchoCanceller(within(t), 120*time.Millisecond, EchoSpeex|EchoSoftware))
	if tail := must(p.EchoTail(within(t)))(t); tail != 120*time.Millisecond {
		t.Errorf("tail %v", tail)
	}
	check(t, p.Connect(within(t), p.tonePlayer(440).Port(), SoundPort, ConnectOptions{}))
}

func TestDeviceChange(t *testing.T) {
	usb := Device{ID: 3, Name: "usb", Driver: "ALSA", Inputs: 1, Outputs: 1}
	off := Device{ID: 2, Name: "usb", Driver: "ALSA"}
	hdmi := Device{ID: 1, Name: "hdmi", Driver: "ALSA", Outputs: 2}
	moved := hdmi
	moved.ID = 5
	for _, tc := range []struct {
		before, after []Device
		want          DeviceChange
	}{
		{[]Device{hdmi, off}, []Device{moved, usb}, DeviceChange{Added: []Device{usb}}},
		{[]Device{hdmi, usb}, []Device{moved, off}, DeviceChange{Removed: []Device{usb}}},
		{[]Device{hdmi}, []Device{moved}, DeviceChange{}},
		{nil, []Device{hdmi, off}, DeviceChange{Added: []Device{hdmi}}},
	} {
		if got := deviceChange(tc.before, tc.after); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%v to %v: %+v, want %+v", tc.before, tc.after, got, tc.want)
		}
	}
	if got := (DeviceInputVolume | DeviceEcho | 1<<20).String(); got != "input volume, echo canceller, bit 20" {
		t.Errorf("capabilities %q", got)
	}
	if got := (RouteEarpiece | RouteCustom).String(); got != "earpiece, custom" {
		t.Errorf("routes %q", got)
	}
}
