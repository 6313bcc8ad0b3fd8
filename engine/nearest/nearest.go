// Package nearest finds the valid word that somebody meant who wrote another. The messages of
// configurations and of scenarios have it in common.
package nearest

import "strings"

// Word returns the candidate that needs the fewest edits to become word, whatever the case; the
// first of several, empty where there are none.
func Word(word string, candidates []string) string {
	best, _ := find(word, candidates)
	return best
}

// Near is [Word], but empty when more than a third of the word had to change: a guess like that is
// no help.
func Near(word string, candidates []string) string {
	best, edits := find(word, candidates)
	if edits > max(1, (max(len(word), len(best))+1)/3) {
		return ""
	}
	return best
}

func find(word string, candidates []string) (best string, edits int) {
	edits = -1
	for _, c := range candidates {
		if d := distance(strings.ToLower(word), strings.ToLower(c)); edits < 0 || d < edits {
			best, edits = c, d
		}
	}
	return best, edits
}

// distance counts the insertions, deletions, replacements and swaps of neighbours
// between a and b.
func distance(a, b string) int {
	if len(a) > 64 {
		a = a[:64] // no name is longer, and a line of a broken file may be
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, before
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
