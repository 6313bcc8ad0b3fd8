package report

import (
	"fmt"
	"slices"
	"strings"
)

// ladder is a scenario's SIP messages between its actors and the addresses they talked to,
// in the order of time, with its steps and the audio of its calls between them.
type ladder struct {
	Columns []ladderColumn
	Rows    []ladderRow
	Count   int // of messages
}

type ladderColumn struct {
	At            float64 // in per cent
	Name, Address string
	Ours          bool
}

// ladderRow is a message, or a note between messages.
type ladderRow struct {
	Time string
	// Kind is "request", "response", "media" or "step".
	Kind, Class, Label string
	Left, Width        float64 // of the arrow, in per cent
	Back               bool    // the arrow points to the left
	Call               string  // "call 2"
	Facts              string
	Lines              []messageLine
	Symbol             string // of a step's outcome

	at Millis
}

// column finds or makes a column. An actor has one, each foreign address has one.
func (l *ladder) column(name, address string, ours bool) int {
	for i, c := range l.Columns {
		if c.Ours == ours && (ours && c.Name == name || !ours && c.Address == address) {
			if c.Address == "" {
				l.Columns[i].Address = address
			}
			return i
		}
	}
	l.Columns = append(l.Columns, ladderColumn{Name: name, Address: address, Ours: ours})
	return len(l.Columns) - 1
}

// traced is a message with the call that it is of, -1 of none.
type traced struct {
	SIPMessage
	call int
}

func (s *Scenario) traced() []traced {
	var all []traced
	for _, m := range s.Messages {
		all = append(all, traced{m, -1})
	}
	for i, c := range s.Calls {
		for _, m := range c.Messages {
			if m.Actor == "" {
				m.Actor = c.Actor
			}
			all = append(all, traced{m, i})
		}
	}
	for i := range all {
		all[i].Raw = redact(all[i].Raw)
	}
	slices.SortStableFunc(all, func(a, b traced) int { return int(a.At/1000 - b.At/1000) })
	return all
}

// drawLadder puts the actors who called on the left, the others on the right, and foreign
// addresses between them, so that a PBX stands in the middle.
func (s *Scenario) drawLadder() *ladder {
	all := s.traced()
	if len(all) == 0 {
		return nil
	}
	callers := map[string]bool{}
	for _, c := range s.Calls {
		if c.Role != "UAS" {
			callers[c.Actor] = true
		}
	}
	// Actors may talk to each other without a PBX, from one address of all or from one
	// each. What one sent and another received is then the same text.
	actorAt := map[string][]string{} // by the address they send from
	sent, received := map[string]string{}, map[string]string{}
	for _, m := range all {
		if !slices.Contains(actorAt[m.Local], m.Actor) {
			actorAt[m.Local] = append(actorAt[m.Local], m.Actor)
		}
		if m.Sent {
			sent[m.Raw] = m.Actor
		} else {
			received[m.Raw] = m.Actor
		}
	}
	// other is the actor at the far end of a message, "" where it is none of ours.
	other := func(m traced) string {
		with := received
		if !m.Sent {
			with = sent
		}
		names := actorAt[m.Remote]
		if name := with[m.Raw]; name != m.Actor && slices.Contains(names, name) {
			return name
		}
		if len(names) == 1 && names[0] != m.Actor {
			return names[0]
		}
		return ""
	}
	// ends says between which columns a message goes.
	l := &ladder{}
	ends := func(m traced) (local, remote int) {
		local = l.column(m.Actor, m.Local, true)
		if name := other(m); name != "" {
			return local, l.column(name, m.Remote, true)
		}
		return local, l.column(m.Remote, m.Remote, false)
	}
	for _, m := range all { // the callers first
		if callers[m.Actor] {
			l.column(m.Actor, m.Local, true)
			break
		}
	}
	for _, m := range all {
		if other(m) == "" {
			l.column(m.Remote, m.Remote, false)
		}
	}
	media := map[int][2]int{} // columns of a call's audio
	seen := map[string]bool{}
	joined := map[[2]int]bool{} // pairs of our columns that have their audio
	for _, m := range all {
		local, remote := ends(m)
		if m.call >= 0 {
			media[m.call] = [2]int{local, remote}
		}
		if !m.Sent && sent[m.Raw] != "" && l.Columns[remote].Ours {
			continue // it is in the ladder as what the other sent
		}
		line := parseStart(m.Raw)
		row := ladderRow{
			Kind: "request", Label: line.label(), Lines: messageLines(m.Raw), Time: seconds(m.At), at: m.At,
			Facts: facts(m, line),
		}
		if line.code > 0 {
			row.Kind, row.Class = "response", codeClass(line.code)
		}
		key := fmt.Sprint(m.Actor, m.Sent, m.Remote, m.Raw)
		if seen[key] {
			row.Label += ", again"
			row.Class += " again"
		}
		seen[key] = true
		if m.call >= 0 && len(s.Calls) > 1 {
			row.Call = fmt.Sprintf("call %d", m.call+1)
		}
		from, to := local, remote
		if !m.Sent {
			from, to = to, from
		}
		l.add(row, from, to)
		l.Count++
	}
	for i, c := range s.Calls {
		if ends, ok := media[i]; ok && c.Answered > 0 {
			pair := [2]int{min(ends[0], ends[1]), max(ends[0], ends[1])}
			if l.Columns[pair[0]].Ours && l.Columns[pair[1]].Ours {
				if joined[pair] {
					continue // the other end of the same
				}
				joined[pair] = true
			}
			label := "audio"
			if c.Codec != "" {
				label += " " + c.Codec
			}
			if c.SRTP != "" {
				label += ", SRTP"
			}
			row := ladderRow{Kind: "media", Label: label, Time: seconds(c.Answered), at: c.Answered}
			if len(s.Calls) > 1 {
				row.Call = fmt.Sprintf("call %d", i+1)
			}
			l.add(row, ends[0], ends[1])
		}
	}
	for i := range s.Steps {
		st := &s.Steps[i]
		if st.Outcome != Skipped {
			l.Rows = append(l.Rows, ladderRow{
				Kind: "step", Class: string(st.Outcome), Label: st.line(), Time: seconds(st.Start), at: st.Start, Symbol: symbol(st.Outcome),
			})
		}
	}
	slices.SortStableFunc(l.Rows, func(a, b ladderRow) int { return int(a.at/1000 - b.at/1000) })
	l.place()
	return l
}

// add adds a row with an arrow between two columns, whose places are not known yet.
func (l *ladder) add(row ladderRow, from, to int) {
	row.Back = to < from
	row.Left, row.Width = float64(min(from, to)), float64(max(from, to))
	l.Rows = append(l.Rows, row)
}

// place gives the columns and the arrows their places.
func (l *ladder) place() {
	n := float64(len(l.Columns))
	for i := range l.Columns {
		l.Columns[i].At = percent(float64(i)+.5, 0, n)
	}
	for i := range l.Rows {
		r := &l.Rows[i]
		if r.Kind == "step" {
			continue
		}
		left := percent(r.Left+.5, 0, n)
		r.Left, r.Width = left, percent(r.Width+.5, 0, n)-left
	}
}

// facts is what a message's headers do not say.
func facts(m traced, line startLine) string {
	verb, way := "received by", "from"
	if m.Sent {
		verb, way = "sent by", "to"
	}
	f := fmt.Sprintf("%s %s (%s) %s %s by %s, %d bytes", verb, m.Actor, m.Local, way, m.Remote, m.Transport, len(m.Raw))
	if line.cseq != "" {
		f += ", CSeq " + line.cseq
	}
	return f
}

// messageLine is a line of a SIP message. A header field has its name apart.
type messageLine struct{ Name, Rest string }

func messageLines(raw string) []messageLine {
	var list []messageLine
	head := true
	for i, line := range strings.Split(strings.TrimRight(strings.ReplaceAll(raw, "\r\n", "\n"), "\n"), "\n") {
		l := messageLine{Rest: line}
		head = head && (i == 0 || line != "")
		if i == 0 && head {
			l = messageLine{Name: line}
		} else if at := strings.IndexByte(line, ':'); head && at > 0 && line[0] != ' ' && line[0] != '\t' {
			l = messageLine{line[:at+1], line[at+1:]}
		}
		list = append(list, l)
	}
	return list
}

func codeClass(code int) string {
	switch {
	case code < 200:
		return "provisional"
	case code < 300:
		return "success"
	case code < 400, code == 401, code == 407:
		return "challenge"
	}
	return "failure"
}

func symbol(o Outcome) string {
	switch o {
	case Passed:
		return "✓"
	case Failed:
		return "✗"
	case Skipped:
		return "–"
	}
	return "!"
}
