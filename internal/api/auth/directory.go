package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sync"
	"time"

	"switchyard"
)

// Hash is the SHA-256 of a token or of a session cookie: all that is ever stored of either.
type Hash [sha256.Size]byte

// HashOf hashes a token or a cookie.
func HashOf(secret string) Hash { return sha256.Sum256([]byte(secret)) }

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// parseHash reads the form String writes.
func parseHash(text string) (Hash, bool) {
	var h Hash
	n, err := hex.Decode(h[:], []byte(text)[:min(len(text), 2*len(h))])
	return h, err == nil && n == len(h) && len(text) == 2*len(h)
}

// Facts is what an account knows of its callers when the server starts.
type Facts struct {
	Clients  []switchyard.ClientEntry
	Agents   []switchyard.AgentEntry
	Tokens   []switchyard.TokenIssued
	Sessions []switchyard.SessionOpened
}

// Directory finds callers by what they show. It follows the accounts' events, so that it knows what
// was journaled and nothing else; it answers many requests at a time and never waits for an owner.
// Lifetimes are real time, whatever the manual clock says.
type Directory struct {
	now func() time.Time

	mu       sync.RWMutex
	grants   map[Hash]*grant
	accounts map[string]*account
	clients  map[string]*client // of all accounts: client ids are unique in a server
	sweepAt  int                // how many grants make it worth looking for expired ones
}

// grant is a token or a session.
type grant struct {
	principal *Principal
	expires   switchyard.Instant
	scopes    []switchyard.Scope // as the token was issued
}

type account struct {
	clients map[string]*client
	users   map[string]*user // by switchyard.CaseKey
}

// client is an API client with its live tokens. Tokens asked for before since, in real time, were
// asked for with an older secret.
type client struct {
	account string
	entry   switchyard.ClientEntry
	tokens  map[Hash]struct{}
	since   switchyard.Instant
}

// user is a user with the live sessions. Sessions opened before since used an older password.
type user struct {
	account  string
	entry    switchyard.AgentEntry
	sessions map[Hash]struct{}
	since    switchyard.Instant
}

// minSweep is the number of grants from which the directory looks for expired ones.
const minSweep = 1024

// NewDirectory makes an empty directory; now is real time.
func NewDirectory(now func() time.Time) *Directory {
	return &Directory{
		now:      now,
		grants:   map[Hash]*grant{},
		accounts: map[string]*account{},
		clients:  map[string]*client{},
		sweepAt:  minSweep,
	}
}

// Load takes an account in, replacing what was known of it.
func (d *Directory) Load(name string, f Facts) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.configure(name, nil, nil)
	d.configure(name, f.Clients, f.Agents)
	a := d.accounts[name]
	for _, c := range a.clients {
		c.since = 0
	}
	for _, u := range a.users {
		u.since = 0
	}
	for i := range f.Tokens {
		d.issue(a, &f.Tokens[i])
	}
	for i := range f.Sessions {
		d.open(a, &f.Sessions[i])
	}
}

// Observe follows committed events of an account. Seeing an event twice does no harm.
func (d *Directory) Observe(name string, events []switchyard.Event) {
	for _, e := range events {
		switch e.(type) {
		case *switchyard.ConfigPublished, *switchyard.TokenIssued, *switchyard.SessionOpened,
			*switchyard.SessionClosed, *switchyard.PasswordChanged:
			d.observe(name, e)
		}
	}
}

func (d *Directory) observe(name string, e switchyard.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if config, ok := e.(*switchyard.ConfigPublished); ok {
		d.configure(name, config.Document.Clients, config.Document.Agents)
		return
	}
	a := d.accounts[name]
	if a == nil {
		return
	}
	switch e := e.(type) {
	case *switchyard.TokenIssued:
		d.issue(a, e)
	case *switchyard.SessionOpened:
		d.open(a, e)
	case *switchyard.SessionClosed:
		if h, ok := parseHash(e.Hash); ok {
			d.drop(h)
		}
	case *switchyard.PasswordChanged:
		d.repassword(a, e)
	}
}

// configure makes the listed clients and users those of the account. Tokens and sessions of who is
// gone, or has another secret or password, end.
func (d *Directory) configure(name string, clients []switchyard.ClientEntry, users []switchyard.AgentEntry) {
	a := d.accounts[name]
	if a == nil {
		a = &account{clients: map[string]*client{}, users: map[string]*user{}}
		d.accounts[name] = a
	}
	d.configureClients(name, a, clients)
	d.configureUsers(name, a, users)
}

func (d *Directory) configureClients(name string, a *account, entries []switchyard.ClientEntry) {
	before := a.clients
	a.clients = make(map[string]*client, len(entries))
	for _, entry := range entries {
		c := before[entry.ID]
		delete(before, entry.ID)
		switch {
		case c == nil:
			c = &client{account: name, tokens: map[Hash]struct{}{}, since: d.instant()}
		case c.entry.Secret != entry.Secret:
			d.dropAll(c.tokens)
			c.since = d.instant()
		}
		c.entry = entry
		a.clients[entry.ID], d.clients[entry.ID] = c, c
		for h := range c.tokens {
			d.grants[h].principal = c.principal(d.grants[h].scopes)
		}
	}
	for id, c := range before {
		d.dropAll(c.tokens)
		if d.clients[id] == c {
			delete(d.clients, id)
		}
	}
}

func (d *Directory) configureUsers(name string, a *account, entries []switchyard.AgentEntry) {
	before := a.users
	a.users = make(map[string]*user, len(entries))
	for _, entry := range entries {
		key := switchyard.CaseKey(entry.Username)
		u := before[key]
		delete(before, key)
		switch {
		case u == nil:
			u = &user{account: name, sessions: map[Hash]struct{}{}, since: d.instant()}
		case u.entry.Password != entry.Password:
			d.dropAll(u.sessions)
			u.since = d.instant()
		}
		u.entry = entry
		a.users[key] = u
		for h := range u.sessions {
			d.grants[h].principal = u.principal(h)
		}
	}
	for _, u := range before {
		d.dropAll(u.sessions)
	}
}

func (d *Directory) issue(a *account, e *switchyard.TokenIssued) {
	h, ok := parseHash(e.Hash)
	c := a.clients[e.Client]
	if !ok || c == nil || e.Wall < c.since || e.Expires <= d.instant() {
		return
	}
	c.tokens[h] = struct{}{}
	d.add(h, &grant{principal: c.principal(e.Scopes), expires: e.Expires, scopes: e.Scopes})
}

func (d *Directory) open(a *account, e *switchyard.SessionOpened) {
	h, ok := parseHash(e.Hash)
	u := a.users[switchyard.CaseKey(e.Agent)]
	if !ok || u == nil || e.Wall < u.since || e.Expires <= d.instant() {
		return
	}
	u.sessions[h] = struct{}{}
	d.add(h, &grant{principal: u.principal(h), expires: e.Expires})
}

// repassword gives a user a new password and ends all sessions but the one that asked for it.
func (d *Directory) repassword(a *account, e *switchyard.PasswordChanged) {
	u := a.users[switchyard.CaseKey(e.Agent)]
	if u == nil || u.entry.Password == e.Password {
		return
	}
	u.entry.Password = e.Password
	u.since = d.instant()
	for h := range u.sessions {
		if h.String() != e.Keep {
			d.drop(h)
		}
	}
}

// principal makes the caller that a token of the client stands for: never more than the client is
// granted now.
func (c *client) principal(scopes []switchyard.Scope) *Principal {
	p := &Principal{Account: c.account, Client: c.entry.ID, by: "client:" + c.entry.ID}
	for _, s := range scopes {
		if slices.Contains(c.entry.Scopes, s) {
			p.Scopes = append(p.Scopes, s)
		}
	}
	return p
}

func (u *user) principal(session Hash) *Principal {
	return &Principal{Account: u.account, User: u.entry.Username, Roles: rolesOf(u.entry),
		by: "user:" + u.entry.Username, session: session}
}

// rolesOf answers the roles of a user; who has none named is an agent.
func rolesOf(entry switchyard.AgentEntry) []switchyard.Role {
	if len(entry.Roles) == 0 {
		return []switchyard.Role{switchyard.RoleAgent}
	}
	return entry.Roles
}

func (d *Directory) add(h Hash, g *grant) {
	d.grants[h] = g
	if len(d.grants) >= d.sweepAt {
		d.sweep()
	}
}

// sweep forgets what has expired. It runs when the grants have doubled since the last time, so that
// memory stays within twice what is alive, at a constant cost a grant.
func (d *Directory) sweep() {
	now := d.instant()
	for h, g := range d.grants {
		if g.expires <= now {
			d.drop(h)
		}
	}
	d.sweepAt = max(minSweep, 2*len(d.grants))
}

func (d *Directory) dropAll(hashes map[Hash]struct{}) {
	for h := range hashes {
		d.drop(h)
	}
	clear(hashes) // drop does not reach the set of one that is listed no more
}

// drop forgets a grant, wherever it is listed.
func (d *Directory) drop(h Hash) {
	g := d.grants[h]
	if g == nil {
		return
	}
	delete(d.grants, h)
	a := d.accounts[g.principal.Account]
	if g.principal.Client != "" {
		if c := d.clients[g.principal.Client]; c != nil {
			delete(c.tokens, h)
		}
		return
	}
	if u := a.users[switchyard.CaseKey(g.principal.User)]; u != nil {
		delete(u.sessions, h)
	}
}

func (d *Directory) instant() switchyard.Instant { return switchyard.InstantOf(d.now()) }

// find answers who a token or a cookie stands for, nil when it is unknown or has expired.
func (d *Directory) find(secret string) *Principal {
	h := HashOf(secret)
	d.mu.RLock()
	defer d.mu.RUnlock()
	g := d.grants[h]
	if g == nil || g.expires <= d.instant() {
		return nil
	}
	return g.principal
}

// clientOf answers a client as it is configured now.
func (d *Directory) clientOf(id string) (accountName string, entry switchyard.ClientEntry, tokens int, found bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	c := d.clients[id]
	if c == nil {
		return "", switchyard.ClientEntry{}, 0, false
	}
	return c.account, c.entry, len(c.tokens), true
}

// userOf answers a user as configured now, with the current password's hash.
func (d *Directory) userOf(accountName, username string) (switchyard.AgentEntry, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	a := d.accounts[accountName]
	if a == nil {
		return switchyard.AgentEntry{}, false
	}
	u := a.users[switchyard.CaseKey(username)]
	if u == nil {
		return switchyard.AgentEntry{}, false
	}
	return u.entry, true
}

// sessionsOf counts the sessions of a user that are known.
func (d *Directory) sessionsOf(accountName, username string) int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if a := d.accounts[accountName]; a != nil {
		if u := a.users[switchyard.CaseKey(username)]; u != nil {
			return len(u.sessions)
		}
	}
	return 0
}

// ClientAccount answers which account has a client of this id; ids are unique in a server.
func (d *Directory) ClientAccount(id string) (accountName string, found bool) {
	accountName, _, _, found = d.clientOf(id)
	return accountName, found
}
