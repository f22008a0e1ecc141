package push

import "fmt"

// Kinds of platform events (open platform §1.7). Others are kept as they come.
const (
	InfoTicket            = "component_verify_ticket"
	InfoAuthorized        = "authorized"
	InfoUpdateAuthorized  = "updateauthorized"
	InfoUnauthorized      = "unauthorized"
	earliestAbsoluteClock = 1_000_000_000 // seconds; below that a "time" is a duration
)

// PlatformEvent is a message of the 授权事件接收 URL. It holds tickets and codes and
// prints without them.
type PlatformEvent struct {
	AppID      string // the component's
	CreateTime int64  // unix seconds
	InfoType   string
	// Ticket is set for InfoTicket.
	Ticket string `json:"-"`
	// AuthorizerAppID is set for the three authorisation events.
	AuthorizerAppID   string
	AuthorizationCode string `json:"-"`
	// CodeExpiresAt is in unix seconds; 0 = not told. The page describes seconds of
	// life, real values are absolute times (open platform §1.7); both are read.
	CodeExpiresAt int64
	PreAuthCode   string `json:"-"`
	// Fields are all scalar fields by WeChat's names, those of a nested element as
	// "info.name"; the first if one is repeated.
	Fields map[string]string `json:"-"`
}

// Format hides tickets and codes from every fmt verb.
func (e PlatformEvent) Format(f fmt.State, _ rune) {
	hidden(f, "platform event %s at %d", e.InfoType, e.CreateTime)
}

// ParsePlatformEvent reads a decrypted message of the 授权事件接收 URL, which is
// always XML. Unknown kinds are no error: they come with their Fields.
// Errors: ErrDoctype, ErrMalformed (also without an InfoType), ErrPushTooLarge.
func ParsePlatformEvent(plaintext []byte) (*PlatformEvent, error) {
	root, _, err := parseTree(plaintext, FormatXML)
	if err != nil {
		return nil, err
	}
	e := &PlatformEvent{
		AppID: root.text("AppId"), CreateTime: root.integer("CreateTime"), InfoType: root.text("InfoType"),
		Ticket: root.text("ComponentVerifyTicket"), AuthorizerAppID: root.text("AuthorizerAppid"),
		AuthorizationCode: root.text("AuthorizationCode"), PreAuthCode: root.text("PreAuthCode"), Fields: root.scalars(),
	}
	if e.InfoType == "" {
		return nil, ErrMalformed
	}
	e.CodeExpiresAt = root.integer("AuthorizationCodeExpiredTime")
	if e.CodeExpiresAt > 0 && e.CodeExpiresAt < earliestAbsoluteClock {
		e.CodeExpiresAt += e.CreateTime
	}
	for _, k := range root.kids {
		for name, value := range k.scalars() {
			e.Fields[k.name+"."+name] = value
		}
	}
	return e, nil
}
