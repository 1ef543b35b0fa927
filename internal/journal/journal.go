// Package journal holds the contract of the journal: the durable, gap-free list of rows in which
// every input of an account stands with the events it led to. It also holds the one way rows are
// written as JSON. The stores are memory, sqlite and, later, postgres beneath; all of them pass
// the suite in journaltest.
//
// It may import the root package and the JSON library; it knows no database, engine or HTTP.
package journal

import (
	"context"
	"errors"
	"fmt"

	"switchyard"
)

// Row is one input of an account with all its events. Input and Events are what EncodeInput and
// EncodeEvents write; a store keeps them byte for byte.
type Row struct {
	Account string
	Seq     switchyard.Seq
	At      switchyard.Instant
	Decider string // version of the code that decided
	Input   []byte
	Events  []byte
}

// Entry is one value of a state under its kind and key: an element of a snapshot or a checkpoint.
type Entry struct {
	Kind, Key string
	Value     []byte
}

// Snapshot is the whole state of an account after row Seq.
type Snapshot struct {
	Account string
	Seq     switchyard.Seq
	At      switchyard.Instant
	Decider string
	Entries []Entry
}

// Store is a journal. All methods may be called at the same time by several goroutines.
type Store interface {
	// Append writes rows of any number of accounts in one transaction. When it returns nil they
	// are durable; otherwise none was written, except after ErrSync, when nobody can know. It
	// fails with *Conflict when a row's Seq is not one more than the last of its account.
	Append(ctx context.Context, rows []Row) error
	// Rows returns up to limit rows from seq from on, ascending.
	Rows(ctx context.Context, account string, from switchyard.Seq, limit int) ([]Row, error)
	// Bounds returns the first row kept and the last one; 0, 0 when there is none.
	Bounds(ctx context.Context, account string) (oldest, last switchyard.Seq, err error)
	// Accounts lists the accounts that have rows, in order of their names.
	Accounts(ctx context.Context) ([]string, error)
	// SaveSnapshot keeps s in place of older snapshots of its account, which must have rows; one
	// older than what is kept changes nothing. A snapshot that is cut short by an error or a crash
	// is never seen.
	SaveSnapshot(ctx context.Context, s Snapshot) error
	// Snapshot returns the newest snapshot of an account, nil when there is none.
	Snapshot(ctx context.Context, account string) (*Snapshot, error)
	// Prune removes the rows below before, but never the last row of an account, for the next Seq
	// is counted from it. It fails with ErrNoSnapshot unless a snapshot covers what it removes.
	Prune(ctx context.Context, account string, before switchyard.Seq) error
	// Meta returns what SetMeta kept under key, "" when nothing.
	Meta(ctx context.Context, key string) (string, error)
	SetMeta(ctx context.Context, key, value string) error
	// Probe makes a durable write that changes nothing anyone can see: it tells whether appends
	// can work again after ErrFull.
	Probe(ctx context.Context) error
	Close() error
}

// Errors of stores, to be told apart with errors.Is.
var (
	// ErrFull: there was no space for a write. Nothing was written; it may be tried again.
	ErrFull = errors.New("no space left for the journal: free some space, the server goes on by itself")
	// ErrSync: the device did not confirm a write. Whether it is durable cannot be known, nor may
	// it be tried again; the process must stop and recover from what is on disk.
	ErrSync = errors.New("the device did not confirm a write to the journal: check the disk, then start the server again")
	// ErrReadOnly: the files or their folder cannot be written to.
	ErrReadOnly = errors.New("the data folder cannot be written to: check its owner, its mode and how it is mounted")
	// ErrCorrupt: a file is no database, or is damaged.
	ErrCorrupt = errors.New("the database file is damaged")
	// ErrNewer: the schema was written by a newer version of the program.
	ErrNewer = errors.New("the data was written by a newer version of switchyard: use that version or a newer one")
	// ErrNoSnapshot: rows cannot be removed because no snapshot covers them.
	ErrNoSnapshot = errors.New("no snapshot covers the rows to be removed")
)

// Conflict says that a row's Seq did not follow the last one of its account: somebody else wrote,
// and whoever tried is no longer the owner of the account.
type Conflict struct {
	Account string
}

func (e *Conflict) Error() string {
	return fmt.Sprintf("account %q: the row does not follow the last one of the journal", e.Account)
}

// Locked says that another server holds the data folder.
type Locked struct {
	Dir    string
	Holder string // "pid 4711, listen 127.0.0.1:8080, since 2026-11-23T12:04:05Z"
}

func (e *Locked) Error() string {
	return fmt.Sprintf("the data folder %s is held by another server (%s): stop it, or use another folder", e.Dir, e.Holder)
}

// Follow checks that rows continue their accounts, last(account) being the last Seq an account
// has. It returns the last Seq of every account of rows once they are written, or *Conflict.
func Follow(rows []Row, last func(account string) switchyard.Seq) (map[string]switchyard.Seq, error) {
	next := make(map[string]switchyard.Seq)
	for i := range rows {
		r := &rows[i]
		before, seen := next[r.Account]
		if !seen {
			before = last(r.Account)
		}
		if r.Seq != before+1 {
			return nil, &Conflict{Account: r.Account}
		}
		next[r.Account] = r.Seq
	}
	return next, nil
}
