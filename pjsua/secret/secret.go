// Package secret holds texts that are never printed: passwords and keys, which the
// binding and the configuration hand to each other.
package secret

import (
	"fmt"
	"io"
	"log/slog"
)

// Redacted is what stands for a secret in everything that is printed.
const Redacted = "***"

// Text is a text that must not be printed. Every verb of package fmt, JSON, text
// encodings and structured loggers print it as ***, also where it is empty and
// where it is a field of something else. The zero value is the empty secret.
type Text struct {
	// A pointer, since fmt ignores Format on unexported fields of other types and
	// would print a string there; of a pointer it prints the address.
	text *string
}

// New returns text as a secret.
func New(text string) Text {
	if text == "" {
		return Text{}
	}
	return Text{text: &text}
}

// Reveal returns the text itself: for the one place that needs it.
func (s Text) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Equal reports whether s and o hold the same text; == does not.
func (s Text) Equal(o Text) bool { return s.Reveal() == o.Reveal() }

// Format implements fmt.Formatter for all verbs and flags.
func (Text) Format(f fmt.State, verb rune) { _, _ = io.WriteString(f, Redacted) }

// String implements fmt.Stringer.
func (Text) String() string { return Redacted }

// GoString implements fmt.GoStringer.
func (Text) GoString() string { return Redacted }

// MarshalText implements encoding.TextMarshaler.
func (Text) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// MarshalJSON implements json.Marshaler.
func (Text) MarshalJSON() ([]byte, error) { return []byte(`"` + Redacted + `"`), nil }

// LogValue implements slog.LogValuer.
func (Text) LogValue() slog.Value { return slog.StringValue(Redacted) }
