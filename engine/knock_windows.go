package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sys/windows"
)

// knockOn sends one packet of UDP to host:port. Package net is used for the names only: its UDP sockets ask Windows for an
// option that wine does not have.
func knockOn(ctx context.Context, address string) error {
	err := sendKnock(ctx, address)
	if err != nil {
		return fmt.Errorf("engine: knock: %w", err)
	}
	return nil
}

func sendKnock(ctx context.Context, address string) error {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	port, err := net.DefaultResolver.LookupPort(ctx, "udp", service)
	if err != nil {
		return err
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return err
	}
	if len(addrs) == 0 {
		return fmt.Errorf("no address of %s", host)
	}
	family, to := socketAddress(addrs[0], port)
	const version = 0x202 // Winsock 2.2
	if err := windows.WSAStartup(version, new(windows.WSAData)); err != nil {
		return err
	}
	defer windows.WSACleanup()
	s, err := windows.Socket(family, windows.SOCK_DGRAM, windows.IPPROTO_UDP)
	if err != nil {
		return err
	}
	err = windows.Sendto(s, knockPacket, 0, to)
	return errors.Join(err, windows.Closesocket(s))
}

// socketAddress is an address as Winsock has it, and its family.
func socketAddress(a netip.Addr, port int) (family int, to windows.Sockaddr) {
	if a = a.Unmap(); a.Is4() {
		return windows.AF_INET, &windows.SockaddrInet4{Port: port, Addr: a.As4()}
	}
	return windows.AF_INET6, &windows.SockaddrInet6{Port: port, Addr: a.As16()}
}
