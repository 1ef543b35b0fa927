package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"

	"switchyard"
	"switchyard/internal/api/httpx"
)

// CookieName is the session cookie's; CSRFHeader must come with it on every method that changes
// something.
const (
	CookieName = "switchyard_session"
	CSRFHeader = "X-CSRF-Token"
)

// maxSecretBytes bounds what is worth hashing: tokens and cookies are far shorter.
const maxSecretBytes = 256

// Authenticate answers who makes a request: by its bearer token if it has an Authorization header,
// else by its session cookie. A session must also show its CSRF token when the method is unsafe.
func (d *Directory) Authenticate(r *http.Request) (*Principal, error) {
	if r.Header.Get("Authorization") != "" {
		return d.Bearer(r)
	}
	cookie, err := r.Cookie(CookieName)
	if err != nil {
		return nil, switchyard.Refuse(switchyard.Unauthorized,
			"the request has neither a bearer token nor a session; get one at /Auth/connect/token or /v1/session")
	}
	if len(cookie.Value) > maxSecretBytes {
		return nil, unknownSession()
	}
	p := d.find(cookie.Value)
	if p == nil || p.User == "" {
		return nil, unknownSession()
	}
	if !safe(r.Method) && !hmac.Equal([]byte(r.Header.Get(CSRFHeader)), []byte(csrfToken(cookie.Value))) {
		return nil, switchyard.Refuse(switchyard.Forbidden,
			"the header %s must hold the csrf member that /v1/session answers", CSRFHeader)
	}
	shown := *p
	shown.cookie = cookie.Value
	return d.identify(r, &shown), nil
}

// Bearer answers who makes a request by its bearer token alone.
func (d *Directory) Bearer(r *http.Request) (*Principal, error) {
	token, ok := bearerToken(r.Header.Get("Authorization"))
	if ok && len(token) <= maxSecretBytes {
		if p := d.find(token); p != nil && p.Client != "" {
			return d.identify(r, p), nil
		}
	}
	return nil, switchyard.Refuse(switchyard.Unauthorized,
		"the bearer token is unknown, expired or revoked; get one at /Auth/connect/token")
}

// identify notes the caller for the log line.
func (d *Directory) identify(r *http.Request, p *Principal) *Principal {
	call := httpx.CallOf(r.Context())
	call.Account, call.By = p.Account, p.By()
	return p
}

func unknownSession() error {
	return switchyard.Refuse(switchyard.Unauthorized, "the session has ended; sign in again at /v1/session")
}

// bearerToken takes the token out of an Authorization header; the word Bearer may have any case.
func bearerToken(header string) (string, bool) {
	const scheme = "bearer "
	if len(header) <= len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return "", false
	}
	return strings.Trim(header[len(scheme):], " "), true
}

// safe reports whether a method only reads.
func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// csrfToken derives the token from the cookie: who cannot read the cookie cannot make it.
func csrfToken(cookie string) string {
	mac := hmac.New(sha256.New, []byte(cookie))
	mac.Write([]byte("switchyard csrf"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
