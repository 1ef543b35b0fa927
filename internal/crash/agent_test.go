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
}

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
	a, err := d.write(ctx, "POST", "/v1/interactions/"+id+"/"+action, body)
	if err != nil {
		return false, err
	}
	switch a.status {
	case http.StatusOK:
		d.w.ledger.acted(act{action, id, d.agent})
		return true, nil
	case http.StatusConflict:
		return false, nil
	}
	d.w.faults.add(answerFault, "%s of %s by %s: %d %s", action, id, d.agent, a.status, a.body)
	return false, nil
}

func (d *desk) presence(ctx context.Context, name string) error {
	a, err := d.write(ctx, "PUT", "/v1/agents/"+d.agent+"/presence", map[string]string{"presence": name})
	if err == nil && a.status != http.StatusOK {
		d.w.faults.add(answerFault, "presence %s of %s: %d %s", name, d.agent, a.status, a.body)
	}
	return err
}

func (d *desk) write(ctx context.Context, method, path string, body any) (*answer, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	d.n++
	key := fmt.Sprintf("%s-%d", d.agent, d.n)
	a, tries, err := d.w.ops.call(ctx, method, path, map[string]string{"Idempotency-Key": key}, text)
	d.w.ledger.missed(max(0, tries-1))
	return a, err
}
