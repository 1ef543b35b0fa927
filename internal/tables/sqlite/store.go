// Package sqlite keeps the tables in one SQLite file, or in memory for a server without a data
// folder.
//
// The journal is the truth: the file is written with synchronous=NORMAL, so a power loss may take
// the last transactions from it, whole ones only. The offset is part of each transaction and tells
// where to go on. A file that is damaged or of a newer schema may be deleted.
//
// It may import the root package, the tables and journal contracts, sqlitedb and the Bloom filter
// library.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"

	"switchyard"
	"switchyard/internal/journal"
	"switchyard/internal/sqlitedb"
)

//go:embed migrations/*.sql
var migrations embed.FS

// File is the name of the tables in a data folder.
const File = "tables.db"

// Options of the tables.
type Options struct {
	Log *slog.Logger
	// Erase removes personal data from a document: of kind KindEnded an ended interaction, of kind
	// KindTimeline a JSON array of events. Only the engine knows what they hold. nil = names and
	// clids leave the columns, documents are kept.
	Erase func(kind string, document []byte) ([]byte, error)
}

// The kinds of documents Options.Erase is called with.
const (
	KindEnded    = "ended"
	KindTimeline = "timeline"
)

// Store implements tables.Store.
type Store struct {
	db    *sqlitedb.DB
	erase func(kind string, document []byte) ([]byte, error)
	log   *slog.Logger

	mu       sync.RWMutex // accounts
	accounts map[string]account
	apply    sync.Mutex // one Apply or Prune at a time
	known    *known
	stop     context.CancelFunc
	built    sync.WaitGroup
}

// account is an account's number and how far the tables have followed its journal.
type account struct {
	number  int64
	through switchyard.Seq
	at      switchyard.Instant
}

// Pages kept in memory. What is written at once lies close together but for request ids, whose digests
// are spread over the pages of a day.
const (
	writerKiB = 32 << 10
	readerKiB = 4 << 10
)

// Open opens the tables, making the file when it does not exist. A path "" or ":memory:" keeps
// them in memory.
func Open(ctx context.Context, path string, opt Options) (*Store, error) {
	schema, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	s := &Store{erase: opt.Erase, log: opt.Log, accounts: make(map[string]account)}
	if s.erase == nil {
		s.erase = func(_ string, document []byte) ([]byte, error) { return document, nil }
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.db, err = sqlitedb.Open(ctx, sqlitedb.Options{Path: path, What: "tables", Migrations: schema, Log: opt.Log,
		WriterKiB: writerKiB, ReaderKiB: readerKiB})
	if err != nil {
		return nil, advise(err)
	}
	if err := s.load(ctx); err != nil {
		return nil, advise(errors.Join(err, s.db.Close()))
	}
	return s, nil
}

// advise says what can be done about a file that cannot be used.
func advise(err error) error {
	if errors.Is(err, journal.ErrCorrupt) || errors.Is(err, journal.ErrNewer) {
		return fmt.Errorf("%w; %s and the files %s-wal and %s-shm beside it may be deleted, "+
			"the server rebuilds them from the journal as far back as the journal reaches", err, File, File, File)
	}
	return err
}

func (s *Store) load(ctx context.Context) error {
	err := s.db.Read(ctx, func(r sqlitedb.Reader) error {
		rows, err := r.QueryContext(ctx, "SELECT name, number, through, at FROM account")
		return each(rows, err, func() error {
			var name string
			var a account
			if err := rows.Scan(&name, &a.number, &a.through, &a.at); err != nil {
				return err
			}
			s.accounts[name] = a
			return nil
		})
	})
	if err != nil {
		return err
	}
	there, err := s.stretches(ctx)
	if err != nil {
		return err
	}
	s.known = newKnown(there)
	background, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.built.Go(func() { s.buildFilters(background, there) })
	return nil
}

// account returns what is known of an account; number 0 when nothing was applied for it.
func (s *Store) account(name string) account {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.accounts[name]
}

// Offset implements tables.Store.
func (s *Store) Offset(_ context.Context, name string) (switchyard.Seq, switchyard.Instant, error) {
	a := s.account(name)
	return a.through, a.at, nil
}

// Load implements tables.Store.
func (s *Store) Load(ctx context.Context, name string, f func(journal.Entry) error) error {
	number := s.account(name).number
	if number == 0 {
		return nil
	}
	err := s.db.Read(ctx, func(r sqlitedb.Reader) error {
		err := loadValues(ctx, r, "kind < ?", number, f)
		if err == nil {
			err = loadLive(ctx, r, number, f)
		}
		if err == nil {
			err = loadValues(ctx, r, "kind >= ?", number, f)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("load the checkpoint of account %q: %w", name, err)
	}
	return nil
}

// loadValues gives the values of the kinds before, or from, live interactions on.
func loadValues(ctx context.Context, r sqlitedb.Reader, where string, account int64, f func(journal.Entry) error) error {
	rows, err := r.QueryContext(ctx,
		"SELECT kind, key, value FROM checkpoint WHERE account = ? AND "+where+" ORDER BY kind, key", account, kindLive)
	var kind, key, value sql.RawBytes
	var e journal.Entry
	return each(rows, err, func() error {
		if err := rows.Scan(&kind, &key, &value); err != nil {
			return err
		}
		if e.Kind != string(kind) {
			e.Kind = string(kind)
		}
		e.Key, e.Value = string(key), value
		return f(e)
	})
}

func loadLive(ctx context.Context, r sqlitedb.Reader, account int64, f func(journal.Entry) error) error {
	rows, err := r.QueryContext(ctx, "SELECT id, value FROM live WHERE account = ? ORDER BY id", account)
	var id scanID
	var value sql.RawBytes
	return each(rows, err, func() error {
		if err := rows.Scan(&id, &value); err != nil {
			return err
		}
		return f(journal.Entry{Kind: kindLive, Key: switchyard.ID(id).String(), Value: value})
	})
}

// Backup implements tables.Store.
func (s *Store) Backup(ctx context.Context, path string) error { return s.db.Backup(ctx, path) }

// Close implements tables.Store.
func (s *Store) Close() error {
	s.stop()
	s.built.Wait()
	return s.db.Close()
}

// each runs f for every row and closes rows.
func each(rows *sql.Rows, err error, f func() error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(); err != nil {
			return err
		}
	}
	return rows.Err()
}

// scanID reads an id column.
type scanID switchyard.ID

// Scan implements sql.Scanner.
func (id *scanID) Scan(v any) error {
	b, ok := v.([]byte)
	if !ok || len(b) != len(id) {
		return fmt.Errorf("%w: %v is no id", journal.ErrCorrupt, v)
	}
	copy(id[:], b)
	return nil
}
