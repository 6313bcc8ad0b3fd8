package pjsua

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// NATType is what kind of NAT is between a host and the network (pj_stun_nat_type), in
// the words of RFC 3489 section 5.
type NATType int

// The kinds of NAT.
const (
	NATUnknown        NATType = iota // not found out yet
	NATErrUnknown                    // finding out failed
	NATOpen                          // none
	NATBlocked                       // a firewall lets no UDP through
	NATSymmetricUDP                  // none, but a firewall lets answers in only
	NATFullCone                      // whoever knows the mapped address can send to it
	NATSymmetric                     // another mapped address for each destination
	NATRestricted                    // lets in addresses that were sent to
	NATPortRestricted                // lets in addresses and ports that were sent to
)

func (n NATType) String() string {
	return enumString(int(n), "NATType", "Unknown", "ErrUnknown", "Open", "Blocked", "Symmetric UDP", "Full Cone",
		"Symmetric", "Restricted", "Port Restricted")
}

// STUNServer is a STUN server (RFC 8489) that answered (pj_stun_resolve_result).
type STUNServer struct {
	Name    string // as it was given
	Address string // its address and port
}

// MediaTransportState is a state of the transport of one stream (pjsua_med_tp_st).
type MediaTransportState int

// The states of a media transport.
const (
	MediaTransportNull     MediaTransportState = iota // none
	MediaTransportCreating                            // ICE gathers candidates, say
	MediaTransportIdle                                // made
	MediaTransportInit                                // ready for an offer or answer
	MediaTransportRunning                             // in use
	MediaTransportDisabled                            // the stream is refused
)

func (s MediaTransportState) String() string {
	return enumString(int(s), "MediaTransportState", "NULL", "CREATING", "IDLE", "INIT", "RUNNING", "DISABLED")
}

// ICEOp is what ICE was doing (pj_ice_strans_op).
type ICEOp int

// The operations of ICE.
const (
	ICEInit          ICEOp = iota // gathering candidates
	ICENegotiation                // connectivity checks
	ICEKeepAlive                  // keeping a STUN binding or a TURN allocation
	ICEAddressChange              // the address that the STUN server sees is another one
)

func (o ICEOp) String() string {
	return enumString(int(o), "ICEOp", "INIT", "NEGOTIATION", "KEEP_ALIVE", "ADDR_CHANGE")
}

// IPChangeOp is a step of [Endpoint.HandleIPChange] (pjsua_ip_change_op).
type IPChangeOp int

// The steps, in their order.
const (
	IPChangeNone                     IPChangeOp = iota
	IPChangeShutDownTransports                  // connections of TCP and TLS are closed
	IPChangeRestartListener                     // a transport was bound anew
	IPChangeShutDownAccountTransport            // the connection of an account is closed
	IPChangeUpdateContact                       // an account registers its new address
	IPChangeHangUpCalls                         // a call is hung up, since its account is set so or it was not answered yet
	IPChangeReinviteCalls                       // a call goes on at the new address
	IPChangeCompleted                           // all is done
)

func (o IPChangeOp) String() string {
	return enumString(int(o), "IPChangeOp", "NULL", "SHUTDOWN_TP", "RESTART_LIS", "ACC_SHUTDOWN_TP", "ACC_UPDATE_CONTACT",
		"ACC_HANGUP_CALLS", "ACC_REINVITE_CALLS", "COMPLETED")
}

// IPChangeOptions are the choices of [Endpoint.HandleIPChange] (pjsua_ip_change_param);
// the zero value is what pjsua_ip_change_param_default gives.
type IPChangeOptions struct {
	// NoRestartListeners leaves UDP sockets and listeners of TCP and TLS as they are.
	// Otherwise each is closed and bound again to its port, but to all addresses, even
	// where it had been bound to one.
	NoRestartListeners bool
	// RestartDelay is the wait before binding is tried once more where it failed; 0
	// means PJSIP's 10 ms.
	RestartDelay time.Duration
	// NoShutdownTransports leaves the connections of TCP and TLS open.
	NoShutdownTransports bool
}

// Validate reports everything that is wrong with o, joined.
func (o IPChangeOptions) Validate() error {
	if o.RestartDelay < 0 || o.RestartDelay > time.Hour {
		return fmt.Errorf("pjsua: IP change: RestartDelay %v is outside 0 to 1 h", o.RestartDelay)
	}
	return nil
}

// STUNResolved reports which STUN server is in use from now on, or that none of those
// which [Config] or [Endpoint.UpdateSTUNServers] named answers: pjsua's
// on_stun_resolution_complete.
type STUNResolved struct {
	EventHeader
	Server STUNServer // without an address when Status is not 0
	Status Status
	Reason string // PJSIP's text for Status
}

// NATTypeDetected reports the end of [Endpoint.DetectNATType]: pjsua's on_nat_detect.
// pjsua also detects the type by itself when it has found a STUN server.
type NATTypeDetected struct {
	EventHeader
	Type   NATType
	Status Status
	Reason string // PJSIP's text for Status
}

// CallMediaTransportChanged reports the state of the transport of one stream of a call,
// from the first event of the call on: pjsua's on_call_media_transport_state. With
// Status it reports that ICE or a DTLS handshake failed.
type CallMediaTransportChanged struct {
	EventHeader
	Call   CallID
	Index  int // of the m= line in the SDP
	State  MediaTransportState
	Status Status  // of the last operation
	Code   SIPCode // with which the call is refused because of it, 0 for none
	Reason string  // PJSIP's text for Status
}

// ICETransportError reports that a STUN binding or a TURN allocation of a call could not
// be kept: pjsua's on_ice_transport_error.
type ICETransportError struct {
	EventHeader
	Call   CallID
	Op     ICEOp
	Status Status
	Reason string // PJSIP's text for Status
}

// IPChangeProgress reports a step of [Endpoint.HandleIPChange]: pjsua's
// on_ip_change_progress. The last one is IPChangeCompleted, which comes when every
// registration was answered.
type IPChangeProgress struct {
	EventHeader
	Op        IPChangeOp
	Status    Status
	Reason    string    // PJSIP's text for Status
	Transport int       // pjsua's number of it, with IPChangeRestartListener; -1 otherwise
	Account   AccountID // 0 when the step concerns none
	Call      CallID    // 0 when the step concerns none, or the call has ended by it
	Code      SIPCode   // the registrar's answer, with IPChangeUpdateContact
	// Registering says, with IPChangeUpdateContact, that the REGISTER was one to
	// register, rather than one to end the registration of the old address.
	Registering bool
}

// checkSTUNServers reports what is wrong with a list of STUN servers.
func checkSTUNServers(servers []string) error {
	if len(servers) == 0 {
		return errors.New("pjsua: no STUN server is named")
	}
	if len(servers) > maxSTUNServers {
		return fmt.Errorf("pjsua: %d STUN servers, PJSIP takes %d", len(servers), maxSTUNServers)
	}
	for _, s := range servers {
		if s == "" || strings.ContainsAny(s, " \r\n\x00") {
			return fmt.Errorf("pjsua: STUN server %q is no host or host:port", s)
		}
	}
	return nil
}

const maxSTUNServers = 8
