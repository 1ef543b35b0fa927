// Package sqlite keeps the journal in the file journal.db of a data folder, and holds that folder
// so that no second server opens it. Every Append that returns nil has been flushed to the device
// once (WAL, synchronous=FULL).
//
// It may import the root package, the journal contract and sqlitedb.
package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"switchyard"
	"switchyard/internal/journal"
	"switchyard/internal/sqlitedb"
)

//go:embed migrations/*.sql
var migrations embed.FS

// File is the name of the journal in its folder.
const File = "journal.db"

// Pages kept in memory. Rows are only ever appended, and read in order: the pages of a commit are all
// that is used twice, and a commit larger than this goes to the WAL in pieces.
const (
	writerKiB = 8 << 10
	readerKiB = 1 << 10
)

// Options of a journal.
type Options struct {
	// Holder is what a second server is told about this one: "pid 4711, listen 127.0.0.1:8080,
	// since 2026-11-23T12:04:05Z". Empty = the process id alone.
	Holder string
	Log    *slog.Logger

	vfs string // tests put a file layer that fails beneath
}

// Store implements journal.Store.
type Store struct {
	db   *sqlitedb.DB
	lock *folderLock

	mu       sync.RWMutex // numbers
	numbers  map[string]int64
	append   sync.Mutex // one append at a time, lasts, and packer
	lasts    map[string]switchyard.Seq
	packer   packer
	snapshot sync.Mutex // one snapshot at a time
}

// Open opens the journal of folder dir, making both when they do not exist. It fails with
// *journal.Locked when another server holds the folder, with journal.ErrNewer, ErrReadOnly or
// ErrCorrupt when the file cannot be used.
func Open(ctx context.Context, dir string, opt Options) (*Store, error) {
	if err := makeFolder(dir); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	lock, err := lockFolder(dir, opt.Holder)
	if err != nil {
		return nil, err
	}
	s := &Store{lock: lock, numbers: make(map[string]int64), lasts: make(map[string]switchyard.Seq)}
	if err := s.open(ctx, filepath.Join(dir, File), opt); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func makeFolder(dir string) error {
	err := os.MkdirAll(dir, 0o700)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return fmt.Errorf("%w (%w)", journal.ErrReadOnly, err)
	}
	return err
}

func (s *Store) open(ctx context.Context, path string, opt Options) (err error) {
	schema, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	s.db, err = sqlitedb.Open(ctx, sqlitedb.Options{
		Path: path, What: "journal", Full: true, Migrations: schema, Log: opt.Log, VFS: opt.vfs,
		WriterKiB: writerKiB, ReaderKiB: readerKiB,
	})
	if err != nil {
		return err
	}
	return s.db.Read(ctx, func(r sqlitedb.Reader) error {
		rows, err := r.QueryContext(ctx, "SELECT number, name FROM account")
		return each(rows, err, func() error {
			var number int64
			var name string
			if err := rows.Scan(&number, &name); err != nil {
				return err
			}
			s.numbers[name] = number
			return nil
		})
	})
}

// seqBits is how many bits of a row's id number the rows of its account.
const seqBits = 40

func rowID(number int64, seq switchyard.Seq) int64 {
	return number<<seqBits | int64(min(seq, 1<<seqBits-1))
}

func seqOf(id int64) switchyard.Seq { return switchyard.Seq(id & (1<<seqBits - 1)) }

// lastOf is the last Seq in a row of the table.
func lastOf(id, pack int64) switchyard.Seq { return seqOf(id) + switchyard.Seq(max(pack, 1)) - 1 }

// Append implements journal.Store.
func (s *Store) Append(ctx context.Context, rows []journal.Row) error {
	if len(rows) == 0 {
		return nil
	}
	s.append.Lock()
	defer s.append.Unlock()
	var next map[string]switchyard.Seq
	var fresh map[string]int64
	err := s.db.Write(ctx, func(tx *sqlitedb.Tx) (err error) {
		if next, err = s.follow(tx, rows); err != nil {
			return err
		}
		if fresh, err = s.enter(tx, next); err != nil {
			return err
		}
		return insertInto(tx, s.packer.pack(rows, s.numbered(fresh)))
	})
	if err != nil {
		// What is in the file is read again before the next append of these accounts.
		for i := range rows {
			delete(s.lasts, rows[i].Account)
		}
		if sqlitedb.IsTaken(err) {
			err = s.taken(ctx, rows, err)
		}
		return fmt.Errorf("append %d rows: %w", len(rows), err)
	}
	s.learn(next, fresh)
	return nil
}

// follow checks the rows against the last ones written. Only this process writes while it holds
// the folder, so the last Seq of an account is read once.
func (s *Store) follow(tx *sqlitedb.Tx, rows []journal.Row) (map[string]switchyard.Seq, error) {
	var failed error
	next, err := journal.Follow(rows, func(account string) switchyard.Seq {
		last, known := s.lasts[account]
		if known {
			return last
		}
		last, err := s.lastIn(tx, account)
		failed = errors.Join(failed, err)
		s.lasts[account] = last
		return last
	})
	if failed != nil {
		return nil, failed
	}
	return next, err
}

func (s *Store) lastIn(tx *sqlitedb.Tx, account string) (last switchyard.Seq, err error) {
	number := s.number(account)
	if number == 0 {
		return 0, nil
	}
	err = tx.Query("SELECT id, pack FROM journal WHERE id > ? AND id < ? ORDER BY id DESC LIMIT 1",
		[]driver.Value{rowID(number, 0), rowID(number+1, 0)},
		func(v []driver.Value) error {
			last = lastOf(v[0].(int64), v[1].(int64))
			return nil
		})
	return last, err
}

// enter numbers the accounts that have no rows yet.
func (s *Store) enter(tx *sqlitedb.Tx, accounts map[string]switchyard.Seq) (map[string]int64, error) {
	var fresh map[string]int64
	for _, name := range sortedKeys(accounts) {
		if s.number(name) != 0 {
			continue
		}
		if fresh == nil {
			fresh = make(map[string]int64)
		}
		if err := tx.Exec("INSERT INTO account(name) VALUES (?)", name); err != nil {
			return nil, err
		}
		err := tx.Query("SELECT last_insert_rowid()", nil, func(v []driver.Value) error {
			fresh[name] = v[0].(int64)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return fresh, nil
}

// numbered returns the number of an account, those included that were only entered now.
func (s *Store) numbered(fresh map[string]int64) func(account string) int64 {
	return func(account string) int64 {
		if number := s.number(account); number != 0 {
			return number
		}
		return fresh[account]
	}
}

// taken says whose row stood in the way: the folder's lock did not keep a second writer away, the
// key did.
func (s *Store) taken(ctx context.Context, rows []journal.Row, err error) error {
	for i := range rows {
		_, last, e := s.Bounds(ctx, rows[i].Account)
		if e != nil {
			return e
		}
		if last >= rows[i].Seq {
			return &journal.Conflict{Account: rows[i].Account}
		}
	}
	return err
}

func (s *Store) learn(lasts map[string]switchyard.Seq, fresh map[string]int64) {
	for account, last := range lasts {
		s.lasts[account] = last
	}
	if len(fresh) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for account, number := range fresh {
		s.numbers[account] = number
	}
}

// number returns an account's number, 0 when it has no rows.
func (s *Store) number(account string) int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.numbers[account]
}

// Rows implements journal.Store.
func (s *Store) Rows(ctx context.Context, account string, from switchyard.Seq, limit int) (all []journal.Row, err error) {
	number := s.number(account)
	if number == 0 || limit <= 0 {
		return nil, nil
	}
	from = min(max(from, 1), 1<<seqBits-1)
	err = s.db.Read(ctx, func(r sqlitedb.Reader) error {
		all, err = readFrom(ctx, r, account, number, from, limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read rows of account %q from %d: %w", account, from, err)
	}
	return all, nil
}

// readFrom reads rows; the first one wanted may be in a pack that begins before it.
func readFrom(ctx context.Context, r sqlitedb.Reader, account string, number int64, from switchyard.Seq, limit int) (all []journal.Row, err error) {
	const query = "SELECT id, at, decider, input, events, pack FROM journal" +
		" WHERE id >= coalesce((SELECT max(id) FROM journal WHERE id > ?1 AND id <= ?2), ?2) AND id < ?3 ORDER BY id"
	rows, err := r.QueryContext(ctx, query, rowID(number, 0), rowID(number, from), rowID(number+1, 0))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for len(all) < limit && rows.Next() {
		var p pack
		var input, body sql.RawBytes
		if err := rows.Scan(&p.id, &p.at, &p.decider, &input, &body, &p.rows); err != nil {
			return nil, err
		}
		if p.rows == 0 {
			all = append(all, journal.Row{Account: account, Seq: seqOf(p.id), At: p.at, Decider: p.decider,
				Input: bytes.Clone(input), Events: bytes.Clone(body)})
		} else if all, err = unpack(all, account, &p, body); err != nil {
			return nil, err
		}
		if len(all) > 0 && all[0].Seq < from {
			all = all[min(from-all[0].Seq, switchyard.Seq(len(all))):]
		}
	}
	if len(all) == 0 {
		return nil, rows.Err()
	}
	return all[:min(limit, len(all))], rows.Err()
}

// Bounds implements journal.Store.
func (s *Store) Bounds(ctx context.Context, account string) (oldest, last switchyard.Seq, err error) {
	number := s.number(account)
	if number == 0 {
		return 0, 0, nil
	}
	// Two queries in one, for SQLite looks up a first and a last in the index one at a time.
	const query = "SELECT * FROM (SELECT id, pack FROM journal WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT 1)" +
		" UNION ALL SELECT * FROM (SELECT id, pack FROM journal WHERE id > ?1 AND id < ?2 ORDER BY id DESC LIMIT 1)"
	err = s.db.Read(ctx, func(r sqlitedb.Reader) error {
		rows, err := r.QueryContext(ctx, query, rowID(number, 0), rowID(number+1, 0))
		return each(rows, err, func() error {
			var id, pack int64
			if err := rows.Scan(&id, &pack); err != nil {
				return err
			}
			if first := seqOf(id); oldest == 0 || first < oldest {
				oldest = first
			}
			last = max(last, lastOf(id, pack))
			return nil
		})
	})
	if err != nil {
		return 0, 0, fmt.Errorf("read the bounds of account %q: %w", account, err)
	}
	return oldest, last, nil
}

// Accounts implements journal.Store.
func (s *Store) Accounts(context.Context) ([]string, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return sortedKeys(s.numbers), nil
}

// pruneRows is how many rows one transaction removes, so that appends wait milliseconds at most.
const pruneRows = 500

// Prune implements journal.Store.
func (s *Store) Prune(ctx context.Context, account string, before switchyard.Seq) error {
	oldest, last, err := s.Bounds(ctx, account)
	if err != nil || before <= oldest || last == 0 {
		return err
	}
	head, err := s.head(ctx, account)
	if err != nil {
		return err
	}
	if head == nil || head.seq+1 < before {
		return fmt.Errorf("prune account %q before row %d: %w", account, before, journal.ErrNoSnapshot)
	}
	number := s.number(account)
	for before = min(before, last); oldest < before; oldest += pruneRows {
		err := s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
			return pruneTo(tx, account, number, min(oldest+pruneRows, before))
		})
		if err != nil {
			return fmt.Errorf("prune account %q before row %d: %w", account, before, err)
		}
	}
	return nil
}

// pruneTo removes the rows before seq. What is in a pack with them is packed anew.
func pruneTo(tx *sqlitedb.Tx, account string, number int64, seq switchyard.Seq) error {
	var kept []journal.Row
	err := tx.Query("SELECT id, at, decider, events, pack FROM journal WHERE id > ? AND id < ? ORDER BY id DESC LIMIT 1",
		[]driver.Value{rowID(number, 0), rowID(number, seq)},
		func(v []driver.Value) (err error) {
			p := pack{id: v[0].(int64), at: switchyard.Instant(v[1].(int64)), decider: v[2].(string), rows: v[4].(int64)}
			if lastOf(p.id, p.rows) < seq {
				return nil
			}
			kept, err = unpack(nil, account, &p, v[3].([]byte))
			return err
		})
	if err != nil {
		return err
	}
	if err := tx.Exec("DELETE FROM journal WHERE id > ? AND id < ?", rowID(number, 0), rowID(number, seq)); err != nil {
		return err
	}
	if len(kept) == 0 {
		return nil
	}
	var k packer
	return insertInto(tx, k.pack(kept[seq-kept[0].Seq:], func(string) int64 { return number }))
}

// Meta implements journal.Store.
func (s *Store) Meta(ctx context.Context, key string) (value string, err error) {
	err = s.db.Read(ctx, func(r sqlitedb.Reader) error {
		err := r.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = ?", key).Scan(&value)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read %q: %w", key, err)
	}
	return value, nil
}

// SetMeta implements journal.Store.
func (s *Store) SetMeta(ctx context.Context, key, value string) error {
	err := s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
		return tx.Exec("INSERT OR REPLACE INTO meta(key, value) VALUES (?, ?)", key, value)
	})
	if err != nil {
		return fmt.Errorf("set %q: %w", key, err)
	}
	return nil
}

// probeBytes is what a probe writes: room for a batch of ordinary calls.
const probeBytes = 128 << 10

// Probe implements journal.Store.
func (s *Store) Probe(ctx context.Context) error {
	err := s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
		return tx.Exec("INSERT OR REPLACE INTO probe(id, fill) VALUES (1, randomblob(?))", int64(probeBytes))
	})
	if err != nil {
		return fmt.Errorf("probe the journal: %w", err)
	}
	return nil
}

// Backup writes a consistent copy of the journal to a new file while appends go on.
func (s *Store) Backup(ctx context.Context, path string) error { return s.db.Backup(ctx, path) }

// Close implements journal.Store. It lets go of the folder.
func (s *Store) Close() error {
	var err error
	if s.db != nil {
		err = s.db.Close()
	}
	return errors.Join(err, s.lock.release())
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

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
