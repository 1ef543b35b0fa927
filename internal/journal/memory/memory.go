// Package memory is a journal that lives as long as the process: for `--data memory`, tests and
// simulations. It may import the journal contract and the root package.
package memory

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"

	"switchyard"
	"switchyard/internal/journal"
)

// Store implements journal.Store.
type Store struct {
	mu       sync.RWMutex
	accounts map[string]*account
	meta     map[string]string
}

// account holds rows first, first+1, … of one account.
type account struct {
	first    switchyard.Seq
	rows     []journal.Row
	snapshot *journal.Snapshot
}

// New makes an empty journal.
func New() *Store {
	return &Store{accounts: make(map[string]*account), meta: make(map[string]string)}
}

// Append implements journal.Store.
func (s *Store) Append(ctx context.Context, rows []journal.Row) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := journal.Follow(rows, s.last); err != nil {
		return err
	}
	for _, r := range rows {
		a := s.account(r.Account)
		if len(a.rows) == 0 {
			a.first = r.Seq
		}
		r.Input, r.Events = bytes.Clone(r.Input), bytes.Clone(r.Events)
		a.rows = append(a.rows, r)
	}
	return nil
}

// Rows implements journal.Store.
func (s *Store) Rows(_ context.Context, name string, from switchyard.Seq, limit int) ([]journal.Row, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	a := s.accounts[name]
	if a == nil || len(a.rows) == 0 {
		return nil, nil
	}
	from = max(from, a.first)
	if limit <= 0 || from-a.first >= switchyard.Seq(len(a.rows)) {
		return nil, nil
	}
	skip := int(from - a.first)
	return slices.Clone(a.rows[skip:min(len(a.rows), skip+limit)]), nil
}

// Bounds implements journal.Store.
func (s *Store) Bounds(_ context.Context, name string) (oldest, last switchyard.Seq, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if last = s.last(name); last > 0 {
		oldest = s.accounts[name].first
	}
	return oldest, last, nil
}

// Accounts implements journal.Store.
func (s *Store) Accounts(context.Context) ([]string, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var names []string
	for name, a := range s.accounts {
		if len(a.rows) > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// SaveSnapshot implements journal.Store.
func (s *Store) SaveSnapshot(_ context.Context, snap journal.Snapshot) error {
	snap.Entries = slices.Clone(snap.Entries)
	for i := range snap.Entries {
		snap.Entries[i].Value = bytes.Clone(snap.Entries[i].Value)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[snap.Account]
	if a == nil {
		return fmt.Errorf("save a snapshot of account %q: the account has no rows", snap.Account)
	}
	if a.snapshot == nil || a.snapshot.Seq <= snap.Seq {
		a.snapshot = &snap
	}
	return nil
}

// Snapshot implements journal.Store.
func (s *Store) Snapshot(_ context.Context, name string) (*journal.Snapshot, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if a := s.accounts[name]; a != nil && a.snapshot != nil {
		snap := *a.snapshot
		return &snap, nil
	}
	return nil, nil
}

// Prune implements journal.Store.
func (s *Store) Prune(_ context.Context, name string, before switchyard.Seq) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[name]
	if a == nil || len(a.rows) == 0 || before <= a.first {
		return nil
	}
	if a.snapshot == nil || a.snapshot.Seq+1 < before {
		return journal.ErrNoSnapshot
	}
	gone := int(min(before-a.first, switchyard.Seq(len(a.rows)-1)))
	a.rows = slices.Clone(a.rows[gone:])
	a.first += switchyard.Seq(gone)
	return nil
}

// Meta implements journal.Store.
func (s *Store) Meta(_ context.Context, key string) (string, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.meta[key], nil
}

// SetMeta implements journal.Store.
func (s *Store) SetMeta(_ context.Context, key, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.meta[key] = value
	return nil
}

// Probe implements journal.Store.
func (s *Store) Probe(ctx context.Context) error { return ctx.Err() }

// Close implements journal.Store. The rows stay readable: a closed store can be given to another
// engine, as if it had been opened again.
func (s *Store) Close() error { return nil }

func (s *Store) last(name string) switchyard.Seq {
	a := s.accounts[name]
	if a == nil || len(a.rows) == 0 {
		return 0
	}
	return a.rows[len(a.rows)-1].Seq
}

func (s *Store) account(name string) *account {
	a := s.accounts[name]
	if a == nil {
		a = new(account)
		s.accounts[name] = a
	}
	return a
}
