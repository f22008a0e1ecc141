package secret

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// ErrMasterKey says that the master key does not open the stored keyset.
var ErrMasterKey = errors.New("the master key does not open this database: set the ZHISU_MASTER_KEY (or master.key file) it was made with")

// keysetAD binds the wrapped keyset to its purpose.
var keysetAD = []byte("zhisu/keyset/v1")

const sealedPrefix = "s1."

// MasterKey wraps the keyset. It lives outside the database.
type MasterKey struct{ aead tink.AEAD }

// ParseMasterKey reads 32 bytes in base64 (standard or URL alphabet, padded or not).
func ParseMasterKey(s string) (*MasterKey, error) {
	s = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(strings.TrimSpace(s), "="))
	raw, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil || len(raw) != 32 {
		return nil, errors.New("the master key must be 32 random bytes in base64, for example from: openssl rand -base64 32")
	}
	a, err := subtle.NewAESGCM(raw)
	if err != nil {
		return nil, fmt.Errorf("prepare master key: %w", err)
	}
	return &MasterKey{aead: a}, nil
}

// NewKeyset makes a keyset with one key and returns it wrapped.
func NewKeyset(mk *MasterKey) (wrapped string, err error) {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return "", fmt.Errorf("make keyset: %w", err)
	}
	return wrap(h, mk)
}

// AddPrimary returns the keyset with a new primary key; the old keys still open what they sealed.
func AddPrimary(mk *MasterKey, wrapped string) (string, error) {
	h, err := unwrap(mk, wrapped)
	if err != nil {
		return "", err
	}
	m := keyset.NewManagerFromHandle(h)
	id, err := m.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return "", fmt.Errorf("add key: %w", err)
	}
	if err := m.SetPrimary(id); err != nil {
		return "", fmt.Errorf("make key primary: %w", err)
	}
	if h, err = m.Handle(); err != nil {
		return "", fmt.Errorf("build keyset: %w", err)
	}
	return wrap(h, mk)
}

func wrap(h *keyset.Handle, mk *MasterKey) (string, error) {
	var buf bytes.Buffer
	if err := h.WriteWithAssociatedData(keyset.NewBinaryWriter(&buf), mk.aead, keysetAD); err != nil {
		return "", fmt.Errorf("wrap keyset: %w", err)
	}
	return base64.RawStdEncoding.EncodeToString(buf.Bytes()), nil
}

func unwrap(mk *MasterKey, wrapped string) (*keyset.Handle, error) {
	raw, err := base64.RawStdEncoding.DecodeString(wrapped)
	if err != nil {
		return nil, ErrMasterKey
	}
	h, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(raw)), mk.aead, keysetAD)
	if err != nil {
		return nil, ErrMasterKey
	}
	return h, nil
}

// Sealer encrypts values for storage with the keyset's primary key. It is safe for concurrent use.
type Sealer struct {
	ring atomic.Pointer[ring]
	load func(ctx context.Context) (wrapped string, err error)
	mk   *MasterKey
}

type ring struct {
	aead    tink.AEAD
	primary uint32
}

// OpenSealer loads and unwraps a keyset. It returns ErrMasterKey when the master key is not the one it was wrapped with. load is asked again when a value
// was sealed with a key that is not known yet, because another instance rotated.
func OpenSealer(ctx context.Context, mk *MasterKey, load func(ctx context.Context) (wrapped string, err error)) (*Sealer, error) {
	s := &Sealer{load: load, mk: mk}
	return s, s.Reload(ctx)
}

// Reload reads the keyset again.
func (s *Sealer) Reload(ctx context.Context) error {
	wrapped, err := s.load(ctx)
	if err != nil {
		return fmt.Errorf("read keyset: %w", err)
	}
	h, err := unwrap(s.mk, wrapped)
	if err != nil {
		return err
	}
	a, err := aead.New(h)
	if err != nil {
		return fmt.Errorf("open keyset: %w", err)
	}
	s.ring.Store(&ring{aead: a, primary: h.KeysetInfo().GetPrimaryKeyId()})
	return nil
}

// Place names where a sealed value is stored; it is the associated data.
type Place struct{ Table, Column, ID string }

func (p Place) ad() []byte { return []byte(p.Table + "/" + p.Column + "/" + p.ID) }

// Seal encrypts v for one place. The empty secret stays the empty string, so that "not set" is visible without a key.
func (s *Sealer) Seal(p Place, v Text) (string, error) {
	if v.IsEmpty() {
		return "", nil
	}
	ct, err := s.ring.Load().aead.Encrypt([]byte(v.Reveal()), p.ad())
	if err != nil {
		return "", fmt.Errorf("seal %s.%s: %w", p.Table, p.Column, err)
	}
	return sealedPrefix + base64.RawStdEncoding.EncodeToString(ct), nil
}

// Open decrypts what Seal made for the same place.
func (s *Sealer) Open(p Place, sealed string) (Text, error) {
	if sealed == "" {
		return Text{}, nil
	}
	enc, ok := strings.CutPrefix(sealed, sealedPrefix)
	if !ok {
		return Text{}, fmt.Errorf("open %s.%s: not a sealed value", p.Table, p.Column)
	}
	ct, err := base64.RawStdEncoding.DecodeString(enc)
	if err != nil {
		return Text{}, fmt.Errorf("open %s.%s: damaged value", p.Table, p.Column)
	}
	pt, err := s.ring.Load().aead.Decrypt(ct, p.ad())
	if err != nil {
		if pt, err = s.retry(ct, p); err != nil {
			return Text{}, fmt.Errorf("open %s.%s: sealed with another key, or for another row", p.Table, p.Column)
		}
	}
	return New(string(pt)), nil
}

// Reseal returns a sealed value sealed with the primary key; one that is already comes back unchanged.
func (s *Sealer) Reseal(p Place, sealed string) (string, error) {
	if s.SealedWithPrimary(sealed) {
		return sealed, nil
	}
	v, err := s.Open(p, sealed)
	if err != nil {
		return "", err
	}
	return s.Seal(p, v)
}

// retry opens a value with a freshly read keyset.
func (s *Sealer) retry(ct []byte, p Place) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := s.Reload(ctx); err != nil {
		return nil, err
	}
	return s.ring.Load().aead.Decrypt(ct, p.ad())
}

// SealedWithPrimary reports whether a value needs no re-sealing after a key rotation. Tink puts 1 byte and the key id in front.
func (s *Sealer) SealedWithPrimary(sealed string) bool {
	enc, ok := strings.CutPrefix(sealed, sealedPrefix)
	if !ok {
		return sealed == ""
	}
	ct, err := base64.RawStdEncoding.DecodeString(enc)
	if err != nil || len(ct) < 5 {
		return false
	}
	id := uint32(ct[1])<<24 | uint32(ct[2])<<16 | uint32(ct[3])<<8 | uint32(ct[4])
	return id == s.ring.Load().primary
}
