package notify

import (
	"errors"

	"github.com/zhisu/zhisu/internal/notify/channel"
)

// FieldError says which field is wrong, in a Chinese sentence.
type FieldError = channel.Invalid

var (
	// ErrNotFound says that there is no such channel, subscription, notice or member.
	ErrNotFound = errors.New("no such channel, subscription, notice or member")
	// ErrChannelInUse says that a channel can't be removed while a subscription sends through it.
	ErrChannelInUse = errors.New("the channel is used by a subscription")
	// ErrChanged says that somebody else changed the channel at the same time.
	ErrChanged = errors.New("the channel was changed at the same time")
	// ErrNotResendable says that a notice is still under way.
	ErrNotResendable = errors.New("the notice is still under way")
	// errOvertaken says that another instance looked at the same duty.
	errOvertaken = errors.New("another instance was faster")
	// ErrBadCursor says that a cursor was not made by ListNotices.
	ErrBadCursor = errors.New("the cursor is not valid")
)
