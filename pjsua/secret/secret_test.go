package secret

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
)

// secretMark must not be seen in anything printed.
const secretMark = "S3cr3t-mark"

func TestSecret(t *testing.T) {
	s := New(secretMark)
	if s.Reveal() != secretMark || !s.Equal(New(secretMark)) || s.Equal(Text{}) {
		t.Error("a secret does not hold its text")
	}
	if (Text{}).Reveal() != "" || !New("").Equal(Text{}) {
		t.Error("the zero secret is not empty")
	}
	type inner struct{ hidden Text }
	type outer struct {
		Secret  Text
		Pointer *Text
		Any     any
		inner   inner
		Map     map[string]Text
	}
	o := outer{Secret: s, Pointer: &s, Any: s, inner: inner{s}, Map: map[string]Text{"a": s}}

	var out strings.Builder
	verbs := "vTtbcdoOqxXUeEfFgGspw"
	for _, flags := range []string{"", "+", "#", "-20", " ", "0", ".2"} {
		for _, verb := range verbs {
			format := "%" + flags + string(verb)
			if verb != 'T' && verb != 'p' {
				if got := fmt.Sprintf(format, s); !strings.Contains(got, "***") && verb != 'w' {
					t.Errorf("%s prints %q", format, got)
				}
			}
			for _, v := range []any{s, &s, o, &o, []Text{s}, o.inner} {
				fmt.Fprintf(&out, format, v)
			}
		}
	}
	fmt.Fprintln(&out, s, &s, o, fmt.Errorf("wrapped: %v", s))

	for name, v := range map[string]any{"value": s, "struct": o, "pointer": &o} {
		data, err := json.Marshal(v)
		if err != nil || !bytes.Contains(data, []byte(`"***"`)) {
			t.Errorf("JSON of %s: %s, %v", name, data, err)
		}
		out.Write(data)
	}
	if data, err := xml.Marshal(s); err != nil || !bytes.Contains(data, []byte("***")) {
		t.Errorf("XML: %s, %v", data, err)
	} else {
		out.Write(data)
	}

	for _, asJSON := range []bool{false, true} {
		logger := hclog.New(&hclog.LoggerOptions{Output: &out, JSONFormat: asJSON, Level: hclog.Trace})
		logger.Info("account added", "password", s, "account", o, "pointer", &o, "list", []Text{s}, "format", hclog.Fmt("%s %x", s, s))
		logger.With("password", s).Info("with")
	}
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("account added", "password", s, "account", o, slog.Group("g", "password", s))
	}

	for _, form := range []string{secretMark, fmt.Sprintf("%x", secretMark), fmt.Sprintf("%X", secretMark), strings.Trim(fmt.Sprint([]byte(secretMark)), "[]")} {
		if i := strings.Index(out.String(), form); i >= 0 {
			t.Errorf("the text is printed: …%s", out.String()[max(0, i-80):i])
		}
	}
}
