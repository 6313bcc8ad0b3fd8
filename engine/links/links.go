// Package links makes the program what the desktop starts for links to numbers: tel:, sip:,
// sips: and callto:. It writes to the user's own settings only, [HKEY_CURRENT_USER] on Windows
// and the files of the XDG specifications elsewhere, and takes back what it wrote.
//
// The text of a link comes from anybody, a quotation mark and spaces included. In the command
// it stands after "--", so that whatever it is split into it is never a flag, and the verb
// microsip takes all of it as one text, which a scheme begins: it can be dialled, or be the
// target of a message, and no other command.
package links

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Schemes are those whose links are taken.
var Schemes = []string{"tel", "sip", "sips", "callto"}

// Program is what a link starts.
type Program struct {
	Path   string // absolute, of the executable
	Config string // absolute, of the INI file
}

// State is what became of the links of a scheme.
type State string

// The states.
const (
	Installed State = "installed" // Offhook is started for them now
	Unchanged State = "unchanged" // Offhook was started for them before
	Restored  State = "restored"  // the program in Command is started for them again
	Removed   State = "removed"   // nothing is started for them, as before
	Left      State = "left"      // another program has taken them since; it was not touched
	Absent    State = "absent"    // Offhook had not been installed for them
)

// Result is what became of one scheme.
type Result struct {
	Scheme string `json:"scheme"`
	State  State  `json:"state"`
	// Command is what was started before, of Installed; what is started again, of Restored; and
	// what is left, of Left. Where there is nothing it is empty.
	Command string `json:"command,omitempty"`
	// Chosen names what the user chose for the scheme in the settings of Windows, which wins over
	// every program that installs itself. Empty: nothing, or Offhook.
	Chosen string `json:"chosen,omitempty"`
}

// check refuses what a command of the desktop cannot hold: Windows replaces %1 to %9 and more in
// it, and no name of a file there holds a quotation mark.
func (p Program) check(forbidden string) error {
	for _, path := range []string{p.Path, p.Config} {
		switch {
		case !filepath.IsAbs(path):
			return fmt.Errorf("links: %s is not absolute", path)
		case strings.ContainsAny(path, forbidden+"\r\n\x00"):
			return fmt.Errorf("links: %s: a name with one of the characters %s cannot be a part of a handler's command; move the file", path, forbidden)
		}
	}
	return nil
}
