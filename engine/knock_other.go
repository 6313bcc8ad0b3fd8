//go:build !windows

package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// knockOn sends one packet of UDP to host:port.
func knockOn(ctx context.Context, address string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "udp", address)
	if err != nil {
		return fmt.Errorf("engine: knock: %w", err)
	}
	_, err = conn.Write(knockPacket)
	return errors.Join(err, conn.Close())
}
