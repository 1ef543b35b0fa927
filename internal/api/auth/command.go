package auth

import (
	"crypto/rand"

	"switchyard"
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
