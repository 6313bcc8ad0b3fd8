package scenario

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Condition compares two texts. The zero value is none, and holds.
type Condition struct {
	// Left and Right may contain variables.
	Left, Right string
	// Op is ==, !=, <, <=, >, >= (of numbers), =~ and !~ (Right is a regular expression, which matches
	// or does not), or "true", that Left is neither empty nor 0, false, no or off.
	Op string
}

// isTrue is the Op of a condition that is one operand.
const isTrue = "true"

// operators with the longer first.
var operators = []string{"==", "!=", "<=", ">=", "=~", "!~", "<", ">"}

func (c *Condition) parse(text string) error {
	text = strings.TrimSpace(text)
	if text == "" {
		return fmt.Errorf("nothing stands here: a condition is as ${digits} == 42")
	}
	depth := 0
	for i := 0; i < len(text); i++ {
		if i == 0 && (text[0] == '"' || text[0] == '\'') {
			if end := strings.IndexByte(text[1:], text[0]); end >= 0 {
				i = end + 1
				continue
			}
		}
		switch {
		case strings.HasPrefix(text[i:], "${"):
			depth++
		case text[i] == '}' && depth > 0:
			depth--
		}
		for _, op := range operators {
			if depth == 0 && strings.HasPrefix(text[i:], op) {
				*c = Condition{Left: unquote(text[:i]), Op: op, Right: unquote(text[i+len(op):])}
				return c.check()
			}
		}
	}
	*c = Condition{Left: unquote(text), Op: isTrue}
	return nil
}

func unquote(text string) string {
	text = strings.TrimSpace(text)
	if len(text) >= 2 && (text[0] == '"' || text[0] == '\'') && text[len(text)-1] == text[0] {
		return text[1 : len(text)-1]
	}
	return text
}

// check looks at what no variable can change.
func (c Condition) check() error {
	if (c.Op == "=~" || c.Op == "!~") && !hasVariable(c.Right) {
		_, err := Pattern(unescape(c.Right)).Compile()
		return err
	}
	return nil
}

// String is the form that is read.
func (c Condition) String() string {
	switch c.Op {
	case "":
		return ""
	case isTrue:
		return quoteOperand(c.Left)
	}
	return quoteOperand(c.Left) + " " + c.Op + " " + quoteOperand(c.Right)
}

func quoteOperand(text string) string {
	var again Condition
	if text != "" && unquote(text) == text {
		if err := again.parse(text); err == nil && again.Op == isTrue {
			return text
		}
	}
	if strings.Contains(text, `"`) {
		return "'" + text + "'"
	}
	return `"` + text + `"`
}

// Holds reports whether the condition holds. Its operands have no variables any more, see
// [Step.Expand].
func (c Condition) Holds() (bool, error) {
	switch c.Op {
	case "":
		return true, nil
	case isTrue:
		switch strings.ToLower(c.Left) {
		case "", "0", "false", "no", "off":
			return false, nil
		}
		return true, nil
	case "==":
		return c.Left == c.Right, nil
	case "!=":
		return c.Left != c.Right, nil
	case "=~", "!~":
		re, err := regexp.Compile(c.Right)
		if err != nil {
			return false, fmt.Errorf("scenario: condition: %w", err)
		}
		return re.MatchString(c.Left) == (c.Op == "=~"), nil
	}
	left, errLeft := strconv.ParseFloat(c.Left, 64)
	right, errRight := strconv.ParseFloat(c.Right, 64)
	if errLeft != nil || errRight != nil {
		return false, fmt.Errorf("scenario: condition: %q %s %q compares numbers", c.Left, c.Op, c.Right)
	}
	switch c.Op {
	case "<":
		return left < right, nil
	case "<=":
		return left <= right, nil
	case ">":
		return left > right, nil
	}
	return left >= right, nil
}
