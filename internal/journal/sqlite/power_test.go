package sqlite

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"switchyard"
	"switchyard/internal/journal"
	"switchyard/internal/sqlitedb"
	"switchyard/internal/sqlitedb/powertest"
)

var (
	machines = flag.Uint64("machines", 60, "how many machines lose their power, three times each")
	machine  = flag.Uint64("machine", 0, "the one machine that does; 0 = all of them")
)

// errForgotten: something that was confirmed is not there.
var errForgotten = errors.New("what was confirmed is gone")

// TestPowerLoss takes the power from a journal between any two writes and flushes, leaves of what was
// not flushed what a seed picks, and looks for everything that was confirmed. Each machine comes back
// from a loss and goes on into the next. What a seed does is the same each time, but for how far
// checkpoints, which run beside the appends, have come.
func TestPowerLoss(t *testing.T) {
	first, last := uint64(1), *machines
	if *machine != 0 {
		first, last = *machine, *machine
	}
	tally := map[string]int{}
	for seed := first; seed <= last; seed++ {
		if err := losePower(t, seed, false, tally); err != nil {
			t.Errorf("-machine %d: %v", seed, err)
		}
	}
	t.Log(tally)
	for _, happens := range []string{"losses", "losses at work", "losses before anything was confirmed",
		"appends confirmed", "appends found that were not confirmed", "WALs brought into the file"} {
		if *machine == 0 && tally[happens] == 0 {
			t.Errorf("no %s", happens)
		}
	}
}

// TestPowerLossIsNoticed: the same with a journal that does not wait for the device.
func TestPowerLossIsNoticed(t *testing.T) {
	caught := 0
	for seed := range uint64(8) {
		switch err := losePower(t, seed+1, true, map[string]int{}); {
		case errors.Is(err, errForgotten):
			t.Log(err)
			caught++
		case err != nil:
			t.Errorf("machine %d: %v", seed+1, err)
		}
	}
	if caught == 0 {
		t.Error("synchronous=NORMAL lost nothing that was confirmed")
	}
}

// losePower lets a machine live until its power has gone three times.
func losePower(t *testing.T, seed uint64, careless bool, tally map[string]int) error {
	rng := rand.New(rand.NewPCG(seed, 0))
	w := &witness{rng: rng, careless: careless, tally: tally, rows: map[string][]journal.Row{},
		ends: []lasts{{}}, metas: []int{0}, snapshots: []journal.Snapshot{{}}, oldest: 1, asked: 1}
	folder := t.TempDir()
	for i := range 3 {
		l := powertest.Under(t, folder, powertest.Chance(rng))
		err := w.live(l, folder)
		l.Cut()
		aside := t.TempDir()
		folder = t.TempDir()
		told := l.Restore(t, rng, folder, aside)
		tally["losses"]++
		if err == nil {
			err = w.check(aside)
		}
		if err != nil {
			return fmt.Errorf("loss %d, at %s: %w", i+1, told, err)
		}
	}
	return nil
}

// lasts has the last row of every account.
type lasts map[string]switchyard.Seq

// witness uses a journal, and remembers what it wanted and what was confirmed. Of what one value
// takes the place of another, it keeps the last that was confirmed and those that came after.
type witness struct {
	rng      *rand.Rand
	careless bool
	tally    map[string]int

	rows          map[string][]journal.Row // of every account, from row 1
	ends          []lasts                  // after each append
	confirmed     int                      // of ends
	metas         []int
	snapshots     []journal.Snapshot
	oldest, asked switchyard.Seq // the first row kept of account "a": what was confirmed, and what was asked for
}

func (w *witness) live(l *powertest.Layer, folder string) error {
	s, err := Open(ctx, folder, Options{})
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer s.Close()
	if w.careless {
		if err := beCareless(s, filepath.Join(folder, File)); err != nil {
			return fmt.Errorf("open with synchronous=NORMAL: %w", err)
		}
	}
	for range 20 + w.rng.IntN(60) {
		if err := w.step(l, s); err != nil {
			return err
		}
		if l.Off() {
			w.tally["losses at work"]++
			return nil
		}
	}
	if w.rng.IntN(2) == 0 {
		return s.Close()
	}
	return nil
}

// beCareless opens the file of a store again with synchronous=NORMAL.
func beCareless(s *Store, path string) error {
	schema, err := fs.Sub(migrations, "migrations")
	if err == nil {
		err = s.db.Close()
	}
	if err == nil {
		s.db, err = sqlitedb.Open(ctx, sqlitedb.Options{Path: path, What: "journal", Migrations: schema,
			WriterKiB: writerKiB, ReaderKiB: readerKiB})
	}
	return err
}

func (w *witness) step(l *powertest.Layer, s *Store) error {
	switch n := w.rng.IntN(20); {
	case n == 0:
		return w.setMeta(l, s)
	case n == 1 && len(w.rows["a"]) > 0:
		return w.saveSnapshot(l, s)
	case n == 2 && w.snapshots[0].Seq > 0:
		return w.prune(l, s)
	}
	return w.append(l, s)
}

func (w *witness) append(l *powertest.Layer, s *Store) error {
	var rows []journal.Row
	last := lasts{}
	for account, has := range w.rows {
		last[account] = switchyard.Seq(len(has))
	}
	size := 20 << w.rng.IntN(11)
	for range 1 + w.rng.IntN(8) {
		account := string(rune('a' + w.rng.IntN(3)))
		last[account]++
		rows = append(rows, journal.Row{Account: account, Seq: last[account], At: switchyard.Instant(w.rng.Uint32()),
			Decider: "v1", Input: w.noise(size / 2), Events: w.noise(size)})
	}
	for _, r := range rows {
		w.rows[r.Account] = append(w.rows[r.Account], r)
	}
	w.ends = append(w.ends, last)
	if err := s.Append(ctx, rows); err != nil {
		return err
	}
	if !l.Off() {
		w.confirmed = len(w.ends) - 1
		w.tally["appends confirmed"]++
	}
	return nil
}

func (w *witness) noise(size int) []byte {
	b := make([]byte, 1+w.rng.IntN(size))
	for i := range b {
		b[i] = byte('a' + w.rng.IntN(26))
	}
	return b
}

func (w *witness) setMeta(l *powertest.Layer, s *Store) error {
	w.metas = append(w.metas, w.metas[len(w.metas)-1]+1)
	if err := s.SetMeta(ctx, "count", strconv.Itoa(w.metas[len(w.metas)-1])); err != nil {
		return err
	}
	if !l.Off() {
		w.metas = w.metas[len(w.metas)-1:]
	}
	return nil
}

func (w *witness) saveSnapshot(l *powertest.Layer, s *Store) error {
	snap := journal.Snapshot{Account: "a", Seq: switchyard.Seq(len(w.rows["a"])), At: switchyard.Instant(w.rng.Uint32()), Decider: "v1"}
	for i := range 1 + w.rng.IntN(6) {
		snap.Entries = append(snap.Entries, journal.Entry{Kind: "live", Key: strconv.Itoa(i), Value: w.noise(200 << 10)})
	}
	w.snapshots = append(w.snapshots, snap)
	if err := s.SaveSnapshot(ctx, snap); err != nil {
		return err
	}
	if !l.Off() {
		w.snapshots = w.snapshots[len(w.snapshots)-1:]
	}
	return nil
}

func (w *witness) prune(l *powertest.Layer, s *Store) error {
	w.asked = max(w.asked, 1+switchyard.Seq(w.rng.Uint64N(uint64(w.snapshots[0].Seq))))
	if err := s.Prune(ctx, "a", w.asked); err != nil {
		return err
	}
	if !l.Off() {
		w.oldest = w.asked
	}
	return nil
}

// check opens what is left as a server does, and goes on from what it finds.
func (w *witness) check(folder string) error {
	if info, err := os.Stat(filepath.Join(folder, File)); err == nil && info.Size() > 1<<20 {
		w.tally["WALs brought into the file"]++
	}
	s, err := Open(ctx, folder, Options{})
	if err != nil {
		return fmt.Errorf("open after the loss: %w", err)
	}
	defer s.Close()
	var sound string
	err = s.db.Read(ctx, func(r sqlitedb.Reader) error {
		return r.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&sound)
	})
	if err != nil || sound != "ok" {
		return fmt.Errorf("integrity check: %s, %w", sound, err)
	}
	if err := errors.Join(w.checkRows(s), w.checkMeta(s), w.checkSnapshot(s)); err != nil {
		return err
	}
	// It can be written to.
	last := w.ends[len(w.ends)-1]
	if err := s.Append(ctx, someRows("a", last["a"]+1, last["a"]+3)); err != nil {
		return fmt.Errorf("after the loss: %w", err)
	}
	return nil
}

func (w *witness) checkRows(s *Store) error {
	found := lasts{}
	for _, account := range []string{"a", "b", "c"} {
		oldest, last, err := s.Bounds(ctx, account)
		if err != nil {
			return err
		}
		if last > 0 {
			found[account] = last
		}
		if last > switchyard.Seq(len(w.rows[account])) {
			return fmt.Errorf("account %s ends at row %d of %d", account, last, len(w.rows[account]))
		}
		first := switchyard.Seq(1)
		if account == "a" {
			first = min(max(oldest, 1), w.asked)
			if last >= w.oldest && oldest < w.oldest {
				return fmt.Errorf("%w: account a begins at row %d, not at %d", errForgotten, oldest, w.oldest)
			}
			w.oldest, w.asked = first, first
		}
		rows, err := s.Rows(ctx, account, 1, 1<<30)
		if err != nil {
			return err
		}
		want := w.rows[account][min(int(first)-1, int(last)):last]
		if len(rows) != len(want) {
			return fmt.Errorf("account %s has %d of the rows %d to %d", account, len(rows), first, last)
		}
		for i := range rows {
			if !reflect.DeepEqual(rows[i], want[i]) {
				return fmt.Errorf("account %s: row %d is not what was written", account, want[i].Seq)
			}
		}
	}
	end := slices.IndexFunc(w.ends, func(l lasts) bool { return reflect.DeepEqual(l, found) })
	switch {
	case end < 0:
		return fmt.Errorf("the rows end at %v, within an append", found)
	case end < w.confirmed:
		return fmt.Errorf("%w: %d appends are there, %d were confirmed: rows end at %v, not at %v",
			errForgotten, end, w.confirmed, found, w.ends[w.confirmed])
	case w.confirmed == 0:
		w.tally["losses before anything was confirmed"]++
	}
	w.tally["appends found that were not confirmed"] += end - w.confirmed
	w.ends, w.confirmed = w.ends[:end+1], end
	for account := range w.rows {
		w.rows[account] = w.rows[account][:found[account]:found[account]]
	}
	return nil
}

func (w *witness) checkMeta(s *Store) error {
	text, err := s.Meta(ctx, "count")
	if err != nil {
		return err
	}
	count, _ := strconv.Atoi(text)
	if count < w.metas[0] || count > w.metas[len(w.metas)-1] {
		return fmt.Errorf("%w: the count is %d, wanted %v", errForgotten, count, w.metas)
	}
	w.metas = []int{count}
	return nil
}

func (w *witness) checkSnapshot(s *Store) error {
	found, err := s.Snapshot(ctx, "a")
	if err != nil {
		return err
	}
	if found == nil {
		found = &journal.Snapshot{}
	}
	for _, snap := range w.snapshots {
		if reflect.DeepEqual(*found, snap) {
			w.snapshots = []journal.Snapshot{snap}
			return nil
		}
	}
	return fmt.Errorf("%w: the snapshot at row %d is not that of row %d, nor one that came after",
		errForgotten, found.Seq, w.snapshots[0].Seq)
}
