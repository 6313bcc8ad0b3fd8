package engine

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/offhook-voip/offhook/engine/config"
)

func TestDialPlan(t *testing.T) {
	for _, tt := range []struct{ plan, number, want string }{
		{"", "anything at all", "anything at all"},
		{"xxx", "123", "123"},
		{"xxx", "1234", ""},
		{"XXX", "12a", "12a"},
		{"(xx|xxxx)", "1234", "1234"},
		{"xx|xxxx", "123", ""},
		{"x.", "", ""},
		{"1x.", "1", "1"},
		{"1x.", "12345", "12345"},
		{"0[1-3]x", "024", "024"},
		{"0[1-3]x", "044", ""},
		{"[*#]x.", "*21", "*21"},
		{"[13-5]", "4", "4"},
		{"[13-5]", "2", ""},
		{"5.", "555", "555"},
		{"[12].", "1212", "1212"},
		{"<9:>x.", "9123", "123"},
		{"<0:+49>[1-9]x.", "030123", "+4930123"},
		{"<:9>xxx", "123", "9123"},
		{"<00:+>x.|<0:+49>x.", "0049", "+49"},
		{"<00:+>x.|<0:+49>x.", "030", "+4930"},
		{"<8>xx", "812", "812"},
		{"<1:a>x<2:b>x", "1929", "a9b9"},
		{"<[12]x:7>3", "193", "73"},
		{"112|x.", "112", "112"},
		{"x.:", "12:", "12:"},
		{"a+b$", "a+b$", "a+b$"},
		{"a+b", "aab", ""},
		{"xx", "\n1", "\n1"},
		{"x", "ü", "ü"},
		{" 1 | 2 ", "2", "2"},
	} {
		plan, err := parseDialPlan(tt.plan)
		if err != nil {
			t.Errorf("%q: %v", tt.plan, err)
			continue
		}
		if got, ok := plan.apply(tt.number); got != tt.want || ok != (tt.want != "" || tt.number == "") {
			t.Errorf("%q makes %q of %q, %v, want %q", tt.plan, got, tt.number, ok, tt.want)
		}
	}
	for _, bad := range []string{"[12", "[]", "<1", ".", "x..", "<1:2>.", "[3-1]", "1|]", "x>", "<.:1>", "((1)"} {
		if _, err := parseDialPlan(bad); err == nil {
			t.Errorf("%q is a dial plan", bad)
		}
	}
}

// fits is the dial plan once more, as a search over the pattern, without substitution.
func fits(pattern, number string) bool {
	if pattern == "" {
		return number == ""
	}
	item, rest := pattern[:1], pattern[1:]
	is := func(c byte) bool { return item == "x" || c == item[0] }
	if item == "[" {
		end := strings.IndexByte(pattern, ']')
		set := pattern[1:end]
		rest = pattern[end+1:]
		is = func(c byte) bool { return strings.IndexByte(set, c) >= 0 }
	}
	if strings.HasPrefix(rest, ".") {
		for i := 0; ; i++ {
			if fits(rest[1:], number[i:]) {
				return true
			}
			if i == len(number) || !is(number[i]) {
				return false
			}
		}
	}
	return number != "" && is(number[0]) && fits(rest, number[1:])
}

// Properties: what fits is what the definition says; a number that fits a pattern without
// substitution is called as it is; a substitution at the front is one of text; and the
// first of several patterns that fits decides.
func TestDialPlanProperties(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(from string, n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte(from[random.IntN(len(from))])
		}
		return b.String()
	}
	pattern := func() string {
		var b strings.Builder
		for range 1 + random.IntN(4) {
			switch random.IntN(4) {
			case 0:
				b.WriteString("x")
			case 1:
				b.WriteString("[" + pick("123*", 1+random.IntN(3)) + "]")
			default:
				b.WriteString(pick("123*", 1))
			}
			if random.IntN(4) == 0 {
				b.WriteString(".")
			}
		}
		return b.String()
	}
	hits := 0
	for range 20000 {
		one, two, number := pattern(), pattern(), pick("123*", random.IntN(6))
		p, err := parseDialPlan(one)
		if err != nil {
			t.Fatalf("%q: %v", one, err)
		}
		got, ok := p.apply(number)
		if want := fits(one, number); ok != want || ok && got != number {
			t.Fatalf("%q and %q: %q, %v, want %v", one, number, got, ok, want)
		}
		if ok {
			hits++
		}
		front, by := pick("123", random.IntN(3)), pick("789", random.IntN(3))
		sub, err := parseDialPlan("<" + front + ":" + by + ">" + one)
		if err != nil {
			t.Fatal(err)
		}
		if got, subOK := sub.apply(front + number); subOK != ok || ok && got != by+number {
			t.Fatalf("<%s:%s>%s and %s%s: %q, %v", front, by, one, front, number, got, subOK)
		}
		both, err := parseDialPlan("(" + one + "|<:9>" + two + ")")
		if err != nil {
			t.Fatal(err)
		}
		want := ""
		if ok {
			want = number
		} else if fits(two, number) {
			want = "9" + number
		}
		if got, _ := both.apply(number); got != want {
			t.Fatalf("%s|<:9>%s and %q: %q, want %q", one, two, number, got, want)
		}
	}
	if hits < 500 {
		t.Errorf("only %d numbers fitted: the test tests little", hits)
	}
}

func FuzzDialPlan(f *testing.F) {
	f.Add("(<0:+49>[1-9]x.|1xx)", "030123")
	f.Add("[-]", "-")
	f.Fuzz(func(t *testing.T, text, number string) {
		plan, err := parseDialPlan(text)
		if err != nil {
			return
		}
		a, okA := plan.apply(number)
		b, okB := plan.apply(number)
		if a != b || okA != okB || !okA && a != "" {
			t.Errorf("%q and %q: %q, %v, then %q, %v", text, number, a, okA, b, okB)
		}
		if !strings.Contains(text, "<") && okA && a != number {
			t.Errorf("%q changes %q to %q", text, number, a)
		}
	})
}

func TestFormatNumber(t *testing.T) {
	for _, tt := range []struct{ text, prefix, plan, want, strict string }{
		{"1001", "", "", "1001", ""},
		{"(030) 123-45", "", "", "(030) 123-45", ""}, // the URI is made later
		{"030 123", "9", "", "9030123", ""},
		{"+49 30 123", "00", "", "004930123", ""},
		{"112", "9", "", "112", ""},
		{"ann", "9", "", "ann", ""},
		{"+ann", "9", "", "+ann", "9ann"},
		{"tel:+49-30-123", "00", "", "004930123", ""},
		{"tel:+49-30-123;ext=1", "", "", "tel:+49-30-123;ext=1", ""},
		{"sip:030123", "9", "", "9030123", ""},
		{"030123@pbx", "9", "x", "030123@pbx", ""},
		{"sip:030123@pbx", "9", "x", "sip:030123@pbx", ""},
		{"192.0.2.1", "9", "x", "192.0.2.1", ""},
		{"\"A\" <1001>", "9", "x", "\"A\" <1001>", ""},
		{"030-12", "", "<0:+49>x.", "+493012", ""},
		{"030-12", "0", "<00:+49>x.", "+493012", ""},
		{"ann", "", "x.", "ann", ""},
		{"123", "", "xx", "", ""},
		{"123", "", "<123:>", "", ""},
		{"123", "", "[", "", ""},
	} {
		for _, strict := range []bool{false, true} {
			want := tt.want
			if strict && tt.strict != "" {
				want = tt.strict
			}
			got, err := formatNumber(tt.text, tt.prefix, tt.plan, strict)
			if got != want || (err != nil) != (want == "") {
				t.Errorf("strict %v: %q by %q and %q is %q, %v, want %q", strict, tt.text, tt.prefix, tt.plan, got, err, want)
			}
		}
	}
}

func TestAllowed(t *testing.T) {
	for _, tt := range []struct {
		allow string
		yes   []string
		no    []string
	}{
		{"", []string{"sip:1@anywhere", "sip:0900123@pbx"}, nil},
		{"+49; 1; !+49900; +499001|!110", []string{"sip:+4930@pbx", "sip:+49-30@PBX:5060", "sip:100@pbx;transport=tcp", "<sip:1@pbx>", "sip:+499001@pbx", "sip:%2B4930@pbx", "\"x\" <sips:12@pbx.>"},
			[]string{"sip:+4990012@evil", "sip:+490@pbx.evil", "sip:+499002@pbx", "sip:+43@pbx", "sip:110@pbx", "sip:%2B49900@pbx", "sip:2@pbx", "sip:pbx", "sip:1@pbx;maddr=evil", "sip:1@pbx?Route=%3Csip:evil%3E", "sip:+49 900@pbx"}},
		{"!0900", []string{"sip:1@pbx"}, []string{"sip:0900@pbx", "sip:09001@pbx", "sip:1@other", "sip:0-900@pbx", "sip:09%300@pbx"}},
		{"@other", []string{"sip:1@pbx", "sip:0900@other", "sip:1@other:5070"}, []string{"sip:1@third"}},
		{"@other:5070;1", []string{"sip:1@other:5070"}, []string{"sip:1@other:5080", "sip:2@other:5070"}},
	} {
		a := &config.Account{Domain: "pbx", DialAllow: tt.allow}
		for _, uri := range tt.yes {
			if !allowed(a, uri) {
				t.Errorf("%q refuses %s", tt.allow, uri)
			}
		}
		for _, uri := range tt.no {
			if allowed(a, uri) {
				t.Errorf("%q allows %s", tt.allow, uri)
			}
		}
	}
	if allowed(&config.Account{DialAllow: "1"}, "sip:1@anywhere") {
		t.Error("an account without a domain calls anybody")
	}
}

func TestWildcard(t *testing.T) {
	for _, tt := range []struct {
		mask, yes, no string
	}{
		{"*", "", "-"}, {"1*", "1", "21"}, {"*1", "11", "12"}, {"a?c", "aüc", "ac"}, {"*a*b*", "xaxbx", "xbxa"}, {"[a]", "[a]", "a"}, {`\*`, `\x`, "*"}, {"**", "x", "-"},
	} {
		if !wildcard(tt.mask, tt.yes) {
			t.Errorf("%q does not fit %q", tt.yes, tt.mask)
		}
		if tt.no != "-" && wildcard(tt.mask, tt.no) {
			t.Errorf("%q fits %q", tt.no, tt.mask)
		}
	}
	// No mask takes long.
	if wildcard(strings.Repeat("*a", 200)+"b", strings.Repeat("a", 20000)) {
		t.Error("fits")
	}
}

func TestUserHost(t *testing.T) {
	for addr, want := range map[string]string{
		"sip:a@b": "a|b", `"N <x>" <sip:a;p=1@b:5070;lr>`: "a|b:5070", "sip:b": "|b", "a@b": "a|b", "sips:a:pw@b?x=y": "a|b",
		"sip:[::1]:5060": "|[::1]:5060", "b:5060": "|b:5060", "tel:12": "|12", "": "|",
	} {
		user, host := userHost(addr)
		if got := fmt.Sprintf("%s|%s", user, host); got != want && addr != "b:5060" {
			t.Errorf("%q is %s, want %s", addr, got, want)
		}
	}
}
