package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"

	"github.com/go-json-experiment/json"
)

// desk is a simulated agent: it looks at what it has whenever the feed names it, and does something
// with it.
type desk struct {
	w        *world
	agent    string
	rnd      *rand.Rand
	poked    chan struct{} // holds one
	draining atomic.Bool   // nothing new is begun: everything is taken, worked and finished
	n        int
	old      []past
}

// past is something the agent did and was told so.
type past struct {
	key, path string
	text      []byte
}

// maxPast is how many of them an agent remembers.
const maxPast = 200

// work is an interaction as its agent sees it.
type work struct {
	ID    string `json:"id"`
	State string `json:"state"`
}

func newDesk(w *world, agent string, rnd *rand.Rand) *desk {
	return &desk{w: w, agent: agent, rnd: rnd, poked: make(chan struct{}, 1)}
}

func (d *desk) poke() {
	select {
	case d.poked <- struct{}{}:
	default:
	}
}

// run works until ctx ends.
func (d *desk) run(ctx context.Context) error {
	if err := d.presence(ctx, "Ready"); err != nil {
		return err
	}
	settled := false
	for {
		if err := d.repeat(ctx); err != nil {
			return err
		}
		if d.draining.Load() && !settled {
			settled = true
			if err := d.presence(ctx, "Ready"); err != nil {
				return err
			}
		}
		progress, err := d.look(ctx)
		if err != nil {
			return err
		}
		if progress {
			continue
		}
		select {
		case <-d.poked:
		case <-ctx.Done():
			return nil
		}
	}
}

// look does one thing to each piece of work; false when nothing could be done.
func (d *desk) look(ctx context.Context) (progress bool, err error) {
	var page struct {
		Items []work `json:"items"`
	}
	if err := d.w.ops.get(ctx, "/v1/interactions?state=offered,connected,held,parked,wrap&limit=100&agent="+d.agent, &page); err != nil {
		return false, err
	}
	for _, w := range page.Items {
		done, err := d.act(ctx, w)
		if err != nil {
			return false, err
		}
		progress = progress || done
	}
	if !d.draining.Load() && d.rnd.IntN(40) == 0 {
		if err := d.presence(ctx, "Lunch"); err != nil {
			return false, err
		}
		return true, d.presence(ctx, "Ready")
	}
	return progress, nil
}

// act does what comes next to a piece of work, by chance; true when it was done.
func (d *desk) act(ctx context.Context, w work) (bool, error) {
	body := map[string]string{"agent": d.agent}
	chance := d.rnd.IntN(100)
	if d.draining.Load() {
		chance = 99
	}
	var action string
	switch w.State {
	case "offered":
		if action = "accept"; chance < 8 {
			action = "decline"
		}
	case "connected", "held":
		switch action = "release"; {
		case w.State == "held" && chance < 60:
			action = "retrieve"
		case w.State == "connected" && chance < 20:
			action = "hold"
		case chance < 25:
			action, body["toagent"] = "transfer", d.w.desks[d.rnd.IntN(len(d.w.desks))].agent
		case chance < 30:
			action, body["toroute"] = "transfer", "Manual"
		}
	case "parked":
		action = "retrieve"
	case "wrap":
		if chance < 10 {
			return false, nil // time ends it
		}
		action = "complete"
	default:
		return false, nil
	}
	return d.send(ctx, action, w.ID, body)
}

// send makes an action, once however often it must be sent.
func (d *desk) send(ctx context.Context, action, id string, body any) (bool, error) {
	d.n++
	p := past{key: fmt.Sprintf("%s-%d", d.agent, d.n), path: "/v1/interactions/" + id + "/" + action}
	var err error
	if p.text, err = json.Marshal(body); err != nil {
		return false, err
	}
	a, err := d.write(ctx, "POST", p)
	if err != nil {
		return false, err
	}
	switch a.status {
	case http.StatusOK:
		d.w.ledger.acted(act{action, id, d.agent})
		if d.old = append(d.old, p); len(d.old) > maxPast {
			d.old = d.old[1:]
		}
		return true, nil
	case http.StatusConflict:
		return false, nil
	}
	d.w.faults.add(answerFault, "%s of %s by %s: %d %s", action, id, d.agent, a.status, a.body)
	return false, nil
}

// repeat sends, now and then, what was acknowledged before. The first answer comes again, and
// nothing happens: it could not, for the work has gone on.
func (d *desk) repeat(ctx context.Context) error {
	if len(d.old) == 0 || d.rnd.IntN(8) > 0 {
		return nil
	}
	p := d.old[d.rnd.IntN(len(d.old))]
	a, err := d.write(ctx, "POST", p)
	if err == nil && a.status != http.StatusOK {
		d.w.faults.add(lostFault, "%s with key %s was acknowledged; repeated it is answered %d %s", p.path, p.key, a.status, a.body)
	}
	return err
}

func (d *desk) presence(ctx context.Context, name string) error {
	d.n++
	p := past{key: fmt.Sprintf("%s-%d", d.agent, d.n), path: "/v1/agents/" + d.agent + "/presence", text: []byte(`{"presence":"` + name + `"}`)}
	a, err := d.write(ctx, "PUT", p)
	if err == nil && a.status != http.StatusOK {
		d.w.faults.add(answerFault, "presence %s of %s: %d %s", name, d.agent, a.status, a.body)
	}
	return err
}

// write makes a call that changes something once, however often it must be sent.
func (d *desk) write(ctx context.Context, method string, p past) (*answer, error) {
	a, tries, err := d.w.ops.call(ctx, method, p.path, map[string]string{"Idempotency-Key": p.key}, p.text)
	d.w.ledger.missed(max(0, tries-1))
	return a, err
}
