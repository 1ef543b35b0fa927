package demo

import (
	"context"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"switchyard"
	"switchyard/internal/client"
)

// people are the agents: each takes what it is offered after a moment, works and finishes.
type people struct {
	d     *Demo
	names []string

	mu      sync.Mutex
	working map[switchyard.ID]string // who has what
}

func newPeople(d *Demo) *people { return &people{d: d, working: map[switchyard.ID]string{}} }

// logIn makes everybody ready, but a few who come late.
func (p *people) logIn(ctx context.Context) error {
	var page struct {
		Items []struct {
			Username string `json:"username"`
		} `json:"items"`
	}
	if err := p.d.desk.Call(ctx, http.MethodGet, "/v1/agents?limit=1000", nil, &page); err != nil {
		return err
	}
	for n, a := range page.Items {
		if a.Username == watcher {
			continue
		}
		p.names = append(p.names, a.Username)
		presence := switchyard.PresenceReady
		if n%7 == 3 {
			presence = switchyard.PresenceAway
		}
		if err := p.be(ctx, a.Username, presence); err != nil {
			return err
		}
	}
	return nil
}

func (p *people) be(ctx context.Context, username, presence string) error {
	return p.d.desk.Call(ctx, http.MethodPut, "/v1/agents/"+username+"/presence", map[string]string{"presence": presence}, nil)
}

// restless lets somebody go to lunch or to a meeting now and then, and come back.
func (p *people) restless(ctx context.Context) {
	for pause(ctx, p.d.some(4*time.Second)) {
		who := p.names[rand.IntN(len(p.names))]
		away := []string{"Lunch", "Meeting", switchyard.PresenceAway}[rand.IntN(3)]
		p.d.running.Go(func() {
			if p.be(ctx, who, away) == nil && pause(ctx, p.d.some(20*time.Second)) {
				_ = p.be(ctx, who, switchyard.PresenceReady)
			}
		})
	}
}

// see lets an agent react to what happened.
func (p *people) see(ctx context.Context, h *client.Happening) {
	switch h.Type {
	case "interaction.offered":
		p.d.running.Go(func() { p.answer(ctx, h.Interaction, h.Agent) })
	case "interaction.connected":
		p.d.running.Go(func() { p.work(ctx, h.Interaction, h.Agent) })
	}
}

// answer takes an offer after a moment; now and then it is declined, or rings in vain.
func (p *people) answer(ctx context.Context, id switchyard.ID, who string) {
	mood := rand.IntN(100)
	if mood < 2 || !pause(ctx, p.d.some(1500*time.Millisecond)) {
		return
	}
	action := "accept"
	if mood < 5 {
		action = "decline"
	}
	_ = p.act(ctx, id, who, action, nil) // an offer that has gone meanwhile was somebody else's luck
}

// work is the time with the customer. Some of it is put aside for a while; what a queue's wrap-up
// asks for follows.
func (p *people) work(ctx context.Context, id switchyard.ID, who string) {
	if !p.begin(id, who) {
		return
	}
	defer p.done(id)
	if !pause(ctx, p.d.some(9*time.Second)) {
		return
	}
	switch rand.IntN(12) {
	case 0:
		if p.act(ctx, id, who, "hold", nil) == nil {
			for pause(ctx, p.d.some(5*time.Second)) && client.Status(p.act(ctx, id, who, "retrieve", nil)) == http.StatusConflict {
			}
		}
	case 1:
		to := p.names[rand.IntN(len(p.names))]
		if p.act(ctx, id, who, "transfer", map[string]any{"toagent": to}) == nil {
			return
		}
	}
	done := map[string]any{"disposition": []string{"solved", "called back", "sold", "not interested"}[rand.IntN(4)]}
	if p.act(ctx, id, who, "release", done) == nil && pause(ctx, p.d.some(time.Second)) {
		_ = p.act(ctx, id, who, "complete", done) // wrap-up may be over already, or there was none
	}
}

// begin notes that an agent works on an interaction, unless it does already.
func (p *people) begin(id switchyard.ID, who string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.working[id] == who || !slices.Contains(p.names, who) {
		return false
	}
	p.working[id] = who
	return true
}

func (p *people) done(id switchyard.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.working, id)
}

func (p *people) act(ctx context.Context, id switchyard.ID, who, action string, more map[string]any) error {
	body := map[string]any{"agent": who}
	for key, value := range more {
		body[key] = value
	}
	return p.d.desk.Call(ctx, http.MethodPost, "/v1/interactions/"+id.String()+"/"+action, body, nil)
}
