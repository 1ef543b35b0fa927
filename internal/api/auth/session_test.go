package auth

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"switchyard"
)

// login signs a user in and answers the session and the cookie.
func (r *rig) login(t *testing.T, username, password string) (*Session, *http.Cookie) {
	t.Helper()
	s, cookie, err := r.sessions.Login(t.Context(), Credentials{"acme", username, password}, here, true)
	if err != nil {
		t.Fatal(err)
	}
	return s, cookie
}

func TestLogin(t *testing.T) {
	r := newRig()
	s, cookie := r.login(t, "ADA", "correct horse")
	if s.Username != "Ada" || s.Name != "Ada Lovelace" || s.Account != "acme" || len(s.Roles) != 1 || s.CSRF == "" {
		t.Errorf("the session is %+v", s)
	}
	if !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || cookie.MaxAge != 12*3600 {
		t.Errorf("the cookie is %+v", cookie)
	}
	p, err := r.directory.Authenticate(withCookie("PUT", cookie.Value, s.CSRF))
	if err != nil || p.By() != "user:Ada" {
		t.Errorf("%+v, %v", p, err)
	}
	in := r.taken[0].(*switchyard.OpenSession)
	if in.User != "Ada" || in.Hash != HashOf(cookie.Value).String() || r.by[0] != "acme user:Ada" {
		t.Errorf("journaled as %+v by %s", in, r.by[0])
	}
	if _, cookie, _ := r.sessions.Login(t.Context(), Credentials{"acme", "sue", "battery staple"}, here, false); cookie.Secure {
		t.Error("a cookie that came without TLS would never be sent back")
	}
}

func TestLoginRefuses(t *testing.T) {
	for _, c := range []Credentials{
		{"acme", "ada", "wrong"}, {"acme", "nobody", "x"}, {"other", "ada", "correct horse"}, {"", "", ""},
		{"acme", "nopass", ""}, {"acme", "ada", ""}, {"acme", "ada", strings.Repeat("x", 2000)},
	} {
		r := newRig()
		_, cookie, err := r.sessions.Login(t.Context(), c, here, false)
		wantCode(t, c.Username, err, switchyard.Unauthorized)
		if cookie != nil || len(r.taken) != 0 {
			t.Errorf("%+v: signed in", c)
		}
	}
}

// TestNobodysPassword: the hash that unknown users are compared with opens nothing.
func TestNobodysPassword(t *testing.T) {
	r := newRig()
	password := strings.TrimPrefix(r.sessions.nobody, "hash:")
	_, _, err := r.sessions.Login(t.Context(), Credentials{"acme", "nobody", password}, here, false)
	wantCode(t, "nobody", err, switchyard.Unauthorized)
}

func TestLoginIsLimited(t *testing.T) {
	r := newRig()
	try := func(username, password, from string) error {
		_, _, err := r.sessions.Login(t.Context(), Credentials{"acme", username, password}, from, false)
		return err
	}
	for range maxFailures {
		wantCode(t, "a failure", try("ada", "wrong", here), switchyard.Unauthorized)
	}
	wantCode(t, "the right password", try("Ada", "correct horse", here), switchyard.TooManyRequests)
	wantCode(t, "from another address", try("ada", "correct horse", "192.0.2.9:1"), "")
	wantCode(t, "another user", try("sue", "battery staple", here), "")
	r.pass(time.Minute)
	wantCode(t, "a minute later", try("ada", "correct horse", here), "")
}

func TestLogout(t *testing.T) {
	r := newRig()
	_, first := r.login(t, "ada", "correct horse")
	_, second := r.login(t, "ada", "correct horse")
	p, err := r.directory.Authenticate(withCookie("DELETE", first.Value, csrfToken(first.Value)))
	if err != nil {
		t.Fatal(err)
	}
	cleared, err := r.sessions.Logout(t.Context(), p, false)
	if err != nil || cleared.MaxAge >= 0 || cleared.Value != "" {
		t.Errorf("%+v, %v", cleared, err)
	}
	_, err = r.directory.Authenticate(withCookie("GET", first.Value, ""))
	wantCode(t, "the session signed out", err, switchyard.Unauthorized)
	_, err = r.directory.Authenticate(withCookie("GET", second.Value, ""))
	wantCode(t, "the other session", err, "")
	if in := r.taken[2].(*switchyard.CloseSession); in.Hash != HashOf(first.Value).String() {
		t.Errorf("journaled as %+v", in)
	}
}

func TestChangePassword(t *testing.T) {
	r := newRig()
	_, here1 := r.login(t, "ada", "correct horse")
	_, other := r.login(t, "ada", "correct horse")
	p, err := r.directory.Authenticate(withCookie("GET", here1.Value, ""))
	if err != nil {
		t.Fatal(err)
	}
	change := func(old, password string) error {
		return r.sessions.ChangePassword(t.Context(), p, here, old, password)
	}
	wantCode(t, "a wrong old one", change("wrong", "long enough"), switchyard.PasswordWrong)
	wantCode(t, "too short", change("correct horse", "ééééééé"), switchyard.PasswordInvalid)
	wantCode(t, "too long", change("correct horse", strings.Repeat("x", 2000)), switchyard.PasswordInvalid)
	r.pass(time.Second)
	wantCode(t, "eight characters", change("correct horse", "éééééééé"), "")

	_, err = r.directory.Authenticate(withCookie("GET", here1.Value, ""))
	wantCode(t, "this session", err, "")
	_, err = r.directory.Authenticate(withCookie("GET", other.Value, ""))
	wantCode(t, "the other session", err, switchyard.Unauthorized)
	_, _, err = r.sessions.Login(t.Context(), Credentials{"acme", "ada", "correct horse"}, here, false)
	wantCode(t, "the old password", err, switchyard.Unauthorized)
	r.login(t, "ada", "éééééééé")
	in := r.taken[2].(*switchyard.SetPassword)
	if in.User != "Ada" || in.Password != "hash:éééééééé" || in.Keep != HashOf(here1.Value).String() {
		t.Errorf("journaled as %+v", in)
	}
}

func TestChangePasswordIsLimited(t *testing.T) {
	r := newRig()
	p := &Principal{Account: "acme", User: "Ada"}
	for range maxFailures {
		wantCode(t, "a failure", r.sessions.ChangePassword(t.Context(), p, here, "wrong", "long enough"), switchyard.PasswordWrong)
	}
	wantCode(t, "one more", r.sessions.ChangePassword(t.Context(), p, here, "correct horse", "long enough"), switchyard.TooManyRequests)
}

// TestNoPasswordIsNoPassword: a user without a password cannot give itself one.
func TestNoPasswordIsNoPassword(t *testing.T) {
	r := newRig()
	err := r.sessions.ChangePassword(t.Context(), &Principal{Account: "acme", User: "nopass"}, here, "", "long enough")
	wantCode(t, "an empty old password", err, switchyard.PasswordWrong)
}

// TestNothingUnlessDurable: what could not be journaled has not happened.
func TestNothingUnlessDurable(t *testing.T) {
	r := newRig()
	_, cookie := r.login(t, "ada", "correct horse")
	p, err := r.directory.Authenticate(withCookie("GET", cookie.Value, ""))
	if err != nil {
		t.Fatal(err)
	}
	r.fault = switchyard.Refuse(switchyard.StorageUnavailable, "disk full")
	_, _, err = r.sessions.Login(t.Context(), Credentials{"acme", "sue", "battery staple"}, here, false)
	wantCode(t, "login", err, switchyard.StorageUnavailable)
	_, err = r.sessions.Logout(t.Context(), p, false)
	wantCode(t, "logout", err, switchyard.StorageUnavailable)
	wantCode(t, "password", r.sessions.ChangePassword(t.Context(), p, here, "correct horse", "long enough"), switchyard.StorageUnavailable)
	_, err = r.directory.Authenticate(withCookie("GET", cookie.Value, ""))
	wantCode(t, "the session", err, "")
	if n := len(r.directory.grants); n != 1 {
		t.Errorf("%d sessions are known, want 1", n)
	}
}
