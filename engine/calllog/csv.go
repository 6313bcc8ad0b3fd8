package calllog

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"
)

// header has MicroSIP's columns first.
var header = []string{
	"Type", "Name", "Number", "Time", "Duration", "Info",
	"Account", "Remote", "Local", "Code", "Reason", "Call-ID", "Ringing", "Answered", "Ended", "Recordings",
}

// WriteCSV writes entries as a table with a header: MicroSIP's columns, then more. Times
// are RFC 3339, durations seconds.
func WriteCSV(w io.Writer, entries []Entry) error {
	out := csv.NewWriter(w)
	if err := out.Write(header); err != nil {
		return err
	}
	for _, e := range entries {
		row := []string{
			e.Type.String(), e.Name, e.Number, at(e.Time), strconv.FormatInt(e.DurationS, 10), e.Info,
			strconv.Itoa(e.Account), e.Remote, e.Local, strconv.Itoa(e.Code), e.Reason, e.SIPCallID,
			at(e.Ringing), at(e.Answered), at(e.Ended), strings.Join(e.Recordings, "\n"),
		}
		for i := range row {
			row[i] = harmless(row[i])
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func at(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// harmless keeps a spreadsheet from taking what a caller calls himself for a formula.
func harmless(cell string) string {
	if cell == "" || !strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return cell
	}
	if strings.ContainsRune("+-", rune(cell[0])) && strings.Trim(cell[1:], "0123456789") == "" {
		return cell
	}
	return "'" + cell
}
