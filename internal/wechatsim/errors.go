package wechatsim

import "errors"

// Errors of the Go methods and of the control API; the latter answers them as 404, 409 and 400.
var (
	// ErrNotFound means that the program or the complaint does not exist here.
	ErrNotFound = errors.New("not found")
	// ErrNotNow means that the state does not allow the event.
	ErrNotNow = errors.New("not possible in this state")
	// ErrInvalid means that a parameter is missing or out of range.
	ErrInvalid = errors.New("invalid parameter")
)
