// Package tables holds the contract of the tables that follow the journal: checkpoints of every
// account's state, ended interactions and what else is looked up or searched. They lag behind the
// journal by a known offset and may be deleted: the engine rebuilds them from the journal, as far
// back as its retention reaches. The store is sqlite beneath; it passes the suite in tablestest.
//
// It may import the root package and the journal contract; it knows no database, engine or HTTP.
package tables

import (
	"context"

	"switchyard"
	"switchyard/internal/journal"
)

// Batch is what the rows of one account up to and including Through changed.
type Batch struct {
	Account string
	Through switchyard.Seq
	At      switchyard.Instant // of row Through

	Put           []journal.Entry // checkpoint: the newest value of each kind and key
	Delete        []Key           // checkpoint: gone; done before Put
	Ended         []Ended
	Timeline      []TimelineRow
	Presences     []Presence
	RequestIDs    []RequestID // taken also when the tables know of row Through already
	Invocations   []Invocation
	Notifications []Notification
	Configs       []Config
	Reseal        []switchyard.Resealed // texts of config versions that others take the place of; done after Configs
	Erase         []switchyard.ID       // ended interactions whose personal data is to be removed; done last
}

// Key names a value of a checkpoint.
type Key struct {
	Kind, Key string
}

// Ended is an ended interaction: the members it is searched by, and all of it as JSON. A later
// one of the same ID replaces it (an after plan may go on for a while).
type Ended struct {
	ID         switchyard.ID
	ExternalID string
	Provider   string
	Route      string
	Agent      string
	Name       string
	CLID       string
	Outcome    string
	Class      switchyard.Class
	Created    switchyard.Instant
	Ended      switchyard.Instant
	Document   []byte
}

// TimelineRow is what journal row Seq says about one interaction: a JSON array of events.
type TimelineRow struct {
	Interaction switchyard.ID
	Seq         switchyard.Seq
	At          switchyard.Instant
	By          string // who asked; "" in rows of old
	Events      []byte
}

// Presence is what an agent's presence was from At on. Of several in one row the last counts.
type Presence struct {
	Agent    string
	Seq      switchyard.Seq
	At       switchyard.Instant
	Presence string
	Category switchyard.Category
}

// RequestID is an accepted request id by its digest, and the interaction it made.
type RequestID struct {
	Digest      [16]byte
	Interaction switchyard.ID
	At          switchyard.Instant
}

// Invocation says in which journal row the call with this correlation id stands.
type Invocation struct {
	Correlation switchyard.ID
	Seq         switchyard.Seq
	At          switchyard.Instant
}

// Notification is the current standing of a callback; Document is all of it as JSON, with its
// attempts. A later one of the same ID replaces it.
type Notification struct {
	ID          switchyard.ID
	Interaction switchyard.ID
	Provider    string
	State       string
	Created     switchyard.Instant
	Document    []byte
}

// Config is one published version of the account document.
type Config struct {
	Version  int
	At       switchyard.Instant
	By       string
	Source   string
	Document []byte
}

// Query asks for ended interactions. Empty members do not restrict; names of routes, agents and
// providers compare without case.
type Query struct {
	Route      string
	Agent      string
	ExternalID string
	Provider   string
	Text       string             // part of the name, clid or externalid, without case
	Since      switchyard.Instant // created at or after
	Until      switchyard.Instant // created before
	EndedSince switchyard.Instant // ended at or after
	Before     switchyard.ID      // only ids below: the next page
	Limit      int
}

// NotificationQuery asks for callbacks, newest first. Empty members do not restrict.
type NotificationQuery struct {
	Provider    string // compares without case
	State       string
	Interaction switchyard.ID
	Before      switchyard.ID // only ids below: the next page
	Limit       int
}

// Span is the time a report is about: from From on, before To. Idle tells, from the checkpoint's
// value of a live interaction that was created before From, that nothing happened to it from then on.
type Span struct {
	From, To switchyard.Instant
	Idle     func(value []byte) bool
}

// Horizons says from when on what is kept; what is older may go. Zero keeps everything.
type Horizons struct {
	History       switchyard.Instant // ended interactions, by their end, and their timelines; presences
	Notifications switchyard.Instant // by creation
	Invocations   switchyard.Instant
	RequestIDs    switchyard.Instant // forgotten in whole days
}

// Store is the tables of all accounts. All methods may be called at the same time by several
// goroutines; reads see what Apply has returned from.
type Store interface {
	// Apply writes all batches in one transaction. A batch whose Through is not past the account's
	// offset is left out, so applying one again changes nothing. Apply keeps nothing of what it is
	// given.
	Apply(ctx context.Context, batches []Batch) error
	// Offset returns the last row applied for an account, and its instant; 0, 0 when none.
	Offset(ctx context.Context, account string) (switchyard.Seq, switchyard.Instant, error)
	// Load calls f with the whole checkpoint of an account, ordered by kind and key. f must not
	// keep Value. An error of f ends the loading and is returned.
	Load(ctx context.Context, account string, f func(journal.Entry) error) error

	// SearchEnded returns ended interactions, newest (greatest id) first.
	SearchEnded(ctx context.Context, account string, q Query) ([]Ended, error)
	// EndedByID returns an ended interaction, nil when there is none of that id.
	EndedByID(ctx context.Context, account string, id switchyard.ID) (*Ended, error)
	// Timeline returns what happened to an interaction in the order of the journal.
	Timeline(ctx context.Context, account string, id switchyard.ID) ([]TimelineRow, error)

	// Histories calls f with the whole timelines of all interactions that something may have happened
	// to in a span, in the order of their ids, a little at a time, so that what is written meanwhile
	// may be in it. f must not keep the events. An error of f ends it and is returned.
	Histories(ctx context.Context, account string, s Span, f func(switchyard.ID, []TimelineRow) error) error
	// Presences returns, by agent and in order, the changes from one instant on and before another,
	// each agent's led by the one that was in force then.
	Presences(ctx context.Context, account string, from, to switchyard.Instant) ([]Presence, error)

	// Known returns which digests were accepted at or after since, with their interactions.
	Known(ctx context.Context, account string, digests [][16]byte, since switchyard.Instant) (map[[16]byte]switchyard.ID, error)
	// Invocation finds the row of a call, nil when it is not known.
	Invocation(ctx context.Context, account string, correlation switchyard.ID) (*Invocation, error)
	// Notifications returns callbacks, newest (greatest id) first.
	Notifications(ctx context.Context, account string, q NotificationQuery) ([]Notification, error)
	// Notification returns a callback, nil when there is none of that id.
	Notification(ctx context.Context, account string, id switchyard.ID) (*Notification, error)
	// Configs returns versions below before (0 = all), newest first.
	Configs(ctx context.Context, account string, before, limit int) ([]Config, error)
	// Config returns a version, nil when there is none of that number.
	Config(ctx context.Context, account string, version int) (*Config, error)

	// Prune removes up to limit rows that are older than the horizons and returns how many. It is
	// called again until it returns less than limit.
	Prune(ctx context.Context, account string, h Horizons, limit int) (int, error)
	// Backup writes a consistent copy to a new file.
	Backup(ctx context.Context, path string) error
	Close() error
}
