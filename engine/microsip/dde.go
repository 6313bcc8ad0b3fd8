package microsip

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/offhook-voip/offhook/engine/config"
)

// DDEService is the service of DDE conversations. MicroSIP has none; its documentation
// names one.
const DDEService = "MicroSIP"

// ddeWords are the commands of the documentation, in lower case.
var ddeWords = map[string]Op{
	"dial": Dial, "callto": Dial, "hangup": HangupOne, "answer": AnswerFirst, "reject": RejectFirst, "hold": ToggleHold,
	"transfer": Transfer, "senddtmf": SendDTMF, "mute": ToggleMic, "volumeup": SpeakerVolume, "volumedown": SpeakerVolume,
	"setvolume": SetSpeakerVolume, "setmicvolume": SetMicVolume, "redial": Redial, "close": Exit,
}

// ddeWithText are the operations that need an argument.
var ddeWithText = []Op{Dial, Transfer, SendDTMF, SetSpeakerVolume, SetMicVolume}

// DDEError says why a text is no DDE command.
type DDEError struct{ Text, Reason string }

func (e *DDEError) Error() string {
	return fmt.Sprintf("microsip: DDE command %q: %s", e.Text, e.Reason)
}

// ParseDDE reads what a DDE client executes: commands in brackets with an argument in
// parentheses, such as [Dial(1001)][Hold]. Names are found in any case. The strict
// dialect has no DDE.
func ParseDDE(dialect config.Dialect, text string) ([]Command, error) {
	if dialect == config.Strict {
		return nil, &DDEError{text, "MicroSIP has no DDE (dialect = strict)"}
	}
	rest := strings.TrimSpace(text)
	if rest == "" {
		return nil, &DDEError{text, "it is empty"}
	}
	var commands []Command
	for rest != "" {
		body, after, ok := cutBracket(rest)
		if !ok {
			return nil, &DDEError{text, "a command stands in brackets, such as [Dial(1001)]"}
		}
		c, err := parseDDEWord(body)
		if err != "" {
			return nil, &DDEError{text, err}
		}
		commands = append(commands, c)
		rest = strings.TrimSpace(after)
	}
	return commands, nil
}

// cutBracket splits [body]after. A bracket inside quotes does not count.
func cutBracket(s string) (body, after string, ok bool) {
	if s[0] != '[' {
		return "", s, false
	}
	quoted := false
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ']' && !quoted:
			return s[1:i], s[i+1:], true
		}
	}
	return "", s, false
}

func parseDDEWord(body string) (c Command, problem string) {
	name, argument, hasArgument := strings.Cut(strings.TrimSpace(body), "(")
	name = strings.ToLower(strings.TrimSpace(name))
	if hasArgument {
		var closed bool
		if argument, closed = strings.CutSuffix(strings.TrimSpace(argument), ")"); !closed {
			return c, "the argument has no closing parenthesis"
		}
		argument = strings.TrimSpace(argument)
		if len(argument) >= 2 && argument[0] == '"' && argument[len(argument)-1] == '"' {
			argument = argument[1 : len(argument)-1]
		}
	}
	op, ok := ddeWords[name]
	if !ok {
		return c, fmt.Sprintf("there is no command %q", name)
	}
	c.Op = op
	if slices.Contains(ddeWithText, op) != (argument != "") && op != SpeakerVolume {
		if argument == "" {
			return c, fmt.Sprintf("%s needs an argument", name)
		}
		return c, fmt.Sprintf("%s takes no argument", name)
	}
	switch op {
	case Dial:
		// A number as on the command line, but never a command.
		for _, scheme := range schemes {
			if rest, ok := cutPrefixFold(argument, scheme); ok {
				argument = strings.TrimSuffix(strings.TrimPrefix(rest, "//"), "/")
				break
			}
		}
		c.Number, c.Digits = SplitDigits(unescape(argument))
	case Transfer:
		c.Number = argument
	case SendDTMF:
		c.Digits = argument
	case SetSpeakerVolume, SetMicVolume:
		n, err := strconv.Atoi(argument)
		if err != nil || n < 0 || n > 100 {
			return c, "a volume is a number from 0 to 100"
		}
		c.Percent = n
	case SpeakerVolume:
		c.Steps = 1
		if argument != "" {
			n, err := strconv.Atoi(argument)
			if err != nil || n < 1 || n > 20 {
				return c, "the steps are a number from 1 to 20"
			}
			c.Steps = n
		}
		if name == "volumedown" {
			c.Steps = -c.Steps
		}
	}
	return c, ""
}
