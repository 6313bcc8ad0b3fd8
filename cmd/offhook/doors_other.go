//go:build !windows

package main

import (
	"context"

	"github.com/hashicorp/go-hclog"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/config"
)

// openDoors opens MicroSIP's window and DDE, which only Windows has.
func openDoors(context.Context, *engine.Engine, config.Settings, hclog.Logger, func()) (closeDoors func()) {
	return func() {}
}
