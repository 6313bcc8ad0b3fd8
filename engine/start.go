package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// echoTail is MicroSIP's.
const echoTail = 20 * time.Millisecond

// withLocalAccount adds the local account where nothing else can make calls that
// need no server.
func withLocalAccount(accounts []config.Account) []config.Account {
	for _, a := range accounts {
		if a.Server == "" {
			return accounts
		}
	}
	return append([]config.Account{{Number: 0, Transport: config.UDP}}, accounts...)
}

func (e *Engine) phoneConfig() pjsua.Config {
	s := e.settings()
	c := pjsua.Config{
		Logger:    e.log,
		UserAgent: s.UserAgent,
		MaxCalls:  s.MaxCalls,
		NoRport:   !s.Rport,
		Media:     pjsua.MediaConfig{VAD: s.VAD},
	}
	if !s.EnableLog && !e.log.IsDebug() {
		c.LogLevel = 1 // errors only
	}
	if c.UserAgent == "" {
		c.UserAgent = "Offhook"
	}
	if s.DNSSrv {
		c.Nameservers = s.DNSSrvNS
	}
	if s.EnableSTUN {
		c.STUNServers = s.STUN
	}
	if s.OpusStereo {
		c.Media.Channels = 2
	}
	if s.EC && !s.OpusStereo && s.AudioOutputDevice != "" {
		c.Media.EchoTail = echoTail
	}
	return c
}

// transportConfigs lists the transports that the accounts need. UDP is always one
// of them.
func (e *Engine) transportConfigs() []pjsua.TransportConfig {
	e.mu.Lock()
	accounts := slices.Clone(e.accounts)
	e.mu.Unlock()
	return e.transportsFor(accounts...)
}

func (e *Engine) transportsFor(accounts ...*Account) []pjsua.TransportConfig {
	s := e.settings()
	tcp, tls := false, false
	for _, a := range accounts {
		switch a.cfg().Transport {
		case config.TCP:
			tcp = true
		case config.TLS:
			tls = true
		case config.TransportAny:
			tcp = true
		}
	}
	list := []pjsua.TransportConfig{{Type: pjsua.UDP, Port: s.SourcePort}}
	if tcp {
		list = append(list, pjsua.TransportConfig{Type: pjsua.TCP, Port: s.SourcePort})
	}
	if tls {
		port := 0
		if s.SourcePort != 0 {
			port = s.SourcePort + 1
		}
		list = append(list, pjsua.TransportConfig{Type: pjsua.TLS, Port: port, TLS: pjsua.TLSConfig{
			CAFile: s.TLSCAFile, CertFile: s.TLSCertFile, KeyFile: s.TLSKeyFile, Insecure: !s.TLSVerify,
		}})
	}
	if s.BindAddress != "" {
		addr, err := netip.ParseAddr(s.BindAddress)
		for i := range list {
			list[i].BindAddress = s.BindAddress
			if err == nil && addr.Is6() {
				list[i].Type += pjsua.UDP6 - pjsua.UDP
			}
		}
	}
	return list
}

// start opens everything.
func (e *Engine) start(ctx context.Context, phone Phone) error {
	if err := e.startCodecs(ctx, phone); err != nil {
		return err
	}
	if err := e.startSound(ctx, phone); err != nil {
		return err
	}
	if err := e.listen(ctx, phone, e.transportConfigs()); err != nil {
		return err
	}
	for _, a := range e.accounts {
		if err := e.startAccount(ctx, phone, a); err != nil {
			return err
		}
	}
	return nil
}

// listen opens the transports that are not open.
func (e *Engine) listen(ctx context.Context, phone Phone, configs []pjsua.TransportConfig) error {
	for _, cfg := range configs {
		e.mu.Lock()
		have := e.transports[cfg.Type] != nil
		e.mu.Unlock()
		if have {
			continue
		}
		tp, info, err := phone.AddTransport(ctx, cfg)
		if err != nil {
			return listenError(cfg, err)
		}
		e.mu.Lock()
		e.transports[cfg.Type] = tp
		e.addresses = append(e.addresses, TransportAddress{Type: info.Type.String(), Address: info.Address})
		e.mu.Unlock()
		e.log.Info("listening", "transport", info.Type.String(), "address", info.Address)
	}
	return nil
}

// startAccount adds an account to the phone and makes it known by its id.
func (e *Engine) startAccount(ctx context.Context, phone Phone, a *Account) error {
	cfg := a.phoneConfigNow()
	id, err := phone.AddAccount(ctx, cfg)
	if err != nil {
		return fmt.Errorf("engine: account %d: %w", a.cfg().Number, err)
	}
	e.mu.Lock()
	a.id, a.uri = id, cfg.ID
	e.byID[id] = a
	status, err := e.presence.status()
	e.mu.Unlock()
	if err == nil && a.cfg().Publish {
		err = phone.SetOnlineStatus(ctx, id, status)
	}
	if err != nil {
		return fmt.Errorf("engine: account %d: publish: %w", a.cfg().Number, err)
	}
	return nil
}

// phoneConfigNow is phoneConfig with the transports that there are.
func (a *Account) phoneConfigNow() pjsua.AccountConfig {
	e := a.e
	e.mu.Lock()
	defer e.mu.Unlock()
	return a.phoneConfig(e.settings(), e.transports, e.addresses)
}

// startSound opens the configured sound devices; the phone starts without one, and stays so on a
// machine that has none.
func (e *Engine) startSound(ctx context.Context, phone Phone) error {
	s := e.settings()
	if s.AudioInputDevice == "" && s.AudioOutputDevice == "" {
		return nil
	}
	devices, err := phone.Devices(ctx)
	if err != nil {
		return fmt.Errorf("engine: list sound devices: %w", err)
	}
	input, err := e.findDevice("audioInputDevice", s.AudioInputDevice, devices, func(d pjsua.Device) int { return d.Inputs })
	if err != nil {
		return err
	}
	output, err := e.findDevice("audioOutputDevice", s.AudioOutputDevice, devices, func(d pjsua.Device) int { return d.Outputs })
	if err != nil {
		return err
	}
	if output == pjsua.NoDevice && (s.AudioOutputDevice != "" || input == pjsua.NoDevice) {
		return nil // which was said; a microphone alone is not opened
	}
	if err := phone.SetDevices(ctx, input, output); err != nil {
		return fmt.Errorf("engine: open sound device %q, %q (audioInputDevice, audioOutputDevice): %w",
			s.AudioInputDevice, s.AudioOutputDevice, err)
	}
	e.sound = true
	if s.VolumeInput == 100 && !s.MicAmplification {
		return nil // as the user of the machine has set it
	}
	return e.setMicrophone(ctx, phone)
}

// isDevice says whether a device has a name, any case. WMME cuts names off after 31 bytes, within
// a character too or before a space, where the whole one is not to be had; that is also its name.
func isDevice(d pjsua.Device, name string) bool {
	const whole = 31
	const cut = whole - 3 // without what may be left of a character
	short := strings.TrimSpace(d.Name)
	name = strings.TrimSpace(name)
	if d.Driver == "WMME" && len(d.Name) >= cut && utf8.RuneCountInString(d.Name) <= whole && len(name) > len(short) {
		name = name[:len(short)]
	}
	return strings.EqualFold(short, name)
}

// findDevice returns the id of the device with that name. Where the machine has no device
// of the kind at all, as a server, there is nothing to mistake, and calls go on without.
func (e *Engine) findDevice(key, name string, devices []pjsua.Device, channels func(pjsua.Device) int) (int, error) {
	if name == "" {
		return pjsua.NoDevice, nil
	}
	var names []string
	for _, d := range devices {
		if channels(d) == 0 {
			continue
		}
		if isDevice(d, name) {
			return d.ID, nil
		}
		names = append(names, d.Name)
	}
	if names == nil {
		e.log.Warn("this machine has no such sound device, and no other: calls do without", "key", key, "device", name)
		return pjsua.NoDevice, nil
	}
	return 0, fmt.Errorf("engine: %s: there is no device %q; there are %s", key, name, strings.Join(names, ", "))
}

// listenError names the address and the keys that it comes from.
func listenError(cfg pjsua.TransportConfig, err error) error {
	host := cfg.BindAddress
	if host == "" {
		host = "*"
	}
	at := fmt.Sprintf("%v %s", cfg.Type, net.JoinHostPort(host, fmt.Sprint(cfg.Port)))
	if errors.Is(err, pjsua.StatusInUse) {
		keys := "sourcePort"
		if cfg.Type.Secure() {
			keys = "sourcePort + 1"
		}
		return fmt.Errorf("engine: %s (%s) is in use: %w", at, keys, err)
	}
	return fmt.Errorf("engine: cannot listen on %s (bindAddress, sourcePort): %w", at, err)
}

// check reports what can be known to be wrong with the account before it is added.
func (a *Account) check() error {
	if a.cfg().Server != "" && a.cfg().Username == "" {
		a.e.log.Warn("account has a server but no username, it does not register", "account", a.cfg().Number)
	}
	c := a.phoneConfig(a.e.settings(), nil, nil)
	if err := c.Validate(); err != nil {
		return fmt.Errorf("account %d: %w", a.cfg().Number, err)
	}
	return a.checkDialling()
}

// phoneConfig is the account in pjsua's words.
func (a *Account) phoneConfig(s *config.Settings, transports map[pjsua.TransportType]*pjsua.Transport, addresses []TransportAddress) pjsua.AccountConfig {
	c := pjsua.AccountConfig{
		ID:              a.addressOfRecord(addresses),
		RegisterLater:   true, // a server that cannot be found must not stop the others
		RegisterTimeout: a.cfg().RegisterRefresh,
		RetryInterval:   retryInterval,
		KeepAlive:       a.cfg().KeepAlive,
		RewriteVia:      a.cfg().AllowRewrite,
		RewriteSDP:      a.cfg().AllowRewrite,
		PublicAddress:   a.cfg().PublicAddr,
		MWI:             a.cfg().VoicemailNumber != "",
		Publish:         a.cfg().Publish,
		RTPPort:         s.RTPPortMin,
		RTPPortRange:    s.RTPPortMax - s.RTPPortMin,
	}
	if a.cfg().AllowRewrite {
		c.RewriteContact = pjsua.RewriteAlways
	}
	if a.cfg().DisableSessionTimer {
		c.SessionTimer = pjsua.TimerInactive
	}
	if a.cfg().ICE || a.cfg().TURNServer != "" {
		c.ICE = &pjsua.ICEConfig{Enable: true}
	}
	if a.cfg().TURNServer != "" {
		c.TURN = a.turn(s)
	}
	if s.RTPPortMin == 0 {
		c.RTPPortRange = 0
	}
	if addr, err := netip.ParseAddr(s.BindAddress); err == nil && !addr.IsUnspecified() {
		c.MediaAddress = s.BindAddress
	}
	if a.cfg().Username != "" {
		c.Credentials = []pjsua.Credential{{Username: a.authID(), Password: a.cfg().Password}}
	}
	if a.cfg().Registers() {
		c.Registrar = "sip:" + a.routeNow().server + withTransport("", string(a.cfg().Transport))
	}
	for _, p := range a.routeNow().proxies {
		c.Proxies = append(c.Proxies, proxyURI(p, string(a.cfg().Transport)))
	}
	c.Transport = a.boundTransport(transports)
	c.SRTP, c.SRTPKeying = srtpOf(a.cfg().SRTP)
	c.Policy = a.policy()
	return c
}

func (a *Account) turn(s *config.Settings) *pjsua.TURNConfig {
	t := &pjsua.TURNConfig{
		Enable: true, Server: a.cfg().TURNServer, Username: a.cfg().TURNUsername, Password: a.cfg().TURNPassword,
	}
	switch a.cfg().TURNTransport {
	case config.TCP:
		t.Transport = pjsua.TURNTCP
	case config.TLS:
		t.Transport = pjsua.TURNTLS
		t.TLS = pjsua.TLSConfig{CAFile: s.TLSCAFile, Insecure: !s.TLSVerify}
	}
	return t
}

// proxyURI makes a URI of host[:port][;parameters].
func proxyURI(proxy, transport string) string {
	scheme, rest, ok := cutScheme(proxy)
	if !ok {
		scheme, rest = "sip", proxy
	}
	if scheme == "sips" {
		transport = ""
	}
	hostPort, params, found := strings.Cut(rest, ";")
	if found {
		params = ";" + params
	}
	return scheme + ":" + hostPort + withTransport(params, transport)
}

// boundTransport is the transport that an account is tied to; nil where PJSIP
// chooses by URI.
func (a *Account) boundTransport(transports map[pjsua.TransportType]*pjsua.Transport) *pjsua.Transport {
	var types []pjsua.TransportType
	switch a.cfg().Transport {
	case config.UDP:
		types = []pjsua.TransportType{pjsua.UDP, pjsua.UDP6}
	case config.TCP:
		types = []pjsua.TransportType{pjsua.TCP, pjsua.TCP6}
	case config.TLS:
		types = []pjsua.TransportType{pjsua.TLS, pjsua.TLS6}
	}
	if a.cfg().Local() {
		return nil // reachable on every transport
	}
	for _, t := range types {
		if tp := transports[t]; tp != nil {
			return tp
		}
	}
	return nil
}

// addressOfRecord is the account's own name and URI. Without a domain it is an
// address that the engine listens on.
func (a *Account) addressOfRecord(addresses []TransportAddress) string {
	host := a.cfg().Domain
	if host == "" {
		host = a.cfg().Server
	}
	if host == "" {
		host = "localhost"
		if len(addresses) > 0 {
			host = addresses[0].Address
		}
	}
	uri := "sip:" + host
	// Callers of the local account need no user, but some refuse a From without.
	user := a.cfg().Username
	if user == "" && a.cfg().Local() {
		user = "offhook"
	}
	if user != "" {
		uri = "sip:" + escapeUser(user) + "@" + host
	}
	if a.cfg().DisplayName != "" {
		return quoteName(a.cfg().DisplayName) + " <" + uri + ">"
	}
	return uri
}

func srtpOf(mode config.SRTP) (pjsua.SRTPUse, []pjsua.SRTPKeying) {
	switch mode {
	case config.SRTPOptional:
		return pjsua.SRTPOptional, nil
	case config.SRTPMandatory:
		return pjsua.SRTPMandatory, nil
	case config.SRTPDTLSSDES:
		return pjsua.SRTPMandatory, []pjsua.SRTPKeying{pjsua.DTLSSRTP, pjsua.SDES}
	case config.SRTPDTLS:
		return pjsua.SRTPMandatory, []pjsua.SRTPKeying{pjsua.DTLSSRTP}
	}
	return pjsua.SRTPOff, nil
}
