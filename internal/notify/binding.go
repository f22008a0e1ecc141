package notify

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/secret"
)

// BindingState tells what became of a code that was shown.
type BindingState string

// The states of a binding.
const (
	// BindingWaiting: nobody has scanned the code yet.
	BindingWaiting BindingState = "waiting"
	// BindingBound: somebody scanned it, and messages reach them.
	BindingBound BindingState = "bound"
	// BindingOff: they unfollowed the account or blocked its messages.
	BindingOff BindingState = "off"
	// BindingExpired: the code's time is over.
	BindingExpired BindingState = "expired"
)

const (
	scenePrefix = "bind_"
	sceneBytes  = 16 // 128 bits
	sceneLife   = 10 * time.Minute
)

// Binding is a receiver who made himself known by scanning a code, or the code while nobody has.
type Binding struct {
	ID, ChannelID, Name, UserID string
	State                       BindingState
	// Reason says in Chinese why it is off.
	Reason string
	// Address is personal data; empty unless bound.
	Address, AddressMasked string
	// Greeting is what became of the test message that follows a scan: "", sending, sent or failed, and GreetingText the words for it.
	Greeting, GreetingText        string
	CreatedAt, ExpiresAt, BoundAt db.Time
}

type bindingRow struct {
	bun.BaseModel `bun:"table:channel_bindings"`

	ID            string `bun:",pk"`
	ChannelID     string
	Name          string
	UserID        string
	State         BindingState
	Reason        string
	SceneHash     string
	AddressHash   string
	AddressSealed string
	AddressMasked string
	Greeting      string
	GreetingText  string
	CreatedBy     string
	CreatedAt     db.Time
	ExpiresAt     db.Time
	BoundAt       db.Time
	UpdatedAt     db.Time
}

func bindingPlace(id string) secret.Place {
	return secret.Place{Table: "channel_bindings", Column: "address_sealed", ID: id}
}

func hashOf(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:])
}

// GreetArgs is the job that sends a test message to a receiver who has just bound himself.
type GreetArgs struct {
	BindingID string `json:"binding_id"`
}

// Kind implements river.JobArgs.
func (GreetArgs) Kind() string { return "notice.greet" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (GreetArgs) InsertOpts() river.InsertOpts { return *db.Once(db.QueueNotify) }

// StartBinding makes a code to scan. failed is the provider's refusal in words; then there is no binding.
func (s *Service) StartBinding(ctx context.Context, channelID, name, userID, createdBy string) (b Binding, code string, failed *TestResult, err error) {
	name = strings.TrimSpace(name)
	if len([]rune(name)) > 40 {
		return Binding{}, "", nil, &FieldError{Field: "name", Text: "名称应在 40 个字以内。"}
	}
	ch, err := s.channelRow(ctx, channelID)
	if err != nil {
		return Binding{}, "", nil, err
	}
	sd, err := s.sender(ch)
	if err != nil {
		return Binding{}, "", nil, err
	}
	binder, ok := sd.Sender.(channel.Binder)
	if !ok {
		return Binding{}, "", nil, &FieldError{Field: "channel", Text: "这种渠道不能扫码绑定接收人。"}
	}
	raw := make([]byte, sceneBytes)
	if _, err := rand.Read(raw); err != nil {
		return Binding{}, "", nil, fmt.Errorf("make scene: %w", err)
	}
	scene, now := scenePrefix+hex.EncodeToString(raw), s.now()
	row := &bindingRow{
		ID: db.NewID(), ChannelID: channelID, Name: name, UserID: userID, State: BindingWaiting, SceneHash: hashOf(channelID, scene),
		CreatedBy: createdBy, CreatedAt: now, ExpiresAt: now + ms(sceneLife), UpdatedAt: now,
	}
	if _, err := s.db.Write().NewInsert().Model(row).Exec(ctx); err != nil {
		return Binding{}, "", nil, fmt.Errorf("store binding: %w", err)
	}
	code, res := binder.SceneCode(ctx, scene, sceneLife)
	if res != nil {
		if _, err := s.db.Write().NewDelete().Model(row).WherePK().Exec(ctx); err != nil {
			return Binding{}, "", nil, fmt.Errorf("remove binding: %w", err)
		}
		return Binding{}, "", &TestResult{ProviderCode: res.ProviderCode, ProviderText: res.ProviderText, Text: res.Text}, nil
	}
	b, err = s.bindingOf(row)
	return b, code, nil, err
}

// Bindings returns the receivers of a channel who bound themselves, oldest first.
func (s *Service) Bindings(ctx context.Context, channelID string) ([]Binding, error) {
	var rows []bindingRow
	err := s.db.Read.NewSelect().Model(&rows).Where("channel_id = ? AND state IN (?, ?)", channelID, BindingBound, BindingOff).Order("id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list bindings: %w", err)
	}
	out := make([]Binding, len(rows))
	for i := range rows {
		if out[i], err = s.bindingOf(&rows[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Binding returns one binding of a channel, or ErrNotFound.
func (s *Service) Binding(ctx context.Context, channelID, id string) (Binding, error) {
	row := &bindingRow{ID: id}
	err := s.db.Read.NewSelect().Model(row).WherePK().Where("channel_id = ?", channelID).Scan(ctx)
	if db.IsNotFound(err) {
		return Binding{}, ErrNotFound
	}
	if err != nil {
		return Binding{}, fmt.Errorf("read binding: %w", err)
	}
	return s.bindingOf(row)
}

func (s *Service) bindingOf(row *bindingRow) (Binding, error) {
	b := Binding{
		ID: row.ID, ChannelID: row.ChannelID, Name: row.Name, UserID: row.UserID, State: row.State, Reason: row.Reason, AddressMasked: row.AddressMasked,
		Greeting: row.Greeting, GreetingText: row.GreetingText, CreatedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt, BoundAt: row.BoundAt,
	}
	if b.State == BindingWaiting && s.now() >= row.ExpiresAt {
		b.State = BindingExpired
	}
	address, err := s.sealer.Open(bindingPlace(row.ID), row.AddressSealed)
	if err != nil {
		return Binding{}, fmt.Errorf("open address of binding: %w", err)
	}
	b.Address = address.Reveal()
	return b, nil
}

// RenameBinding names a receiver.
func (s *Service) RenameBinding(ctx context.Context, channelID, id, name string) (Binding, error) {
	name = strings.TrimSpace(name)
	if len([]rune(name)) > 40 {
		return Binding{}, &FieldError{Field: "name", Text: "名称应在 40 个字以内。"}
	}
	_, err := s.db.Write().NewUpdate().Model((*bindingRow)(nil)).Set("name = ?, updated_at = ?", name, s.now()).
		Where("id = ? AND channel_id = ?", id, channelID).Exec(ctx)
	if err != nil {
		return Binding{}, fmt.Errorf("rename binding: %w", err)
	}
	return s.Binding(ctx, channelID, id)
}

// RemoveBinding forgets a receiver, or a code that nobody shall scan any more. Subscriptions that name the address keep it.
func (s *Service) RemoveBinding(ctx context.Context, channelID, id string) error {
	ok, err := db.Changed(s.db.Write().NewDelete().Model((*bindingRow)(nil)).Where("id = ? AND channel_id = ?", id, channelID).Exec(ctx))
	if err != nil {
		return fmt.Errorf("remove binding: %w", err)
	}
	if !ok {
		return ErrNotFound
	}
	return nil
}
