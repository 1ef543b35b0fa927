package native

import (
	"slices"
	"strings"
	"testing"

	"switchyard"
	"switchyard/internal/api/auth"
)

// outcome is what the gate of a route comes to.
type outcome string

const (
	letIn     outcome = "let in"
	unknown   outcome = "401"
	forbidden outcome = "403"
)

func (a *answer) outcome() outcome {
	switch a.Status {
	case 401:
		return unknown
	case 403:
		return forbidden
	}
	return letIn
}

// Every route of the table is called by every kind of principal, against the real routes.
func TestEveryRouteForEveryPrincipal(t *testing.T) {
	r := newRig(t)
	for _, rule := range auth.Rules {
		if !strings.HasPrefix(rule.Pattern, "/v1/") && strings.Count(rule.Pattern, "/") > 1 {
			continue // the wire contract's
		}
		t.Run(rule.Method+" "+strings.Trim(rule.Pattern, "/"), func(t *testing.T) {
			r.t = t
			path := strings.NewReplacer("{id}", "0193f6a0-7c1e-7000-8000-0000a1b2c3d4", "{correlation}",
				"0193f6a0-7c1e-7000-8000-0000a1b2c3d4", "{username}", "ada", "{name}", "crm", "{version}", "1").Replace(rule.Pattern)
			try := func(who string, c *caller, want outcome) {
				t.Helper()
				if got := c.with("Accept", "application/json").do(rule.Method, path, "").outcome(); got != want {
					t.Errorf("%s is %s, should be %s", who, got, want)
				}
			}
			closed := func(o outcome) outcome {
				if rule.Open {
					return letIn
				}
				return o
			}
			try("nobody", r.nobody(), closed(unknown))
			try("a token nobody issued", r.nobody().with("Authorization", "Bearer stolen"), closed(unknown))
			for _, s := range switchyard.Scopes {
				want := closed(forbidden)
				if rule.OwnCalls || slices.Contains(rule.Scopes, s) {
					want = letIn
				}
				try("a client with "+string(s), r.client("story", clientFor("story", s)), want)
			}
			for name, role := range map[string]switchyard.Role{"ada": switchyard.RoleAgent, "sue": switchyard.RoleSupervisor, "root": switchyard.RoleAdmin} {
				want := closed(forbidden)
				if slices.Contains(rule.Roles, role) {
					want = letIn
				}
				try("a user with "+string(role), r.user("story", name), want)
			}
		})
	}
}

// What one account has, callers of another do not find, whatever they may do in their own.
func TestAccountsDoNotMeet(t *testing.T) {
	r := newRig(t)
	id := r.dispatch("A", nil).String()
	foreign := r.client("other", "other-all")
	for _, path := range []string{"/v1/interactions/" + id, "/v1/interactions/" + id + "/timeline", "/v1/interactions/" + id + "/explain", "/v1/agents/bo"} {
		foreign.do("GET", path, "").code(404, switchyard.NotFound)
	}
	foreign.do("POST", "/v1/interactions/"+id+"/release", "").code(404, switchyard.NotFound)
	if list := as[List[Interaction]](foreign.do("GET", "/v1/interactions?externalid=A", "").is(200)); len(list.Items) > 0 {
		t.Errorf("the other account sees %+v", list.Items)
	}
	for _, h := range as[List[Happening]](foreign.with("Accept", "application/json").do("GET", "/v1/events?limit=1000", "").is(200)).Items {
		if h.Account != "other" || strings.HasPrefix(h.Type, "interaction.") {
			t.Errorf("the other account's feed has %+v", h)
		}
	}
}

func TestUnroutedPaths(t *testing.T) {
	r := newRig(t)
	r.nobody().do("GET", "/v1/nothing", "").code(404, switchyard.NotFound)
	a := r.nobody().do("PATCH", "/v1/config", "").code(405, switchyard.MethodNotAllowed)
	if allow := a.Header.Get("Allow"); allow != "GET, PUT" {
		t.Errorf("Allow is %q", allow)
	}
}
