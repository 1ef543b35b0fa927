package engine

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/tables"
)

// Reads of what the tables hold, each merged with what is durable and not in the tables yet, so that
// everything acknowledged before a read began is in it.

// settled returns the tail with every interaction in it that had ended when it was called. The
// documents of ended interactions come with a cut, so one is made if need be.
func (e *Engine) settled(ctx context.Context, account string) (*owner, []part, error) {
	o, refused := e.owner(account)
	if refused != nil {
		return nil, nil, refused
	}
	err := e.read(ctx, account, true, func(o *owner) {
		if o.cut.ended && !o.machine.Unfinished() {
			o.makeCut()
		}
	})
	if err != nil {
		return nil, nil, err
	}
	parts := o.tail.view()
	if seq := lastErased(parts); seq > 0 {
		// Only the tables know how to erase; it is rare enough to wait for.
		if err := o.tail.reached(ctx, seq); err != nil {
			return nil, nil, err
		}
		parts = o.tail.view()
	}
	return o, parts, nil
}

// lastErased is the row up to which the tables must be for nothing erased to be left in the tail.
func lastErased(parts []part) (seq switchyard.Seq) {
	for _, p := range parts {
		for _, r := range p.rows {
			for _, ev := range r.Events {
				if _, ok := ev.(*switchyard.Erased); ok {
					seq = r.Seq
				}
			}
		}
	}
	return seq
}

// SearchEnded returns ended interactions, newest first.
func (e *Engine) SearchEnded(ctx context.Context, account string, q tables.Query) ([]tables.Ended, error) {
	_, parts, err := e.settled(ctx, account)
	if err != nil {
		return nil, err
	}
	found := map[switchyard.ID]*tables.Ended{} // nil: the newest document does not match
	for _, p := range parts {
		for n := range p.cut.ended {
			d := &p.cut.ended[n]
			found[d.ID] = nil
			if matches(&q, d) {
				found[d.ID] = d
			}
		}
	}
	older, err := e.options.Tables.SearchEnded(ctx, account, q)
	if err != nil {
		return nil, fmt.Errorf("search ended interactions: %w", err)
	}
	var all []tables.Ended
	for _, d := range older {
		if _, newer := found[d.ID]; !newer {
			all = append(all, d)
		}
	}
	for _, d := range found {
		if d != nil {
			all = append(all, *d)
		}
	}
	slices.SortFunc(all, func(a, b tables.Ended) int { return bytes.Compare(b.ID[:], a.ID[:]) })
	if q.Limit > 0 && len(all) > q.Limit {
		all = all[:q.Limit]
	}
	return all, nil
}

// matches is what the tables' search does, for one interaction.
func matches(q *tables.Query, d *tables.Ended) bool {
	same := func(want, have string) bool {
		return want == "" || switchyard.CaseKey(want) == switchyard.CaseKey(have)
	}
	within := func(s string) bool {
		return strings.Contains(switchyard.CaseKey(s), switchyard.CaseKey(q.Text))
	}
	return same(q.Route, d.Route) && same(q.Agent, d.Agent) && same(q.Provider, d.Provider) &&
		(q.ExternalID == "" || q.ExternalID == d.ExternalID) &&
		(q.Text == "" || within(d.Name) || within(d.CLID) || within(d.ExternalID)) &&
		(q.Since == 0 || d.Created >= q.Since) && (q.Until == 0 || d.Created < q.Until) && d.Ended >= q.EndedSince &&
		(q.Before.IsZero() || bytes.Compare(d.ID[:], q.Before[:]) < 0)
}

// EndedByID returns an ended interaction; nil when there is none of that id.
func (e *Engine) EndedByID(ctx context.Context, account string, id switchyard.ID) (*tables.Ended, error) {
	_, parts, err := e.settled(ctx, account)
	if err != nil {
		return nil, err
	}
	for n := len(parts) - 1; n >= 0; n-- {
		for i := range parts[n].cut.ended {
			if d := &parts[n].cut.ended[i]; d.ID == id {
				return d, nil
			}
		}
	}
	d, err := e.options.Tables.EndedByID(ctx, account, id)
	if err != nil {
		return nil, fmt.Errorf("read ended interaction: %w", err)
	}
	return d, nil
}

// tailOf returns the tail of an account as it is, for reads that need no cut.
func (e *Engine) tailOf(account string) ([]part, error) {
	o, refused := e.owner(account)
	if refused != nil {
		return nil, refused
	}
	return o.tail.view(), nil
}

// Timeline returns what happened to an interaction, in order.
func (e *Engine) Timeline(ctx context.Context, account string, id switchyard.ID) ([]tables.TimelineRow, error) {
	o, refused := e.owner(account)
	if refused != nil {
		return nil, refused
	}
	parts := o.tail.view()
	if seq := lastErased(parts); seq > 0 {
		if err := o.tail.reached(ctx, seq); err != nil {
			return nil, err
		}
		parts = o.tail.view()
	}
	all, err := e.options.Tables.Timeline(ctx, account, id)
	if err != nil {
		return nil, fmt.Errorf("read timeline: %w", err)
	}
	var seen switchyard.Seq
	if len(all) > 0 {
		seen = all[len(all)-1].Seq
	}
	var b tables.Batch
	for _, p := range parts {
		for n := range p.rows {
			if r := &p.rows[n]; r.Seq > seen && concerns(r, id) {
				timeline(&b, r, new(arena))
			}
		}
	}
	for _, r := range b.Timeline {
		if r.Interaction == id {
			all = append(all, r)
		}
	}
	return all, nil
}

func concerns(r *tailRow, id switchyard.ID) bool {
	for _, ev := range r.Events {
		if about, _ := ev.About(); about == id {
			return true
		}
	}
	return false
}

// Invocation is a call of the contract: its row and what was asked.
type Invocation struct {
	FeedRow
	Invoke *switchyard.Invoke
}

// Invocation returns the call with a correlation id; nil when it is not known.
func (e *Engine) Invocation(ctx context.Context, account string, correlation switchyard.ID) (*Invocation, error) {
	parts, err := e.tailOf(account)
	if err != nil {
		return nil, err
	}
	seq := switchyard.Seq(0)
	for _, p := range parts {
		for _, r := range p.rows {
			if r.invoke && r.Correlation == correlation {
				seq = r.Seq
			}
		}
	}
	if seq == 0 {
		i, err := e.options.Tables.Invocation(ctx, account, correlation)
		if err != nil {
			return nil, fmt.Errorf("read invocation: %w", err)
		}
		if i == nil {
			return nil, nil
		}
		seq = i.Seq
	}
	return e.invocation(ctx, account, seq)
}

func (e *Engine) invocation(ctx context.Context, account string, seq switchyard.Seq) (*Invocation, error) {
	rows, err := e.options.Journal.Rows(ctx, account, seq, 1)
	if err != nil {
		return nil, fmt.Errorf("read row %d: %w", seq, err)
	}
	if len(rows) == 0 || rows[0].Seq != seq {
		return nil, nil // removed by retention
	}
	var r replayed
	if r.decode(&rows[0]); r.err != nil {
		return nil, r.err
	}
	in, _ := r.input.Input.(*switchyard.Invoke)
	return &Invocation{r.row, in}, nil
}

// overlay follows the callbacks of the tail over what the tables hold of them.
func (e *Engine) overlay(ctx context.Context, account string, parts []part) (*standings, error) {
	s := newStandings()
	for _, p := range parts {
		for _, r := range p.rows {
			for _, ev := range r.Events {
				if err := s.follow(ctx, e.options.Tables, account, r.At, ev); err != nil {
					return nil, err
				}
			}
		}
	}
	return s, nil
}

// Notification returns a callback; nil when there is none of that id. Its document is a Callback.
func (e *Engine) Notification(ctx context.Context, account string, id switchyard.ID) (*tables.Notification, error) {
	parts, err := e.tailOf(account)
	if err != nil {
		return nil, err
	}
	n, err := e.options.Tables.Notification(ctx, account, id)
	if err != nil {
		return nil, fmt.Errorf("read notification: %w", err)
	}
	var c *Callback
	if n != nil {
		c = &Callback{}
		if err := json.Unmarshal(n.Document, c); err != nil {
			return nil, fmt.Errorf("read notification %s: %w", id, err)
		}
	}
	for _, p := range parts {
		for _, r := range p.rows {
			for _, ev := range r.Events {
				if of, ok := effectOf(ev); ok && of == id {
					c = c.apply(r.At, ev)
				}
			}
		}
	}
	if c == nil {
		return nil, nil
	}
	now, err := c.notification()
	return &now, err
}

// Notifications returns callbacks, newest first. Their documents are Callbacks.
func (e *Engine) Notifications(ctx context.Context, account string, q tables.NotificationQuery) ([]tables.Notification, error) {
	parts, err := e.tailOf(account)
	if err != nil {
		return nil, err
	}
	s, err := e.overlay(ctx, account, parts)
	if err != nil {
		return nil, err
	}
	all, err := e.olderNotifications(ctx, account, q, s.marked)
	if err != nil {
		return nil, err
	}
	changed, err := s.changed()
	if err != nil {
		return nil, err
	}
	for _, n := range changed {
		if (q.Provider == "" || switchyard.CaseKey(q.Provider) == switchyard.CaseKey(n.Provider)) &&
			(q.State == "" || q.State == n.State) && (q.Interaction.IsZero() || q.Interaction == n.Interaction) &&
			(q.Before.IsZero() || bytes.Compare(n.ID[:], q.Before[:]) < 0) {
			all = append(all, n)
		}
	}
	slices.SortFunc(all, func(a, b tables.Notification) int { return bytes.Compare(b.ID[:], a.ID[:]) })
	if q.Limit > 0 && len(all) > q.Limit {
		all = all[:q.Limit]
	}
	return all, nil
}

// olderNotifications returns what the tables have of a query, but for the callbacks the tail knows
// newer standings of. It reads on until the page is full without them.
func (e *Engine) olderNotifications(ctx context.Context, account string, q tables.NotificationQuery, newer map[switchyard.ID]*Callback) ([]tables.Notification, error) {
	var all []tables.Notification
	for {
		page, err := e.options.Tables.Notifications(ctx, account, q)
		if err != nil {
			return nil, fmt.Errorf("read notifications: %w", err)
		}
		for _, n := range page {
			if newer[n.ID] == nil {
				all = append(all, n)
			}
		}
		if len(page) < q.Limit || len(page) == 0 || len(all) >= q.Limit {
			return all, nil
		}
		q.Before = page[len(page)-1].ID
	}
}

// Configs returns versions of the account document below before (0 = all), newest first.
func (e *Engine) Configs(ctx context.Context, account string, before, limit int) ([]tables.Config, error) {
	parts, err := e.tailOf(account)
	if err != nil {
		return nil, err
	}
	older, err := e.options.Tables.Configs(ctx, account, before, limit)
	if err != nil {
		return nil, fmt.Errorf("read configs: %w", err)
	}
	newest := 0
	if len(older) > 0 {
		newest = older[0].Version
	}
	recent, err := configsIn(parts)
	if err != nil {
		return nil, err
	}
	all := []tables.Config{}
	for n := len(recent) - 1; n >= 0; n-- {
		if c := recent[n]; c.Version > newest && (before == 0 || c.Version < before) {
			all = append(all, c)
		}
	}
	all = append(all, older...)
	if limit > 0 && len(all) > limit {
		all = all[:limit]
	}
	return all, nil
}

// Config returns a version of the account document; nil when there is none of that number.
func (e *Engine) Config(ctx context.Context, account string, version int) (*tables.Config, error) {
	parts, err := e.tailOf(account)
	if err != nil {
		return nil, err
	}
	recent, err := configsIn(parts)
	if err != nil {
		return nil, err
	}
	for n := range recent {
		if recent[n].Version == version {
			return &recent[n], nil
		}
	}
	c, err := e.options.Tables.Config(ctx, account, version)
	if err != nil {
		return nil, fmt.Errorf("read config: %w", err)
	}
	return c, nil
}

func configsIn(parts []part) ([]tables.Config, error) {
	var all []tables.Config
	for _, p := range parts {
		for n := range p.rows {
			for _, ev := range p.rows[n].Events {
				if published, ok := ev.(*switchyard.ConfigPublished); ok {
					c, err := configOf(&p.rows[n], published)
					if err != nil {
						return nil, err
					}
					all = append(all, c)
				}
			}
		}
	}
	return all, nil
}
