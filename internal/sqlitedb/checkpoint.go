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

// checkpoints brings the WAL into the file whenever it has grown, beside the writer: first while
// commits go on, which does nearly all of the work, then once more with the writer waiting, so
// that nothing is left over and the next commit begins the WAL anew.
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
	left, err := passive(own)
	if err == nil && left > 0 {
		db.mu.Lock()
		left, err = passive(own)
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

// passive copies what can be copied without making anyone wait, and tells how many pages of the
// WAL are left.
func passive(own *sql.DB) (left int, err error) {
	var busy, all, copied int
	err = own.QueryRow("PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &all, &copied)
	return all - copied, err
}
