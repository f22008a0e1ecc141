package msgcrypt

import (
	"crypto/sha1" // fixed by WeChat's protocol
	"crypto/subtle"
	"encoding/hex"
	"slices"
	"strings"
)

// Sign returns the lower-case hex SHA-1 over the parts, sorted by bytes and
// joined without a separator.
//
// With (token, timestamp, nonce) it is WeChat's "signature", which answers the
// GET check of an own-server URL; with (token, timestamp, nonce, encrypt) it is
// "msg_signature", the only one that covers a pushed body.
// Source: reference/wechat-open-platform.md §3.1.
func Sign(parts ...string) string {
	sorted := slices.Clone(parts)
	slices.Sort(sorted)
	sum := sha1.Sum([]byte(strings.Join(sorted, "")))
	return hex.EncodeToString(sum[:])
}

// Verify tells whether signature is Sign(parts...). The time it takes does not
// depend on where the two differ. An empty signature is never right.
func Verify(signature string, parts ...string) bool {
	return subtle.ConstantTimeCompare([]byte(signature), []byte(Sign(parts...))) == 1
}
