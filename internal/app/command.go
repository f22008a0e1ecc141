package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/secret"
)

// Command is one thing the command line asks for. It runs in this process, or in the one that holds the data dir; see Execute.
type Command struct {
	// Name is user.create, token.create, backup, secrets.rotate or doctor.
	Name     string `json:"name"`
	Email    string `json:"email,omitempty"`
	Role     string `json:"role,omitempty"`
	Label    string `json:"label,omitempty"`
	Password string `json:"password,omitempty"`
	Path     string `json:"path,omitempty"`
}

// Result is what a command prints. Failed makes the process end with 1.
type Result struct {
	Out    string `json:"out"`
	Failed bool   `json:"failed"`
}

// ErrCommand marks a command that was understood and refused; its text is for the person at the terminal.
var ErrCommand = errors.New("refused")

// Run does one command.
func (a *App) Run(ctx context.Context, c Command) (Result, error) {
	ctx = identity.WithPrincipal(ctx, identity.System)
	switch c.Name {
	case "user.create":
		return a.createUser(ctx, c)
	case "token.create":
		return a.createToken(ctx, c)
	case "backup":
		return a.backup(ctx, c.Path)
	case "secrets.rotate":
		return a.rotate(ctx)
	case "doctor":
		return a.doctor(ctx)
	}
	return Result{}, fmt.Errorf("%w: unknown command %q", ErrCommand, c.Name)
}

func (a *App) createUser(ctx context.Context, c Command) (Result, error) {
	u, err := a.Identity.CreateUser(ctx, identity.NewUser{
		Email: c.Email, Name: c.Label, Role: identity.Role(c.Role), Password: secret.New(c.Password),
	})
	if err != nil {
		return Result{}, fmt.Errorf("%w: %w", ErrCommand, err)
	}
	return Result{Out: fmt.Sprintf("created %s %s (%s)\n", u.Role, u.Email, u.ID)}, nil
}

func (a *App) createToken(ctx context.Context, c Command) (Result, error) {
	u, err := a.Identity.UserByEmail(ctx, c.Email)
	if err != nil {
		return Result{}, fmt.Errorf("%w: %w", ErrCommand, err)
	}
	_, plain, err := a.Identity.CreateToken(ctx, u.ID, c.Label)
	if err != nil {
		return Result{}, fmt.Errorf("%w: %w", ErrCommand, err)
	}
	return Result{Out: plain.Reveal() + "\n"}, nil
}

// wire is what goes over the socket.
type wire struct {
	Result
	Error string `json:"error,omitempty"`
}

func encodeWire(res Result, err error) ([]byte, error) {
	w := wire{Result: res}
	if err != nil {
		w.Error = err.Error()
	}
	return json.Marshal(w)
}

func decodeWire(b []byte) (Result, error) {
	var w wire
	if err := json.Unmarshal(b, &w); err != nil {
		return Result{}, fmt.Errorf("read answer of the running process: %w", err)
	}
	if w.Error != "" {
		return Result{}, errors.New(w.Error)
	}
	return w.Result, nil
}
