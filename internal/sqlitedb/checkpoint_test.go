package sqlitedb

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
)

// A writer that never rests does not make the WAL grow without end: nobody but it could begin anew.
func TestCheckpointsBoundTheWAL(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "test.db")
	db, err := Open(ctx, Options{Path: path, What: "test", WriterKiB: 8192, ReaderKiB: 1024, Migrations: fstest.MapFS{"00001_test.sql": {
		Data: []byte("-- +goose Up\nCREATE TABLE kept (id INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;\n")}}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const rows, total = 64, 4 * mostAhead
	value := make([]byte, 4<<10)
	longest := int64(0)
	for written := 0; written < total; written += rows * len(value) {
		err := db.Write(ctx, func(tx *Tx) error {
			for range rows {
				if err := tx.Exec("INSERT INTO kept(value) VALUES (?)", value); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		longest = max(longest, info.Size())
	}
	if longest > total/2 {
		t.Errorf("the WAL grew to %d MB while %d MB were written", longest>>20, total>>20)
	}
}
