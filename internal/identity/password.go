package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

const (
	minPassword = 10  // characters
	maxPassword = 256 // characters
	// maxHashing bounds memory: one hash takes 19 MiB.
	maxHashing = 2
	// maxHashWait is how long a login waits for its turn in a flood.
	maxHashWait = 10 * time.Second
	// clearAfter is how soon after the last hash its memory is given back.
	clearAfter = time.Second
)

// params are argon2id's; memory in KiB.
type params struct {
	memory, time uint32
	threads      uint8
}

// argonParams are OWASP's minimum for argon2id (Password Storage Cheat Sheet): 19 MiB, 2 passes, 1 lane.
var argonParams = params{memory: 19 * 1024, time: 2, threads: 1}

// hasher makes and checks password hashes, a bounded number at once.
type hasher struct {
	params params
	turns  chan struct{}
	clear  *time.Timer
	// nobody is a hash that no password has, to spend the same time on users who do not exist.
	nobody string
}

func newHasher(p params) *hasher {
	h := &hasher{params: p, turns: make(chan struct{}, maxHashing), clear: time.AfterFunc(clearAfter, debug.FreeOSMemory)}
	h.clear.Stop()
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	h.nobody = p.encode(make([]byte, 16), key)
	return h
}

// enter waits for a turn to hash. It returns *Throttled when the line is too long.
func (h *hasher) enter(ctx context.Context) (leave func(), err error) {
	wait := time.NewTimer(maxHashWait)
	defer wait.Stop()
	select {
	case h.turns <- struct{}{}:
		return h.leave, nil
	case <-wait.C:
		return nil, &Throttled{RetryAfter: time.Second}
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to check a password: %w", ctx.Err())
	}
}

// leave gives the turn back, and has the memory cleared up once nobody wants a hash any more: the collector, which began because of it and met it in use, takes
// it for what the program needs, and in a quiet program looks again minutes later.
func (h *hasher) leave() {
	<-h.turns
	h.clear.Reset(clearAfter)
}

// hash waits for a turn and returns the password's hash as a PHC string.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	salt := make([]byte, 16)
	_, _ = rand.Read(salt)
	return h.params.encode(salt, h.params.key(password, salt, 32)), nil
}

// verify reports whether the password has the hash. The caller has entered.
func (h *hasher) verify(encoded, password string) (bool, error) {
	p, salt, key, err := decode(encoded)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(key, p.key(password, salt, uint32(len(key)))) == 1, nil
}

func (p params) key(password string, salt []byte, size uint32) []byte {
	return argon2.IDKey([]byte(password), salt, p.time, p.memory, p.threads, size)
}

// encode writes the PHC string format: $argon2id$v=19$m=…,t=…,p=…$salt$key.
func (p params) encode(salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.time, p.threads, b64.EncodeToString(salt), b64.EncodeToString(key))
}

// errHash says that a stored hash cannot be read; it does not show it.
var errHash = errors.New("read password hash: not an argon2id PHC string")

func decode(encoded string) (p params, salt, key []byte, err error) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, nil, nil, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.time, &p.threads); err != nil || p.time == 0 || p.threads == 0 {
		return p, nil, nil, errHash
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return p, nil, nil, errHash
	}
	if key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(key) == 0 {
		return p, nil, nil, errHash
	}
	return p, salt, key, nil
}

// checkPassword returns ErrWeakPassword unless the password has a fit length, counted in characters: ten Chinese ones will do.
func checkPassword(password string) error {
	if n := utf8.RuneCountInString(password); n < minPassword || n > maxPassword {
		return ErrWeakPassword
	}
	return nil
}
