package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/core"
	"switchyard/internal/tables"
)

// Histories calls f with what happened to each interaction that something may have happened to from
// one instant on and before another; see tables.Store. Everything acknowledged before is in it.
func (e *Engine) Histories(ctx context.Context, account string, from, to switchyard.Instant,
	f func(switchyard.ID, []tables.TimelineRow) error) error {
	if err := e.caughtUp(ctx, account); err != nil {
		return err
	}
	idle := func(value []byte) bool { return idleSince(value, from) }
	return e.options.Tables.Histories(ctx, account, tables.Span{From: from, To: to, Idle: idle}, f)
}

// idleSince reports whether a live interaction's record says that it is with nobody and in the state
// it was in at an instant: then nothing happened to it that a report counts.
func idleSince(value []byte, at switchyard.Instant) bool {
	var r struct {
		State   switchyard.Status  `json:"state"`
		Changed switchyard.Instant `json:"changed"`
	}
	if json.Unmarshal(value, &r) != nil || r.Changed >= at {
		return false
	}
	switch r.State {
	case switchyard.Offered, switchyard.Connected, switchyard.Held, switchyard.Wrap:
		return false
	}
	return true
}

// Presences returns the changes of the agents' presences from one instant on and before another, by
// agent, each led by the one in force then. What the tables do not know, because it is older than the
// journal they were made from, the state knows of the presences in force now.
func (e *Engine) Presences(ctx context.Context, account string, from, to switchyard.Instant) ([]tables.Presence, error) {
	if err := e.caughtUp(ctx, account); err != nil {
		return nil, err
	}
	all, err := e.options.Tables.Presences(ctx, account, from, to)
	if err != nil {
		return nil, err
	}
	err = e.View(ctx, account, func(s *core.State, _ switchyard.Instant) {
		for _, r := range s.Agents() {
			all = withPresent(all, r, to)
		}
	})
	slices.SortStableFunc(all, func(a, b tables.Presence) int {
		return strings.Compare(switchyard.CaseKey(a.Agent), switchyard.CaseKey(b.Agent))
	})
	return all, err
}

// withPresent adds the presence an agent has now, when it is from before an instant and missing.
func withPresent(all []tables.Presence, r *core.AgentRecord, to switchyard.Instant) []tables.Presence {
	key := switchyard.CaseKey(r.Username)
	if r.Since >= to || slices.ContainsFunc(all, func(p tables.Presence) bool {
		return switchyard.CaseKey(p.Agent) == key && p.At >= r.Since
	}) {
		return all
	}
	return append(all, tables.Presence{Agent: r.Username, At: r.Since, Presence: r.Presence, Category: r.Category})
}

// caughtUp waits until the tables hold everything that was acknowledged when it was called.
func (e *Engine) caughtUp(ctx context.Context, account string) error {
	var o *owner
	err := e.read(ctx, account, true, func(owner *owner) {
		if o = owner; o.cut.events > 0 && !o.machine.Unfinished() {
			o.makeCut()
		}
	})
	if err != nil {
		return err
	}
	var through switchyard.Seq
	for _, p := range o.tail.view() {
		for _, r := range p.rows {
			if len(r.Events) > 0 { // a row without any comes into the tables with others
				through = r.Seq
			}
		}
	}
	return o.tail.reached(ctx, through)
}

// presences adds what an event says of agents' presences. An agent that a config removes is logged
// out by that; no event says so, because it is nobody any more.
func (s *standings) presences(ctx context.Context, store tables.Store, b *tables.Batch, r *tailRow, ev switchyard.Event) error {
	switch ev := ev.(type) {
	case *switchyard.PresenceChanged:
		if !ev.Only {
			b.Presences = append(b.Presences, tables.Presence{Agent: ev.Agent, Seq: r.Seq, At: r.At,
				Presence: ev.Presence, Category: ev.Category})
		}
	case *switchyard.ConfigPublished:
		before, err := s.agentsBefore(ctx, store, b.Account)
		if err != nil {
			return err
		}
		s.agents = make(map[string]string, len(ev.Document.Agents))
		for n := range ev.Document.Agents {
			name := ev.Document.Agents[n].Username
			s.agents[switchyard.CaseKey(name)] = name
		}
		for key, name := range before {
			if _, stays := s.agents[key]; !stays {
				b.Presences = append(b.Presences, tables.Presence{Agent: name, Seq: r.Seq, At: r.At,
					Presence: switchyard.PresenceLoggedOut, Category: switchyard.LoggedOut})
			}
		}
	}
	return nil
}

// agentsBefore returns who the agents were up to now.
func (s *standings) agentsBefore(ctx context.Context, store tables.Store, account string) (map[string]string, error) {
	if s.agents != nil {
		return s.agents, nil
	}
	newest, err := store.Configs(ctx, account, 0, 1)
	if err != nil || len(newest) == 0 {
		return nil, err
	}
	var doc struct {
		Agents []struct {
			Username string `json:"username"`
		} `json:"agents"`
	}
	if err := json.Unmarshal(newest[0].Document, &doc); err != nil {
		return nil, fmt.Errorf("read the agents of config %d: %w", newest[0].Version, err)
	}
	agents := make(map[string]string, len(doc.Agents))
	for _, a := range doc.Agents {
		agents[switchyard.CaseKey(a.Username)] = a.Username
	}
	return agents, nil
}
