package oidc

import (
	"testing"
)

func TestUsernameIn(t *testing.T) {
	claims := map[string]any{"sub": "7", "preferred_username": "ada", "email": "ada@example.com", "upn": 7.0}
	verified := map[string]any{"email": "ada@example.com", "email_verified": true}
	for _, c := range []struct {
		claims      map[string]any
		claim, want string
	}{
		{claims, "", "ada"},
		{claims, "sub", "7"},
		{claims, "email", ""}, // nobody says that it is the user's
		{verified, "email", "ada@example.com"},
		{verified, "", ""},
		{claims, "upn", ""},
		{map[string]any{"email": "ada@example.com", "email_verified": "true"}, "email", ""},
	} {
		got, err := usernameIn(c.claims, c.claim)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("claim %q of %v: %q, %v; want %q", c.claim, c.claims, got, err, c.want)
		}
	}
}

func TestSafePath(t *testing.T) {
	for to, want := range map[string]string{
		"/contactpad": "/contactpad", "/admin/plans?x=1": "/admin/plans?x=1",
		"": "/", "/": "/", "//evil.example": "/", `/\evil.example`: "/", "/\t/evil.example": "/", "/x\r\n": "/", "https://evil.example": "/", "contactpad": "/",
	} {
		if got := safePath(to); got != want {
			t.Errorf("%q: %q, want %q", to, got, want)
		}
	}
}
