package engine

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/offhook-voip/offhook/engine/microsip"
	"github.com/offhook-voip/offhook/pjsua"
)

// PhoneStatus is what MicroSIP's windows would show: the selected call, or else the first
// that rings here, and the account that dials.
func (e *Engine) PhoneStatus() microsip.Status {
	levels := e.Levels()
	s := microsip.Status{Calls: len(e.Calls()), Muted: levels.MutedIn, MicVolume: levels.VolumeIn, Volume: levels.VolumeOut}
	if c, ok := e.SelectedCall(); ok {
		info := c.Info()
		var f callFacts
		f.identify(info.Remote)
		s.State, s.Incoming = string(info.State), c.role != pjsua.RoleUAC
		s.Number, s.Remote = cmp.Or(f.user, f.domain), info.Remote
		s.Name = e.nameOf(f.user, f.name)
		s.Answered, s.Held = info.Answered, info.Held
	}
	if a, err := e.dialAccount(0); err == nil {
		info := a.Info()
		s.Account = cmp.Or(info.Label, a.cfg().DisplayName, info.Username)
		if info.Code != 0 {
			s.Registration = strings.TrimSpace(strconv.Itoa(info.Code) + " " + info.Reason)
		}
	}
	return s
}
