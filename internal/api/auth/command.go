package auth

import (
	"context"
	"crypto/rand"
	"slices"

	"switchyard"
	"switchyard/internal/api/httpx"
)

// Admit answers a token for a principal that this process itself vouches for: the command line
// working on a data folder. The token is known to this directory alone and ends with it.
func (d *Directory) Admit(p *Principal) (token string) {
	token = rand.Text() + rand.Text()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.grants[HashOf(token)] = &grant{principal: p, expires: switchyard.Never, scopes: p.Scopes}
	return token
}

// Vouch makes a token for a client without its secret, because this process itself vouches for
// whoever asks. It is journaled, and good wherever the account is served.
func (t *Tokens) Vouch(ctx context.Context, id string, scopes []switchyard.Scope) (token string, err error) {
	asked := switchyard.InstantOf(t.directory.now())
	account, entry, tokens, found := t.directory.clientOf(id)
	if !found {
		return "", switchyard.Refuse(switchyard.NotFound, "there is no client %q; `switchyard client list` shows those there are", id)
	}
	for _, s := range scopes {
		if !slices.Contains(entry.Scopes, s) {
			return "", switchyard.Refuse(switchyard.Forbidden, "client %s has no scope %q; it has %q", id, s, entry.Scopes)
		}
	}
	if tokens >= maxTokensPerClient {
		return "", switchyard.Refuse(switchyard.TooManyRequests, "client %s has %d live tokens; use one of them", id, tokens)
	}
	return t.grant(ctx, &httpx.Call{Account: account, By: "client:command"}, entry.ID, scopes, asked)
}
