package pjsua

// Limit is what the linked PJSIP was compiled with.
type Limit struct {
	Calls        int `json:"calls"`         // PJSUA_MAX_CALLS
	Accounts     int `json:"accounts"`      // PJSUA_MAX_ACC
	Players      int `json:"players"`       // PJSUA_MAX_PLAYERS
	Recorders    int `json:"recorders"`     // PJSUA_MAX_RECORDERS
	ConfPorts    int `json:"conf_ports"`    // PJSUA_MAX_CONF_PORTS
	Buddies      int `json:"buddies"`       // PJSUA_MAX_BUDDIES
	Handles      int `json:"handles"`       // PJ_IOQUEUE_MAX_HANDLES
	Transactions int `json:"transactions"`  // PJSIP_MAX_TSX_COUNT
	Dialogs      int `json:"dialogs"`       // PJSIP_MAX_DIALOG_COUNT
	PacketLength int `json:"packet_length"` // PJSIP_MAX_PKT_LEN, bytes of the largest SIP message
	Transports   int `json:"transports"`    // SIP transports made by AddTransport
}

// Limits returns what the linked PJSIP was compiled with; all zero in a program
// built without cgo.
func Limits() Limit { return limits }
