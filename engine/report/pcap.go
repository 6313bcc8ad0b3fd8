package report

import (
	"fmt"
	"io"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// Packet is a packet of a pcap file: a SIP message, or RTP or RTCP as it was captured.
type Packet struct {
	Time     time.Time
	Src, Dst netip.AddrPort
	Payload  []byte
	// TCP puts the payload into a stream of TCP; else it is a datagram of UDP.
	TCP bool
}

// snapLength is how many bytes of a packet a reader has to expect.
const snapLength = 1 << 18

// WritePCAP writes packets as a pcap file that Wireshark reads, in the order of their
// times. They get headers of IP and of UDP or TCP that are made up but for addresses and
// ports; the file has no link layer. A payload that one IP packet has no room for is cut
// in several where it is TCP; of UDP it is an error.
func WritePCAP(w io.Writer, packets []Packet) error {
	p := pcapgo.NewWriterNanos(w)
	if err := p.WriteFileHeader(snapLength, layers.LinkTypeRaw); err != nil {
		return fmt.Errorf("report: pcap: %w", err)
	}
	sorted := slices.Clone(packets)
	slices.SortStableFunc(sorted, func(a, b Packet) int { return a.Time.Compare(b.Time) })
	streams := map[[2]netip.AddrPort]uint32{} // the next sequence number of each direction
	for i, packet := range sorted {
		src, dst := plain(packet.Src), plain(packet.Dst)
		if !src.IsValid() || !dst.IsValid() || src.Addr().Is4() != dst.Addr().Is4() {
			return fmt.Errorf("report: pcap: packet %d goes from %v to %v", i, packet.Src, packet.Dst)
		}
		pieces := [][]byte{packet.Payload}
		if packet.TCP {
			pieces = slices.Collect(slices.Chunk(packet.Payload, 1<<15))
		}
		for _, piece := range pieces {
			data, err := datagram(src, dst, piece, packet.TCP, streams)
			if err != nil {
				return fmt.Errorf("report: pcap: packet %d: %w", i, err)
			}
			info := gopacket.CaptureInfo{Timestamp: packet.Time, CaptureLength: len(data), Length: len(data)}
			if err := p.WritePacket(info, data); err != nil {
				return fmt.Errorf("report: pcap: %w", err)
			}
		}
	}
	return nil
}

// plain is an address without what a machine may write before it.
func plain(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

func datagram(src, dst netip.AddrPort, payload []byte, tcp bool, streams map[[2]netip.AddrPort]uint32) ([]byte, error) {
	protocol := layers.IPProtocolUDP
	if tcp {
		protocol = layers.IPProtocolTCP
	}
	var network interface {
		gopacket.NetworkLayer
		gopacket.SerializableLayer
	}
	if src.Addr().Is4() {
		network = &layers.IPv4{Version: 4, TTL: 64, Protocol: protocol, SrcIP: src.Addr().AsSlice(), DstIP: dst.Addr().AsSlice()}
	} else {
		network = &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: protocol, SrcIP: src.Addr().AsSlice(), DstIP: dst.Addr().AsSlice()}
	}
	var transport gopacket.SerializableLayer
	if tcp {
		to, from := [2]netip.AddrPort{src, dst}, [2]netip.AddrPort{dst, src}
		t := &layers.TCP{
			SrcPort: layers.TCPPort(src.Port()), DstPort: layers.TCPPort(dst.Port()),
			Seq: streams[to] + 1, Ack: streams[from] + 1, PSH: true, ACK: true, Window: 65535,
		}
		streams[to] += uint32(len(payload))
		if err := t.SetNetworkLayerForChecksum(network); err != nil {
			return nil, err
		}
		transport = t
	} else {
		if len(payload) > 65000 {
			return nil, fmt.Errorf("%d bytes in a datagram", len(payload))
		}
		u := &layers.UDP{SrcPort: layers.UDPPort(src.Port()), DstPort: layers.UDPPort(dst.Port())}
		if err := u.SetNetworkLayerForChecksum(network); err != nil {
			return nil, err
		}
		transport = u
	}
	b := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, network, transport, gopacket.Payload(payload))
	return b.Bytes(), err
}

// SIPPackets returns the SIP messages of s for [WritePCAP]. Secrets are ***, with lines of
// SRTP keys called a=x-crypto, and the Content-Length is made right again. Messages of TLS
// are in datagrams, since Wireshark takes nothing but TLS on the streams of its port;
// those whose addresses are not known are left out.
func (s *Scenario) SIPPackets() []Packet {
	var list []Packet
	for _, m := range s.traced() {
		local, err := netip.ParseAddrPort(m.Local)
		if err != nil {
			continue
		}
		remote, err := netip.ParseAddrPort(m.Remote)
		if err != nil || plain(local).Addr().Is4() != plain(remote).Addr().Is4() {
			continue
		}
		p := Packet{Time: s.Started.Add(m.At.Duration()), Src: remote, Dst: local, Payload: []byte(wellFormed(m.Raw)), TCP: strings.HasPrefix(strings.ToUpper(m.Transport), "TCP")}
		if m.Sent {
			p.Src, p.Dst = local, remote
		}
		list = append(list, p)
	}
	return list
}

var (
	contentLength  = regexp.MustCompile(`(?im)^(content-length|l)[ \t]*:[ \t]*\d+[ \t]*\r$`)
	redactedDigest = regexp.MustCompile(`(?im)^((?:proxy-)?authorization): \*\*\*`)
	redactedKey    = regexp.MustCompile(`(?m)^a=crypto:(.* inline:\*\*\*)`)
)

// wellFormed gives a redacted message the form without which Wireshark calls it malformed
// and does not look for its RTP: a scheme before ***, keys that are no keys, and the
// Content-Length that it has now.
func wellFormed(raw string) string {
	head, body, ok := strings.Cut(raw, "\r\n\r\n")
	if !ok {
		return raw
	}
	body = redactedKey.ReplaceAllString(body, "a=x-crypto:$1")
	head = redactedDigest.ReplaceAllString(head+"\r", "$1: Digest ***")
	head = contentLength.ReplaceAllString(head, fmt.Sprintf("$1: %d\r", len(body)))
	return strings.TrimSuffix(head, "\r") + "\r\n\r\n" + body
}
