package microsip

import (
	"encoding/binary"
	"slices"
	"unicode/utf16"

	"github.com/offhook-voip/offhook/engine/config"
)

// WindowClass is the class of MicroSIP's main window.
const WindowClass = "MicroSIP"

// WindowTitle returns the title of the main window. MicroSIP's own changes with the
// account, its documentation looks for a fixed one.
func WindowTitle(dialect config.Dialect, account string) string {
	if dialect != config.Strict || account == "" {
		return "MicroSIP"
	}
	return "MicroSIP - " + account
}

// The ids of WM_COMMAND that the main window acts on.
const (
	idAccountAdd       = 32771
	idAlwaysOnTop      = 32776
	idExit             = 32784
	idLog              = 32786
	idMenuLink         = 32787
	idSettings         = 32789
	idWebsite          = 32791
	idShortcuts        = 32798
	idHelp             = 32799
	idMuteInput        = 32802
	idMuteOutput       = 32803
	idAccountEditLocal = 32808
	idUpdates          = 32813
	idAccountChange    = 40000 // and 99 more: activate that account, the first is 1
	idAccountEdit      = 40100
	idCustom           = 40400
	idRange            = 100

	// Of the documentation, inside MicroSIP's range of accounts.
	idAnswer = 40001
	idHangup = 40002
	idRedial = 40003
)

// screenIDs open windows.
var screenIDs = []int{
	idAccountAdd, idAlwaysOnTop, idLog, idMenuLink, idSettings, idWebsite, idShortcuts, idHelp, idAccountEditLocal, idUpdates,
}

// ByID returns the command of an id in the low word of WM_COMMAND's wParam. ok is
// false for an id that the main window does not act on.
func ByID(dialect config.Dialect, id int) (c Command, ok bool) {
	if dialect != config.Strict {
		switch id {
		case idAnswer:
			return Command{Op: AnswerFirst}, true
		case idHangup:
			return Command{Op: HangupOne}, true
		case idRedial:
			return Command{Op: Redial}, true
		}
	}
	switch {
	case id == idExit:
		return Command{Op: Exit}, true
	case id == idMuteInput:
		return Command{Op: ToggleMic}, true
	case id == idMuteOutput:
		return Command{Op: ToggleSpeaker}, true
	case id >= idAccountChange && id < idAccountChange+idRange:
		return Command{Op: ToggleAccount, Account: id - idAccountChange + 1}, true
	case id >= idAccountEdit && id < idAccountEdit+idRange,
		id >= idCustom && id < idCustom+idRange,
		slices.Contains(screenIDs, id):
		return Command{Op: Screen}, true
	}
	return Command{}, false
}

// The results of WM_COPYDATA.
const (
	CopyDataTaken   = 0
	CopyDataIgnored = 1 // also where nothing runs that could take it
)

// maxCopyData bounds a command line that another process sends.
const maxCopyData = 64 << 10

// CopyData reads the data of a WM_COPYDATA: kind is its dwData, 1 for a command line to
// be carried out before the message returns, 2 for one to be carried out after. The text
// is UTF-16LE and ends at the first NUL. ok is false for another kind, and for data that is
// too long, has half a character or no NUL: MicroSIP, which does not look at the length,
// would read on behind it.
func CopyData(kind uint64, data []byte) (line string, after, ok bool) {
	if kind != 1 && kind != 2 || len(data) > maxCopyData || len(data)%2 != 0 {
		return "", false, false
	}
	var units []uint16
	for ; len(data) >= 2; data = data[2:] {
		unit := binary.LittleEndian.Uint16(data)
		if unit == 0 {
			return string(utf16.Decode(units)), kind == 2, true
		}
		units = append(units, unit)
	}
	return "", false, false
}
