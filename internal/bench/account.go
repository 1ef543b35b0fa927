package bench

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"switchyard"
	"switchyard/internal/client"
)

// World is the account a measurement runs on. Its skills and routes are those of the contract's
// examples; its agents are bots driven by the API.
type World struct {
	Account string
	Secret  string // of its client, whose id is the account's name and -load
	Agents  int
	Skills  string // of every agent, as in {skillMandatory: 5}
	Asks    []Ask
}

// Ask is a route whose interactions ask somebody, with data connectors one after another, and end.
type Ask struct {
	Route   string
	URLs    []string      // each is followed by the interaction's number, which is its clid
	Timeout time.Duration // of each
}

// clientID is the API client the load comes from.
func (w World) clientID() string { return w.Account + "-load" }

// newWorld makes an account with a fresh secret.
func newWorld(account string, agents int, skills string) World {
	return World{Account: account, Secret: rand.Text(), Agents: agents, Skills: skills}
}

// The skills agents may have. Nobody ever has the last one.
const (
	allButMandatory = "{skillOptional: 5, skillExpiring: 5}"
	contractSkills  = "{skillOptional: 5, skillExpiring: 5, skillMandatory: 5}"
)

// YAML is the account file.
func (w World) YAML() string {
	var b, plans, routes strings.Builder
	for _, a := range w.Asks {
		a.write(&plans)
		fmt.Fprintf(&routes, "  - {name: %s, plan: %s}\n", a.Route, a.Route)
	}
	fmt.Fprintf(&b, `account: %s
settings: %s
skills: [skillOptional, skillExpiring, skillMandatory, rare, nobody]
plans:
  - name: Cases
    start: queue
    applets:
      queue: {type: queue, accept: manual, ring: 20s, wrap: 0s, target: 60s}
%sroutes:
  - {name: APIRouting, plan: Cases}
%sclients:
  - id: %s
    secret: %q
    scopes: ["interactions:write", "interactions:read", "agents:read", "agents:write", "config:read", "config:write", "stats:read", "events:read"]
agents:
  - {username: AgentUsername}
`, w.Account, w.settings(), plans.String(), routes.String(), w.clientID(), w.Secret)
	for n := range w.Agents {
		fmt.Fprintf(&b, "  - {username: %s, skills: %s}\n", agentName(n), w.Skills)
	}
	return b.String()
}

// settings of the account. An interaction that asks is to ask, however many before it got no answer.
func (w World) settings() string {
	if len(w.Asks) > 0 {
		return "{grace: 0s, connectors: {breaker: {failures: 0}}}"
	}
	return "{grace: 0s}"
}

// write writes the plan. The outcome tells that every question was answered.
func (a Ask) write(b *strings.Builder) {
	fmt.Fprintf(b, "  - name: %s\n    start: ask0\n    applets:\n", a.Route)
	next := ""
	for n, url := range a.URLs {
		if next = fmt.Sprintf("ask%d", n+1); n == len(a.URLs)-1 {
			next = "done"
		}
		fmt.Fprintf(b, "      ask%d: {type: dataconnector, url: %q, timeout: %s, result: {Tier: $.customer.tier}, next: %s}\n",
			n, url+"$(CLID)", a.Timeout, next)
	}
	b.WriteString("      done: {type: end, outcome: Asked}\n")
}

func agentName(n int) string { return fmt.Sprintf("bot%05d", n) }

// enter signs in, registers the examples' provider and returns a client with every scope.
func (w World) enter(ctx context.Context, url string) (*client.Client, error) {
	return enter(ctx, Target{URL: url, ClientID: w.clientID(), ClientSecret: w.Secret})
}

func enter(ctx context.Context, t Target) (*client.Client, error) {
	c, err := client.New(t.URL, 16).SignIn(ctx, t.ClientID, t.ClientSecret, switchyard.Scopes...)
	if err != nil {
		return nil, err
	}
	_, err = c.Contract(ctx, "/interactions/register", []byte(`{"provider":"ProviderName"}`), false)
	return c, err
}

// makeReady logs the agents in.
func (w World) makeReady(ctx context.Context, c *client.Client) error {
	return inParallel(16, w.Agents, func(n int) error {
		return c.Call(ctx, http.MethodPut, "/v1/agents/"+agentName(n)+"/presence",
			map[string]string{"presence": switchyard.PresenceReady}, nil)
	})
}

// inParallel calls f for 0 to count-1 in so many goroutines and returns the first error.
func inParallel(workers, count int, f func(n int) error) error {
	var once sync.Once
	var failed error
	var run sync.WaitGroup
	work := make(chan int, count)
	for n := range count {
		work <- n
	}
	close(work)
	for range workers {
		run.Go(func() {
			for n := range work {
				if err := f(n); err != nil {
					once.Do(func() { failed = err })
					return
				}
			}
		})
	}
	run.Wait()
	return failed
}

// SharedWorld is the account for measuring a server that runs already.
func SharedWorld(secret string) World {
	return World{Account: "bench", Secret: secret, Agents: latencyAgents, Skills: contractSkills}
}
