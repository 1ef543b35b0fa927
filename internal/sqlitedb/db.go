// Package sqlitedb opens SQLite files the way the journal and the tables both need them: WAL, one
// writer, a few readers, migrations, many rows a statement, checkpoints that do not stall commits,
// and errors in the journal's words.
//
// It may import the root package and the journal contract (for its errors). The stores that use it
// are internal/journal/sqlite and internal/tables/sqlite.
package sqlitedb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"switchyard/internal/journal"
)

// Options say which file is opened and how.
type Options struct {
	Path       string // "" or ":memory:" = a database in memory, gone with Close
	What       string // what messages call it: "journal", "tables"
	Full       bool   // synchronous=FULL: a commit is on the device when Write returns
	Migrations fs.FS  // NNNNN_name.sql in the root
	Log        *slog.Logger
	VFS        string // SQLite's file layer; "" = the usual one
	// Pages the writer keeps in memory, and each reader, in KiB. The driver's allocator rounds a page
	// with what SQLite keeps beside it up to twice its size, so that they take double.
	WriterKiB, ReaderKiB int
}

// pageBytes is twice SQLite's default: two rows of a typical invoke call share a page, which makes
// a third fewer bytes written than with 4096 (docs/decisions).
const pageBytes = 8192

// checkpointBytes is how much is written before the WAL is brought into the file: little, because no
// commit is confirmed while the device is at it.
const checkpointBytes = 1 << 20

// mostAhead is how much the writer may write before it waits for the checkpoints.
const mostAhead = 32 * checkpointBytes

// DB is an open database. Reads see every Write that has returned.
type DB struct {
	opt      Options
	memory   bool
	log      *slog.Logger
	mu       sync.Mutex // conn, prepared, written, closed; in memory every read too
	writer   *sql.DB
	conn     *sql.Conn
	prepared map[string]driver.Stmt
	readers  *sql.DB // nil when in memory
	closed   bool
	lost     atomic.Bool
	written  int64 // bytes since a checkpoint was asked for
	ahead    int64 // bytes since a checkpoint left nothing over
	caughtUp *sync.Cond
	wake     chan struct{}
	done     chan struct{}
	closing  sync.Once
}

// Open opens the file, making it when it does not exist, and brings its schema up to date.
func Open(ctx context.Context, opt Options) (*DB, error) {
	if opt.WriterKiB <= 0 || opt.ReaderKiB <= 0 {
		panic("sqlitedb: open without the sizes of caches")
	}
	db := &DB{
		opt: opt, memory: opt.Path == "" || opt.Path == ":memory:", log: opt.Log,
		prepared: make(map[string]driver.Stmt),
		wake:     make(chan struct{}, 1), done: make(chan struct{}),
	}
	db.caughtUp = sync.NewCond(&db.mu)
	if db.log == nil {
		db.log = slog.New(slog.DiscardHandler)
	}
	if err := db.open(ctx); err != nil {
		db.closeAll()
		return nil, fmt.Errorf("open %s %s: %w", opt.What, opt.Path, explain(err))
	}
	if db.memory {
		close(db.done)
	} else {
		go db.checkpoints()
	}
	return db, nil
}

func (db *DB) open(ctx context.Context) (err error) {
	if err := db.touch(); err != nil {
		return err
	}
	if db.writer, err = sql.Open("sqlite", db.dsn(cacheOf(db.opt.WriterKiB))); err != nil {
		return err
	}
	db.writer.SetMaxOpenConns(1)
	if err := db.settings(ctx); err != nil {
		return err
	}
	if err := migrate(ctx, db.writer, db.opt); err != nil {
		return err
	}
	if db.conn, err = db.writer.Conn(ctx); err != nil {
		return err
	}
	if db.memory {
		return nil
	}
	db.readers, err = sql.Open("sqlite", db.dsn("&_pragma=query_only(1)"+cacheOf(db.opt.ReaderKiB)))
	if err != nil {
		return err
	}
	db.readers.SetMaxOpenConns(max(4, runtime.GOMAXPROCS(0)))
	db.readers.SetMaxIdleConns(4)
	return nil
}

// touch makes the file, readable by its owner alone: it holds what people wrote to each other.
func (db *DB) touch() error {
	if db.memory {
		return nil
	}
	f, err := os.OpenFile(db.opt.Path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func (db *DB) dsn(more string) string {
	dsn := "file::memory:?_busy_timeout=10000"
	if !db.memory {
		dsn = (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: db.opt.Path}).EscapedPath()}).String() +
			"?_busy_timeout=10000"
	}
	if db.opt.VFS != "" {
		dsn += "&vfs=" + url.QueryEscape(db.opt.VFS)
	}
	return dsn + more
}

func cacheOf(kib int) string { return fmt.Sprintf("&_pragma=cache_size(-%d)", kib) }

// settings runs the pragmas of the writer in the order SQLite wants: the page size of a new file
// before anything is written to it. Checkpoints are made by hand.
func (db *DB) settings(ctx context.Context) error {
	// A statement of many rows keeps what it overwrites until it is through; in memory, not in a
	// temporary file, which would cost more calls of the system than the rows themselves.
	pragmas := []string{fmt.Sprintf("page_size=%d", pageBytes), "temp_store=MEMORY"}
	if !db.memory {
		level := "NORMAL"
		if db.opt.Full {
			level = "FULL"
		}
		pragmas = append(pragmas, "journal_mode=WAL", "synchronous="+level, "wal_autocheckpoint=0",
			fmt.Sprintf("journal_size_limit=%d", 8*checkpointBytes))
	}
	for _, p := range pragmas {
		if _, err := db.writer.ExecContext(ctx, "PRAGMA "+p); err != nil {
			return fmt.Errorf("set %s: %w", p, err)
		}
	}
	return nil
}

// Write runs f in a transaction of its own. When Write returns nil the transaction is committed;
// otherwise nothing was written, except after journal.ErrSync. A transaction that has begun is not
// cut short by ctx, so that its outcome is always known.
func (db *DB) Write(ctx context.Context, f func(*Tx) error) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	for db.ahead > mostAhead && !db.closed {
		db.caughtUp.Wait()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if db.closed {
		return fmt.Errorf("write to %s: %w", db.opt.What, sql.ErrConnDone)
	}
	if db.lost.Load() {
		return journal.ErrSync
	}
	err := db.conn.Raw(func(raw any) error { return db.transaction(raw.(rawConn), f) })
	return db.judge(err)
}

func (db *DB) transaction(raw rawConn, f func(*Tx) error) (err error) {
	tx := &Tx{db: db, raw: raw}
	if err := tx.Exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	open := true
	defer func() {
		// SQLite rolls back by itself after some errors; then this fails, which changes nothing.
		if open {
			_ = tx.Exec("ROLLBACK")
		}
	}()
	if err := f(tx); err != nil {
		return err
	}
	if err := tx.Exec("COMMIT"); err != nil {
		return err
	}
	open = false
	db.noteWritten(tx.bytes)
	return nil
}

// judge translates an error, and remembers when a device did not confirm: after that SQLite, and
// the system beneath it, may take for written what is not, so nothing more is written.
func (db *DB) judge(err error) error {
	err = explain(err)
	if errors.Is(err, journal.ErrSync) {
		db.lost.Store(true)
	}
	return err
}

// Reader is what both a transaction and a reading connection can do.
type Reader interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Read runs f with a connection that sees one state of the database for each query. In memory
// there is one connection for all, so f must not call the database again.
func (db *DB) Read(ctx context.Context, f func(Reader) error) error {
	if db.memory {
		db.mu.Lock()
		defer db.mu.Unlock()
		return explain(f(db.conn))
	}
	return explain(f(db.readers))
}

// Backup writes a consistent copy to path, which must not exist yet, while others go on writing.
func (db *DB) Backup(ctx context.Context, path string) error {
	if _, err := os.Stat(path); err == nil {
		return fmt.Errorf("back up %s: %s exists already: name a new file", db.opt.What, path)
	}
	err := db.withOwn(func(conn execer) error {
		_, err := conn.ExecContext(ctx, "VACUUM INTO ?", path)
		return err
	})
	if err == nil {
		err = syncFile(path)
	}
	if err != nil {
		_ = os.Remove(path)
		return fmt.Errorf("back up %s to %s: %w", db.opt.What, path, explain(err))
	}
	return nil
}

type execer interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}

// withOwn runs f on a connection beside the writer's, but for a database in memory, which has only
// the one.
func (db *DB) withOwn(f func(execer) error) error {
	if db.memory {
		db.mu.Lock()
		defer db.mu.Unlock()
		return f(db.conn)
	}
	own, err := sql.Open("sqlite", db.dsn(""))
	if err != nil {
		return err
	}
	defer own.Close()
	return f(own)
}

// Close brings the WAL into the file and closes it.
func (db *DB) Close() (err error) {
	db.closing.Do(func() {
		db.mu.Lock()
		db.closed = true
		db.caughtUp.Broadcast()
		db.mu.Unlock()
		close(db.wake)
		<-db.done
		err = db.closeAll()
	})
	if err != nil {
		return fmt.Errorf("close %s %s: %w", db.opt.What, db.opt.Path, explain(err))
	}
	return nil
}

func (db *DB) closeAll() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	var errs []error
	if db.readers != nil {
		errs = append(errs, db.readers.Close())
	}
	for _, s := range db.prepared {
		errs = append(errs, s.Close())
	}
	if db.conn != nil {
		errs = append(errs, db.conn.Close())
	}
	if db.writer != nil {
		errs = append(errs, db.writer.Close())
	}
	return errors.Join(errs...)
}

// syncFile makes a finished file durable, with its name.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), f.Sync(), f.Close())
}
