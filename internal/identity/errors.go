package identity

import (
	"errors"
	"fmt"
	"time"
)

// Errors of this package. None carries an e-mail, a name, an address or a secret.
var (
	// ErrNotFound says that there is no such user or token, or that it is disabled or revoked where an active one is needed.
	ErrNotFound = errors.New("no such user or token")
	// ErrEmailTaken says that another user, active or disabled, has this e-mail.
	ErrEmailTaken = errors.New("another user has this e-mail")
	// ErrEmail says that a string is not an e-mail address.
	ErrEmail = errors.New("not an e-mail address")
	// ErrName says that a name is empty where one is needed, too long, or has control characters.
	ErrName = errors.New("the name must have 1 to 64 characters")
	// ErrRole says that a role is none of Roles.
	ErrRole = errors.New("unknown role")
	// ErrScope says that a program id is blank. It is not dropped: an empty list means all programs.
	ErrScope = errors.New("a program id must not be blank")
	// ErrWeakPassword says that a password has fewer than 10 characters, or so many that it is not one.
	ErrWeakPassword = errors.New("the password must have 10 to 256 characters")
	// ErrLastOwner says that the change would leave nobody who may do everything.
	ErrLastOwner = errors.New("the last active owner must stay one")

	// ErrBadLogin says that e-mail, password or one-time code are wrong, or that the user is disabled.
	ErrBadLogin = errors.New("wrong e-mail or password")
	// ErrOTPRequired says that the password is right and a one-time code is needed as well.
	ErrOTPRequired = errors.New("a one-time code is needed")
	// ErrBadOTP says that the one-time code is wrong or was used before. At login it follows a right password, and is an ErrBadLogin.
	ErrBadOTP = fmt.Errorf("%w: the one-time code is wrong or was used", ErrBadLogin)
	// ErrWrongPassword says that somebody who is logged in gave a password that is not theirs.
	ErrWrongPassword = errors.New("the present password is wrong")
	// ErrOTPActive says that the second factor is on already.
	ErrOTPActive = errors.New("the second factor is on already")
	// ErrOTPNotEnrolled says that there is no second factor waiting to be confirmed.
	ErrOTPNotEnrolled = errors.New("no second factor is waiting to be confirmed")

	// ErrBadToken says that an API token is unknown or revoked, or that its user is disabled.
	ErrBadToken = errors.New("unknown or revoked API token")

	// ErrSetupLink says that a set-up link is wrong, or was replaced by a newer one.
	ErrSetupLink = errors.New("the set-up link is not valid, or a newer one replaced it")
	// ErrSetupDone says that the installation has an owner: log in instead.
	ErrSetupDone = errors.New("the installation is set up already")

	// ErrBadCursor says that a cursor was not made by the list it is used with.
	ErrBadCursor = errors.New("unknown cursor")
)

// Throttled says that there were too many failed logins for the account or from the address, or that more people log in right now than
// this process can check. Nothing was tried and nothing counted.
type Throttled struct {
	// RetryAfter is how long to wait; never less than a second.
	RetryAfter time.Duration
}

// Error implements error.
func (t *Throttled) Error() string {
	return fmt.Sprintf("too many login attempts: again in %s", t.RetryAfter)
}
