package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"

	"github.com/go-json-experiment/json"
)

// caller posts to the contract's endpoint, one call after another. A call whose answer does not
// come is made again until one does.
type caller struct {
	w    *world
	name string
	rnd  *rand.Rand
	n    int
}

// maxLive is how much live work an account has before callers hold back: agents must be able to
// finish it in the end.
const maxLive = 150

// run posts until stop ends; what was begun is brought to its end.
func (c *caller) run(ctx, stop context.Context) error {
	for stop.Err() == nil {
		var err error
		switch n := c.rnd.IntN(100); {
		case c.w.model.live() >= maxLive && n < 85:
			err = c.w.model.settled(stop, maxLive)
		case n < 55:
			err = c.invoke(ctx, []*request{c.dispatch()})
		case n < 70:
			err = c.batch(ctx)
		case n < 85:
			err = c.release(ctx)
		default:
			err = c.repeat(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *caller) requestID() string {
	c.n++
	return fmt.Sprintf("%s-%d", c.name, c.n)
}

// providers a request may name: one that is called back, one that is not, none.
var providers = []string{"crm", "crm", "crm", "mute", ""}

// routes a request may go by: half of them have no effects but callbacks.
var routes = []string{"Manual", "Manual", "Auto", "Mixed", "Asked", "Ordered", "Told", "Hurried"}

func (c *caller) dispatch() *request {
	r := &request{id: c.requestID(), provider: providers[c.rnd.IntN(len(providers))]}
	r.externalID = "x-" + r.id
	r.route = routes[c.rnd.IntN(len(routes))]
	if old := c.w.ledger.dispatched(c.rnd, 500); old != nil && c.rnd.IntN(15) == 0 {
		r.provider, r.externalID = old.provider, old.externalID // free again, if that one has ended
	}
	c.w.ledger.ask(r)
	return r
}

// batch is a call with several requests of one provider, one of them perhaps twice.
func (c *caller) batch(ctx context.Context) error {
	all := []*request{c.dispatch()}
	for range 1 + c.rnd.IntN(20) {
		r := c.dispatch()
		if r.provider == all[0].provider {
			all = append(all, r)
		}
	}
	if c.rnd.IntN(3) == 0 {
		all = append(all, all[c.rnd.IntN(len(all))])
	}
	return c.invoke(ctx, all)
}

// release ends something by the API that was dispatched of late.
func (c *caller) release(ctx context.Context) error {
	old := c.w.ledger.dispatched(c.rnd, 50)
	if old == nil {
		return nil
	}
	known := c.w.ledger.copyOf(old)
	if !c.w.model.addressed(address{known.provider, known.externalID}) {
		return nil
	}
	r := &request{id: c.requestID(), provider: known.provider, externalID: known.externalID, release: true}
	c.w.ledger.ask(r)
	return c.invoke(ctx, []*request{r})
}

// repeat asks again for what was acknowledged.
func (c *caller) repeat(ctx context.Context) error {
	if old := c.w.ledger.dispatched(c.rnd, 1_000_000); old != nil {
		return c.invoke(ctx, []*request{old})
	}
	return nil
}

// element is a request as it is sent.
type element struct {
	Action     string  `json:"action,omitzero"`
	RequestID  string  `json:"requestId"`
	ExternalID string  `json:"externalId"`
	Route      string  `json:"route,omitzero"`
	Routing    routing `json:"routingdata,omitzero"`
}

type routing struct {
	Type   string  `json:"interactiontype,omitzero"`
	Skills []skill `json:"skills,omitempty"`
}

type skill struct {
	Name   string `json:"name"`
	Expiry *int   `json:"expiryafter,omitempty"`
}

// element makes what is sent. It is the same however often it is sent: chance is drawn from the id.
func (r *request) element() element {
	if r.release {
		return element{Action: "release", RequestID: r.id, ExternalID: r.externalID}
	}
	rnd := rand.New(rand.NewPCG(seedOf(r.id), 1))
	e := element{RequestID: r.id, ExternalID: r.externalID, Route: r.route}
	e.Routing.Type = []string{"live", "chat", "nonlive", "nonlive"}[rnd.IntN(4)]
	switch name := []string{"billing", "german"}[rnd.IntN(2)]; rnd.IntN(4) {
	case 0:
		e.Routing.Skills = []skill{{Name: name}}
	case 1:
		seconds := rnd.IntN(3)
		e.Routing.Skills = []skill{{Name: name, Expiry: &seconds}}
	}
	return e
}

// invoke makes a call and enters what became of its requests.
func (c *caller) invoke(ctx context.Context, all []*request) error {
	body := struct {
		Provider string    `json:"provider,omitzero"`
		Requests []element `json:"requests"`
	}{Provider: all[0].provider}
	for _, r := range all {
		body.Requests = append(body.Requests, r.element())
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	header := map[string]string{"Accept": "application/vnd.newvoicemedia.v1+json"}
	told := c.rnd.IntN(3) > 0
	if told {
		header["Prefer"] = "return=representation"
	}
	a, tries, err := c.w.crm.call(ctx, "POST", "/interactions/invoke", header, text)
	c.w.ledger.missed(max(0, tries-1))
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		c.w.faults.add(answerFault, "POST /interactions/invoke: %d %s", a.status, a.body)
		return nil
	}
	if told {
		return c.tell(all, a, tries > 1)
	}
	return c.tellFailed(all, a)
}

// tell enters the answer to a caller that prefers to know.
func (c *caller) tell(all []*request, a *answer, maybe bool) error {
	var results []result
	if err := json.Unmarshal(a.body, &results); err != nil || len(results) != len(all) {
		c.w.faults.add(answerFault, "%d requests were answered %s (%v)", len(all), a.body, err)
		return nil
	}
	call, seen := &sent{correlation: a.correlation}, map[string]result{}
	for n, r := range all {
		if first, again := seen[r.id]; again {
			if results[n].Interaction != first.Interaction {
				c.w.faults.add(twiceFault, "request %s stands twice in a call and was answered %+v and %+v", r.id, first, results[n])
			}
			continue
		}
		seen[r.id] = results[n]
		c.w.ledger.tell(r, results[n], maybe)
		if results[n].Status == "accepted" {
			call.requests = append(call.requests, r.id)
		}
	}
	if len(call.requests) > 0 && c.rnd.IntN(10) == 0 {
		c.w.ledger.keep(call)
	}
	return nil
}

// tellFailed enters the plain answer: the ids that failed.
func (c *caller) tellFailed(all []*request, a *answer) error {
	var failed []string
	if err := json.Unmarshal(a.body, &failed); err != nil {
		c.w.faults.add(answerFault, "answered %s: %v", a.body, err)
		return nil
	}
	not := map[string]bool{}
	for _, id := range failed {
		not[id] = true
	}
	for _, r := range all {
		c.w.ledger.done(r, !not[r.id])
	}
	return nil
}
