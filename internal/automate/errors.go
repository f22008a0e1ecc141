package automate

import "errors"

// Errors that callers tell apart.
var (
	ErrNotFound = errors.New("rule not found")
	// ErrReplayFirst says that this very version of a rule was not replayed.
	ErrReplayFirst = errors.New("this version of the rule was not replayed")
	// ErrStopped says that the stop switch is on.
	ErrStopped = errors.New("everything automatic is stopped")
	// ErrOver says that nothing automatic is going on with a case.
	ErrOver = errors.New("nothing automatic is going on with the case")
	// ErrChanged says that a rule was changed meanwhile.
	ErrChanged = errors.New("the rule was changed meanwhile")
)

// FieldError says which value of a rule is wrong and why, for the person who typed it.
type FieldError struct{ Field, Text string }

// Error implements error.
func (e *FieldError) Error() string { return e.Field + ": " + e.Text }

// NotReadyError says why a rule can't be enabled, for the merchant.
type NotReadyError struct{ Text string }

// Error implements error.
func (e *NotReadyError) Error() string { return "not ready: " + e.Text }
