package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"switchyard"
	"switchyard/internal/journal"
	"switchyard/internal/tables"
	"switchyard/internal/tables/tablestest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ctx = context.Background()

func openAt(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(ctx, path, Options{Erase: tablestest.Erase})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func fromCopy(t *testing.T, path string) tables.Store { return openAt(t, path) }

func TestConformanceInAFile(t *testing.T) {
	tablestest.Run(t, func(t *testing.T) tables.Store { return openAt(t, filepath.Join(t.TempDir(), File)) }, fromCopy)
}

func TestConformanceInMemory(t *testing.T) {
	tablestest.Run(t, func(t *testing.T) tables.Store { return openAt(t, "") }, fromCopy)
}

func digest(n int) (d [16]byte) {
	sum := sha256.Sum256(fmt.Append(nil, n))
	return [16]byte(sum[:16])
}

// TestRequestIDsAfterOpening asks before, while and after the filters are built.
func TestRequestIDsAfterOpening(t *testing.T) {
	path := filepath.Join(t.TempDir(), File)
	s := openAt(t, path)
	apply := func(seq switchyard.Seq, from, to int) {
		t.Helper()
		b := tables.Batch{Account: "acme", Through: seq, At: 1}
		for i := from; i < to; i++ {
			at := switchyard.Instant(i%30) * switchyard.Instant(switchyard.Day)
			b.RequestIDs = append(b.RequestIDs, tables.RequestID{Digest: digest(i), Interaction: switchyard.ID{1}, At: at})
		}
		if err := s.Apply(ctx, []tables.Batch{b}); err != nil {
			t.Fatal(err)
		}
	}
	check := func(until int) {
		t.Helper()
		var ask [][16]byte
		for i := range until + 500 {
			ask = append(ask, digest(i))
		}
		known, err := s.Known(ctx, "acme", ask, 0)
		if err != nil || len(known) != until {
			t.Fatalf("%d known, want %d, %v", len(known), until, err)
		}
	}
	apply(1, 0, 6000)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, path)
	check(6000)
	apply(2, 6000, 6100)
	check(6100)
	s.built.Wait()
	check(6100)
	for d, f := range s.known.stretches {
		if !f.whole {
			t.Errorf("stretch %v has no filter", d)
		}
	}
	apply(3, 6100, 6200)
	check(6200)
}

func TestFileThatCannotBeUsedSaysWhatToDo(t *testing.T) {
	path := filepath.Join(t.TempDir(), File)
	if err := os.WriteFile(path, bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(ctx, path, Options{})
	if !errors.Is(err, journal.ErrCorrupt) || !strings.Contains(err.Error(), "may be deleted") {
		t.Errorf("garbage: %v", err)
	}

	path = filepath.Join(t.TempDir(), File)
	if err := openAt(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	pretendNewer(t, path)
	_, err = Open(ctx, path, Options{})
	if !errors.Is(err, journal.ErrNewer) || !strings.Contains(err.Error(), "may be deleted") ||
		!strings.Contains(err.Error(), "version 999") {
		t.Errorf("newer: %v", err)
	}
}
