package api

import (
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/zhisu/zhisu/internal/identity"
)

func (m *members) loggedIn(u identity.User, password string) *client {
	m.t.Helper()
	c := m.anonymous()
	if status, out := c.login(u.Email, password, ""); status != 200 {
		m.t.Fatalf("log in: %d %v", status, out)
	}
	return c
}

func TestOnesOwnPassword(t *testing.T) {
	const next = "another good password"
	m := newMembers(t)
	u := m.user("a", identity.Viewer)
	desk, phone := m.loggedIn(u, membersPassword), m.loggedIn(u, membersPassword)
	if out := desk.want(422, "PUT", "/me/password", obj{"current": "not this one", "new": next}); out["code"] != "wrong_password" {
		t.Errorf("wrong present password: %v", out)
	}
	if out := desk.want(422, "PUT", "/me/password", obj{"current": membersPassword, "new": "short"}); out["code"] != "validation" {
		t.Errorf("weak new password: %v", out)
	}
	phone.want(200, "GET", "/me", nil) // a refusal ends nothing
	desk.want(204, "PUT", "/me/password", obj{"current": membersPassword, "new": next})
	desk.want(200, "GET", "/me", nil)
	phone.want(401, "GET", "/me", nil)
	if status, _ := m.anonymous().login(u.Email, membersPassword, ""); status != 401 {
		t.Errorf("the old password answers %d", status)
	}
	m.loggedIn(u, next)
}

func TestGuessingThePresentPasswordIsThrottled(t *testing.T) {
	m := newMembers(t)
	u := m.user("a", identity.Viewer)
	c := m.loggedIn(u, membersPassword)
	var status int
	var out obj
	for range 8 { // 5 are free; a slow machine may wait a block of a second out
		if status, out = c.do("DELETE", "/me/totp", obj{"password": "wrong password"}); status != 422 {
			break
		}
	}
	if status != 429 || out["code"] != "rate_limited" {
		t.Errorf("after many wrong passwords: %d %v", status, out)
	}
}

func TestOnesOwnSecondFactor(t *testing.T) {
	m := newMembers(t)
	u := m.user("a", identity.Agent)
	c := m.loggedIn(u, membersPassword)
	key, _ := c.want(200, "POST", "/me/totp", nil)["secret"].(string)
	code, err := totp.GenerateCode(key, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	c.want(204, "POST", "/me/totp/confirm", obj{"code": code})
	if got := c.want(200, "GET", "/me", nil); got["totp"] != true {
		t.Errorf("shown as on: %v", got)
	}
	c.want(422, "DELETE", "/me/totp", obj{"password": "not this one"})
	if status, out := m.anonymous().login(u.Email, membersPassword, ""); status != 401 || out["code"] != "otp_required" {
		t.Errorf("after a refusal it is still asked for: %d %v", status, out)
	}
	c.want(204, "DELETE", "/me/totp", obj{"password": membersPassword})
	if got := c.want(200, "GET", "/me", nil); got["totp"] != false {
		t.Errorf("shown as off: %v", got)
	}
	m.loggedIn(u, membersPassword)
}

func TestOnesOwnName(t *testing.T) {
	m := newMembers(t)
	u := m.user("a", identity.Agent, "p1")
	c := m.loggedIn(u, membersPassword)
	if got := c.want(200, "PATCH", "/me", obj{"name": " 周敏 "}); got["name"] != "周敏" || got["role"] != "agent" {
		t.Errorf("renamed: %v", got)
	}
	c.want(422, "PATCH", "/me", obj{"name": " "})
	got, err := m.identity.User(t.Context(), u.ID)
	if err != nil || got.Name != "周敏" || got.Role != identity.Agent || len(got.ProgramIDs) != 1 {
		t.Errorf("stored: %+v, %v", got, err)
	}
}
