package app

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver the copies are made with

	journalsqlite "switchyard/internal/journal/sqlite"
)

// CheckFolder refuses what is no data folder, so that a command that works on one does not make
// another by a slip of the pen.
func CheckFolder(data string) error {
	if _, err := os.Stat(filepath.Join(data, journalsqlite.File)); err != nil {
		return fmt.Errorf("%s is no data folder: it has no %s; check the path", data, journalsqlite.File)
	}
	return nil
}

// Backup writes a copy of a data folder to a new folder, also while a server works on it. The
// tables are copied first: what they lack is in the journal, which is copied after them, so the copy
// is what the server was at the moment the journal's copy began. Progress is told file by file.
func Backup(ctx context.Context, data, to string, progress func(file string, bytes int64)) error {
	if err := CheckFolder(data); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Clean(to)), 0o750); err != nil {
		return fmt.Errorf("make backup folder: %w", err)
	}
	if err := os.Mkdir(to, 0o700); err != nil {
		return fmt.Errorf("make backup folder: %w; name a folder that does not exist yet", err)
	}
	for _, file := range []string{TablesFile, journalsqlite.File} {
		if err := copyDatabase(ctx, filepath.Join(data, file), filepath.Join(to, file)); err != nil {
			return err
		}
		tell(progress, to, file)
	}
	if err := copyFile(filepath.Join(data, KeyFile), filepath.Join(to, KeyFile)); err != nil {
		return err
	}
	tell(progress, to, KeyFile)
	return nil
}

func tell(progress func(string, int64), folder, file string) {
	if info, err := os.Stat(filepath.Join(folder, file)); err == nil && progress != nil {
		progress(file, info.Size())
	}
}

// copyDatabase writes a consistent copy of a database that may be in use.
func copyDatabase(ctx context.Context, from, to string) error {
	if _, err := os.Stat(from); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: from}).EscapedPath()+"?mode=ro&_pragma=busy_timeout(60000)")
	if err != nil {
		return fmt.Errorf("open %s: %w", from, err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", to); err != nil {
		return fmt.Errorf("copy %s to %s: %w", from, to, err)
	}
	return errors.Join(os.Chmod(to, 0o600), syncFile(to))
}

// copyFile copies a small file with its permissions; a missing one is left out.
func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = os.WriteFile(to, text, 0o600)
	}
	if err == nil {
		err = syncFile(to)
	}
	if err != nil {
		return fmt.Errorf("copy %s to %s: %w", from, to, err)
	}
	return nil
}

// syncFile makes a written file durable.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Restore makes a data folder from a backup. The folder must not hold one yet.
func Restore(ctx context.Context, from, data string, progress func(file string, bytes int64)) error {
	if _, err := os.Stat(filepath.Join(from, journalsqlite.File)); err != nil {
		return fmt.Errorf("%s is no backup: it has no %s", from, journalsqlite.File)
	}
	if _, err := os.Stat(filepath.Join(data, journalsqlite.File)); err == nil {
		return fmt.Errorf("%s holds a journal already; restore into another folder, or move that one away", data)
	}
	if err := os.MkdirAll(data, 0o750); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	for _, file := range []string{TablesFile, journalsqlite.File, KeyFile} {
		if err := restoreFile(ctx, filepath.Join(from, file), filepath.Join(data, file)); err != nil {
			return err
		}
		tell(progress, data, file)
	}
	return nil
}

func restoreFile(ctx context.Context, from, to string) error {
	source, err := os.Open(from)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read backup: %w", err)
	}
	defer func() { _ = source.Close() }()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("restore %s: %w", to, err)
	}
	_, err = io.Copy(target, source)
	if err = errors.Join(err, target.Sync(), target.Close()); err != nil {
		return fmt.Errorf("restore %s: %w", to, err)
	}
	if filepath.Base(to) == KeyFile {
		return nil
	}
	return soundDatabase(ctx, to)
}

// soundDatabase refuses a database that is damaged.
func soundDatabase(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath())
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil || verdict != "ok" {
		return fmt.Errorf("%s is damaged (%s): restore from another backup", path, errors.Join(err, errors.New(verdict)))
	}
	return nil
}
