package runner

import (
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine"
)

// A call that one end or the other has put on hold counts as held for good.
func TestHeld(t *testing.T) {
	active := engine.Media{Status: "ACTIVE", Direction: "sendrecv"}
	for _, tt := range []struct {
		media []engine.Media
		want  bool
	}{
		{nil, false},
		{[]engine.Media{{Status: "NONE"}, active, active}, false},
		{[]engine.Media{active, {Status: "LOCAL_HOLD", Direction: "sendonly"}, active}, true},
		{[]engine.Media{active, {Status: "REMOTE_HOLD", Direction: "recvonly"}, active}, true},
		{[]engine.Media{{Status: "ACTIVE", Direction: "recvonly"}}, true},
	} {
		l := &line{}
		for _, m := range tt.media {
			l.takeLocked(engine.CallMediaChanged{Media: []engine.Media{m}})
		}
		if l.held != tt.want {
			t.Errorf("%+v: held %v", tt.media, l.held)
		}
	}
}

// Dial may return after the answer was told, on a machine that is busy: a call began when
// its first message was sent, whoever tells of it first.
func TestBegan(t *testing.T) {
	h := &hub{lines: map[engine.CallID]*line{}}
	invite := time.Now()
	l := h.lineLocked(7, invite.Add(5*time.Millisecond)) // Dial's return
	at := func(d time.Duration) engine.EventHeader {
		return engine.EventHeader{Call: 7, Time: invite.Add(d)}
	}
	h.takeLocked(engine.CallStateChanged{EventHeader: at(0), State: engine.StateCalling})
	h.takeLocked(engine.CallStateChanged{EventHeader: at(time.Millisecond), State: engine.StateConfirmed})
	if !l.began.Equal(invite) || l.answered.Sub(l.began) != time.Millisecond {
		t.Errorf("began %v and answered %v after the INVITE", l.began.Sub(invite), l.answered.Sub(invite))
	}
}
