package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
)

// stepSeconds is the length of a time step (RFC 6238 §4.1; what authenticator apps assume).
const stepSeconds = 30

// Enrolment is what a user's authenticator app needs; shown once.
type Enrolment struct {
	// Secret is base32, to be typed in.
	Secret secret.Text
	// URL is otpauth://…, to be shown as a QR code; it holds the secret.
	URL secret.Text
}

func totpPlace(userID string) secret.Place {
	return secret.Place{Table: "users", Column: "totp_sealed", ID: userID}
}

// EnrolTOTP proposes a second factor, in place of one that was proposed before. Nothing is asked for at login until ConfirmTOTP. It
// returns ErrOTPActive if the second factor is on, ErrNotFound for an unknown or disabled user.
func (s *Service) EnrolTOTP(ctx context.Context, userID string) (Enrolment, error) {
	row, err := s.userWhere(ctx, "id = ?", userID)
	if err != nil {
		return Enrolment{}, err
	}
	if !row.active() {
		return Enrolment{}, ErrNotFound
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Zhisu", AccountName: row.Email})
	if err != nil {
		return Enrolment{}, fmt.Errorf("make second factor: %w", err)
	}
	e := Enrolment{Secret: secret.New(key.Secret()), URL: secret.New(key.URL())}
	sealed, err := s.sealer.Seal(totpPlace(userID), e.Secret)
	if err != nil {
		return Enrolment{}, err
	}
	ok, err := db.Changed(s.db.Write().NewUpdate().Model(row).Set("totp_sealed = ?", sealed).Set("updated_at = ?", s.now()).WherePK().
		Where("totp_confirmed_at IS NULL").Exec(ctx))
	if err != nil {
		return Enrolment{}, fmt.Errorf("store second factor: %w", err)
	}
	if !ok {
		return Enrolment{}, ErrOTPActive
	}
	return e, nil
}

// ConfirmTOTP turns the proposed second factor on, once its app shows the right code; that code is used up. It returns ErrBadOTP,
// ErrOTPNotEnrolled or ErrOTPActive.
func (s *Service) ConfirmTOTP(ctx context.Context, userID, code string) error {
	row, err := s.userWhere(ctx, "id = ?", userID)
	if err != nil {
		return err
	}
	switch {
	case row.totp():
		return ErrOTPActive
	case row.TOTPSealed == "":
		return ErrOTPNotEnrolled
	}
	step, err := s.checkCode(row, code)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		ok, err := db.Changed(tx.NewUpdate().Model(row).Set("totp_confirmed_at = ?", s.now()).Set("totp_step = ?", step).Set("updated_at = ?", s.now()).
			WherePK().Where("totp_sealed = ?", row.TOTPSealed).Where("totp_confirmed_at IS NULL").Exec(ctx))
		if err != nil {
			return fmt.Errorf("turn second factor on: %w", err)
		}
		if !ok {
			return ErrOTPNotEnrolled // replaced, or confirmed, at the same moment
		}
		return s.Record(ctx, tx, Entry{Verb: "totp_on", Object: ObjectUser, ObjectID: userID})
	})
}

// DisableTOTP turns the second factor off and forgets it: for an owner to help who lost the phone. Turning off what is off is no error.
func (s *Service) DisableTOTP(ctx context.Context, userID string) error {
	row, err := s.userWhere(ctx, "id = ?", userID)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		changed, err := db.Changed(tx.NewUpdate().Model(row).Set("totp_sealed = ''").Set("totp_confirmed_at = NULL").Set("updated_at = ?", s.now()).
			WherePK().Where("totp_sealed <> ''").Exec(ctx))
		if err != nil {
			return fmt.Errorf("turn second factor off: %w", err)
		}
		if !changed {
			return nil
		}
		return s.Record(ctx, tx, Entry{Verb: "totp_off", Object: ObjectUser, ObjectID: userID})
	})
}

// checkCode returns the time step a code belongs to: now, one before or one after, later than the last one used. It returns ErrBadOTP.
// The caller stores the step by compare-and-set, so that of two equal codes at once one loses.
func (s *Service) checkCode(row *userRow, code string) (step int64, err error) {
	key, err := s.sealer.Open(totpPlace(row.ID), row.TOTPSealed)
	if err != nil {
		return 0, err
	}
	code = strings.ReplaceAll(code, " ", "") // apps show "123 456"
	now := s.clock.Now().Unix() / stepSeconds
	for _, step := range []int64{now, now - 1, now + 1} {
		ok, err := hotp.ValidateCustom(code, uint64(step), key.Reveal(), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if errors.Is(err, otp.ErrValidateInputInvalidLength) {
			return 0, ErrBadOTP
		}
		if err != nil {
			return 0, fmt.Errorf("check one-time code: %w", err)
		}
		if ok && step > row.TOTPStep {
			return step, nil
		}
	}
	return 0, ErrBadOTP
}
