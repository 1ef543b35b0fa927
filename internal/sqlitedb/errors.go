package sqlitedb

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"switchyard/internal/journal"
)

// explain puts SQLite's errors under the journal's, keeping SQLite's text for the log.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if known := classify(err); known != nil && !errors.Is(err, known) {
		return fmt.Errorf("%w (%w)", known, err)
	}
	return err
}

func classify(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return classifyOS(err)
	}
	switch e.Code() {
	case lib.SQLITE_IOERR_FSYNC, lib.SQLITE_IOERR_DIR_FSYNC:
		return journal.ErrSync
	case lib.SQLITE_IOERR_WRITE, lib.SQLITE_IOERR_SHMSIZE, lib.SQLITE_IOERR_TRUNCATE:
		// A full disk, a quota or a file-size limit can surface as any of these; nothing of the
		// transaction counts, and it may be tried again.
		return journal.ErrFull
	}
	switch e.Code() & 0xff {
	case lib.SQLITE_FULL:
		return journal.ErrFull
	case lib.SQLITE_READONLY, lib.SQLITE_CANTOPEN, lib.SQLITE_PERM:
		return journal.ErrReadOnly
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		return journal.ErrCorrupt
	}
	return nil
}

func classifyOS(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return journal.ErrReadOnly
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return journal.ErrFull
	}
	return nil
}

// IsTaken reports whether err is about a primary key that is there already.
func IsTaken(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code() == lib.SQLITE_CONSTRAINT_PRIMARYKEY ||
		e.Code() == lib.SQLITE_CONSTRAINT_UNIQUE || e.Code() == lib.SQLITE_CONSTRAINT_ROWID)
}
