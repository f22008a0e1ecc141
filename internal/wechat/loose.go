package wechat

import (
	"encoding/json"

	"github.com/zhisu/zhisu/internal/wechat/loose"
)

// The types below take whatever JSON WeChat puts in their place and never fail:
// numbers come as strings, strings as numbers, arrays as objects, and fields not
// at all (complaint §12, §13). What cannot be read is left at its zero value;
// the raw answer is kept by the caller anyway.

// looseText is a string, number or bool; anything else is "".
type looseText string

// UnmarshalJSON implements json.Unmarshaler.
func (t *looseText) UnmarshalJSON(b []byte) error {
	*t = looseText(loose.Text(b))
	return nil
}

// looseInt is an integer in a number or a string.
type looseInt struct {
	value int64
	ok    bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *looseInt) UnmarshalJSON(b []byte) error {
	n.value, n.ok = integer(b)
	return nil
}

// asInt returns 0 for what is absent or does not fit.
func (n looseInt) asInt() int { return loose.Narrow(n.value) }

// pointer returns nil for what is absent.
func (n looseInt) pointer() *int {
	if !n.ok {
		return nil
	}
	v := n.asInt()
	return &v
}

// looseTexts is a list of strings, or one string without the array.
type looseTexts []string

// UnmarshalJSON implements json.Unmarshaler.
func (l *looseTexts) UnmarshalJSON(b []byte) error {
	*l = nil
	var many []looseText
	if json.Unmarshal(b, &many) != nil {
		many = []looseText{looseText(loose.Text(b))}
	}
	for _, t := range many {
		if t != "" {
			*l = append(*l, string(t))
		}
	}
	return nil
}

// looseLinks is a list of image links or media ids in any of the ways splitList
// knows, with or without the array.
type looseLinks []string

// UnmarshalJSON implements json.Unmarshaler.
func (l *looseLinks) UnmarshalJSON(b []byte) error {
	*l = nil
	var many looseTexts
	if err := many.UnmarshalJSON(b); err != nil {
		return err
	}
	for _, s := range many {
		*l = append(*l, loose.SplitList(s)...)
	}
	return nil
}

// looseList is an array of objects, or one object without the array. Elements
// that are no objects are passed over.
type looseList[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *looseList[T]) UnmarshalJSON(b []byte) error {
	*l = nil
	var elements []json.RawMessage
	if json.Unmarshal(b, &elements) != nil {
		elements = []json.RawMessage{b}
	}
	for _, e := range elements {
		if o := (looseObject[T]{}); o.UnmarshalJSON(e) == nil && o.present {
			*l = append(*l, o.value)
		}
	}
	return nil
}

// looseObject is an object, or absent: null, "", [] and every other non-object
// count as absent.
type looseObject[T any] struct {
	value   T
	present bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *looseObject[T]) UnmarshalJSON(b []byte) error {
	*o = looseObject[T]{}
	if len(b) > 0 && b[0] == '{' && json.Unmarshal(b, &o.value) == nil {
		o.present = true
	}
	return nil
}

func isAbsent(b json.RawMessage) bool { return len(b) == 0 || string(b) == "null" }

func integer(b json.RawMessage) (int64, bool) {
	if len(b) > 0 && (b[0] == 't' || b[0] == 'f') {
		return 0, false
	}
	return loose.ParseInt(loose.Text(b))
}
