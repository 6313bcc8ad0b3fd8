package pjsua

import (
	"cmp"
	"fmt"
	"time"
)

// JitterDiscard is how the jitter buffer gets rid of a latency that is too long
// (pjmedia_jb_discard_algo).
type JitterDiscard int

// The ways to discard.
const (
	DiscardProgressive JitterDiscard = iota // the more the longer it is
	DiscardStatic                           // at a fixed pace
	DiscardNone
)

func (d JitterDiscard) String() string {
	return enumString(int(d), "JitterDiscard", "progressive", "static", "none")
}

// EchoOptions is a set of choices of the echo canceller (pjmedia_echo_flag). The low
// four bits name the canceller; 0 is the first of these that PJSIP was compiled with:
// Speex, WebRTC, AEC3, the suppressor.
type EchoOptions uint

// The choices.
const (
	EchoSpeex           EchoOptions = 1      // the canceller of speexdsp
	EchoSimple          EchoOptions = 2      // an echo suppressor
	EchoWebRTC          EchoOptions = 3      // where PJSIP was compiled with it; Offhook's is not
	EchoWebRTCAEC3      EchoOptions = 4      // WebRTC's AEC3: at 16, 32 and 48 kHz, in ticks of whole 10 ms
	EchoNoLock          EchoOptions = 16     // no mutex: for one thread only
	EchoSimpleFIFO      EchoOptions = 32     // the speaker's samples wait in a plain FIFO
	EchoSoftware        EchoOptions = 64     // in software even where the device has its own
	EchoNoiseSuppressor EchoOptions = 128    // also suppress noise
	EchoGainControl     EchoOptions = 256    // also level out (WebRTC AEC3)
	EchoConservative    EchoOptions = 0x1000 // prefer echo to broken speech
	EchoModerate        EchoOptions = 0x2000
	EchoAggressive      EchoOptions = 0x3000 // prefer broken speech to echo
)

// MediaConfig is what all calls and the conference bridge share (pjsua_media_config).
//
// What is not here: snd_auto_close_time is always -1, since the operations of the
// bridge run on the clock of the sound device; the frame callbacks of the sound
// device are superseded by PCM ports; video.
type MediaConfig struct {
	ClockRate      int           // of the conference bridge, Hz; 0 means 16000 (clock_rate)
	SoundClockRate int           // of the sound device, Hz; 0 means ClockRate (snd_clock_rate)
	NoSoundSWClock bool          // run on the sound device's clock, not on PJSIP's own (snd_use_sw_clock)
	Channels       int           // of the bridge and the device; 0 means 1 (channel_count)
	FrameTime      time.Duration // tick of the bridge; 0 means 20 ms (audio_frame_ptime)
	MaxPorts       int           // of the bridge; 0 means Limits().ConfPorts (max_media_ports)
	Threads        int           // media worker threads; 0 means 1 (thread_cnt)
	NoIOQueue      bool          // RTP is received by the SIP threads (has_ioqueue)
	ConfThreads    int           // threads that mix; 0 means what PJSIP was compiled with (conf_threads)
	// VAD stops sending RTP in silence. Unlike PJSIP's no_vad, the default is not to:
	// a far end that hears nothing hangs up.
	VAD        bool
	Quality    int           // resampling and codec quality 1 to 10; 0 means 8, below 0 means 0
	PacketTime time.Duration // of RTP sent; 0 means the codec's own (ptime)
	ILBCMode   int           // 20 or 30 ms; 0 means 30 (ilbc_mode)
	TXDrop     int           // percentage of RTP to drop when sending, for tests (tx_drop_pct)
	RXDrop     int           // the same when receiving (rx_drop_pct)
	// EchoTail is the length of the echo canceller's memory (ec_tail_len). Unlike
	// PJSIP's, the default is 0, no canceller: there is no echo without a microphone.
	EchoTail        time.Duration
	EchoOptions     EchoOptions   // ec_options
	CaptureLatency  time.Duration // buffer of the microphone; 0 means PJSIP's (snd_rec_latency)
	PlaybackLatency time.Duration // buffer of the loudspeaker; 0 means PJSIP's (snd_play_latency)
	JitterMax       time.Duration // jitter buffer's bound; 0 means 500 ms (jb_max)
	// JitterPrefix is the initial prefetch (jb_init); 0 means PJSIP's, below 0 none.
	JitterPrefix time.Duration
	// JitterMinPrefix and JitterMaxPrefix bound the prefetch (jb_min_pre, jb_max_pre);
	// 0 means PJSIP's: a frame, and 4/5 of JitterMax.
	JitterMinPrefix time.Duration
	JitterMaxPrefix time.Duration
	JitterDiscard   JitterDiscard // jb_discard_algo
	// NoSmartUpdate makes streams anew after every negotiation, changed or not
	// (no_smart_media_update).
	NoSmartUpdate bool
	// NoRTCPSDESBye leaves SDES and BYE out of RTCP (no_rtcp_sdes_bye).
	NoRTCPSDESBye bool
	ICE           ICEConfig  // of accounts without their own
	TURN          TURNConfig // of accounts without their own
}

func (p *problems) media(c MediaConfig) {
	for _, r := range []struct {
		name string
		rate int
	}{{"ClockRate", c.ClockRate}, {"SoundClockRate", c.SoundClockRate}} {
		switch r.rate {
		case 0, 8000, 16000, 22050, 24000, 32000, 44100, 48000:
		default:
			p.bad("Media.%s %d is not a usual sample rate", r.name, r.rate)
		}
	}
	p.within("Media.Channels", c.Channels, 0, 2)
	if c.MaxPorts < 0 || (limits.ConfPorts > 0 && c.MaxPorts > limits.ConfPorts) {
		p.bad("Media.MaxPorts %d is outside 0 to %d, what PJSIP was compiled with", c.MaxPorts, limits.ConfPorts)
	}
	p.within("Media.Threads", c.Threads, 0, 32)
	p.within("Media.ConfThreads", c.ConfThreads, 0, 32)
	p.within("Media.Quality", c.Quality, -1, 10)
	if c.ILBCMode != 0 && c.ILBCMode != 20 && c.ILBCMode != 30 {
		p.bad("Media.ILBCMode %d is neither 20 nor 30", c.ILBCMode)
	}
	p.within("Media.TXDrop", c.TXDrop, 0, 100)
	p.within("Media.RXDrop", c.RXDrop, 0, 100)
	if c.EchoTail > 0 {
		if err := c.echo(c.EchoOptions); err != nil {
			p.bad("Media.EchoOptions: %v", err)
		}
	}
	p.within("Media.JitterDiscard", int(c.JitterDiscard), 0, int(DiscardNone))
	for _, d := range []struct {
		name string
		d    time.Duration
	}{
		{"FrameTime", c.FrameTime}, {"PacketTime", c.PacketTime}, {"EchoTail", c.EchoTail},
		{"CaptureLatency", c.CaptureLatency}, {"PlaybackLatency", c.PlaybackLatency}, {"JitterMax", c.JitterMax},
		{"JitterMinPrefix", c.JitterMinPrefix}, {"JitterMaxPrefix", c.JitterMaxPrefix},
	} {
		if d.d < 0 || d.d > time.Minute {
			p.bad("Media.%s %v is outside 0 to 1 minute", d.name, d.d)
		}
	}
	p.ice("Media.ICE", c.ICE, false)
	p.turn("Media.TURN", c.TURN)
}

// echo says why these options are impossible with c. AEC3 works on 10 ms, and reads beyond
// the end of a tick that is no multiple of it.
func (c MediaConfig) echo(o EchoOptions) error {
	switch a := o.algorithm(); {
	case a > EchoWebRTCAEC3:
		return fmt.Errorf("there is no number %d", a)
	case a != EchoWebRTCAEC3:
		return nil
	}
	rate, tick := cmp.Or(c.SoundClockRate, c.ClockRate, 16000), cmp.Or(c.FrameTime, 20*time.Millisecond)
	if rate != 16000 && rate != 32000 && rate != 48000 {
		return fmt.Errorf("AEC3 works at 16, 32 and 48 kHz, not at %d Hz", rate)
	}
	if tick.Truncate(time.Millisecond)%(10*time.Millisecond) != 0 {
		return fmt.Errorf("AEC3 works in ticks of whole 10 ms, not of %v", tick)
	}
	return nil
}
