//go:build integration && linux

package integration

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/test/codecline"
)

var update = flag.Bool("update", false, "run all trials of prompt matching and write their table")

// promptTable is the document with the table of the trials, between two marks.
const (
	promptTable      = "../../docs/prompt-matching.md"
	promptTableBegin = "<!-- TestPromptTrials -update writes from here -->\n"
	promptTableEnd   = "<!-- to here -->\n"
)

// A promptTrial is one case of one prompt on one line.
type promptTrial struct {
	subject string
	of      promptCase
	line    codecline.Line
	match   dsp.PromptMatch
}

func (tr *promptTrial) accepted() bool { return tr.match.Likeness >= dsp.DefaultLikeness }

// Prompts, and what is played in their place, go through every codec at every loss. With
// -update there are three times as many trials, and what must be accepted is tried with every
// prompt through every codec at 1 % loss too.
func TestPromptTrials(t *testing.T) {
	var trials []promptTrial
	subjects := promptSubjects(t)
	each := 1
	if *update {
		each = 3
	}
	for k, codec := range codecline.Codecs() {
		var some []*promptSubject
		for i := range each {
			some = append(some, &subjects[(k+11*i)%len(subjects)])
		}
		trials = append(trials, promptTrialsOf(t, some, promptCases, codecline.Lines(codec)...)...)
		if !*update {
			continue
		}
		var rest []*promptSubject
		for i := range subjects {
			if !slices.Contains(some, &subjects[i]) {
				rest = append(rest, &subjects[i])
			}
		}
		alike := slices.DeleteFunc(slices.Clone(promptCases), func(c promptCase) bool { return !c.alike })
		trials = append(trials, promptTrialsOf(t, rest, alike, codecline.Line{Codec: codec, Loss: 1})...)
	}
	table := promptTrialTable(trials)
	t.Logf("%d trials\n%s", len(trials), table)
	if len(trials) < 500 {
		t.Errorf("%d trials, want 500 or more", len(trials))
	}
	few, refused := 0, 0 // trials at up to 1 % loss of what must be accepted, and those that were not
	for i := range trials {
		tr := &trials[i]
		switch {
		case !tr.of.alike && tr.accepted():
			t.Errorf("%v: %s was accepted for %q: %v", tr.line, tr.of.name, tr.subject, tr.match)
		case tr.of.alike && tr.line.Loss <= 1:
			few++
			if !tr.accepted() {
				refused++
				t.Logf("%v: %s was refused for %q: %v", tr.line, tr.of.name, tr.subject, tr.match)
			}
		}
	}
	if 100*refused >= few {
		t.Errorf("at 1 %% loss and less %d of %d were refused, want less than 1 %%", refused, few)
	}
	if *update {
		writePromptTable(t, table)
		return
	}
	doc, err := os.ReadFile(promptTable)
	check(t, err)
	for _, c := range promptCases {
		if !strings.Contains(string(doc), "\n| "+c.name+" |") {
			t.Errorf("%s has no row for %s: run this with -update", promptTable, c.name)
		}
	}
}

// promptTrialsOf passes all cases of the subjects through the lines.
func promptTrialsOf(t *testing.T, subjects []*promptSubject, cases []promptCase, lines ...codecline.Line) []promptTrial {
	t.Helper()
	var trials []promptTrial
	var signals [][]int16
	var refs []*dsp.Prompt
	for i, s := range subjects {
		ref, err := dsp.NewPrompt(s.name, s.ref, s.rate)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			trials = append(trials, promptTrial{subject: s.name, of: c})
			signals = append(signals, s.heard(c, uint64(i)))
			refs = append(refs, ref)
		}
	}
	heard := codecline.Pass(t, lineRate, signals, lines...)
	n := len(trials)
	trials = slices.Repeat(trials, len(lines))
	var all sync.WaitGroup
	for l, line := range lines {
		all.Go(func() {
			for i := range n {
				tr := &trials[l*n+i]
				tr.line = line
				tr.match = dsp.MatchPrompt(heard[line][i], lineRate, refs[i])[0]
			}
		})
	}
	all.Wait()
	return trials
}

// promptTrialTable shows for each case what was accepted and how alike it was, and for
// each codec what was refused that should not have been.
func promptTrialTable(trials []promptTrial) string {
	var b strings.Builder
	// likeness of the trials that are of a kind, in order
	of := func(is func(tr *promptTrial) bool) (list []float64, accepted int) {
		for i := range trials {
			if is(&trials[i]) {
				list = append(list, trials[i].match.Likeness)
				if trials[i].accepted() {
					accepted++
				}
			}
		}
		slices.Sort(list)
		return list, accepted
	}
	fmt.Fprintf(&b, "%d trials at a threshold of %.0f %%. Accepted, of trials; least, median and greatest likeness in per cent:\n\n", len(trials), dsp.DefaultLikeness)
	b.WriteString("| played | must be |")
	for _, loss := range codecline.Losses {
		fmt.Fprintf(&b, " %d %% loss | |", loss)
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|---|", len(codecline.Losses)) + "\n")
	for _, c := range promptCases {
		must := "rejected"
		if c.alike {
			must = "accepted"
		}
		fmt.Fprintf(&b, "| %s | %s |", c.name, must)
		for _, loss := range codecline.Losses {
			list, accepted := of(func(tr *promptTrial) bool { return tr.of == c && tr.line.Loss == loss })
			if len(list) == 0 {
				b.WriteString(" | |")
				continue
			}
			fmt.Fprintf(&b, " %d of %d | %.0f / %.0f / %.0f |", accepted, len(list), list[0], list[len(list)/2], list[len(list)-1])
		}
		b.WriteString("\n")
	}
	b.WriteString("\nThe same by codec, for what must be accepted:\n\n| codec |")
	for _, loss := range codecline.Losses {
		fmt.Fprintf(&b, " %d %% loss | |", loss)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|---|", len(codecline.Losses)) + "\n")
	for _, codec := range codecline.Codecs() {
		fmt.Fprintf(&b, "| %s |", codec)
		for _, loss := range codecline.Losses {
			list, accepted := of(func(tr *promptTrial) bool {
				return tr.of.alike && tr.line == (codecline.Line{Codec: codec, Loss: loss})
			})
			fmt.Fprintf(&b, " %d of %d | %.0f / %.0f / %.0f |", accepted, len(list), list[0], list[len(list)/2], list[len(list)-1])
		}
		b.WriteString("\n")
	}
	return b.String()
}

func writePromptTable(t *testing.T, table string) {
	t.Helper()
	doc, err := os.ReadFile(promptTable)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(doc), promptTableBegin)
	_, after, found := strings.Cut(rest, promptTableEnd)
	if !ok || !found {
		t.Fatalf("%s has no place for the table", promptTable)
	}
	if err := os.WriteFile(promptTable, []byte(before+promptTableBegin+table+promptTableEnd+after), 0o666); err != nil {
		t.Fatal(err)
	}
}
