package auth

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"switchyard"
	"switchyard/internal/api/httpx"
)

// plain is a Hasher whose hashes can be read: "hash:" and the secret. It finds that nothing is the
// hash of nothing, so that a caller must know better.
type plain struct{}

func (plain) VerifySecret(_ context.Context, stored, given string) (bool, error) {
	return strings.TrimPrefix(stored, "hash:") == given, nil
}
func (plain) HashPassword(password string) string { return "hash:" + password }

// rig is a directory of one account with a clock and an account that takes every input.
type rig struct {
	directory *Directory
	tokens    *Tokens
	sessions  *Sessions
	routes    *http.ServeMux

	mu    sync.Mutex
	clock time.Time
	taken []switchyard.Input
	by    []string
	fault error // what the account refuses with
	log   strings.Builder
}

var (
	crm = switchyard.ClientEntry{ID: "crm", Secret: "hash:crm-secret", Scopes: []switchyard.Scope{switchyard.ScopeInteractionsWrite, switchyard.ScopeInteractionsRead}}
	odd = switchyard.ClientEntry{ID: "odd:+%", Secret: "hash:s p+%", Scopes: []switchyard.Scope{switchyard.ScopeInteractionsWrite}}
	ada = switchyard.AgentEntry{Username: "Ada", Name: "Ada Lovelace", Password: "hash:correct horse"}
	sue = switchyard.AgentEntry{Username: "sue", Password: "hash:battery staple", Roles: []switchyard.Role{switchyard.RoleSupervisor}}
)

func newRig() *rig {
	r := &rig{clock: time.UnixMilli(1_800_000_000_000), routes: http.NewServeMux()}
	r.directory = NewDirectory(r.now)
	r.directory.Load("acme", Facts{Clients: []switchyard.ClientEntry{crm, odd, {ID: "bare", Scopes: crm.Scopes}},
		Agents: []switchyard.AgentEntry{ada, sue, {Username: "nopass"}}})
	r.tokens = NewTokens(r.directory, r.submit, plain{}, slog.New(slog.NewTextHandler(&r.log, nil)))
	r.sessions = NewSessions(r.directory, r.submit, plain{})
	r.tokens.Mount(r.routes)
	return r
}

func (r *rig) now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.clock
}

func (r *rig) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clock = r.clock.Add(d)
}

func (r *rig) submit(_ context.Context, account, by string, _ switchyard.ID, _, _ string, in switchyard.Input) (any, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fault != nil {
		return nil, r.fault
	}
	r.taken, r.by = append(r.taken, in), append(r.by, account+" "+by)
	return nil, nil
}

// publish has the account take a document with these clients and users.
func (r *rig) publish(clients []switchyard.ClientEntry, users ...switchyard.AgentEntry) {
	r.directory.Observe("acme", []switchyard.Event{&switchyard.ConfigPublished{
		Document: switchyard.Account{Clients: clients, Agents: users}}})
}

// bearer makes a request with an Authorization header.
func bearer(header string) *http.Request {
	r := httptest.NewRequest("POST", "/interactions/invoke", nil)
	r.Header.Set("Authorization", header)
	return r.WithContext(httpx.WithCall(r.Context(), &httpx.Call{}))
}

// token has the directory know a token of a client.
func (r *rig) token(client, secret string, scopes ...switchyard.Scope) {
	now := switchyard.InstantOf(r.now())
	r.directory.Observe("acme", []switchyard.Event{&switchyard.TokenIssued{Client: client, Hash: HashOf(secret).String(),
		Scopes: scopes, Wall: now, Expires: now.Add(2 * switchyard.Hour)}})
}

// knows reports whether a token is good.
func (r *rig) knows(token string) bool {
	_, err := r.directory.Bearer(bearer("Bearer " + token))
	return err == nil
}

// codeOf is the code an error refuses with.
func codeOf(err error) switchyard.Code {
	if err == nil {
		return ""
	}
	return httpx.AsError(err).Code
}

func wantCode(t *testing.T, what string, err error, want switchyard.Code) {
	t.Helper()
	if got := codeOf(err); got != want {
		t.Errorf("%s: %v, want %q", what, err, want)
	}
}
