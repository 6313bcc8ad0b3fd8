//go:build cgo

package pjsua

import (
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"
)

// differences compares two C structs field by field and returns the names of the
// fields that differ, with both values. Texts are compared by what they say, other
// pointers by whether they are nil.
func differences(prefix string, a, b reflect.Value, out map[string]string) {
	if a.Type().Kind() == reflect.Struct {
		if a.NumField() == 2 && a.Type().Field(0).Name == "ptr" && a.Type().Field(1).Name == "slen" {
			if x, y := cText(a), cText(b); x != y {
				out[prefix] = fmt.Sprintf("%q, PJSIP has %q", x, y)
			}
			return
		}
		for i := range a.NumField() {
			name := a.Type().Field(i).Name
			differences(strings.TrimPrefix(prefix+"."+name, "."), a.Field(i), b.Field(i), out)
		}
		return
	}
	differ, x, y := false, any(nil), any(nil)
	switch a.Kind() {
	case reflect.Array:
		for i := range a.Len() {
			differences(fmt.Sprintf("%s[%d]", prefix, i), a.Index(i), b.Index(i), out)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		x, y, differ = a.Int(), b.Int(), a.Int() != b.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		x, y, differ = a.Uint(), b.Uint(), a.Uint() != b.Uint()
	case reflect.Ptr, reflect.UnsafePointer:
		x, y, differ = !a.IsNil(), !b.IsNil(), a.IsNil() != b.IsNil()
	case reflect.Float32, reflect.Float64:
		x, y, differ = a.Float(), b.Float(), a.Float() != b.Float()
	default:
		panic("a " + a.Kind().String() + " in " + prefix)
	}
	if differ {
		out[prefix] = fmt.Sprintf("%v, PJSIP has %v", x, y)
	}
}

func cText(v reflect.Value) string {
	if n := v.Field(1).Int(); n > 0 {
		return string(unsafe.Slice((*byte)(v.Field(0).UnsafePointer()), n))
	}
	return ""
}

// deliberate are the fields in which a zero value of ours is not PJSIP's default; the
// reasons are in the doc comments of the fields.
var deliberate = map[string]map[string]string{
	"Config": {
		"srtp_secure_signaling": "SRTPAnySignaling, PJSIP wants TLS",
		"srtp_opt.keying_count": "SDES only, PJSIP has all",
	},
	"LoggingConfig": {
		"level":         "the Logger's, PJSIP has 5",
		"console_level": "the same, PJSIP has 4",
		"msg_logging":   "from level 5 on, PJSIP always",
		"decor":         "the Logger has time and thread",
	},
	"MediaConfig": {
		"no_vad":              "no VAD: a far end that hears nothing hangs up",
		"ec_tail_len":         "no echo canceller without a microphone",
		"snd_auto_close_time": "the bridge's operations need the clock",
		"turn_tls_setting.ssock_param.verify_peer": "TLS verifies servers",
	},
	"TransportConfig": {
		"tls_setting.verify_server": "TLS verifies servers",
	},
	"AccountConfig": {
		"allow_contact_rewrite":     "no address that a registrar made up unless asked for",
		"allow_via_rewrite":         "the same",
		"reg_retry_interval":        "30 s, PJSIP has 300",
		"reg_first_retry_interval":  "5 s, PJSIP tries at once",
		"reg_retry_random_interval": "half of the interval, PJSIP has 10 s",
		"rtp_cfg.port":              "any, PJSIP begins at 4000",
	},
}

// fullAccount has every field set to something that is not its zero value.
func fullAccount(tp *Transport) AccountConfig {
	tls := TLSConfig{
		CAFile: "/ca", CAPath: "/cas", CertFile: "/cert", KeyFile: "/key",
		Password: NewSecret("tls"), Protocols: TLS12 | TLS13, Ciphers: []string{"ECDHE-RSA-AES128-GCM-SHA256"},
		Curves: []string{"secp384r1"}, SigAlgs: "RSA+SHA256", Entropy: EntropyFile, EntropyPath: "/dev/random", Insecure: true,
		Timeout: 1500 * time.Millisecond, NoRenegotiation: true, ReuseAddr: true, StrictQoS: true, StrictSocketOptions: true,
	}
	setting := &CallSetting{Flags: CallNoMediaSync, Audio: 1, Text: 1, Dirs: []MediaDir{DirSend}, CallID: "id"}
	targets := []Target{{User: "1", UserPrefix: "+49", Host: "h:5060"}}
	return AccountConfig{
		Policy: &Policy{
			Transfer: TransferPolicy{TransferAllow, targets, true, CodeForbidden, setting}, Replaces: ReplacesPolicy{true, CodeForbidden, setting},
			Redirect: RedirectPolicy{RedirectFollow, targets, 3, true}, Offer: OfferPolicy{OfferAsk, setting, setting},
		},
		ID: "\"Alice\" <sip:alice@example.com>", Priority: 7, Registrar: "sip:registrar.example.com", RegisterLater: true,
		DisableRegOnModify: true, RegisterHeaders: []Header{{"X-Reg", "one; two=3"}, {"X-More", "4"}}, RegisterTimeout: 77 * time.Second,
		RefreshBefore: 8 * time.Second, UnregisterTimeout: 123 * time.Millisecond, RetryInterval: 50 * time.Second, FirstRetry: 3 * time.Second,
		RetryRandom: 9 * time.Second, DropCallsOnRegFail: true, RegisterProxies: RegisterViaAccount,
		Proxies: []string{"sip:p1.example.com;lr", "sip:p2.example.com:5070;transport=tcp;lr"},
		Credentials: []Credential{
			{Username: "alice", Password: NewSecret("pw")},
			{Realm: "r", Scheme: "Digest", Username: "bob", Password: NewSecret("hash"), Hashed: true, Algorithm: DigestSHA256},
		},
		InitialAuth: true, AuthAlgorithm: "SHA-256", SharedAuth: true, Transport: tp, IPv6SIP: IPv6PreferIPv6,
		ForceContact: "sip:me@192.0.2.1", ContactParams: ";a=1", ContactURIParams: ";b=2", RegisterContactParams: ";c=3",
		RegisterContactURIParams: ";d=4", RewriteContact: RewriteUnlessPrivate, RewriteVia: true, RewriteSDP: true,
		ContactRewriteMethod: RewriteUnregister | RewriteAlwaysUpdate, NoContactSrcPort: true, NoOutbound: true,
		OutboundInstanceID: "<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>", OutboundRegID: "3", KeepAlive: 22 * time.Second,
		KeepAliveData: "ping", MWI: true, MWIExpires: 1000 * time.Second, Publish: true, NoPublishQueue: true,
		UnpublishTimeout: 321 * time.Millisecond, PIDFTupleID: "tuple", SubscribeHeaders: []Header{{"X-Sub", "5"}},
		NoMessageAutoResponse: true, Rel100: Rel100Mandatory, SessionTimer: TimerRequired, SessionExpires: 600 * time.Second,
		MinSE: 100 * time.Second, SIPREC: SIPRECOptional, CallHold: HoldRFC2543, NoLockCodec: true, SRTP: SRTPMandatory,
		SRTPSignaling: SRTPTLSSignaling, SRTPKeying: []SRTPKeying{DTLSSRTP, SDES}, SRTPCryptos: []SRTPCrypto{
			{Name: "AES_CM_128_HMAC_SHA1_80", Key: NewSecret("0123456789abcdef0123456789abcd"), NoEncryption: true, NoAuthentication: true},
			{Name: "AEAD_AES_256_GCM"},
		},
		RTPPort: 20000, RTPPortRange: 100, RTPRandom: true, MediaAddress: "127.0.0.1", PublicAddress: "192.0.2.2",
		RTPQoS:           QoS{Type: QoSVoice, DSCP: 46, Priority: 6, WMM: WMMVoice},
		RTPSocketOptions: []SocketOption{{Level: 1, Name: 8, Value: []byte{0, 0, 4, 0}}, {Level: 1, Name: 7, Value: []byte{0, 0, 8, 0}}},
		RTCPMux:          true, RTCPXR: true, RTCPFeedback: RTCPFeedback{AVPF: true, Caps: []RTCPFeedbackCap{
			{Codec: "PCMU", Type: FeedbackOther, Name: "x", Param: "pli"},
		}},
		TextRedundancy: 1, LoopMedia: true, LoopMediaBack: true, IPv6Media: IPv6Only, NAT64: true, STUNSIP: STUNDisabled,
		STUNMedia: STUNDisabled, NoUPnPSIP: true, NoUPnPMedia: true,
		ICE: &ICEConfig{
			Enable: true, MaxHostCandidates: 3, HostCandidates: []netip.Addr{netip.MustParseAddr("192.0.2.3"), netip.MustParseAddr("2001:db8::3")},
			NoAggressive: true, NominationDelay: 50 * time.Millisecond, NominationTimeout: time.Second, Trickle: TrickleFull,
			NoSourceCheck: true, NoRTCP: true, NoAlwaysUpdate: true,
		},
		TURN: &TURNConfig{
			Enable: true, Server: "turn.example.com:3479", Transport: TURNTLS, Realm: "realm", Username: "turner",
			Password: NewSecret("turn"), PasswordHashed: true, TLS: tls,
		},
		IPChange: IPChange{NoShutdownTransport: true, HangupCalls: true, ReinviteFlags: CallReinitMedia, UseUpdate: true},
	}
}

// zeroFields names the fields in v that have their zero values.
func zeroFields(name string, v reflect.Value) []string {
	switch {
	case v.IsZero():
		return []string{name}
	case v.Kind() == reflect.Ptr && v.Type() != reflect.TypeFor[*Transport]() && v.Type() != reflect.TypeFor[*Policy]() && v.Elem().Kind() == reflect.Struct:
		return zeroFields(name, v.Elem())
	case v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[Secret]() && v.Type() != reflect.TypeFor[netip.Addr]():
		var list []string
		for i := range v.NumField() {
			list = append(list, zeroFields(name+"."+v.Type().Field(i).Name, v.Field(i))...)
		}
		return list
	case v.Kind() == reflect.Slice && v.Len() > 0:
		// One of the elements has the field.
		left := zeroFields(name, v.Index(0))
		for i := range v.Len() {
			left = slices.DeleteFunc(left, func(f string) bool { return !slices.Contains(zeroFields(name, v.Index(i)), f) })
		}
		return left
	}
	return nil
}

// Whatever an account is configured with comes back.
func TestAccountConfigRoundTrip(t *testing.T) {
	p := newPhone(t, Config{})
	tp := must(p.AddTransport(within(t), TransportConfig{Type: TCP, BindAddress: "127.0.0.1"}))(t)
	full := fullAccount(tp)
	if got := zeroFields("", reflect.ValueOf(full)); !slices.Equal(got, unset) {
		t.Fatalf("fullAccount leaves out %v, want %v", got, unset)
	}
	acc := must(p.AddAccount(within(t), full))(t)
	sameConfig(t, must(acc.Config(within(t)))(t), full)
	check(t, acc.Remove(within(t), RemoveOptions{}))

	full.Registrar, full.RegisterLater = "", false // Publish and MWI begin at once
	full.IPChange.NoReinvite, full.IPChange.ReinviteFlags = true, 0
	turn := *full.TURN
	turn.TLS = TLSConfig{CAPEM: []byte("ca"), CertPEM: []byte("cert"), KeyPEM: NewSecret("key"), Timeout: time.Second, Protocols: TLS12}
	full.TURN = &turn
	acc = must(p.AddAccount(within(t), full))(t)
	sameConfig(t, must(acc.Config(within(t)))(t), full)
}

// unset cannot be set together with the rest, or not for an account.
var unset = []string{".TURN.TLS.CAPEM", ".TURN.TLS.CertPEM", ".TURN.TLS.KeyPEM", ".TURN.TLS.VerifyClient", ".TURN.TLS.RequireClientCert", ".TURN.TLS.InitialTimeout", ".IPChange.NoReinvite"}

func sameConfig(t *testing.T, got, want AccountConfig) {
	t.Helper()
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range g.NumField() {
		if a, b := g.Field(i).Interface(), w.Field(i).Interface(); !reflect.DeepEqual(a, b) {
			t.Errorf("%s: %+v, want %+v", g.Type().Field(i).Name, a, b)
		}
	}
}

// Every zero value means PJSIP's default but for the list above.
func TestZeroValuesArePJSIPsDefaults(t *testing.T) {
	p := newPhone(t, Config{})
	check(t, p.exec.do(within(t), func(th onThread) error {
		var a arena
		defer a.free()
		of := func(v any) reflect.Value { return reflect.ValueOf(v).Elem() }
		pool, release, err := newPool(th, &a)
		check(t, err)
		defer release()
		zero := newAccountConfig(th, &a)
		check(t, setAccount(th, zero, pool, &a, AccountConfig{}))
		for name, pair := range map[string][2]reflect.Value{
			"Config":          {of(must(uaConfig(th, &a, Config{}))(t)), of(newUAConfig(th, &a))},
			"LoggingConfig":   {of(logging(th, &a, pjLevel(nil), false)), of(newLogging(th, &a))},
			"MediaConfig":     {of(must(mediaConfig(th, &a, MediaConfig{}))(t)), of(newMediaConfig(th, &a))},
			"TransportConfig": {of(must(transportConfig(th, &a, TransportConfig{Type: TLS}))(t)), of(newTransportConfig(th, &a))},
			"AccountConfig":   {of(zero), of(newAccountConfig(th, &a))},
		} {
			got := map[string]string{}
			differences("", pair[0], pair[1], got)
			for _, field := range slices.Sorted(maps.Keys(got)) {
				if _, meant := deliberate[name][field]; !meant {
					t.Errorf("%s: %s is %s", name, field, got[field])
				}
			}
			for field := range deliberate[name] {
				if _, differs := got[field]; !differs {
					t.Errorf("%s: %s is PJSIP's default after all", name, field)
				}
			}
		}
		return nil
	}))
}

func spew(v any) string { return fmt.Sprintf("%v %+v %#v %s", v, v, v, v) }
