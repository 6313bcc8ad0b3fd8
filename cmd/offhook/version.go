package main

import (
	"cmp"
	"fmt"
	"io"
	"reflect"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/pjsua"
)

// version is set by the linker: -ldflags "-X main.version=1.2.3".
var version string

// versionInfo is what version --json prints.
type versionInfo struct {
	Version string      `json:"version"`
	PJSIP   string      `json:"pjsip"` // empty without cgo
	Link    linkInfo    `json:"link"`
	Limits  pjsua.Limit `json:"limits"`
}

type linkInfo struct {
	Origin string `json:"origin"` // "third_party/pjsip", "system", or "none" without cgo
	Stamp  string `json:"stamp"`  // of the build, where it is our own
}

func newVersion() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version [--json]",
		Short: "Print the versions of Offhook and PJSIP, and PJSIP's limits",
		Long: `Version prints Offhook's version, PJSIP's version, where PJSIP was linked from, and the
limits that PJSIP was compiled with.

Exit codes: 0; 1 bad usage.`,
		Example: `  offhook version
  offhook version --json`,
		Args: takesNothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			info := versionInfo{Version: offhookVersion(), PJSIP: pjsua.Version(), Limits: pjsua.Limits()}
			info.Link.Origin, info.Link.Stamp = pjsua.Link()
			if info.PJSIP == "" {
				info.Link = linkInfo{Origin: "none"}
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), info)
			}
			return info.print(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// offhookVersion is the linker's, else that of the module, which has the commit in
// it when the program was built in a checkout.
func offhookVersion() string {
	module := ""
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "(devel)" {
		module = info.Main.Version
	}
	return cmp.Or(version, module, "devel")
}

func (v versionInfo) print(w io.Writer) error {
	t := newTable(w, "")
	t.row("offhook", v.Version)
	t.row("pjsip", cmp.Or(v.PJSIP, "none: built without cgo"))
	if v.PJSIP != "" {
		t.row("linked from", joinWords(v.Link.Origin, v.Link.Stamp))
		limits := reflect.ValueOf(v.Limits)
		for i := range limits.NumField() {
			t.row("limit "+limits.Type().Field(i).Tag.Get("json"), fmt.Sprint(limits.Field(i).Interface()))
		}
	}
	return t.flush()
}
