package native

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"switchyard/internal/api/auth"
)

type (
	loginIn struct {
		Remote
		Body auth.Credentials
	}
	sessionOut struct {
		Cookie string `header:"Set-Cookie"`
		Body   auth.Session
	}
	goodbyeOut struct {
		Cookie string `header:"Set-Cookie"`
	}
	passwordIn struct {
		Remote
		Body NewPassword
	}
)

// NewPassword is the body that changes one's own password.
type NewPassword struct {
	Old string `json:"old"`
	New string `json:"new" doc:"At least 8 characters."`
}

// Remote says where a request came from. It is taken from the connection, not from what the caller
// says.
type Remote struct {
	addr   string
	secure bool
}

// Resolve implements huma.Resolver.
func (m *Remote) Resolve(ctx huma.Context) []error {
	m.addr, m.secure = ctx.RemoteAddr(), ctx.TLS() != nil
	return nil
}

func (a *api) openSession(ctx context.Context, _ *call, in *loginIn) (*sessionOut, error) {
	session, cookie, err := a.Sessions.Login(ctx, in.Body, in.addr, in.secure)
	if err != nil {
		return nil, err
	}
	return &sessionOut{cookie.String(), *session}, nil
}

func (a *api) getSession(_ context.Context, c *call, _ *struct{}) (*sessionOut, error) {
	return &sessionOut{Body: *a.Sessions.Describe(c.Principal)}, nil
}

func (a *api) closeSession(ctx context.Context, c *call, in *Remote) (*goodbyeOut, error) {
	cookie, err := a.Sessions.Logout(ctx, c.Principal, in.secure)
	if err != nil {
		return nil, err
	}
	return &goodbyeOut{cookie.String()}, nil
}

func (a *api) changePassword(ctx context.Context, c *call, in *passwordIn) (*nothing, error) {
	passwords := a.passwordsOf(c.Account)
	passwords.RLock()
	defer passwords.RUnlock()
	return nil, a.Sessions.ChangePassword(ctx, c.Principal, in.addr, in.Body.Old, in.Body.New)
}
