package auth

import (
	"context"
	"net/http"
	"time"
	"unicode/utf8"

	"switchyard"
	"switchyard/internal/api/httpx"
)

// SessionLifetime is how long a sign-in is good for, in real time.
const SessionLifetime = 12 * time.Hour

// Bounds of passwords and sessions.
const (
	MinPasswordRunes   = 8
	maxPasswordBytes   = 1024
	maxSessionsPerUser = 1000
)

// Hasher verifies passwords and hashes new ones.
type Hasher interface {
	Verifier
	HashPassword(password string) string
}

// Sessions signs users in and out and changes their passwords: POST, GET and DELETE /v1/session and
// PUT /v1/me/password are made of its methods. All their errors are refusals.
type Sessions struct {
	directory *Directory
	submit    Submit
	hasher    Hasher
	attempts  *attempts
	nobody    string // a password's hash that is nobody's
}

// NewSessions makes Sessions.
func NewSessions(d *Directory, submit Submit, h Hasher) *Sessions {
	return &Sessions{directory: d, submit: submit, hasher: h, attempts: newAttempts(d.now),
		nobody: h.HashPassword(newSecret())}
}

// Credentials are what a user signs in with.
type Credentials struct {
	Account  string `json:"account"`
	Username string `json:"username"`
	Password string `json:"password"`
}

// Session is what a signed-in user's browser knows of itself.
type Session struct {
	Account  string            `json:"account"`
	Username string            `json:"username"`
	Name     string            `json:"name"`
	Roles    []switchyard.Role `json:"roles"`
	CSRF     string            `json:"csrf" doc:"to be sent as X-CSRF-Token with every method that changes something"`
}

// Login verifies a user's password and opens a session. The cookie goes into the answer; secure
// says whether the request came by TLS.
func (s *Sessions) Login(ctx context.Context, c Credentials, remoteAddr string, secure bool) (*Session, *http.Cookie, error) {
	opened := switchyard.InstantOf(s.directory.now())
	entry, found := s.directory.userOf(c.Account, c.Username)
	stored := entry.Password
	if !found || stored == "" {
		stored = s.nobody // or the time taken would tell which names exist
	}
	ok, err := s.verify(ctx, c.Account, c.Username, remoteAddr, stored, c.Password)
	if err != nil {
		return nil, nil, err
	}
	if !ok || stored == s.nobody {
		return nil, nil, switchyard.Refuse(switchyard.Unauthorized, "no user of that account has this name and password")
	}
	session, err := s.begin(ctx, c.Account, entry, opened, secure)
	if err != nil {
		return nil, nil, err
	}
	return s.Describe(session.principal), session.cookie, nil
}

// Vouched opens a session for a user whom an identity provider has vouched for.
func (s *Sessions) Vouched(ctx context.Context, account, username string, secure bool) (*http.Cookie, error) {
	opened := switchyard.InstantOf(s.directory.now())
	entry, found := s.directory.userOf(account, username)
	if !found {
		return nil, switchyard.Refuse(switchyard.Unauthorized, "the account has no user %q", username)
	}
	session, err := s.begin(ctx, account, entry, opened, secure)
	return session.cookie, err
}

// begun is a session that was just opened.
type begun struct {
	principal *Principal
	cookie    *http.Cookie
}

func (s *Sessions) begin(ctx context.Context, account string, entry switchyard.AgentEntry, opened switchyard.Instant, secure bool) (begun, error) {
	if s.directory.sessionsOf(account, entry.Username) >= maxSessionsPerUser {
		return begun{}, switchyard.Refuse(switchyard.TooManyRequests,
			"the user has %d open sessions; sign out of some, or change the password", maxSessionsPerUser)
	}
	cookie := newSecret()
	if err := s.open(ctx, account, entry.Username, cookie, opened); err != nil {
		return begun{}, err
	}
	return begun{&Principal{Account: account, User: entry.Username, Roles: rolesOf(entry), cookie: cookie},
		sessionCookie(cookie, secure, int(SessionLifetime.Seconds()))}, nil
}

// open journals the session.
func (s *Sessions) open(ctx context.Context, account, username, cookie string, opened switchyard.Instant) error {
	in := &switchyard.OpenSession{User: username, Hash: HashOf(cookie).String(), Wall: opened,
		Expires: opened.Add(switchyard.Duration(SessionLifetime.Milliseconds()))}
	call := httpx.CallOf(ctx)
	call.Account, call.By = account, "user:"+username
	if _, err := s.submit(ctx, account, call.By, call.Correlation, "", "", in); err != nil {
		return err
	}
	s.directory.Observe(account, []switchyard.Event{&switchyard.SessionOpened{
		Agented: switchyard.Agented{Agent: username}, Hash: in.Hash, Wall: in.Wall, Expires: in.Expires}})
	return nil
}

// Describe answers what GET /v1/session shows a user.
func (s *Sessions) Describe(p *Principal) *Session {
	name := p.User
	if entry, found := s.directory.userOf(p.Account, p.User); found && entry.Name != "" {
		name = entry.Name
	}
	return &Session{Account: p.Account, Username: p.User, Name: name, Roles: p.Roles, CSRF: p.CSRF()}
}

// Logout ends the session the principal came with. The cookie takes the old one away.
func (s *Sessions) Logout(ctx context.Context, p *Principal, secure bool) (*http.Cookie, error) {
	hash := p.session.String()
	_, err := s.submit(ctx, p.Account, p.By(), httpx.CallOf(ctx).Correlation, "", "", &switchyard.CloseSession{Hash: hash})
	if err != nil {
		return nil, err
	}
	s.directory.Observe(p.Account, []switchyard.Event{&switchyard.SessionClosed{
		Agented: switchyard.Agented{Agent: p.User}, Hash: hash}})
	return sessionCookie("", secure, -1), nil
}

// ChangePassword replaces the principal's password. Its other sessions end.
func (s *Sessions) ChangePassword(ctx context.Context, p *Principal, remoteAddr, old, password string) error {
	entry, found := s.directory.userOf(p.Account, p.User)
	if !found {
		return switchyard.Refuse(switchyard.Unauthorized, "the user exists no more")
	}
	ok, err := s.verify(ctx, p.Account, p.User, remoteAddr, entry.Password, old)
	if err != nil {
		return err
	}
	if !ok {
		return switchyard.Refuse(switchyard.PasswordWrong, "old is not the password of %s", p.User)
	}
	if err := checkPassword(password); err != nil {
		return err
	}
	in := &switchyard.SetPassword{User: p.User, Password: s.hasher.HashPassword(password), Keep: p.session.String()}
	if _, err := s.submit(ctx, p.Account, p.By(), httpx.CallOf(ctx).Correlation, "", "", in); err != nil {
		return err
	}
	s.directory.Observe(p.Account, []switchyard.Event{&switchyard.PasswordChanged{
		Agented: switchyard.Agented{Agent: p.User}, Password: in.Password, Keep: in.Keep}})
	return nil
}

// checkPassword refuses passwords that are easily guessed for being short, or too long to hash.
func checkPassword(password string) error {
	if utf8.RuneCountInString(password) < MinPasswordRunes || len(password) > maxPasswordBytes {
		return switchyard.Refuse(switchyard.PasswordInvalid,
			"new must have at least %d characters and at most %d bytes", MinPasswordRunes, maxPasswordBytes)
	}
	return nil
}

// verify compares a user's password, within the limits of guessing.
func (s *Sessions) verify(ctx context.Context, account, username, remoteAddr, stored, given string) (bool, error) {
	who := suspectOf(account+"/"+switchyard.CaseKey(username), remoteAddr)
	return s.attempts.try(ctx, who, func() (bool, error) {
		if stored == "" || len(given) > maxPasswordBytes {
			return false, nil
		}
		return s.hasher.VerifySecret(ctx, stored, given)
	})
}

// sessionCookie makes the cookie; a negative age takes it away.
func sessionCookie(value string, secure bool, maxAge int) *http.Cookie {
	return &http.Cookie{Name: CookieName, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode}
}
