package auth

import (
	"slices"

	"switchyard"
)

// Principal is who makes a call: an API client with scopes, or a signed-in user with roles. It
// belongs to one account and is never changed after it was made.
type Principal struct {
	Account string
	Client  string // id of an API client, or
	User    string // username
	Scopes  []switchyard.Scope
	Roles   []switchyard.Role

	by      string // what By answers, when made by a Directory: one text for all its calls
	session Hash   // of the user's session
	cookie  string // that came with the request
}

// By names the principal in inputs and logs: "client:crm" or "user:ada".
func (p *Principal) By() string {
	switch {
	case p.by != "":
		return p.by
	case p.Client != "":
		return "client:" + p.Client
	}
	return "user:" + p.User
}

// CSRF is the token that a signed-in user's browser must send back with every unsafe method; empty
// for a client.
func (p *Principal) CSRF() string {
	if p.cookie == "" {
		return ""
	}
	return csrfToken(p.cookie)
}

// Has reports whether the principal is a client with the scope.
func (p *Principal) Has(scope switchyard.Scope) bool {
	return p.Client != "" && slices.Contains(p.Scopes, scope)
}

// Is reports whether the principal is a user with the role.
func (p *Principal) Is(role switchyard.Role) bool {
	return p.User != "" && slices.Contains(p.Roles, role)
}

// Oversees reports whether the principal is a user who may see and do everything at run time.
func (p *Principal) Oversees() bool {
	return p.Is(switchyard.RoleSupervisor) || p.Is(switchyard.RoleAdmin)
}
