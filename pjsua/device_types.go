package pjsua

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// NoDevice, as a direction of [Endpoint.SetDevices], leaves that direction out.
const NoDevice = -99 // PJSUA_SND_NULL_DEV

// DefaultDevice, as a direction of [Endpoint.SetDevices], is the system's choice.
const DefaultDevice = -1

// Device is a sound device (pjmedia_aud_dev_info).
type Device struct {
	ID         int    // valid until the devices are refreshed
	Name       string // such as "default"
	Driver     string // such as "ALSA"
	Inputs     int    // channels it can capture
	Outputs    int    // channels it can play
	SampleRate int    // its default rate in Hz
	Caps       DeviceCap
	Routes     DeviceRoute
	// Formats are those beside PCM that it takes, "OPUS" for example; empty with most
	// drivers.
	Formats []string
}

// usable says whether the device can be opened at all: drivers list names without one.
func (d Device) usable() bool { return d.Inputs > 0 || d.Outputs > 0 }

// same says whether two looks saw the same device, whatever its id.
func (d Device) same(o Device) bool {
	return d.Name == o.Name && d.Driver == o.Driver && d.Inputs == o.Inputs && d.Outputs == o.Outputs
}

// DeviceCap is a set of capabilities, or names a setting (pjmedia_aud_dev_cap).
type DeviceCap uint32

// The capabilities. Beside each is what its setting is.
const (
	DeviceExtFormat    DeviceCap = 1 << iota // takes formats beside PCM; no setting here
	DeviceInputLatency                       // milliseconds
	DeviceOutputLatency
	DeviceInputVolume // percent of the device's own scale
	DeviceOutputVolume
	DeviceInputMeter // percent, read only
	DeviceOutputMeter
	DeviceInputRoute // a DeviceRoute
	DeviceOutputRoute
	DeviceEcho     // 1: the device cancels echo itself
	DeviceEchoTail // milliseconds
	DeviceVAD      // 1: the device detects silence
	DeviceCNG      // 1: the device makes comfort noise
	DevicePLC      // 1: the device conceals lost packets
)

var deviceCapNames = []string{
	"formats", "input latency", "output latency", "input volume", "output volume", "input meter", "output meter",
	"input route", "output route", "echo canceller", "echo tail", "VAD", "CNG", "PLC",
}

// String names the capabilities that are in c.
func (c DeviceCap) String() string { return flagNames(uint(c), deviceCapNames) }

// DeviceRoute is a set of ways that sound can take on a telephone
// (pjmedia_aud_dev_route); 0 is the default one.
type DeviceRoute uint32

// The routes.
const (
	RouteLoudspeaker DeviceRoute = 1
	RouteEarpiece    DeviceRoute = 2
	RouteBluetooth   DeviceRoute = 4
	RouteCustom      DeviceRoute = 128
)

// String names the routes that are in r.
func (r DeviceRoute) String() string {
	return flagNames(uint(r), []string{"loudspeaker", "earpiece", "bluetooth", "8", "16", "32", "64", "custom"})
}

// flagNames joins the names of the bits that are set.
func flagNames(v uint, names []string) string {
	var out []string
	for i := 0; v != 0; i++ {
		if v&(1<<i) == 0 {
			continue
		}
		v &^= 1 << i
		if i < len(names) {
			out = append(out, names[i])
		} else {
			out = append(out, fmt.Sprintf("bit %d", i))
		}
	}
	return strings.Join(out, ", ")
}

// DeviceOptions are the choices of [Endpoint.SetDevices] (pjsua_snd_dev_param).
type DeviceOptions struct {
	// Later opens the devices when something is connected to SoundPort, and not now.
	// It works after [Endpoint.SetNoDevice] only: while another device, or the null
	// device, is open the new one is opened at once.
	Later bool
	// Defaults forgets the settings of [Endpoint.SetDeviceSetting], which otherwise hold
	// for the new devices too.
	Defaults bool
}

// DeviceSettingOptions are the choices of [Endpoint.SetDeviceSetting].
type DeviceSettingOptions struct {
	// Once is for the open device only, and not for those that are opened later.
	Once bool
}

// SoundDevices tells which devices are chosen (pjsua_snd_dev_param).
type SoundDevices struct {
	// Capture and Playback are device ids; [DefaultDevice], [NoDevice] for the null
	// device, -3 with [Endpoint.SetNoDevice].
	Capture, Playback int
	SpeakerOnly       bool
	Later             bool
	// Active says that a sound device is open; the null device is none.
	Active bool
}

// DeviceChange is what [Endpoint.RefreshDevices] found.
type DeviceChange struct {
	Added, Removed []Device // that can be opened
	// Reopened says that a sound device was open and is so again, by its name.
	Reopened bool
	// Lost are the names of devices that were open and are gone; the null device is open
	// instead.
	Lost []string
}

// deviceChange compares two looks.
func deviceChange(before, after []Device) DeviceChange {
	missing := func(from, in []Device) (out []Device) {
		for _, d := range from {
			if d.usable() && !slices.ContainsFunc(in, d.same) {
				out = append(out, d)
			}
		}
		return out
	}
	return DeviceChange{Added: missing(after, before), Removed: missing(before, after)}
}

// SoundDeviceChanged reports that PJSIP opens or closes a sound device, the null device
// too, and, after [Endpoint.SetNoDevice], that the first connection needs one:
// pjsua's on_snd_dev_operation. PJSIP cannot be kept from it; devices are opened only
// when [Endpoint.SetDevices] said so.
type SoundDeviceChanged struct {
	EventHeader
	Opened            bool // false: closed
	Capture, Playback int  // as in SoundDevices
}

// algorithm returns the part of o that names the canceller.
func (o EchoOptions) algorithm() EchoOptions { return o & 15 }

// EchoStats are the figures of an echo canceller (pjmedia_echo_stat). What it does not
// tell is below 0, a loss NaN.
type EchoStats struct {
	Name                  string // of the algorithm; may be empty
	Delay                 time.Duration
	DelayDeviation        time.Duration
	ReturnLoss            float64 // dB
	ReturnLossEnhancement float64 // dB
	PoorDelays            float64 // fraction, 0 to 1
	Learned               time.Duration
}
