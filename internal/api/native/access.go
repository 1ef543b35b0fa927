package native

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"

	"switchyard/internal/api/auth"
)

// identify finds out who calls and whether it may, by the one table of package auth.
func (a *api) identify(op *huma.Operation, r *http.Request, c *call) error {
	rule := auth.RuleFor(op.Method, op.Path)
	p, err := a.Directory.Authorize(rule, r)
	if err != nil {
		return err
	}
	if p != nil {
		c.Principal = p
		c.own = auth.Narrow(rule, p)
		c.ownCalls = auth.OwnCallsOnly(rule, p)
	}
	return nil
}

// describeAccess writes into the document who may call a route.
func describeAccess(op *huma.Operation) {
	rule := auth.RuleFor(op.Method, op.Path)
	op.Security = []map[string][]string{}
	if rule.Open {
		op.Description = "Open to everybody."
		return
	}
	var who []string
	if rule.Local {
		op.Security = append(op.Security, map[string][]string{})
		who = append(who, "anybody on the server's machine")
	}
	if rule.OwnCalls {
		who = append(who, "clients, for what they sent themselves")
	}
	if len(rule.Scopes) > 0 || rule.OwnCalls {
		op.Security = append(op.Security, map[string][]string{"token": {}})
	}
	if len(rule.Scopes) > 0 {
		who = append(who, "clients with scope "+join(rule.Scopes))
	}
	if len(rule.Roles) > 0 {
		op.Security = append(op.Security, map[string][]string{"session": {}})
		who = append(who, "users with role "+join(rule.Roles))
	}
	op.Description = "For " + strings.Join(who, "; ") + "."
	if rule.Own {
		op.Description += " Agents see and do only what is theirs."
	}
}

func join[S ~string](list []S) string {
	words := make([]string, len(list))
	for i, s := range list {
		words[i] = string(s)
	}
	return strings.Join(words, " or ")
}

// writeProblem refuses outside a handler.
func writeProblem(w http.ResponseWriter, p *Problem) {
	body, err := json.Marshal(p)
	if err != nil {
		panic(fmt.Sprintf("a problem cannot be written as JSON: %v", err))
	}
	h := w.Header()
	for name, values := range p.GetHeaders() {
		h[name] = values
	}
	h.Set("Content-Type", "application/problem+json")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // a caller that is gone needs no answer
}
