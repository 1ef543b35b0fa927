package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	lib "modernc.org/sqlite/lib"

	"switchyard"
	"switchyard/internal/journal"
)

var ctx = context.Background()

func openFaulty(t *testing.T) (*Store, *faults, string) {
	t.Helper()
	f, dir := newFaults(t), t.TempDir()
	s, err := Open(ctx, dir, Options{vfs: f.name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, f, dir
}

func someRows(account string, from, to switchyard.Seq) (rows []journal.Row) {
	for seq := from; seq <= to; seq++ {
		rows = append(rows, journal.Row{Account: account, Seq: seq, At: 1, Decider: "v1",
			Input: fmt.Appendf(nil, "{%d}", seq), Events: bytes.Repeat([]byte("x"), 500)})
	}
	return rows
}

func wantLast(t *testing.T, s *Store, account string, want switchyard.Seq) {
	t.Helper()
	_, last, err := s.Bounds(ctx, account)
	if err != nil || last != want {
		t.Fatalf("account %s ends at row %d, want %d, %v", account, last, want, err)
	}
}

func appendRows(t *testing.T, s *Store, rows []journal.Row) {
	t.Helper()
	if err := s.Append(ctx, rows); err != nil {
		t.Fatal(err)
	}
}

func TestOneFlushACommit(t *testing.T) {
	s, f, _ := openFaulty(t)
	appendRows(t, s, someRows("acme", 1, 1))
	before := f.syncs.Load()
	seq := switchyard.Seq(1)
	for i := range 100 {
		rows := someRows("acme", seq+1, seq+1+switchyard.Seq(i%20)) // less in all than brings a checkpoint
		seq += switchyard.Seq(len(rows))
		appendRows(t, s, append(rows, someRows(fmt.Sprint("other", i), 1, 1)...))
	}
	if flushes := f.syncs.Load() - before; flushes != 100 {
		t.Errorf("%d flushes for 100 commits", flushes)
	}
}

func TestFullDiskLosesNothingAndPasses(t *testing.T) {
	for name, code := range map[string]int32{"full": lib.SQLITE_FULL, "write error": lib.SQLITE_IOERR_WRITE} {
		t.Run(name, func(t *testing.T) {
			s, f, _ := openFaulty(t)
			appendRows(t, s, someRows("acme", 1, 9))
			f.write.Store(code)
			for range 3 {
				err := s.Append(ctx, append(someRows("acme", 10, 99), someRows("new", 1, 1)...))
				if !errors.Is(err, journal.ErrFull) {
					t.Fatalf("append: %v", err)
				}
				if err := s.Probe(ctx); !errors.Is(err, journal.ErrFull) {
					t.Fatalf("probe: %v", err)
				}
			}
			wantLast(t, s, "acme", 9)
			wantLast(t, s, "new", 0)
			f.write.Store(0)
			if err := s.Probe(ctx); err != nil {
				t.Fatal(err)
			}
			appendRows(t, s, append(someRows("acme", 10, 99), someRows("new", 1, 1)...))
			wantLast(t, s, "acme", 99)
			wantLast(t, s, "new", 1)
		})
	}
}

func TestUnconfirmedFlushStopsEverything(t *testing.T) {
	s, f, dir := openFaulty(t)
	appendRows(t, s, someRows("acme", 1, 9))
	f.sync.Store(lib.SQLITE_IOERR_FSYNC)
	if err := s.Append(ctx, someRows("acme", 10, 10)); !errors.Is(err, journal.ErrSync) {
		t.Fatalf("append: %v", err)
	}
	f.sync.Store(0) // the next flush would claim success, although pages may be gone
	if err := s.Append(ctx, someRows("acme", 10, 10)); !errors.Is(err, journal.ErrSync) {
		t.Fatalf("append afterwards: %v", err)
	}
	if err := s.Probe(ctx); !errors.Is(err, journal.ErrSync) {
		t.Fatalf("probe afterwards: %v", err)
	}
	_ = s.Close()
	s = openIn(t, dir)
	if _, last, err := s.Bounds(ctx, "acme"); err != nil || last < 9 {
		t.Fatalf("row %d is the last, %v", last, err)
	}
}

// TestKeyIsTheFence: even a writer that ignores the folder's lock cannot put a second row in the
// place of the first.
func TestKeyIsTheFence(t *testing.T) {
	dir := t.TempDir()
	s := openIn(t, dir)
	appendRows(t, s, someRows("acme", 1, 2))
	appendRows(t, s, someRows("acme", 3, 3))
	other, err := sql.Open("sqlite", filepath.Join(dir, File))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	_, err = other.Exec("INSERT INTO journal SELECT id + 1, at, 'other', input, events, pack FROM journal WHERE id = (SELECT max(id) FROM journal)")
	if err != nil {
		t.Fatal(err)
	}
	var conflict *journal.Conflict
	if err := s.Append(ctx, append(someRows("new", 1, 90), someRows("acme", 4, 4)...)); !errors.As(err, &conflict) || conflict.Account != "acme" {
		t.Fatalf("append: %v", err)
	}
	rows, err := s.Rows(ctx, "acme", 4, 9)
	if err != nil || len(rows) != 1 || rows[0].Decider != "other" {
		t.Fatalf("%v, %v", rows, err)
	}
	appendRows(t, s, append(someRows("new", 1, 90), someRows("acme", 5, 5)...))
}

func TestFolderThatCannotBeUsed(t *testing.T) {
	open := func(dir string) error {
		s, err := Open(ctx, dir, Options{})
		if err == nil {
			_ = s.Close()
		}
		return err
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file for a folder: %v", err)
	}

	garbage := t.TempDir()
	if err := os.WriteFile(filepath.Join(garbage, File), bytes.Repeat([]byte("garbage "), 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(garbage); !errors.Is(err, journal.ErrCorrupt) {
		t.Errorf("garbage: %v", err)
	}
	if err := open(garbage); !errors.Is(err, journal.ErrCorrupt) {
		t.Errorf("the lock was not let go: %v", err)
	}

	if os.Getuid() != 0 { // root writes anywhere
		closed := t.TempDir()
		if err := os.Chmod(closed, 0o500); err != nil {
			t.Fatal(err)
		}
		if err := open(closed); !errors.Is(err, journal.ErrReadOnly) {
			t.Errorf("no right to write: %v", err)
		}
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := openIn(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, File))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("INSERT INTO schema_migration(version_id, is_applied) VALUES (7, 1)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = Open(ctx, dir, Options{})
	if !errors.Is(err, journal.ErrNewer) || !strings.Contains(err.Error(), "has version 7, this binary knows 2") {
		t.Errorf("error %v", err)
	}
}

func TestBackupIsConsistentWhileAppendsGoOn(t *testing.T) {
	s := openIn(t, t.TempDir())
	appendRows(t, s, append(someRows("a", 1, 500), someRows("b", 1, 500)...))
	stop, done := make(chan struct{}), make(chan error)
	go func() {
		for seq := switchyard.Seq(501); ; seq++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			if err := s.Append(ctx, append(someRows("a", seq, seq), someRows("b", seq, seq)...)); err != nil {
				done <- err
				return
			}
		}
	}()
	dir := t.TempDir()
	if err := s.Backup(ctx, filepath.Join(dir, File)); err != nil {
		t.Fatal(err)
	}
	close(stop)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	saved := openIn(t, dir)
	_, a, err := saved.Bounds(ctx, "a")
	if err != nil || a < 500 {
		t.Fatalf("%d, %v", a, err)
	}
	wantLast(t, saved, "b", a)
	if rows, err := saved.Rows(ctx, "a", 1, 1<<30); err != nil || len(rows) != int(a) {
		t.Fatalf("%d rows of %d, %v", len(rows), a, err)
	}
}

// TestKilledProcess has a process append until it is killed, and looks for what it said it had.
func TestKilledProcess(t *testing.T) {
	if dir := os.Getenv("JOURNAL_TEST_APPEND"); dir != "" {
		appendForEver(dir)
	}
	for range 3 {
		dir := t.TempDir()
		child := exec.Command(os.Args[0], "-test.run=^TestKilledProcess$")
		child.Env = append(os.Environ(), "JOURNAL_TEST_APPEND="+dir)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		var acknowledged switchyard.Seq
		for acknowledged < 400 {
			if _, err := fmt.Fscanln(out, &acknowledged); err != nil {
				t.Fatal(err)
			}
		}
		_, err = Open(ctx, dir, Options{})
		var locked *journal.Locked
		if !errors.As(err, &locked) || locked.Holder != fmt.Sprintf("pid %d", child.Process.Pid) {
			t.Errorf("opened beside the process: %v", err)
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := fmt.Fscanln(out, &acknowledged); err != nil {
				break
			}
		}
		_ = child.Wait()
		s := openIn(t, dir)
		oldest, last, err := s.Bounds(ctx, "acme")
		if err != nil || oldest != 1 || last < acknowledged || last > acknowledged+7 || last%7 != 0 {
			t.Errorf("rows %d to %d, acknowledged %d, %v", oldest, last, acknowledged, err)
		}
	}
}

func appendForEver(dir string) {
	s, err := Open(ctx, dir, Options{})
	for seq := switchyard.Seq(1); err == nil; seq += 7 {
		if err = s.Append(ctx, someRows("acme", seq, seq+6)); err == nil {
			fmt.Println(uint64(seq + 6))
		}
	}
	fmt.Println(err)
	os.Exit(1)
}

// TestLibcIsTheDriversOwn: the driver is translated C and works with one version of its C library.
func TestLibcIsTheDriversOwn(t *testing.T) {
	goMod, err := exec.Command("go", "list", "-m", "-f", "{{.GoMod}}", "modernc.org/sqlite").Output()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(strings.TrimSpace(string(goMod)))
	if err != nil {
		t.Fatal(err)
	}
	wants := regexp.MustCompile(`modernc\.org/libc (v\S+)`).FindSubmatch(text)
	if wants == nil {
		t.Fatal("the driver names no modernc.org/libc")
	}
	has, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", "modernc.org/libc").Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(has)); got != string(wants[1]) {
		t.Errorf("modernc.org/libc is %s, the driver wants %s: set it in go.mod", got, wants[1])
	}
}
