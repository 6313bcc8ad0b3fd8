package pjsua

// EndpointState is where pjsua is in its life (pjsua_state).
type EndpointState int

// States of an endpoint, in their order. One that [Open] returned is running until it
// is closed.
const (
	EndpointNull     EndpointState = iota // before pjsua_create and after pjsua_destroy2
	EndpointCreated                       // created, not configured
	EndpointInit                          // configured, not started
	EndpointStarting                      // being started
	EndpointRunning
	EndpointClosing
)

func (s EndpointState) String() string {
	return enumString(int(s), "EndpointState", "null", "created", "init", "starting", "running", "closing")
}

// LogOptions are what [Endpoint.SetLogging] changes; the zero value is what an Endpoint
// starts with.
type LogOptions struct {
	// Level is PJSIP's, 1 (errors) to 6 (everything); 0 follows the logger that [Config]
	// has (level).
	Level int
	// NoMessages leaves the SIP messages out, which are logged from level 5 on (msg_logging).
	NoMessages bool
}
