package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/pjsua"
)

// deviceInfo is a sound device in devices --json.
type deviceInfo struct {
	Name       string `json:"name"` // for audioInputDevice and audioOutputDevice
	Driver     string `json:"driver"`
	Inputs     int    `json:"inputs"` // channels
	Outputs    int    `json:"outputs"`
	SampleRate int    `json:"sample_rate"` // Hz
}

func newDevices() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "devices [--json]",
		Short: "List the sound devices",
		Long: `Devices lists the sound devices of the machine, by the names that the keys
audioInputDevice and audioOutputDevice take; those that cannot be opened now are left
out. Offhook needs none: without these keys it opens none.

--json prints one object: {"devices":[{"name":…,"driver":…,"inputs":…,"outputs":…,
"sample_rate":…}]}.

Exit codes: 0, also where there is no device; 1 bad usage, or the list cannot be had.`,
		Example: `  offhook devices
  offhook devices --json`,
		Args: takesNothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list := []deviceInfo{}
			err := withEndpoint(func(ep *pjsua.Endpoint) error {
				devices, err := ep.Devices(cmd.Context())
				for _, d := range devices {
					if d.Inputs == 0 && d.Outputs == 0 {
						continue // a name in ALSA's configuration without a device behind it
					}
					list = append(list, deviceInfo{d.Name, d.Driver, d.Inputs, d.Outputs, d.SampleRate})
				}
				return err
			})
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), map[string]any{"devices": list})
			}
			return printDevices(cmd.OutOrStdout(), list)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func printDevices(w io.Writer, list []deviceInfo) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "no sound device")
		return err
	}
	t := newTable(w, "")
	t.row("NAME", "DRIVER", "IN", "OUT", "RATE")
	for _, d := range list {
		t.row(d.Name, d.Driver, fmt.Sprint(d.Inputs), fmt.Sprint(d.Outputs), fmt.Sprintf("%d Hz", d.SampleRate))
	}
	return t.flush()
}

// withEndpoint opens PJSIP, without a transport, for a look at what it has.
func withEndpoint(look func(*pjsua.Endpoint) error) error {
	ep, err := pjsua.Open(pjsua.Config{})
	if err != nil {
		return explainStart(err)
	}
	err = look(ep)
	if closeErr := ep.Close(); err == nil {
		err = closeErr
	}
	return err
}
