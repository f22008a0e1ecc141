package search

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

var errDamaged = errors.New("a list of the text index is damaged")

// appendDocs appends document numbers, ascending and relative to their segment, as differences of variable length. The first difference is from last.
func appendDocs(b []byte, docs []uint32, last int64) []byte {
	for _, d := range docs {
		b = binary.AppendUvarint(b, uint64(int64(d)-last))
		last = int64(d)
	}
	return b
}

// eachDoc calls fn with each document of a list.
func eachDoc(b []byte, fn func(doc int64)) error {
	last := int64(-1)
	for len(b) > 0 {
		d, n := binary.Uvarint(b)
		if n <= 0 {
			return errDamaged
		}
		last += int64(d)
		fn(last)
		b = b[n:]
	}
	return nil
}

// addDocs adds the documents of a list that begins at base. A common character is in every other document, so this is where a search spends its time.
func (s set) addDocs(b []byte, base int64) error {
	last := base - 1
	for len(b) > 0 {
		d, n := uint64(b[0]), 1
		if d >= 0x80 {
			if d, n = binary.Uvarint(b); n <= 0 {
				return errDamaged
			}
		}
		last += int64(d)
		if uint64(last>>6) >= uint64(len(s)) {
			return errDamaged
		}
		s[last>>6] |= 1 << (last & 63)
		b = b[n:]
	}
	return nil
}

// set is a set of document numbers.
type set []uint64

func newSet(size int64) set { return make(set, (size+63)/64) }

func (s set) has(doc int64) bool {
	i := doc >> 6
	return doc >= 0 && i < int64(len(s)) && s[i]&(1<<(doc&63)) != 0
}

func (s set) and(o set) {
	for i := range s {
		s[i] &= o[i]
	}
}

func (s set) count() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

func (s set) each(fn func(doc int64)) {
	for i, w := range s {
		for w != 0 {
			fn(int64(i)<<6 + int64(bits.TrailingZeros64(w)))
			w &= w - 1
		}
	}
}
