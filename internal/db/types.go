package db

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Time is a moment as integer Unix milliseconds, in rows and in API answers alike. Zero means unknown and is stored as NULL.
type Time int64

// At converts t; the zero time becomes the zero Time.
func At(t time.Time) Time {
	if t.IsZero() {
		return 0
	}
	return Time(t.UnixMilli())
}

// FromUnix converts Unix seconds, the unit of WeChat's fields; 0 stays 0.
func FromUnix(sec int64) Time { return Time(sec * 1000) }

// Time converts back; the zero Time becomes the zero time.
func (t Time) Time() time.Time {
	if t == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(t))
}

// IsZero reports whether the moment is unknown.
func (t Time) IsZero() bool { return t == 0 }

// Ptr returns nil for an unknown moment, which API answers show as null.
func (t Time) Ptr() *int64 {
	if t == 0 {
		return nil
	}
	v := int64(t)
	return &v
}

// Value implements driver.Valuer.
func (t Time) Value() (driver.Value, error) {
	if t == 0 {
		return nil, nil
	}
	return int64(t), nil
}

// Scan implements sql.Scanner.
func (t *Time) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*t = 0
	case int64:
		*t = Time(v)
	default:
		return fmt.Errorf("scan time: unexpected %T", src)
	}
	return nil
}

// JSON stores V as JSON text. A NULL or empty column leaves V at its zero value.
type JSON[T any] struct{ V T }

// AsJSON wraps v for a column.
func AsJSON[T any](v T) JSON[T] { return JSON[T]{V: v} }

// Value implements driver.Valuer.
func (j JSON[T]) Value() (driver.Value, error) {
	b, err := json.Marshal(j.V)
	if err != nil {
		return nil, fmt.Errorf("encode json column: %w", err)
	}
	return string(b), nil
}

// Scan implements sql.Scanner.
func (j *JSON[T]) Scan(src any) error {
	var b []byte
	switch v := src.(type) {
	case nil:
		return nil
	case string:
		b = []byte(v)
	case []byte:
		b = v
	default:
		return fmt.Errorf("scan json: unexpected %T", src)
	}
	if len(b) == 0 {
		return nil
	}
	if err := json.Unmarshal(b, &j.V); err != nil {
		return fmt.Errorf("decode json column: %w", err)
	}
	return nil
}

// NewID returns a fresh UUIDv7, so that ids sort by the time they were made.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }
