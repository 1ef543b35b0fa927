package auth

import (
	"net/http"
	"slices"

	"switchyard"
)

// Rule says what a route asks of its caller: a client needs one of the scopes, a user one of the
// roles. Admins may do whatever any user may.
type Rule struct {
	Method  string
	Pattern string // as registered with the routes, and in the OpenAPI document
	Open    bool   // anybody, also without a token
	Local   bool   // anybody on this machine; others by the scopes and roles
	Scopes  []switchyard.Scope
	Roles   []switchyard.Role
	// Own lets agents call the route for themselves only: it shows and changes what is theirs.
	Own bool
	// OwnCalls lets every client call the route, for what it sent itself.
	OwnCalls bool
}

// Lists of roles that the table repeats.
var (
	anyUser     = []switchyard.Role{switchyard.RoleAgent, switchyard.RoleSupervisor, switchyard.RoleAdmin}
	supervisors = []switchyard.Role{switchyard.RoleSupervisor, switchyard.RoleAdmin}
	admins      = []switchyard.Role{switchyard.RoleAdmin}
)

// Rules is the one table of the APIs' routes and what they ask (RULINGS 5). A route that is not in it
// is not served.
var Rules = []Rule{
	open("POST", "/auth/connect/token"),
	{Method: "POST", Pattern: "/interactions/invoke", Scopes: scopes(switchyard.ScopeInteractionsWrite)},
	{Method: "POST", Pattern: "/interactions/register", Scopes: scopes(switchyard.ScopeInteractionsWrite)},

	// Receipts of vendors: their signature is checked by the hook itself.
	open("POST", "/hooks/sms/{account}/{gateway}/{interaction}/{effect}"),
	open("GET", "/hooks/sms/{account}/{gateway}/{interaction}/{effect}"),

	own("GET", "/v1/interactions", switchyard.ScopeInteractionsRead),
	own("GET", "/v1/interactions/{id}", switchyard.ScopeInteractionsRead),
	own("GET", "/v1/interactions/{id}/timeline", switchyard.ScopeInteractionsRead),
	own("GET", "/v1/interactions/{id}/explain", switchyard.ScopeInteractionsRead),
	supervised("GET", "/v1/stuck", switchyard.ScopeInteractionsRead),
	own("POST", "/v1/interactions/{id}/accept", switchyard.ScopeAgentsWrite),
	own("POST", "/v1/interactions/{id}/decline", switchyard.ScopeAgentsWrite),
	own("POST", "/v1/interactions/{id}/release", switchyard.ScopeAgentsWrite),
	own("POST", "/v1/interactions/{id}/hold", switchyard.ScopeAgentsWrite),
	own("POST", "/v1/interactions/{id}/retrieve", switchyard.ScopeAgentsWrite),
	own("POST", "/v1/interactions/{id}/transfer", switchyard.ScopeAgentsWrite),
	own("POST", "/v1/interactions/{id}/complete", switchyard.ScopeAgentsWrite),
	own("POST", "/v1/interactions/{id}/extend", switchyard.ScopeAgentsWrite),
	own("POST", "/v1/interactions/{id}/note", switchyard.ScopeAgentsWrite),
	own("GET", "/v1/interactions/{id}/transfer", switchyard.ScopeAgentsRead),
	supervised("POST", "/v1/interactions/{id}/requeue", switchyard.ScopeAgentsWrite),
	supervised("POST", "/v1/interactions/{id}/assign", switchyard.ScopeAgentsWrite),
	supervised("POST", "/v1/interactions/{id}/priority", switchyard.ScopeAgentsWrite),
	administered("DELETE", "/v1/interactions/{id}/personal", switchyard.ScopeConfigWrite),

	own("GET", "/v1/agents", switchyard.ScopeAgentsRead),
	own("GET", "/v1/agents/{username}", switchyard.ScopeAgentsRead),
	own("PUT", "/v1/agents/{username}/presence", switchyard.ScopeAgentsWrite),
	own("POST", "/v1/agents/{username}/heartbeat", switchyard.ScopeAgentsWrite),
	own("GET", "/v1/presences", switchyard.ScopeAgentsRead),

	own("GET", "/v1/desk", switchyard.ScopeAgentsRead),
	own("GET", "/v1/events", switchyard.ScopeEventsRead),
	supervised("GET", "/v1/stats", switchyard.ScopeStatsRead),
	supervised("GET", "/v1/reports/queues", switchyard.ScopeStatsRead),
	supervised("GET", "/v1/reports/agents", switchyard.ScopeStatsRead),
	supervised("GET", "/v1/reports/interactions", switchyard.ScopeStatsRead),
	supervised("GET", "/v1/stats/history", switchyard.ScopeStatsRead),
	{Method: "GET", Pattern: "/v1/invocations/{correlation}", OwnCalls: true,
		Scopes: scopes(switchyard.ScopeInteractionsRead), Roles: supervisors},
	supervised("GET", "/v1/notifications", switchyard.ScopeInteractionsRead),
	supervised("GET", "/v1/notifications/{id}", switchyard.ScopeInteractionsRead),
	supervised("POST", "/v1/notifications/{id}/redeliver", switchyard.ScopeConfigWrite),

	administered("GET", "/v1/providers", switchyard.ScopeConfigRead),
	administered("GET", "/v1/providers/{name}", switchyard.ScopeConfigRead),
	administered("POST", "/v1/providers/{name}/secret", switchyard.ScopeConfigWrite),
	administered("DELETE", "/v1/providers/{name}", switchyard.ScopeConfigWrite),
	administered("GET", "/v1/config", switchyard.ScopeConfigRead),
	administered("PUT", "/v1/config", switchyard.ScopeConfigWrite),
	administered("POST", "/v1/config/check", switchyard.ScopeConfigWrite),
	administered("GET", "/v1/config/history", switchyard.ScopeConfigRead),
	administered("GET", "/v1/config/history/{version}", switchyard.ScopeConfigRead),
	administered("POST", "/v1/config/rollback", switchyard.ScopeConfigWrite),
	administered("POST", "/v1/config/rehearse", switchyard.ScopeConfigWrite),
	administered("GET", "/v1/config/drafts", switchyard.ScopeConfigRead),
	administered("POST", "/v1/config/drafts", switchyard.ScopeConfigWrite),
	administered("GET", "/v1/config/drafts/{id}", switchyard.ScopeConfigRead),
	administered("PUT", "/v1/config/drafts/{id}", switchyard.ScopeConfigWrite),
	administered("DELETE", "/v1/config/drafts/{id}", switchyard.ScopeConfigWrite),
	administered("POST", "/v1/config/drafts/{id}/check", switchyard.ScopeConfigWrite),
	administered("POST", "/v1/config/drafts/{id}/rehearse", switchyard.ScopeConfigWrite),
	administered("POST", "/v1/config/drafts/{id}/publish", switchyard.ScopeConfigWrite),
	administered("GET", "/v1/clock", switchyard.ScopeConfigRead),
	administered("POST", "/v1/clock", switchyard.ScopeConfigWrite),

	open("POST", "/v1/session"),
	open("GET", "/auth/oidc"),
	open("GET", "/auth/oidc/callback"),
	signedIn("GET", "/v1/session"),
	signedIn("DELETE", "/v1/session"),
	signedIn("PUT", "/v1/me/password"),

	open("GET", "/healthz"),
	open("GET", "/readyz"),
	open("GET", "/version"),
	open("GET", "/openapi.json"),
	open("GET", "/docs"),
	{Method: "GET", Pattern: "/metrics", Local: true, Scopes: switchyard.Scopes, Roles: supervisors},
}

// AppAssets is where the files of the browser app are.
const AppAssets = "/assets/{file}"

// AppPages are the rooms of the browser app: each address, and all that is beneath it, is a page.
var AppPages = []string{"/sign-in", "/contactpad", "/wallboard", "/reports", "/admin"}

// AppRules are the routes of the browser app's files. They are for everybody: the app asks the API
// for whatever it shows.
func AppRules() []Rule {
	rules := []Rule{open("GET", AppAssets), open("GET", "/{$}")}
	for _, page := range AppPages {
		rules = append(rules, open("GET", page), open("GET", page+"/{rest...}"))
	}
	return rules
}

func scopes(s ...switchyard.Scope) []switchyard.Scope { return s }

// open makes the rule of a route for everybody.
func open(method, pattern string) Rule { return Rule{Method: method, Pattern: pattern, Open: true} }

// own makes the rule of a route that agents call for themselves.
func own(method, pattern string, s switchyard.Scope) Rule {
	return Rule{Method: method, Pattern: pattern, Scopes: scopes(s), Roles: anyUser, Own: true}
}

// supervised makes the rule of a route at run time that is not for agents.
func supervised(method, pattern string, s switchyard.Scope) Rule {
	return Rule{Method: method, Pattern: pattern, Scopes: scopes(s), Roles: supervisors}
}

// administered makes the rule of a route about the account itself.
func administered(method, pattern string, s switchyard.Scope) Rule {
	return Rule{Method: method, Pattern: pattern, Scopes: scopes(s), Roles: admins}
}

// signedIn makes the rule of a route about the caller's own session.
func signedIn(method, pattern string) Rule {
	return Rule{Method: method, Pattern: pattern, Roles: anyUser}
}

// RuleFor finds the rule of a route. A route without one is a fault of the program.
func RuleFor(method, pattern string) Rule {
	for _, r := range Rules {
		if r.Method == method && r.Pattern == pattern {
			return r
		}
	}
	panic("the route " + method + " " + pattern + " is not in the access table")
}

// Allow decides whether a principal may call the rule's route; nil is a caller without token or
// session. Whether a Local rule's caller is on this machine, and what Own and OwnCalls narrow, the
// route decides: see Local, Narrow and OwnCallsOnly.
func Allow(rule Rule, p *Principal) error {
	switch {
	case rule.Open:
		return nil
	case p == nil:
		return switchyard.Refuse(switchyard.Unauthorized, "%s %s needs a bearer token or a session", rule.Method, rule.Pattern)
	case p.Client != "":
		return allowClient(rule, p)
	case slices.ContainsFunc(rule.Roles, p.Is):
		return nil
	case len(rule.Roles) == 0:
		return switchyard.Refuse(switchyard.Forbidden, "%s %s is for API clients only", rule.Method, rule.Pattern)
	}
	return switchyard.Refuse(switchyard.Forbidden, "%s %s needs one of the roles %v", rule.Method, rule.Pattern, rule.Roles)
}

func allowClient(rule Rule, p *Principal) error {
	if rule.OwnCalls || slices.ContainsFunc(rule.Scopes, p.Has) {
		return nil
	}
	if len(rule.Scopes) == 0 {
		return switchyard.Refuse(switchyard.Forbidden, "%s %s is for signed-in users only", rule.Method, rule.Pattern)
	}
	return switchyard.Refuse(switchyard.Forbidden, "%s %s needs a token with one of the scopes %v",
		rule.Method, rule.Pattern, rule.Scopes)
}

// Narrow answers the agent a caller of an Own route is confined to; empty for clients, supervisors
// and admins, who may see and do everything there.
func Narrow(rule Rule, p *Principal) (agent string) {
	if rule.Own && p.User != "" && !p.Oversees() {
		return p.User
	}
	return ""
}

// OwnCallsOnly reports whether a client may see through the route only what it sent itself.
func OwnCallsOnly(rule Rule, p *Principal) bool {
	return rule.OwnCalls && p.Client != "" && !slices.ContainsFunc(rule.Scopes, p.Has)
}

// Authorize finds out who makes a request and whether it may: what every route does first. The
// principal is nil for routes open to everybody.
func (d *Directory) Authorize(rule Rule, r *http.Request) (*Principal, error) {
	if rule.Open || rule.Local && Local(r) {
		return nil, nil
	}
	p, err := d.Authenticate(r)
	if err != nil {
		return nil, err
	}
	return p, Allow(rule, p)
}
