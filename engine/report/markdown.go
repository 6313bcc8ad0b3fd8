package report

import (
	"fmt"
	"io"
	"strings"
)

// MarkdownLimit is how many bytes WriteMarkdown writes at most: GitHub refuses a step's
// summary of more than 1 MiB.
const MarkdownLimit = 1000 << 10

// WriteMarkdown writes a summary of r for the page of a CI: the counts, what did not pass
// with what was expected and what was heard, and a table of all. Where there is more than
// [MarkdownLimit] it leaves out what passed first, then further failures, and says how
// many.
func WriteMarkdown(w io.Writer, r *Run) error {
	_, err := io.WriteString(w, r.markdown(MarkdownLimit))
	if err != nil {
		return fmt.Errorf("report: markdown: %w", err)
	}
	return nil
}

var outcomeMarks = map[Outcome]string{Passed: "✅", Failed: "❌", Errored: "⚠️", Skipped: "⏭️"}

func (r *Run) markdown(limit int) string {
	var head strings.Builder
	c := r.Counts()
	name := r.Name
	if name == "" {
		name = "Test run"
	}
	fmt.Fprintf(&head, "## %s %s\n\n", outcomeMarks[r.Outcome()], mdText(name))
	fmt.Fprintf(&head, "**%s** in %s", c.summary(), duration(r.Duration))
	for _, f := range []struct{ name, value string }{{"host", r.Host}, {"offhook", r.Version}, {"seed", fmt.Sprint(r.Seed)}} {
		if f.value != "" {
			fmt.Fprintf(&head, " · %s %s", f.name, mdText(f.value))
		}
	}
	head.WriteString("\n\n")
	if r.Message != "" {
		fmt.Fprintf(&head, "> **%s**\n\n", mdText(r.Message))
	}

	const closing = 500 // bytes kept for what says that something was left out
	left := limit - head.Len() - closing
	var failures strings.Builder
	missing := 0
	for i := range r.Scenarios {
		s := &r.Scenarios[i]
		if s.Outcome == Passed || s.Outcome == Skipped {
			continue
		}
		text := s.markdown()
		if failures.Len()+len(text) > left {
			missing++
			continue
		}
		failures.WriteString(text)
	}
	if missing > 0 {
		fmt.Fprintf(&failures, "%d more did not pass; there is no room for them here.\n\n", missing)
	}
	left -= failures.Len()

	var table strings.Builder
	missing = 0
	if len(r.Scenarios) > 0 {
		table.WriteString("### All scenarios\n\n| | scenario | where | time | |\n|---|---|---|---:|---|\n")
	}
	for i := range r.Scenarios {
		s := &r.Scenarios[i]
		note := s.Message
		if s.Outcome == Passed {
			note = ""
			if n := len(s.Earlier); n > 0 {
				note = fmt.Sprintf("flaky: passed at attempt %d", n+1)
			}
		}
		row := fmt.Sprintf("| %s | %s | %s | %s | %s |\n", outcomeMarks[s.Outcome], mdText(cut(s.title(), 200)),
			mdText(place(s.File, s.Line)), duration(s.Duration), mdText(cut(note, 300)))
		if table.Len()+len(row) > left {
			missing++
			continue
		}
		table.WriteString(row)
	}
	if missing > 0 {
		fmt.Fprintf(&table, "\n%d more scenarios are left out of this table.\n", missing)
	}
	return head.String() + failures.String() + table.String()
}

func (s *Scenario) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s %s\n\n%s\n\n", outcomeMarks[s.Outcome], mdText(cut(s.title(), 200)), mdText(place(s.File, s.Line)))
	if s.Message != "" {
		fmt.Fprintf(&b, "%s\n\n", mdText(cut(s.Message, 4000)))
	}
	rows := 0
	for i := range s.Steps {
		st := &s.Steps[i]
		if st.Outcome != Failed && st.Outcome != Errored {
			continue
		}
		if rows == 0 {
			b.WriteString("| at | step | expected | heard |\n|---:|---|---|---|\n")
		}
		if rows++; rows > 20 {
			continue
		}
		heard := st.Heard
		if heard == "" {
			heard = st.Message
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", duration(st.Start), mdText(cut(st.line(), 300)),
			mdText(cut(st.Expected, 500)), mdText(cut(heard, 500)))
	}
	if rows > 20 {
		fmt.Fprintf(&b, "\n%d more steps did not pass.\n", rows-20)
	}
	if rows > 0 {
		b.WriteString("\n")
	}
	if n := len(s.Earlier); n > 0 {
		fmt.Fprintf(&b, "Attempt %d of %d; those before failed too.\n\n", n+1, n+1)
	}
	return b.String()
}

// mdText is text that Markdown and the HTML in it take for what it is, in one line.
func mdText(s string) string {
	return strings.NewReplacer(
		"\\", "\\\\", "`", "\\`", "*", "\\*", "_", "\\_", "[", "\\[", "]", "\\]", "|", "\\|", "#", "\\#", "~", "\\~",
		"!", "\\!", "@", "&#64;", "&", "&amp;", "<", "&lt;", ">", "&gt;", "\r\n", " ", "\n", " ", "\r", " ",
	).Replace(s)
}

// cut leaves at most n bytes of s, whole characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
