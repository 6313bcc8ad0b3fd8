package pjsua

// JoinOptions are the choices of [Room.Join].
type JoinOptions struct {
	// Level is the gain at which the others hear this member; 0 means 1, below 0 not at
	// all. Room.SetLevel overrides it for one of them.
	Level float64
	Muted bool // nobody hears it: a listener
	Deaf  bool // it hears nobody: an announcement
}
