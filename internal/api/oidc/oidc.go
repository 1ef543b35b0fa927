// Package oidc signs users in by an OpenID Connect provider that their account names: the browser is
// sent there, comes back with a code, and what the provider says of the user opens a session like a
// password does. It is the authorization code flow with PKCE (RFC 7636), a state and a nonce.
//
// It imports the root package, internal/api/httpx and internal/api/auth.
package oidc

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode"

	goidc "github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-json-experiment/json"
	"golang.org/x/oauth2"
	"golang.org/x/time/rate"

	"switchyard"
	"switchyard/internal/api/auth"
	"switchyard/internal/api/httpx"
)

// Where a sign-in begins, and where the provider sends the browser back to.
const (
	BeginPath    = "/auth/oidc"
	CallbackPath = "/auth/oidc/callback"
)

// Options of the routes; all but PublicURL are required.
type Options struct {
	// Settings are an account's; nil when it has no provider, or there is no such account.
	Settings func(account string) *switchyard.OIDC
	Open     func(switchyard.Sealed) ([]byte, error) // unseals the client's secret
	Client   *http.Client                            // the guarded way out
	Sessions *auth.Sessions
	Log      *slog.Logger
	// PublicURL is this server's address for browsers; empty = the one the browser used.
	PublicURL string
}

// Bounds of what people whom nobody knows yet may cause.
const (
	cookieName  = "switchyard_oidc"
	signInTime  = 10 * time.Minute // from the first page to the way back
	waitTime    = 15 * time.Second // for the provider's answers
	freshTime   = time.Hour        // that a discovery document is kept
	mostIssuers = 1024             // discovery documents kept
	beginRate   = 20               // sign-ins begun and ended a second, of the whole server
	maxCode     = 4096
)

// Mount adds the routes.
func Mount(mux *http.ServeMux, o Options) {
	o.Client = &http.Client{Transport: bounded{o.Client.Transport}, CheckRedirect: o.Client.CheckRedirect, Timeout: waitTime}
	f := &flow{Options: o, providers: map[string]known{}, pace: rate.NewLimiter(beginRate, 4*beginRate)}
	mux.HandleFunc("GET "+BeginPath, f.begin)
	mux.HandleFunc("GET "+CallbackPath, f.callback)
}

// flow has what the routes share.
type flow struct {
	Options
	pace *rate.Limiter

	mu        sync.Mutex
	providers map[string]known // by issuer
}

// known is a provider whose discovery document was read.
type known struct {
	provider *goidc.Provider
	since    time.Time
}

// pass is what the browser keeps on its way to the provider and back, in a cookie no script reads.
type pass struct {
	Account  string `json:"account"`
	To       string `json:"to"`
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
}

// The problems a sign-in may end with, as the sign-in page is told them.
const (
	problemNone        = "none"        // the account has no provider
	problemUnreachable = "unreachable" // the provider does not answer as it should
	problemRefused     = "refused"     // the provider, or the user there, said no
	problemExpired     = "expired"     // it took too long, or began in another browser
	problemStranger    = "stranger"    // the account has no such user
	problemBusy        = "busy"        // too many sign-ins at once
)

// begin sends the browser to the account's provider.
func (f *flow) begin(w http.ResponseWriter, r *http.Request) {
	p := pass{Account: r.URL.Query().Get("account"), To: safePath(r.URL.Query().Get("to"))}
	settings := f.Settings(p.Account)
	switch {
	case !f.pace.Allow():
		f.fail(w, r, problemBusy, nil)
		return
	case settings == nil:
		f.fail(w, r, problemNone, nil)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), waitTime)
	defer cancel()
	config, _, err := f.configOf(ctx, r, settings)
	if err != nil {
		f.fail(w, r, problemUnreachable, err)
		return
	}
	p.State, p.Nonce, p.Verifier = oauth2.GenerateVerifier(), oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	http.SetCookie(w, passCookie(r, p))
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, config.AuthCodeURL(p.State, goidc.Nonce(p.Nonce), oauth2.S256ChallengeOption(p.Verifier)), http.StatusFound)
}

// callback takes what the provider says of the user and opens the session.
func (f *flow) callback(w http.ResponseWriter, r *http.Request) {
	p, carried := passOf(r)
	http.SetCookie(w, &http.Cookie{Name: cookieName, Path: BeginPath, MaxAge: -1, HttpOnly: true, Secure: r.TLS != nil})
	query := r.URL.Query()
	settings := f.Settings(p.Account)
	switch {
	case !f.pace.Allow():
		f.fail(w, r, problemBusy, nil)
		return
	case !carried || query.Get("state") != p.State || settings == nil:
		f.fail(w, r, problemExpired, nil)
		return
	case query.Get("code") == "" || len(query.Get("code")) > maxCode:
		f.fail(w, r, problemRefused, fmt.Errorf("the provider said %q: %.300s", query.Get("error"), query.Get("error_description")))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), waitTime)
	defer cancel()
	config, provider, err := f.configOf(ctx, r, settings)
	if err != nil {
		f.fail(w, r, problemUnreachable, err)
		return
	}
	username, err := f.redeem(ctx, config, provider, settings, &p, query.Get("code"))
	if err != nil {
		f.fail(w, r, problemRefused, err)
		return
	}
	session, err := f.Sessions.Vouched(ctx, p.Account, username, r.TLS != nil)
	switch code := httpx.AsError(err); {
	case err == nil:
		http.SetCookie(w, session)
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, p.To, http.StatusFound)
	case code.Code == switchyard.Unauthorized:
		f.fail(w, r, problemStranger, err)
	default:
		f.fail(w, r, problemBusy, err)
	}
}

// redeem changes the code into what the provider says of the user, and finds the username in it.
func (f *flow) redeem(ctx context.Context, config *oauth2.Config, provider *goidc.Provider, settings *switchyard.OIDC, p *pass, code string) (string, error) {
	token, err := config.Exchange(goidc.ClientContext(ctx, f.Client), code, oauth2.VerifierOption(p.Verifier))
	if err != nil {
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) && refused.Response != nil { // whose text would be the whole answer
			err = fmt.Errorf("status %d, %q %.300s", refused.Response.StatusCode, refused.ErrorCode, refused.ErrorDescription)
		}
		return "", fmt.Errorf("exchange the code: %w", err)
	}
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return "", errors.New("the provider gave no ID token")
	}
	verified, err := provider.Verifier(&goidc.Config{ClientID: settings.Client}).Verify(ctx, raw)
	switch {
	case err != nil:
		return "", fmt.Errorf("verify the ID token: %w", err)
	case verified.Nonce != p.Nonce:
		return "", errors.New("the ID token is of another sign-in: its nonce differs")
	}
	var claims map[string]any
	if err := verified.Claims(&claims); err != nil {
		return "", fmt.Errorf("read the claims: %w", err)
	}
	username, err := usernameIn(claims, settings.Claim)
	if err == nil || provider.UserInfoEndpoint() == "" {
		return username, err
	}
	// Providers may leave what the token could say of the user to another question.
	info, err := provider.UserInfo(goidc.ClientContext(ctx, f.Client), oauth2.StaticTokenSource(token))
	switch {
	case err != nil:
		return "", fmt.Errorf("ask who the user is: %w", err)
	case info.Subject != verified.Subject:
		return "", errors.New("the provider speaks of another user than its ID token does")
	}
	clear(claims)
	if err := info.Claims(&claims); err != nil {
		return "", fmt.Errorf("read the claims: %w", err)
	}
	return usernameIn(claims, settings.Claim)
}

// usernameIn reads the claim that is the username.
func usernameIn(claims map[string]any, claim string) (string, error) {
	if claim == "" {
		claim = "preferred_username"
	}
	name, _ := claims[claim].(string)
	switch {
	case name == "":
		return "", fmt.Errorf("the provider does not say the claim %s of the user; have it do so, or name another as settings.oidc.claim", claim)
	case claim == "email" && claims["email_verified"] != true:
		return "", errors.New("the provider does not say that the e-mail address is verified")
	}
	return name, nil
}

// configOf is what the library needs to know of an account's provider and of this server.
func (f *flow) configOf(ctx context.Context, r *http.Request, settings *switchyard.OIDC) (*oauth2.Config, *goidc.Provider, error) {
	provider, err := f.discover(ctx, settings.Issuer)
	if err != nil {
		return nil, nil, err
	}
	secret := []byte(nil)
	if settings.Secret != "" {
		if secret, err = f.Open(switchyard.Sealed(settings.Secret)); err != nil {
			return nil, nil, fmt.Errorf("open the client's secret: %w", err)
		}
	}
	return &oauth2.Config{ClientID: settings.Client, ClientSecret: string(secret), Endpoint: provider.Endpoint(),
		RedirectURL: f.base(r) + CallbackPath, Scopes: []string{goidc.ScopeOpenID, "profile", "email"}}, provider, nil
}

// discover reads a provider's discovery document, or remembers it. The keys it names are fetched when
// a token is signed by one that is not known.
func (f *flow) discover(ctx context.Context, issuer string) (*goidc.Provider, error) {
	f.mu.Lock()
	k, found := f.providers[issuer]
	f.mu.Unlock()
	if found && time.Since(k.since) < freshTime {
		return k.provider, nil
	}
	// What the provider fetches later it fetches with this context, so it must not end with the call's.
	provider, err := goidc.NewProvider(goidc.ClientContext(context.WithoutCancel(ctx), f.Client), issuer)
	if err != nil {
		return nil, fmt.Errorf("ask the identity provider: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.providers) >= mostIssuers {
		clear(f.providers)
	}
	f.providers[issuer] = known{provider, time.Now()}
	return provider, nil
}

func (f *flow) base(r *http.Request) string {
	if f.PublicURL != "" {
		return strings.TrimSuffix(f.PublicURL, "/")
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// fail sends the browser back to the sign-in page, which says what went wrong. The details are for the
// log, under the reference the page shows.
func (f *flow) fail(w http.ResponseWriter, r *http.Request, problem string, err error) {
	reference := httpx.CallOf(r.Context()).Correlation.String()
	if err != nil {
		f.Log.Warn("a sign-in by an identity provider failed", "problem", problem, "correlation", reference, "error", err)
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/sign-in?"+url.Values{"problem": {problem}, "reference": {reference}}.Encode(), http.StatusFound)
}

// safePath is where the browser goes at last: a page of this server, or the first. Browsers drop tabs
// and line ends from an address, so that none may stand between two slashes, or anywhere else.
func safePath(to string) string {
	if len(to) < 2 || len(to) > 1024 || to[0] != '/' || to[1] == '/' || to[1] == '\\' || strings.ContainsFunc(to, unicode.IsControl) {
		return "/"
	}
	return to
}

func passCookie(r *http.Request, p pass) *http.Cookie {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	return &http.Cookie{Name: cookieName, Value: base64.RawURLEncoding.EncodeToString(text), Path: BeginPath,
		MaxAge: int(signInTime.Seconds()), HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode}
}

func passOf(r *http.Request) (p pass, carried bool) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return p, false
	}
	text, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || json.Unmarshal(text, &p) != nil || p.State == "" {
		return pass{}, false
	}
	p.To = safePath(p.To)
	return p, true
}

// bounded is a way out whose answers are cut where no honest one ends.
type bounded struct{ http.RoundTripper }

const maxAnswer = 1 << 20

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		answer.Body = http.MaxBytesReader(nil, answer.Body, maxAnswer)
	}
	return answer, err
}
