package config

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

func TestSecret(t *testing.T) {
	s := NewSecret(secretMark)
	if s.Reveal() != secretMark || !s.Equal(NewSecret(secretMark)) || s.Equal(Secret{}) {
		t.Error("a secret does not hold its text")
	}
	if (Secret{}).Reveal() != "" || !NewSecret("").Equal(Secret{}) {
		t.Error("the zero secret is not empty")
	}
	type inner struct{ hidden Secret }
	type outer struct {
		Secret  Secret
		Pointer *Secret
		Any     any
		inner   inner
		Map     map[string]Secret
	}
	o := outer{Secret: s, Pointer: &s, Any: s, inner: inner{s}, Map: map[string]Secret{"a": s}}

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
			for _, v := range []any{s, &s, o, &o, []Secret{s}, o.inner} {
				fmt.Fprintf(&out, format, v)
			}
		}
	}
	fmt.Fprintln(&out, s, &s, o, fmt.Errorf("wrapped: %w", Problem{Message: s.String()}))

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
		logger.Info("account added", "password", s, "account", o, "pointer", &o, "list", []Secret{s}, "format", hclog.Fmt("%s %x", s, s))
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
