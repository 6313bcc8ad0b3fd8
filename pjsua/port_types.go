package pjsua

// PortOp is what a direction of a port of the bridge does (pjmedia_port_op).
type PortOp int

// The settings of a direction.
const (
	PortKeep    PortOp = iota // no change
	PortDisable               // the port is not asked, or given, anything
	PortMute                  // it is, but nothing is heard
	PortEnable
)

func (o PortOp) String() string {
	return enumString(int(o), "PortOp", "keep", "disable", "mute", "enable")
}

// SignalLevel is how loud a port was in the last tick, 0 (silence) to 255, logarithmic:
// the mean of the samples' absolute values in the form of mu-law, with all bits inverted.
type SignalLevel struct {
	TX int // of what the bridge sends to the port
	RX int // of what the port sends to the bridge; 0 while nobody hears it
}
