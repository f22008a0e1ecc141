package api

import (
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// optional is a field of a change that may be left out (it stays), null (it is removed) or a value.
type optional[T any] struct {
	set bool
	v   *T
}

// UnmarshalJSON implements json.Unmarshaler. It is called for null too, but not for a field that is left out.
func (o *optional[T]) UnmarshalJSON(b []byte) error {
	o.set = true
	return json.Unmarshal(b, &o.v)
}

// Schema implements huma.SchemaProvider.
func (optional[T]) Schema(r huma.Registry) *huma.Schema {
	s := r.Schema(reflect.TypeFor[T](), true, "")
	if s.Ref == "" {
		s.Nullable = true
		return s
	}
	// Without the enum huma takes any value for null, and an object would match both.
	return &huma.Schema{OneOf: []*huma.Schema{s, {Type: "null", Enum: []any{nil}}}}
}

// ptr returns what a patch wants: nil to keep, a pointer to nil to remove.
func (o optional[T]) ptr() **T {
	if !o.set {
		return nil
	}
	return &o.v
}
