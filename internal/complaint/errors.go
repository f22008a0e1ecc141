package complaint

import "errors"

// Errors that callers tell apart.
var (
	ErrNotFound    = errors.New("complaint not found")
	ErrNotAtWeChat = errors.New("WeChat does not know this complaint")
	errUnread      = errors.New("the complaint could not be read at WeChat")
	errMoved       = errors.New("the complaint changed while it was being read")
)
