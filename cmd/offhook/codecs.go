package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// codecInfo is a codec in codecs --json.
type codecInfo struct {
	ID      string `json:"id"`      // for audioCodecs
	Default bool   `json:"default"` // used where audioCodecs is not set
}

func newCodecs() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "codecs [--json]",
		Short: "List the audio codecs",
		Long: `Codecs lists the audio codecs of the linked PJSIP by the ids that the key audioCodecs
takes: first those that are used where it is not set, in their order.

--json prints one object: {"codecs":[{"id":"PCMA/8000/1","default":true}]}.

Exit codes: 0; 1 bad usage, or the list cannot be had.`,
		Example: `  offhook codecs
  offhook run --audio-codecs "opus/48000/2 PCMU/8000/1"`,
		Args: takesNothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list []codecInfo
			err := withEndpoint(func(ep *pjsua.Endpoint) error {
				codecs, err := ep.Codecs(cmd.Context())
				list = sortCodecs(codecs)
				return err
			})
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), map[string]any{"codecs": list})
			}
			t := newTable(cmd.OutOrStdout(), "")
			t.row("CODEC", "USED BY DEFAULT")
			for _, c := range list {
				used := "no"
				if c.Default {
					used = "yes"
				}
				t.row(c.ID, used)
			}
			return t.flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// sortCodecs puts those of the default list first.
func sortCodecs(codecs []pjsua.Codec) []codecInfo {
	defaults := strings.Fields(config.DefaultCodecs)
	rank := func(id string) int {
		if i := slices.IndexFunc(defaults, func(d string) bool { return strings.EqualFold(d, id) }); i >= 0 {
			return i
		}
		return len(defaults)
	}
	list := []codecInfo{}
	for _, c := range codecs {
		list = append(list, codecInfo{ID: c.ID, Default: rank(c.ID) < len(defaults)})
	}
	slices.SortStableFunc(list, func(a, b codecInfo) int { return rank(a.ID) - rank(b.ID) })
	return list
}
