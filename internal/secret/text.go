// Package secret holds values that must not be printed, and seals them at rest.
//
// Text carries a secret through the program and shows as *** wherever it is formatted, logged or encoded. Sealer turns it into
// ciphertext bound to the place it is stored in, so that a sealed value copied to another row does not open.
package secret

import (
	"fmt"
	"log/slog"
)

const mask = "***"

// Text is a secret. Its zero value is the empty secret. Only Reveal gives the value. Two Texts are not compared with ==.
type Text struct {
	_ [0]func() // no ==

	// A pointer, because fmt calls no methods on what it finds in an unexported field: so it prints an address.
	v *string
}

// New wraps v.
func New(v string) Text {
	if v == "" {
		return Text{}
	}
	return Text{v: &v}
}

// Reveal returns the value, for the one call that needs it.
func (t Text) Reveal() string {
	if t.v == nil {
		return ""
	}
	return *t.v
}

// IsEmpty reports whether there is no value.
func (t Text) IsEmpty() bool { return t.v == nil }

// String implements fmt.Stringer.
func (Text) String() string { return mask }

// Format implements fmt.Formatter for every verb, %#v and %x included.
func (Text) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(mask)) }

// MarshalText implements encoding.TextMarshaler, and so JSON.
func (Text) MarshalText() ([]byte, error) { return []byte(mask), nil }

// UnmarshalText implements encoding.TextUnmarshaler: secrets may come in, never out.
func (t *Text) UnmarshalText(b []byte) error {
	*t = New(string(b))
	return nil
}

// LogValue implements slog.LogValuer.
func (Text) LogValue() slog.Value { return slog.StringValue(mask) }
