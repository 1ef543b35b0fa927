package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"

	"switchyard/internal/journal"
)

// noteWritten wakes the checkpoints when enough was written; mu is held.
func (db *DB) noteWritten(bytes int64) {
	if db.memory {
		return
	}
	if db.written += bytes; db.written >= checkpointBytes {
		db.written = 0
		select {
		case db.wake <- struct{}{}:
		default:
		}
	}
}

// checkpoints brings the WAL into the file whenever it has grown, beside the writer. Under load
// that never ends with nothing left over, and the WAL grows on; when it is too long, what is left
// is brought in with the writer waiting, so that the next commit begins the WAL anew.
func (db *DB) checkpoints() {
	defer close(db.done)
	own, err := sql.Open("sqlite", db.dsn("&_pragma=wal_autocheckpoint(0)"))
	if err != nil {
		db.log.Error("no checkpoints", "database", db.opt.What, "error", err)
		return
	}
	own.SetMaxOpenConns(1)
	defer own.Close()
	for range db.wake {
		db.checkpoint(own)
	}
}

func (db *DB) checkpoint(own *sql.DB) {
	all, left, err := passive(own)
	if err == nil && left > 0 && all > longWAL {
		db.mu.Lock()
		_, left, err = passive(own)
		db.mu.Unlock()
	}
	if err = db.judge(err); err == nil {
		return
	}
	level := slog.LevelWarn
	if errors.Is(err, journal.ErrSync) {
		level = slog.LevelError
	}
	db.log.Log(context.Background(), level, "checkpoint failed, the WAL keeps the data", "database",
		db.opt.What, "frames", left, "error", err)
}

// longWAL is the length, in pages, at which the writer has to wait: 64 MB.
const longWAL = 4 * checkpointBytes / pageBytes

// passive copies what can be copied without making anyone wait, and tells how many pages the WAL
// has and how many of them are left.
func passive(own *sql.DB) (all, left int, err error) {
	var busy, copied int
	err = own.QueryRow("PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &all, &copied)
	return all, all - copied, err
}
