package scenario

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Transport carries SIP; empty is the account's.
type Transport string

// The transports.
const (
	UDP Transport = "udp"
	TCP Transport = "tcp"
	TLS Transport = "tls"
)

// SRTP is whether media is encrypted; empty is the account's. The DTLS modes are mandatory.
type SRTP string

// The modes.
const (
	SRTPOff       SRTP = "off"
	SRTPOptional  SRTP = "optional"
	SRTPMandatory SRTP = "mandatory"
	SRTPDTLSSDES  SRTP = "dtls-sdes"
	SRTPDTLS      SRTP = "dtls"
)

// Direction is that of media, as the actor sees it; empty is what the field says.
type Direction string

// The directions.
const (
	Both     Direction = "both"
	Sent     Direction = "sent"
	Received Direction = "received"
)

// Or is the direction, or another one where none is said.
func (d Direction) Or(other Direction) Direction {
	if d == "" {
		return other
	}
	return d
}

// WaitFor is what a dial waits for; empty is none.
type WaitFor string

// What it waits for.
const (
	WaitNone    WaitFor = "none"
	WaitRinging WaitFor = "ringing"
	WaitAnswer  WaitFor = "answer"
)

// CancelOn is the response after which a call is given up; empty is none.
type CancelOn string

// The responses.
const (
	CancelTrying  CancelOn = "trying"  // 100, or any other
	CancelRinging CancelOn = "ringing" // 180 to 189
)

// DTMFMethod is how digits are sent; empty is auto, or any.
type DTMFMethod string

// The methods.
const (
	DTMFAuto    DTMFMethod = "auto"
	DTMFRFC4733 DTMFMethod = "rfc4733"
	DTMFInfo    DTMFMethod = "info"
	DTMFInband  DTMFMethod = "inband"
)

// Tone is a tone by its name; empty is none.
type Tone string

// The tones.
const (
	ToneDial     Tone = "dial"
	ToneRingback Tone = "ringback"
	ToneBusy     Tone = "busy"
	ToneReorder  Tone = "reorder" // congestion
	ToneSIT      Tone = "sit"     // special information tones
	ToneBeep     Tone = "beep"    // a single one, as before a recording
)

// RowOrder is the order in which rows are run; empty is that of the file.
type RowOrder string

// The orders.
const (
	Sequential RowOrder = "sequential"
	Random     RowOrder = "random" // each once, shuffled by the run's seed
)

// words are the values of a type that has few. They are read in any case.
var words = map[string][]string{
	"Transport":  {"udp", "tcp", "tls"},
	"SRTP":       {"off", "optional", "mandatory", "dtls-sdes", "dtls"},
	"Direction":  {"both", "sent", "received"},
	"WaitFor":    {"none", "ringing", "answer"},
	"CancelOn":   {"trying", "ringing"},
	"DTMFMethod": {"auto", "rfc4733", "info", "inband"},
	"Tone":       {"dial", "ringback", "busy", "reorder", "sit", "beep"},
	"RowOrder":   {"sequential", "random"},
}

// Pair is a name with its value.
type Pair struct{ Name, Value string }

// Pairs are names with values, in the order of the file. Headers may have a name twice, others
// not.
type Pairs []Pair

// Get returns the value of a name, the first of several.
func (p Pairs) Get(name string) (string, bool) {
	for _, pair := range p {
		if pair.Name == name {
			return pair.Value, true
		}
	}
	return "", false
}

// SoundFile is the name of a WAV or MP3, relative to the scenario's folder; [Scenario.Path]
// finds it.
type SoundFile string

// Pattern is a regular expression, as of package regexp.
type Pattern string

// Compile returns the expression. Empty is nil.
func (p Pattern) Compile() (*regexp.Regexp, error) {
	if p == "" {
		return nil, nil
	}
	re, err := regexp.Compile(string(p))
	if err != nil {
		var syntax interface{ error }
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("%q is no regular expression: %s", string(p), strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		}
		return nil, err
	}
	return re, nil
}

// Percent is a share in per cent: 70 is 70 %.
type Percent float64

func (p *Percent) parse(text string) error {
	number := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "%"))
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsNaN(v) || v < 0 || v > 100 {
		return fmt.Errorf("%q is no share: 0 to 100 per cent, as 70 %%, 70 or 0.5 %%", text)
	}
	*p = Percent(v)
	return nil
}

// String gives "70 %".
func (p Percent) String() string { return strconv.FormatFloat(float64(p), 'f', -1, 64) + " %" }

// parseDuration reads 4s, 250ms, 1m30s. Its errors say what is missing.
func parseDuration(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	d, err := time.ParseDuration(strings.ReplaceAll(text, " ", ""))
	switch _, number := strconv.ParseFloat(text, 64); {
	case number == nil && text != "0":
		return 0, fmt.Errorf("%q has no unit: %ss or %sms", text, text, text)
	case err != nil:
		return 0, fmt.Errorf("%q is no time, as 4s, 250ms or 1m30s", text)
	case d < 0:
		return 0, fmt.Errorf("%q is less than nothing", text)
	}
	return d, nil
}

// formatDuration is the inverse of parseDuration, without the parts that are 0.
func formatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return strings.ReplaceAll(s, "µ", "u")
}

// DurationRange is a time, or one that is chosen between two.
type DurationRange struct{ Min, Max time.Duration }

func (r *DurationRange) parse(text string) error {
	low, high, two := strings.Cut(text, "..")
	var err error
	if r.Min, err = parseDuration(low); err != nil {
		return err
	}
	if r.Max = r.Min; two {
		if r.Max, err = parseDuration(high); err != nil {
			return err
		}
	}
	if r.Max < r.Min {
		return fmt.Errorf("%q ends before it begins", text)
	}
	return nil
}

// String gives "2s" or "1s..3s".
func (r DurationRange) String() string {
	if r.Max == r.Min {
		return formatDuration(r.Min)
	}
	return formatDuration(r.Min) + ".." + formatDuration(r.Max)
}

// Choose returns the time, by rnd where it is a range.
func (r DurationRange) Choose(rnd *rand.Rand) time.Duration {
	if r.Max <= r.Min {
		return r.Min
	}
	return r.Min + time.Duration(rnd.Int64N(int64(r.Max-r.Min)+1))
}

// CodeRange are status codes from one to another, both included.
type CodeRange struct{ Low, High int }

// Codes are status codes of SIP; none is what the field says.
type Codes []CodeRange

// Has reports whether a code is one of them.
func (c Codes) Has(code int) bool {
	for _, r := range c {
		if code >= r.Low && code <= r.High {
			return true
		}
	}
	return false
}

// String gives "486, 600 or 5xx".
func (c Codes) String() string {
	list := make([]string, len(c))
	for i, r := range c {
		list[i] = r.String()
	}
	return join(list, "or")
}

// String gives "486", "4xx" or "480..489".
func (r CodeRange) String() string {
	switch {
	case r.Low == r.High:
		return strconv.Itoa(r.Low)
	case r.Low%100 == 0 && r.High == r.Low+99:
		return strconv.Itoa(r.Low/100) + "xx"
	}
	return fmt.Sprintf("%d..%d", r.Low, r.High)
}

func (r *CodeRange) parse(text string) error {
	text = strings.TrimSpace(text)
	if len(text) == 3 && strings.EqualFold(text[1:], "xx") && text[0] >= '1' && text[0] <= '6' {
		r.Low = int(text[0]-'0') * 100
		r.High = r.Low + 99
		return nil
	}
	low, high, two := strings.Cut(text, "..")
	if !two {
		high = low
	}
	var errLow, errHigh error
	r.Low, errLow = strconv.Atoi(strings.TrimSpace(low))
	r.High, errHigh = strconv.Atoi(strings.TrimSpace(high))
	if errLow != nil || errHigh != nil || r.Low < 100 || r.High > 699 || r.High < r.Low {
		return fmt.Errorf("%q is no status code: 100 to 699, 4xx or 480..489", text)
	}
	return nil
}

// MessageKind is a SIP message: the method of a request, or the code of a response.
type MessageKind string

// methods are those of requests (RFC 3261 and those that followed).
var methods = []string{"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "PRACK", "UPDATE", "INFO", "MESSAGE", "REFER",
	"NOTIFY", "SUBSCRIBE", "PUBLISH"}

func (m *MessageKind) parse(text string) error {
	for _, method := range methods {
		if strings.EqualFold(method, text) {
			*m = MessageKind(method)
			return nil
		}
	}
	var r CodeRange
	if text == "" || text[0] < '0' || text[0] > '9' {
		return unknownWord{kind: "message", word: text, allowed: append(methods[:len(methods):len(methods)], "180", "200", "4xx")}
	}
	if err := r.parse(text); err != nil {
		return err
	}
	*m = MessageKind(strings.ToLower(text))
	return nil
}

// Method returns the method, empty for a response.
func (m MessageKind) Method() string {
	if m == "" || m[0] >= '0' && m[0] <= '9' {
		return ""
	}
	return string(m)
}

// Codes returns the codes of a response, none for a request.
func (m MessageKind) Codes() Codes {
	var r CodeRange
	if m.Method() != "" || r.parse(string(m)) != nil {
		return nil
	}
	return Codes{r}
}

// join gives "a", "a or b", "a, b or c".
func join(list []string, last string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " " + last + " " + list[len(list)-1]
}
