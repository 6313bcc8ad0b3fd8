package config

import (
	"fmt"
	"io"
	"log/slog"
)

// redacted is what stands for a secret in everything that is printed.
const redacted = "***"

// Secret is a text that must not be printed. Every verb of package fmt, JSON, text
// encodings and structured loggers print it as ***, also where it is empty and
// where it is a field of something else. The zero value is the empty secret.
type Secret struct {
	// A pointer, since fmt ignores Format on unexported fields of other types and
	// would print a string there; of a pointer it prints the address.
	text *string
}

// NewSecret returns text as a secret.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: &text}
}

// Reveal returns the text itself: for the one place that needs it.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Equal reports whether s and o hold the same text; == does not.
func (s Secret) Equal(o Secret) bool { return s.Reveal() == o.Reveal() }

// Format implements fmt.Formatter for all verbs and flags.
func (Secret) Format(f fmt.State, verb rune) { _, _ = io.WriteString(f, redacted) }

// String implements fmt.Stringer.
func (Secret) String() string { return redacted }

// GoString implements fmt.GoStringer.
func (Secret) GoString() string { return redacted }

// MarshalText implements encoding.TextMarshaler.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON implements json.Marshaler.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
