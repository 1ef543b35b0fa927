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
	db.ahead += bytes
	if db.written += bytes; db.written >= checkpointBytes {
		db.written = 0
		select {
		case db.wake <- struct{}{}:
		default:
		}
	}
}

// checkpoints brings the WAL into the file whenever it has grown: most of it beside the writer, and
// then, with the writer waiting, what was written meanwhile. SQLite begins the WAL anew only when
// nothing of it is left over; without the second step it would grow as long as the load goes on, and
// every commit would pay for new blocks instead of overwriting old ones.
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
	frames, err := passive(own)
	db.mu.Lock()
	if err == nil {
		frames, err = passive(own)
	}
	db.ahead = 0 // also after a failure: whoever writes finds out by itself what is wrong
	db.caughtUp.Broadcast()
	db.mu.Unlock()
	if err = db.judge(err); err == nil {
		return
	}
	level := slog.LevelWarn
	if errors.Is(err, journal.ErrSync) {
		level = slog.LevelError
	}
	db.log.Log(context.Background(), level, "checkpoint failed, the WAL keeps the data", "database",
		db.opt.What, "frames", frames, "error", err)
}

// passive copies what can be copied without making anyone wait, and tells how many pages the WAL had
// when it began.
func passive(own *sql.DB) (frames int, err error) {
	var busy, copied int
	err = own.QueryRow("PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &frames, &copied)
	return frames, err
}
