package sqlite

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/klauspost/compress/s2"

	"switchyard"
	"switchyard/internal/journal"
	"switchyard/internal/sqlitedb"
)

// callRows are rows like those of invoke calls: long, and much alike.
func callRows(account string, from, to switchyard.Seq) (rows []journal.Row) {
	for seq := from; seq <= to; seq++ {
		id := strings.Repeat(fmt.Sprintf("%08x", uint64(seq)*2654435761%(1<<32)), 4)
		input, _ := json.Marshal(map[string]any{"type": "invoke", "at": 1_795_000_000_000 + int64(seq), "by": "crm", "correlation": id[:22],
			"entropy": id, "data": map[string]any{"interactions": []any{map[string]any{"requestId": id[4:], "type": "nonlive", "clid": "Case " + id[:6],
				"url": "https://crm.example/cases/" + id[:10], "route": "support", "properties": map[string]any{"language": "German", "tier": "gold"}}}}})
		event := map[string]any{"type": "interaction.queued", "interaction": id, "data": map[string]any{"queue": "support", "band": 50,
			"skills": []any{map[string]any{"name": "billing"}, map[string]any{"name": "german"}}, "why": "the plan's applet Queue set it", "at": int64(seq)}}
		events, _ := json.Marshal([]any{event, event, event})
		rows = append(rows, journal.Row{Account: account, Seq: seq, At: switchyard.Instant(seq), Decider: "v1", Input: input, Events: events})
	}
	return rows
}

// stored counts an account's rows of the table, and their bytes.
func stored(t *testing.T, s *Store) (n, size int) {
	t.Helper()
	err := s.db.Read(ctx, func(r sqlitedb.Reader) error {
		return r.QueryRowContext(ctx, "SELECT count(*), coalesce(sum(length(input) + length(events)), 0) FROM journal").Scan(&n, &size)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n, size
}

func TestRowsOfACommitArePacked(t *testing.T) {
	s := openIn(t, t.TempDir())
	rows, size := callRows("acme", 1, 64), 0
	for i := range rows {
		size += len(rows[i].Input) + len(rows[i].Events)
	}
	appendRows(t, s, append(rows, callRows("zeta", 1, 64)...))
	n, kept := stored(t, s)
	t.Logf("%d bytes of 128 rows are %d in %d packs", 2*size, kept, n)
	if n > 2*(size/packBytes+1) || kept > size {
		t.Errorf("%d bytes of 128 rows are %d in %d rows of the table", 2*size, kept, n)
	}
}

// TestPacksEnd: rows of several deciders, and more than fit, are several packs; one that fits in none is alone.
func TestPacksEnd(t *testing.T) {
	large := bytes.Repeat([]byte("large"), packBytes)
	rows := someRows("acme", 1, 7)
	rows[2].Decider, rows[4].Input, rows[6].At = "v2", large, switchyard.Never
	s := openIn(t, t.TempDir())
	appendRows(t, s, rows)
	if n, _ := stored(t, s); n != 5 { // 1 2 | 3 | 4 | 5 | 6 7
		t.Errorf("%d packs", n)
	}
	for from := range rows {
		got, err := s.Rows(ctx, "acme", switchyard.Seq(from+1), 9)
		if err != nil || !reflect.DeepEqual(got, rows[from:]) {
			t.Errorf("from %d: %d rows, %v", from+1, len(got), err)
		}
	}
}

// TestRowsBeforeThereWerePacks: a folder of the first schema is read, pruned, and appended to.
func TestRowsBeforeThereWerePacks(t *testing.T) {
	dir := t.TempDir()
	s := openIn(t, dir)
	appendRows(t, s, someRows("acme", 1, 1)) // numbers the account
	err := s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
		if err := tx.Exec("DELETE FROM journal"); err != nil {
			return err
		}
		for _, r := range someRows("acme", 1, 8) {
			err := tx.Exec("INSERT INTO journal(id, at, decider, input, events) VALUES (?, ?, ?, ?, ?)",
				rowID(1, r.Seq), int64(r.At), r.Decider, r.Input, r.Events)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openIn(t, dir)
	wantLast(t, s, "acme", 8)
	appendRows(t, s, someRows("acme", 9, 12))
	for _, before := range []switchyard.Seq{1, 4, 9, 11} {
		if before > 1 {
			if err := s.SaveSnapshot(ctx, journal.Snapshot{Account: "acme", Seq: 12}); err != nil {
				t.Fatal(err)
			}
			if err := s.Prune(ctx, "acme", before); err != nil {
				t.Fatal(err)
			}
		}
		for from := before; from <= 13; from++ {
			got, err := s.Rows(ctx, "acme", from, 4)
			if want := someRows("acme", from, min(from+3, 12)); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("pruned before %d: rows from %d are %v, %v", before, from, got, err)
			}
		}
	}
}

// TestDamagedPackIsSaid: a pack that was changed on the disk is an error, not other rows.
func TestDamagedPackIsSaid(t *testing.T) {
	dir := t.TempDir()
	s := openIn(t, dir)
	appendRows(t, s, someRows("acme", 1, 3))
	err := s.db.Write(ctx, func(tx *sqlitedb.Tx) error { return tx.Exec("UPDATE journal SET pack = 2") })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Rows(ctx, "acme", 1, 9); !errors.Is(err, journal.ErrCorrupt) {
		t.Errorf("%s: %v", filepath.Join(dir, File), err)
	}
}

func FuzzUnpack(f *testing.F) {
	var k packer
	for _, rows := range [][]journal.Row{callRows("acme", 1, 3), someRows("acme", 1, 1)} {
		p := k.pack(rows, func(string) int64 { return 1 })[0]
		f.Add(p.rows, bytes.Clone(p.body))
		f.Add(p.rows+1, p.body[:len(p.body)-1])
	}
	f.Add(int64(1), s2.Encode(nil, []byte{0, 0xff, 0xff, 0xff, 0xff, 0x0f}))
	f.Fuzz(func(t *testing.T, rows int64, body []byte) {
		if n, err := s2.DecodedLen(body); err == nil && n > 1<<20 {
			return // it would only be slow
		}
		p := pack{id: rowID(1, 1), rows: rows}
		unpacked, err := unpack(nil, "acme", &p, body)
		if err != nil {
			if !errors.Is(err, journal.ErrCorrupt) {
				t.Error(err)
			}
			return
		}
		if int64(len(unpacked)) != max(rows, 0) {
			t.Fatalf("%d rows of %d", len(unpacked), rows)
		}
		if len(unpacked) == 0 {
			return
		}
		var again []journal.Row
		for _, p := range k.pack(unpacked, func(string) int64 { return 1 }) {
			if again, err = unpack(again, "acme", &p, p.body); err != nil {
				t.Fatal(err)
			}
		}
		// The instant of the first row stands beside a pack, not in it.
		if !reflect.DeepEqual(again, unpacked) {
			t.Errorf("%v became %v", unpacked, again)
		}
	})
}
