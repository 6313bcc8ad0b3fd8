package microsip

import (
	"strconv"
	"strings"

	"github.com/offhook-voip/offhook/engine/config"
)

// schemes are cut off what is dialled, in any case.
var schemes = []string{"tel:", "sip:", "callto:", "dial:", "dialpad:"}

// words are whole commands. MicroSIP compares them with case.
var words = map[string]Op{
	"/answer":         AnswerFirst,
	"/hangupall":      HangupAll,
	"/hangupincoming": HangupIncoming,
	"/hangupcalling":  HangupCalling,
}

// programWords are about the program, not about calls: the whole command line, or
// nothing.
var programWords = map[string]Op{
	"":            Show,
	"/minimized":  Minimize,
	"/exit":       Exit,
	"/reset":      Reset,
	"/resetnoask": ResetNoAsk,
}

// documentedWords are those of MicroSIP's documentation that MicroSIP dials.
var documentedWords = map[string]Op{
	"exit":    Exit,
	"mute":    ToggleMic,
	"/hidden": Minimize, // up to MicroSIP 3.21.6
}

// linkWords follow msip:.
var linkWords = map[string]Command{
	"minimize":       {Op: Minimize},
	"answer":         {Op: AnswerFirst},
	"hangupall":      {Op: HangupAll},
	"hold":           {Op: ToggleHold},
	"micmute":        {Op: MuteMic},
	"micunmute":      {Op: UnmuteMic},
	"speakmute":      {Op: MuteSpeaker},
	"speakunmute":    {Op: UnmuteSpeaker},
	"micmuteclick":   {Op: ToggleMic},
	"speakmuteclick": {Op: ToggleSpeaker},
	"micup":          {Op: MicVolume, Steps: 1},
	"micdown":        {Op: MicVolume, Steps: -1},
	"speakup":        {Op: SpeakerVolume, Steps: 1},
	"speakdown":      {Op: SpeakerVolume, Steps: -1},
}

// Parse reads a command line: all of it is one text, and white space and one pair of
// quotes around it do not count. What is no command is dialled, so there are no errors.
// Commands are to be carried out in order, up to the first that fails.
func Parse(dialect config.Dialect, line string) []Command {
	line = strings.TrimSpace(line)
	if len(line) >= 2 && line[0] == '"' && line[len(line)-1] == '"' {
		line = line[1 : len(line)-1]
	}
	if op, ok := programWords[line]; ok {
		return []Command{{Op: op}}
	}
	if op, ok := documentedWords[line]; ok && dialect != config.Strict {
		return []Command{{Op: op}}
	}
	if rest, ok := cutPrefixFold(line, "msip:"); ok {
		if c, ok := linkWords[rest]; ok {
			return []Command{c}
		}
		if number, ok := strings.CutPrefix(rest, "transfer_"); ok {
			return []Command{{Op: Transfer, Number: number}}
		}
		line = rest
	}
	return parseCall(line)
}

// parseCall reads what is about calls and accounts.
func parseCall(line string) []Command {
	for _, scheme := range schemes {
		if rest, ok := cutPrefixFold(line, scheme); ok {
			return dial(strings.TrimSuffix(strings.TrimPrefix(rest, "//"), "/"))
		}
	}
	if rest, ok := strings.CutPrefix(line, "/account:"); ok {
		return parseAccount(rest)
	}
	if password, ok := strings.CutPrefix(line, "/password:"); ok {
		return []Command{{Op: SetPassword, Password: config.NewSecret(password)}}
	}
	if op, ok := words[line]; ok {
		return []Command{{Op: op}}
	}
	if digits, ok := strings.CutPrefix(line, "/dtmf:"); ok {
		if typed, ok := strings.CutSuffix(digits, "?"); ok {
			return []Command{{Op: TypeDigits, Digits: typed}}
		}
		return []Command{{Op: SendDTMF, Digits: digits}}
	}
	if number, ok := strings.CutPrefix(line, "/transfer:"); ok {
		return []Command{{Op: Transfer, Number: number}}
	}
	return dial(line)
}

// parseAccount reads what follows /account:. A number that is none stands for an
// account that is not there.
func parseAccount(rest string) []Command {
	digits, rest, _ := strings.Cut(rest, " ")
	number, err := strconv.Atoi(digits)
	if err != nil || number < 1 {
		number = -1
	}
	rest = strings.TrimSpace(rest)
	if password, ok := strings.CutPrefix(rest, "/password:"); ok {
		return []Command{{Op: SetPassword, Account: number, Password: config.NewSecret(password)}}
	}
	commands := []Command{{Op: SelectAccount, Account: number}}
	if rest != "" {
		commands = append(commands, parseCall(rest)...)
	}
	return commands
}

// dial reads a number, what to send to it as DTMF, or what to write to it.
func dial(line string) []Command {
	number, text, _ := strings.Cut(line, " ")
	number = unescape(number)
	if text = strings.TrimSpace(text); text != "" {
		return []Command{{Op: Message, Number: number, Text: text}}
	}
	number, digits := SplitDigits(number)
	return []Command{{Op: Dial, Number: number, Digits: digits}}
}

// unescape decodes what MicroSIP decodes in a link, and nothing more.
var unescape = strings.NewReplacer("%20", " ", "%2B", "+").Replace

// SplitDigits splits number,digits[,digits...] at the first comma. A comma that
// something else follows than digits and commas belongs to the number.
func SplitDigits(number string) (plain, digits string) {
	plain, digits, ok := strings.Cut(number, ",")
	if !ok || strings.Trim(digits, ",") == "" || strings.IndexFunc(digits, notDTMF) >= 0 {
		return number, ""
	}
	return plain, strings.ToUpper(digits)
}

func notDTMF(r rune) bool { return !strings.ContainsRune("0123456789*#ABCDabcd,", r) }

func cutPrefixFold(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}
