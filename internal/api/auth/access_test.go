package auth

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"switchyard"
)

func TestRulesAreComplete(t *testing.T) {
	met := map[string]bool{}
	for _, r := range Rules {
		route := r.Method + " " + r.Pattern
		if met[route] {
			t.Errorf("%s stands twice", route)
		}
		met[route] = true
		if r.Open && len(r.Scopes)+len(r.Roles) > 0 || !r.Open && len(r.Scopes)+len(r.Roles) == 0 {
			t.Errorf("%s is open and asks for something, or neither", route)
		}
		if r.Own && !slices.Contains(r.Roles, switchyard.RoleAgent) {
			t.Errorf("%s narrows agents that may not call it", route)
		}
		if len(r.Roles) > 0 && !slices.Contains(r.Roles, switchyard.RoleAdmin) {
			t.Errorf("%s is closed to admins", route)
		}
		for _, s := range r.Scopes {
			if !slices.Contains(switchyard.Scopes, s) {
				t.Errorf("%s asks for the unknown scope %s", route, s)
			}
		}
	}
}

// The browser app's files are for everybody, and its addresses are none of the APIs'.
func TestAppRules(t *testing.T) {
	for _, r := range AppRules() {
		if err := Allow(r, nil); err != nil || r.Method != "GET" {
			t.Errorf("%s %s is not for everybody to read: %v", r.Method, r.Pattern, err)
		}
		first, _, _ := strings.Cut(strings.TrimPrefix(r.Pattern, "/"), "/")
		for _, api := range Rules {
			if its, _, _ := strings.Cut(strings.TrimPrefix(api.Pattern, "/"), "/"); its == first {
				t.Errorf("the app's %s is beneath the same name as %s", r.Pattern, api.Pattern)
			}
		}
	}
}

// TestRulesSayWhatTheyShould holds the table against RULINGS 5 said another way: which scope each
// part of the API belongs to, and who of the users may.
func TestRulesSayWhatTheyShould(t *testing.T) {
	for _, r := range Rules {
		wantScopes, wantRoles := expected(r.Method, r.Pattern)
		for _, s := range switchyard.Scopes {
			client := &Principal{Account: "a", Client: "c", Scopes: []switchyard.Scope{s}}
			want := r.Open || wantScopes == "*" || slices.Contains(strings.Fields(wantScopes), string(s))
			if got := Allow(r, client) == nil; got != want {
				t.Errorf("%s %s: a client with %s may: %t", r.Method, r.Pattern, s, got)
			}
		}
		for _, role := range anyUser {
			user := &Principal{Account: "a", User: "u", Roles: []switchyard.Role{role}}
			want := r.Open || strings.Contains(wantRoles, string(role)) || role == switchyard.RoleAdmin && wantRoles != ""
			if got := Allow(r, user) == nil; got != want {
				t.Errorf("%s %s: a user with role %s may: %t", r.Method, r.Pattern, role, got)
			}
		}
		if got := Allow(r, nil) == nil; got != r.Open {
			t.Errorf("%s %s: nobody in particular may: %t", r.Method, r.Pattern, got)
		}
		if none := (&Principal{Account: "a", Client: "c"}); Allow(r, none) == nil && !r.Open && !r.OwnCalls {
			t.Errorf("%s %s: a client without scopes may", r.Method, r.Pattern)
		}
	}
}

// expected answers the scopes, "*" for any, and the roles beside admin of a route.
func expected(method, pattern string) (scopes, roles string) {
	reads := method == "GET"
	last := pattern[strings.LastIndexByte(pattern, '/')+1:]
	under := func(prefix string) bool { return strings.HasPrefix(pattern, prefix) }
	switch {
	case under("/interactions/"):
		return "interactions:write", ""
	case last == "personal":
		return "config:write", "admin"
	case under("/v1/interactions") && reads && last == "transfer":
		return "agents:read", "agent supervisor"
	case under("/v1/interactions") && reads:
		return "interactions:read", "agent supervisor"
	case under("/v1/interactions") && slices.Contains([]string{"requeue", "assign", "priority"}, last):
		return "agents:write", "supervisor"
	case under("/v1/interactions"):
		return "agents:write", "agent supervisor"
	case under("/v1/stuck"):
		return "interactions:read", "supervisor"
	case under("/v1/agents") && reads, under("/v1/presences"), under("/v1/desk"):
		return "agents:read", "agent supervisor"
	case under("/v1/agents"):
		return "agents:write", "agent supervisor"
	case under("/v1/events"):
		return "events:read", "agent supervisor"
	case under("/v1/stats"), under("/v1/reports"):
		return "stats:read", "supervisor"
	case under("/v1/invocations"):
		return "*", "supervisor"
	case last == "redeliver":
		return "config:write", "supervisor"
	case under("/v1/notifications"):
		return "interactions:read", "supervisor"
	case under("/v1/session"), under("/v1/me"):
		return "", "agent supervisor"
	case under("/metrics"):
		return "*", "supervisor"
	case reads:
		return "config:read", "admin"
	}
	return "config:write", "admin"
}

func TestNarrow(t *testing.T) {
	own, all := RuleFor("GET", "/v1/agents"), RuleFor("GET", "/v1/session")
	user := func(roles ...switchyard.Role) *Principal { return &Principal{User: "ada", Roles: roles} }
	for _, c := range []struct {
		rule Rule
		p    *Principal
		want string
	}{
		{own, user(switchyard.RoleAgent), "ada"},
		{own, user(switchyard.RoleAgent, switchyard.RoleSupervisor), ""},
		{own, user(switchyard.RoleAdmin), ""},
		{own, &Principal{Client: "crm"}, ""},
		{all, user(switchyard.RoleAgent), ""},
	} {
		if got := Narrow(c.rule, c.p); got != c.want {
			t.Errorf("%s, %+v: confined to %q, want %q", c.rule.Pattern, c.p, got, c.want)
		}
	}
}

func TestOwnCallsOnly(t *testing.T) {
	rule := RuleFor("GET", "/v1/invocations/{correlation}")
	for _, c := range []struct {
		p    *Principal
		want bool
	}{
		{&Principal{Client: "crm", Scopes: []switchyard.Scope{write}}, true},
		{&Principal{Client: "crm", Scopes: []switchyard.Scope{read}}, false},
		{&Principal{User: "sue", Roles: []switchyard.Role{switchyard.RoleSupervisor}}, false},
	} {
		if got := OwnCallsOnly(rule, c.p); got != c.want {
			t.Errorf("%+v: %t", c.p, got)
		}
	}
}

func TestAuthorize(t *testing.T) {
	r := newRig()
	r.token("crm", "t", write)
	local := httptest.NewRequest("GET", "/metrics", nil)
	local.RemoteAddr = "[::1]:1000"
	proxied := httptest.NewRequest("GET", "/metrics", nil)
	proxied.RemoteAddr = "127.0.0.1:1000"
	proxied.Header.Set("X-Forwarded-For", "192.0.2.1")
	far := httptest.NewRequest("GET", "/metrics", nil)
	metrics := RuleFor("GET", "/metrics")
	_, err := r.directory.Authorize(metrics, local)
	wantCode(t, "metrics from here", err, "")
	_, err = r.directory.Authorize(metrics, proxied)
	wantCode(t, "metrics through a proxy", err, switchyard.Unauthorized)
	_, err = r.directory.Authorize(metrics, far)
	wantCode(t, "metrics from afar", err, switchyard.Unauthorized)
	_, err = r.directory.Authorize(metrics, bearer("Bearer t"))
	wantCode(t, "metrics with a token", err, "")
	_, err = r.directory.Authorize(RuleFor("GET", "/v1/stats"), bearer("Bearer t"))
	wantCode(t, "stats without the scope", err, switchyard.Forbidden)
	p, err := r.directory.Authorize(RuleFor("GET", "/healthz"), far)
	wantCode(t, "health", err, "")
	if p != nil {
		t.Errorf("an open route knows its caller: %+v", p)
	}
}
