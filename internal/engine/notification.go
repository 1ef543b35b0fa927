package engine

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/tables"
)

// Callback is the standing of a callback: the document of a tables.Notification.
type Callback struct {
	Effect   switchyard.Effect  `json:"effect"` // Attempt is the latest made or under way
	State    string             `json:"state"`  // pending, delivered or failed
	Created  switchyard.Instant `json:"created"`
	Finished switchyard.Instant `json:"finished,omitzero"`
	Retry    switchyard.Instant `json:"retry,omitzero"` // when the next attempt is due
	Attempts []Attempt          `json:"attempts,omitempty"`
}

// Attempt is one finished attempt at a callback.
type Attempt struct {
	Attempt    int                `json:"attempt"`
	At         switchyard.Instant `json:"at"`
	OK         bool               `json:"ok"`
	Status     int                `json:"status,omitempty"`
	Detail     string             `json:"detail,omitempty"`
	TookMillis int64              `json:"tookmillis"`
}

// The states of a callback.
const (
	CallbackPending   = "pending"
	CallbackDelivered = "delivered"
	CallbackFailed    = "failed"
)

// standings follows the callbacks of one account, and who its agents are. Callbacks that are not
// finished stay in memory; a finished one that is delivered again comes back from the tables.
type standings struct {
	agents  map[string]string // of the newest config, as written, by CaseKey; nil = not known yet
	open    map[switchyard.ID]*Callback
	touched []switchyard.ID
	marked  map[switchyard.ID]*Callback
	other   map[switchyard.ID]struct{} // pending effects that are no callbacks: the tables know nothing of them
}

func newStandings() *standings {
	return &standings{open: map[switchyard.ID]*Callback{}, marked: map[switchyard.ID]*Callback{},
		other: map[switchyard.ID]struct{}{}}
}

// follow takes one event into account.
func (s *standings) follow(ctx context.Context, store tables.Store, account string, at switchyard.Instant, ev switchyard.Event) error {
	id, ok := effectOf(ev)
	if !ok || s.isOther(id, ev) {
		return nil
	}
	c := s.marked[id]
	if c == nil {
		c = s.open[id]
	}
	if c == nil && !fresh(ev) {
		n, err := store.Notification(ctx, account, id)
		if err != nil {
			return fmt.Errorf("read notification %s: %w", id, err)
		}
		if n != nil {
			c = &Callback{}
			if err := json.Unmarshal(n.Document, c); err != nil {
				return fmt.Errorf("read notification %s: %w", id, err)
			}
		}
	}
	if c = c.apply(at, ev); c == nil {
		return nil // an effect of another kind
	}
	if s.marked[id] == nil {
		s.touched = append(s.touched, id)
	}
	s.marked[id], s.open[id] = c, c
	if c.State != CallbackPending {
		delete(s.open, id)
	}
	return nil
}

// isOther reports whether an event is about a pending effect that is known to be no callback.
func (s *standings) isOther(id switchyard.ID, ev switchyard.Event) bool {
	_, other := s.other[id]
	switch ev := ev.(type) {
	case *switchyard.EffectRequested:
		if other = ev.Effect.Kind != switchyard.EffectCallback; other {
			s.other[id] = struct{}{}
		}
	case *switchyard.EffectFinished:
		delete(s.other, id)
	}
	return other
}

// fresh reports whether an event begins a callback of which the tables know nothing.
func fresh(ev switchyard.Event) bool {
	r, ok := ev.(*switchyard.EffectRequested)
	return ok && r.Effect.Attempt <= 1
}

// changed returns the callbacks that changed since it was last asked.
func (s *standings) changed() ([]tables.Notification, error) {
	var out []tables.Notification
	for _, id := range s.touched {
		n, err := s.marked[id].notification()
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	s.touched = s.touched[:0]
	clear(s.marked)
	return out, nil
}

func (c *Callback) notification() (tables.Notification, error) {
	document, err := json.Marshal(c)
	if err != nil {
		return tables.Notification{}, fmt.Errorf("write notification %s: %w", c.Effect.ID, err)
	}
	return tables.Notification{ID: c.Effect.ID, Interaction: c.Effect.Interaction, Provider: c.Effect.Provider,
		State: c.State, Created: c.Created, Document: document}, nil
}

// effectOf is the effect an event is about.
func effectOf(ev switchyard.Event) (switchyard.ID, bool) {
	switch ev := ev.(type) {
	case *switchyard.EffectRequested:
		return ev.Effect.ID, true
	case *switchyard.EffectDue:
		return ev.Effect, true
	case *switchyard.EffectAttempted:
		return ev.Effect, true
	case *switchyard.EffectFinished:
		return ev.Effect, true
	}
	return switchyard.ID{}, false
}

// apply returns the standing after an event; applying one twice changes nothing. c is nil when the
// callback is not known, and stays so for effects that are none.
func (c *Callback) apply(at switchyard.Instant, ev switchyard.Event) *Callback {
	if r, ok := ev.(*switchyard.EffectRequested); ok && r.Effect.Kind == switchyard.EffectCallback {
		return c.request(at, &r.Effect)
	}
	if c == nil {
		return nil
	}
	switch ev := ev.(type) {
	case *switchyard.EffectDue:
		c.Effect.Attempt, c.Retry = max(c.Effect.Attempt, ev.Attempt), 0
	case *switchyard.EffectAttempted:
		if c.attempted(Attempt{ev.Attempt, at, false, ev.Status, ev.Detail, ev.TookMillis}) {
			c.Retry = ev.Retry
		}
	case *switchyard.EffectFinished:
		if c.attempted(Attempt{ev.Attempt, at, ev.OK, ev.Status, ev.Detail, ev.TookMillis}) {
			c.State, c.Finished, c.Retry = CallbackFailed, at, 0
			if ev.OK {
				c.State = CallbackDelivered
			}
		}
	}
	return c
}

// request begins a callback, or begins it again.
func (c *Callback) request(at switchyard.Instant, e *switchyard.Effect) *Callback {
	if c == nil {
		return &Callback{Effect: *e, State: CallbackPending, Created: at}
	}
	if n := len(c.Attempts); n == 0 || c.Attempts[n-1].Attempt < e.Attempt {
		c.Effect, c.State, c.Finished, c.Retry = *e, CallbackPending, 0, 0
	}
	return c
}

func (c *Callback) attempted(a Attempt) bool {
	if n := len(c.Attempts); n > 0 && c.Attempts[n-1].Attempt >= a.Attempt {
		return false
	}
	c.Attempts = append(c.Attempts, a)
	return true
}
