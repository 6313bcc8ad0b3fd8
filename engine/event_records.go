package engine

// HookFailed reports that a command of the configuration could not be run, ended with
// an error, or was killed at its time limit.
type HookFailed struct {
	EventHeader
	Hook   string `json:"hook"` // the key, such as "cmdCallEnd", or "Rule.name"
	Reason string `json:"reason"`
}

// WebhookChanged reports that the receiver of a webhook went away or came back, or that
// events for it are being dropped. It is not posted.
type WebhookChanged struct {
	EventHeader
	URL     string `json:"url"` // without user and query
	Up      bool   `json:"up"`
	Waiting int    `json:"waiting"` // events that are to be posted
	Dropped uint64 `json:"dropped"` // events that found no room or were refused, since the start
	Reason  string `json:"reason,omitempty"`
}

// FileFailed reports that a file that the engine keeps could not be written. It is tried
// again with the next change.
type FileFailed struct {
	EventHeader
	Key    string `json:"key"` // the key of the configuration that names the file
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// ConfigReloaded reports that the engine has another configuration, or with Error that
// it was given one with mistakes and that nothing changed.
type ConfigReloaded struct {
	EventHeader
	// Changed are the keys that have another value now; an account's begin with
	// "Account" and its number, "Account2.server".
	Changed []string `json:"changed"`
	// Restart are those of them that take effect when the program is started again.
	Restart []string `json:"restart"`
	Error   string   `json:"error,omitempty"`
}

// DirectoryLoaded reports that the users directory was read, or could not be.
type DirectoryLoaded struct {
	EventHeader
	Contacts int    `json:"contacts"`
	Error    string `json:"error,omitempty"`
}
