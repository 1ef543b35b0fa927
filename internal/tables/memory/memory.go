// Package memory holds tables that live as long as the process: for simulations, which keep whole
// centres and throw them away again. It may import the root package and the contracts of tables and
// journal.
package memory

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	"switchyard"
	"switchyard/internal/journal"
	"switchyard/internal/tables"
)

// Erase removes the personal data from a stored document: of kind "ended" or "timeline".
type Erase func(kind string, document []byte) ([]byte, error)

// Store implements tables.Store.
type Store struct {
	erase Erase

	mu       sync.RWMutex
	accounts map[string]*account
}

// account is the tables of one account. No value in it is changed in place, so that a copy of the
// maps is a copy of the whole.
type account struct {
	through       switchyard.Seq
	at            switchyard.Instant
	checkpoint    map[tables.Key][]byte
	ended         map[switchyard.ID]tables.Ended
	timeline      map[switchyard.ID][]tables.TimelineRow
	presences     map[presenceKey]tables.Presence
	requestIDs    map[[16]byte][]tables.RequestID
	invocations   map[switchyard.ID]tables.Invocation
	notifications map[switchyard.ID]tables.Notification
	configs       map[int]tables.Config
}

// presenceKey is an agent, without case, and the row of a change.
type presenceKey struct {
	agent string
	seq   switchyard.Seq
}

// New makes empty tables. erase may be nil when nothing is ever erased.
func New(erase Erase) *Store { return &Store{erase: erase, accounts: map[string]*account{}} }

// Clone makes a copy that goes its own way from now on.
func (s *Store) Clone() *Store {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c := New(s.erase)
	for name, a := range s.accounts {
		c.accounts[name] = a.clone()
	}
	return c
}

func (a *account) clone() *account {
	return &account{through: a.through, at: a.at, checkpoint: maps.Clone(a.checkpoint), ended: maps.Clone(a.ended),
		timeline: maps.Clone(a.timeline), presences: maps.Clone(a.presences), requestIDs: maps.Clone(a.requestIDs), invocations: maps.Clone(a.invocations),
		notifications: maps.Clone(a.notifications), configs: maps.Clone(a.configs)}
}

// none stands for an account the tables know nothing of; it is only read.
var none = &account{}

func (s *Store) account(name string) *account {
	if a := s.accounts[name]; a != nil {
		return a
	}
	return none
}

// Apply implements tables.Store.
func (s *Store) Apply(ctx context.Context, batches []tables.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := range batches {
		b := &batches[n]
		a := s.accounts[b.Account]
		if a == nil {
			a = &account{checkpoint: map[tables.Key][]byte{}, ended: map[switchyard.ID]tables.Ended{},
				timeline: map[switchyard.ID][]tables.TimelineRow{}, presences: map[presenceKey]tables.Presence{}, requestIDs: map[[16]byte][]tables.RequestID{},
				invocations: map[switchyard.ID]tables.Invocation{}, notifications: map[switchyard.ID]tables.Notification{},
				configs: map[int]tables.Config{}}
			s.accounts[b.Account] = a
		}
		for _, r := range b.RequestIDs {
			a.requestIDs[r.Digest] = append(slices.Clip(a.requestIDs[r.Digest]), r)
		}
		if b.Through > a.through {
			if err := s.apply(a, b); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Store) apply(a *account, b *tables.Batch) error {
	a.through, a.at = b.Through, b.At
	for _, k := range b.Delete {
		delete(a.checkpoint, k)
	}
	for _, e := range b.Put {
		a.checkpoint[tables.Key{Kind: e.Kind, Key: e.Key}] = bytes.Clone(e.Value)
	}
	for _, e := range b.Ended {
		e.Document = bytes.Clone(e.Document)
		a.ended[e.ID] = e
	}
	for _, r := range b.Timeline {
		r.Events = bytes.Clone(r.Events)
		a.timeline[r.Interaction] = append(slices.Clip(a.timeline[r.Interaction]), r)
	}
	for _, p := range b.Presences {
		a.presences[presenceKey{switchyard.CaseKey(p.Agent), p.Seq}] = p
	}
	for _, i := range b.Invocations {
		a.invocations[i.Correlation] = i
	}
	for _, n := range b.Notifications {
		n.Document = bytes.Clone(n.Document)
		a.notifications[n.ID] = n
	}
	for _, c := range b.Configs {
		c.Document = bytes.Clone(c.Document)
		a.configs[c.Version] = c
	}
	a.reseal(b.Reseal)
	for _, id := range b.Erase {
		if err := s.eraseOne(a, id); err != nil {
			return err
		}
	}
	return nil
}

func (a *account) reseal(texts []switchyard.Resealed) {
	if len(texts) == 0 {
		return
	}
	with := switchyard.Replacements(texts)
	for version, c := range a.configs {
		c.Document, _ = switchyard.ReplaceSealed(c.Document, with)
		a.configs[version] = c
	}
}

func (s *Store) eraseOne(a *account, id switchyard.ID) (err error) {
	if e, there := a.ended[id]; there {
		e.Name, e.CLID = "", ""
		if e.Document, err = s.erase("ended", e.Document); err != nil {
			return err
		}
		a.ended[id] = e
	}
	rows := slices.Clone(a.timeline[id])
	for n := range rows {
		if rows[n].Events, err = s.erase("timeline", rows[n].Events); err != nil {
			return err
		}
	}
	if rows != nil {
		a.timeline[id] = rows
	}
	return nil
}

// Offset implements tables.Store.
func (s *Store) Offset(_ context.Context, name string) (switchyard.Seq, switchyard.Instant, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	a := s.account(name)
	return a.through, a.at, nil
}

// Load implements tables.Store.
func (s *Store) Load(_ context.Context, name string, f func(journal.Entry) error) error {
	s.mu.RLock()
	checkpoint := maps.Clone(s.account(name).checkpoint)
	s.mu.RUnlock()
	order := slices.SortedFunc(maps.Keys(checkpoint), func(a, b tables.Key) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key))
	})
	for _, k := range order {
		if err := f(journal.Entry{Kind: k.Kind, Key: k.Key, Value: checkpoint[k]}); err != nil {
			return err
		}
	}
	return nil
}

// newest returns up to limit of the values that pass, greatest id first.
func newest[T any](all map[switchyard.ID]T, before switchyard.ID, limit int, passes func(*T) bool) []T {
	ids := slices.SortedFunc(maps.Keys(all), func(a, b switchyard.ID) int { return bytes.Compare(b[:], a[:]) })
	var found []T
	for _, id := range ids {
		v := all[id]
		if len(found) < limit && (before.IsZero() || bytes.Compare(id[:], before[:]) < 0) && passes(&v) {
			found = append(found, v)
		}
	}
	return found
}

// same compares names; none asked for is any.
func same(want, have string) bool {
	return want == "" || switchyard.CaseKey(want) == switchyard.CaseKey(have)
}

// SearchEnded implements tables.Store.
func (s *Store) SearchEnded(_ context.Context, name string, q tables.Query) ([]tables.Ended, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	within := func(text string) bool {
		return strings.Contains(switchyard.CaseKey(text), switchyard.CaseKey(q.Text))
	}
	return newest(s.account(name).ended, q.Before, q.Limit, func(e *tables.Ended) bool {
		return same(q.Route, e.Route) && same(q.Agent, e.Agent) && same(q.Provider, e.Provider) &&
			(q.ExternalID == "" || q.ExternalID == e.ExternalID) &&
			(q.Text == "" || within(e.Name) || within(e.CLID) || within(e.ExternalID)) &&
			(q.Since == 0 || e.Created >= q.Since) && (q.Until == 0 || e.Created < q.Until) && e.Ended >= q.EndedSince
	}), nil
}

// find returns a copy of a value, nil when there is none.
func find[K comparable, T any](all map[K]T, key K) *T {
	if v, there := all[key]; there {
		return &v
	}
	return nil
}

// EndedByID implements tables.Store.
func (s *Store) EndedByID(_ context.Context, name string, id switchyard.ID) (*tables.Ended, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return find(s.account(name).ended, id), nil
}

// Timeline implements tables.Store.
func (s *Store) Timeline(_ context.Context, name string, id switchyard.ID) ([]tables.TimelineRow, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.account(name).timeline[id]), nil
}

// Histories implements tables.Store.
func (s *Store) Histories(_ context.Context, name string, span tables.Span, f func(switchyard.ID, []tables.TimelineRow) error) error {
	s.mu.RLock()
	told := map[switchyard.ID][]tables.TimelineRow{}
	a := s.account(name)
	for id, rows := range a.timeline {
		if a.mayHaveHappened(id, span) {
			told[id] = slices.Clone(rows)
		}
	}
	s.mu.RUnlock()
	for _, id := range slices.SortedFunc(maps.Keys(told), func(a, b switchyard.ID) int { return bytes.Compare(a[:], b[:]) }) {
		if err := f(id, told[id]); err != nil {
			return err
		}
	}
	return nil
}

// mayHaveHappened reports whether a span has anything of an interaction, as far as that is known.
func (a *account) mayHaveHappened(id switchyard.ID, span tables.Span) bool {
	switch created := id.At(); {
	case created >= span.To || span.From >= span.To:
		return false
	case created >= span.From:
		return true
	}
	if e, ended := a.ended[id]; ended && e.Ended >= span.From {
		return true
	}
	live, there := a.checkpoint[tables.Key{Kind: "interaction", Key: id.String()}]
	return there && (span.Idle == nil || !span.Idle(live))
}

// Presences implements tables.Store.
func (s *Store) Presences(_ context.Context, name string, from, to switchyard.Instant) (found []tables.Presence, _ error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	a := s.account(name)
	order := a.changes()
	for n, k := range order {
		p := a.presences[k]
		last := n+1 == len(order) || order[n+1].agent != k.agent || a.presences[order[n+1]].At >= from
		if p.At < to && (p.At >= from || last) {
			found = append(found, p)
		}
	}
	return found, nil
}

// changes are the presences by agent and in order.
func (a *account) changes() []presenceKey {
	return slices.SortedFunc(maps.Keys(a.presences), func(a, b presenceKey) int {
		return cmp.Or(strings.Compare(a.agent, b.agent), cmp.Compare(a.seq, b.seq))
	})
}

// Known implements tables.Store.
func (s *Store) Known(_ context.Context, name string, digests [][16]byte, since switchyard.Instant) (map[[16]byte]switchyard.ID, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	a, known := s.account(name), map[[16]byte]switchyard.ID{}
	for _, d := range digests {
		var latest switchyard.Instant
		for _, r := range a.requestIDs[d] {
			if r.At >= since && r.At >= latest {
				known[d], latest = r.Interaction, r.At
			}
		}
	}
	return known, nil
}

// Invocation implements tables.Store.
func (s *Store) Invocation(_ context.Context, name string, correlation switchyard.ID) (*tables.Invocation, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return find(s.account(name).invocations, correlation), nil
}

// Notifications implements tables.Store.
func (s *Store) Notifications(_ context.Context, name string, q tables.NotificationQuery) ([]tables.Notification, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return newest(s.account(name).notifications, q.Before, q.Limit, func(n *tables.Notification) bool {
		return same(q.Provider, n.Provider) && (q.State == "" || q.State == n.State) &&
			(q.Interaction.IsZero() || q.Interaction == n.Interaction)
	}), nil
}

// Notification implements tables.Store.
func (s *Store) Notification(_ context.Context, name string, id switchyard.ID) (*tables.Notification, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return find(s.account(name).notifications, id), nil
}

// Configs implements tables.Store.
func (s *Store) Configs(_ context.Context, name string, before, limit int) ([]tables.Config, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	a := s.account(name)
	var found []tables.Config
	for _, version := range slices.Backward(slices.Sorted(maps.Keys(a.configs))) {
		if len(found) < limit && (before == 0 || version < before) {
			found = append(found, a.configs[version])
		}
	}
	return found, nil
}

// Config implements tables.Store.
func (s *Store) Config(_ context.Context, name string, version int) (*tables.Config, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return find(s.account(name).configs, version), nil
}

// Prune implements tables.Store.
func (s *Store) Prune(_ context.Context, name string, h tables.Horizons, limit int) (gone int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.account(name)
	gone += dropSome(a.ended, limit-gone, func(e tables.Ended) bool { return e.Ended < h.History }, func(id switchyard.ID) {
		delete(a.timeline, id)
	})
	gone += a.forgetPresences(h.History, limit-gone)
	gone += dropSome(a.notifications, limit-gone, func(n tables.Notification) bool { return n.Created < h.Notifications }, nil)
	gone += dropSome(a.invocations, limit-gone, func(i tables.Invocation) bool { return i.At < h.Invocations }, nil)
	return gone + a.forgetRequestIDs(h.RequestIDs, limit-gone), nil
}

// dropSome removes up to limit of the values that are old, the smallest ids first.
func dropSome[T any](all map[switchyard.ID]T, limit int, old func(T) bool, also func(switchyard.ID)) (gone int) {
	for _, id := range slices.SortedFunc(maps.Keys(all), func(a, b switchyard.ID) int { return bytes.Compare(a[:], b[:]) }) {
		if gone >= limit || !old(all[id]) {
			continue
		}
		delete(all, id)
		gone++
		if also != nil {
			also(id)
		}
	}
	return gone
}

// forgetPresences keeps of each agent the change that was in force at the horizon.
func (a *account) forgetPresences(horizon switchyard.Instant, limit int) (gone int) {
	order := a.changes()
	for n, k := range order {
		if gone < limit && n+1 < len(order) && order[n+1].agent == k.agent && a.presences[order[n+1]].At <= horizon {
			delete(a.presences, k)
			gone++
		}
	}
	return gone
}

func (a *account) forgetRequestIDs(horizon switchyard.Instant, limit int) (gone int) {
	day := func(at switchyard.Instant) switchyard.Instant { return at / switchyard.Instant(switchyard.Day) }
	for digest, all := range a.requestIDs {
		kept := slices.DeleteFunc(slices.Clone(all), func(r tables.RequestID) bool {
			old := gone < limit && day(r.At) < day(horizon)
			if old {
				gone++
			}
			return old
		})
		if len(kept) == 0 {
			delete(a.requestIDs, digest)
		} else {
			a.requestIDs[digest] = kept
		}
	}
	return gone
}

// Backup implements tables.Store: it refuses, for there is nothing to copy to a file.
func (s *Store) Backup(context.Context, string) error {
	return errors.New("tables in memory cannot be backed up: start the server with a data folder")
}

// Close implements tables.Store. What is in the tables stays readable, as if they had been opened again.
func (s *Store) Close() error { return nil }
