package engine

import (
	"fmt"
	"regexp"
	"strings"
)

// A dial plan is a list of patterns that a dialled number must fit, separated by |,
// with or without parentheses around them. The first pattern that fits the whole number
// makes the number that is called:
//
//	x X     any one character
//	[135]   one of these; [1-5] is a range
//	.       the item before, any number of times: x. is everything
//	<a:b>   b is called in place of a; a is a pattern, and may be empty
//	<a>     a itself
//	others  themselves
type dialPlan []*dialPattern

type dialPattern struct {
	text    string
	match   *regexp.Regexp
	replace []string // of each group
}

// parseDialPlan reads a dial plan; nil is none, which lets every number through.
func parseDialPlan(text string) (dialPlan, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	if strings.HasPrefix(text, "(") && strings.HasSuffix(text, ")") {
		text = text[1 : len(text)-1]
	}
	var plan dialPlan
	for part := range strings.SplitSeq(text, "|") {
		p, err := parseDialPattern(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("dialPlan: %q: %w", part, err)
		}
		plan = append(plan, p)
	}
	return plan, nil
}

// parseDialPattern makes a regular expression with one group for each <match:replacement>.
func parseDialPattern(text string) (*dialPattern, error) {
	p := &dialPattern{text: text}
	var expr strings.Builder
	expr.WriteString(`^(?s:`)
	repeats := false // there is an item that can be repeated
	rest := text
	for rest != "" {
		if rest[0] == '<' {
			body, after, ok := strings.Cut(rest[1:], ">")
			if !ok {
				return nil, fmt.Errorf("< has no >")
			}
			match, replacement, replaces := strings.Cut(body, ":")
			expr.WriteString("(")
			left := match
			for left != "" {
				item, after, err := cutItem(left)
				if err != nil {
					return nil, err
				}
				expr.WriteString(item)
				left = after
			}
			expr.WriteString(")")
			if !replaces {
				replacement = "\x00" // as it was
			}
			p.replace = append(p.replace, replacement)
			rest, repeats = after, false
			continue
		}
		if rest[0] == '.' {
			if !repeats {
				return nil, fmt.Errorf("the . has nothing to repeat")
			}
			expr.WriteString("*")
			rest, repeats = rest[1:], false
			continue
		}
		item, after, err := cutItem(rest)
		if err != nil {
			return nil, err
		}
		expr.WriteString(item)
		rest, repeats = after, true
	}
	expr.WriteString(`)$`)
	match, err := regexp.Compile(expr.String())
	if err != nil {
		return nil, err
	}
	p.match = match
	return p, nil
}

// cutItem returns the regular expression of the first item of a pattern.
func cutItem(text string) (item, rest string, err error) {
	switch c := text[0]; c {
	case 'x', 'X':
		return ".", text[1:], nil
	case '[':
		set, after, ok := strings.Cut(text[1:], "]")
		if !ok || set == "" {
			return "", "", fmt.Errorf("[ has no ], or nothing stands between them")
		}
		item, err = charClass(set)
		return item, after, err
	case '.':
		return "", "", fmt.Errorf("a . cannot stand between < and >")
	case ']', '>', '<', '(', ')':
		return "", "", fmt.Errorf("%q stands alone", string(c))
	}
	r := []rune(text)[0]
	return regexp.QuoteMeta(string(r)), text[len(string(r)):], nil
}

// charClass makes the class of a set such as 1-358.
func charClass(set string) (string, error) {
	var b strings.Builder
	b.WriteString("[")
	runes := []rune(set)
	for i := 0; i < len(runes); i++ {
		fmt.Fprintf(&b, `\x{%x}`, runes[i])
		if i+2 < len(runes) && runes[i+1] == '-' {
			if runes[i+2] < runes[i] {
				return "", fmt.Errorf("[%s] has a range that ends before it begins", set)
			}
			fmt.Fprintf(&b, `-\x{%x}`, runes[i+2])
			i += 2
		}
	}
	b.WriteString("]")
	return b.String(), nil
}

// apply returns the number that is called; ok is false where no pattern fits.
func (plan dialPlan) apply(number string) (result string, ok bool) {
	if plan == nil {
		return number, true
	}
	for _, p := range plan {
		if result, ok := p.apply(number); ok {
			return result, true
		}
	}
	return "", false
}

func (p *dialPattern) apply(number string) (string, bool) {
	at := p.match.FindStringSubmatchIndex(number)
	if at == nil {
		return "", false
	}
	var b strings.Builder
	end := 0
	for i, replacement := range p.replace {
		from, to := at[2*i+2], at[2*i+3]
		b.WriteString(number[end:from])
		if replacement == "\x00" {
			replacement = number[from:to]
		}
		b.WriteString(replacement)
		end = to
	}
	return b.String() + number[end:], true
}

// withPrefix puts a dialling prefix before what looks like a phone number, as MicroSIP
// does: a number of more than three digits loses its + for it. In the strict dialect
// everything that begins with + looks like one.
func withPrefix(number, prefix string, strict bool) string {
	if prefix == "" || !isPhoneNumber(number) && !(strict && strings.HasPrefix(number, "+")) {
		return number
	}
	number = stripSeparators(number)
	if len(number) > 3 {
		number = prefix + strings.TrimPrefix(number, "+")
	}
	return number
}

// formatNumber brings what was dialled into the form that the account calls: prefix and
// dial plan. They are about numbers and users of the account's own domain; what has a
// host is left as it is.
func formatNumber(text, prefix, plan string, strict bool) (string, error) {
	text = strings.TrimSpace(text)
	rules, err := parseDialPlan(plan)
	if err != nil {
		return "", err
	}
	if prefix == "" && rules == nil {
		return text, nil
	}
	scheme, rest, hasScheme := cutScheme(text)
	if hasScheme && scheme != "tel" || strings.ContainsAny(rest, "@<") || !hasScheme && isHost(rest) {
		if !hasScheme || scheme != "sip" || !isPhoneNumber(rest) || isHost(rest) {
			return text, nil
		}
	}
	if scheme == "tel" {
		rest, _, _ = strings.Cut(rest, ";") // RFC 3966: parameters
	}
	number := withPrefix(rest, prefix, strict)
	if isPhoneNumber(number) {
		number = stripSeparators(number)
	}
	called, ok := rules.apply(number)
	switch {
	case !ok || called == "":
		return "", &URIError{Text: text, Reason: "it fits no pattern of the account's dialPlan"}
	case called == number && number == rest:
		return text, nil // nothing to do, so that a tel URI stays one
	}
	return called, nil
}
