//go:build !windows

package main

import (
	"errors"

	"github.com/spf13/cobra"
)

// newService tells who is used to Windows what is done here.
func newService() *cobra.Command {
	return &cobra.Command{
		Use:                "service",
		Short:              "Run the engine as a service of Windows",
		Hidden:             true,
		DisableFlagParsing: true,
		RunE: func(*cobra.Command, []string) error {
			return errors.New("service is for Windows; here systemd or another supervisor runs offhook run, and docs/service.md has a unit for it")
		},
	}
}

// addServiceFlags and runService are for services of Windows.
func addServiceFlags(*cobra.Command) {}

func runService(*cobra.Command, *settings) (bool, error) { return false, nil }
