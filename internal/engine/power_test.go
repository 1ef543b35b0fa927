package engine

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"switchyard"
	"switchyard/internal/core"
	"switchyard/internal/journal"
	journalsqlite "switchyard/internal/journal/sqlite"
	"switchyard/internal/sqlitedb/powertest"
	tablessqlite "switchyard/internal/tables/sqlite"
)

var (
	powers = flag.Uint64("machines", 12, "how many machines lose their power, three times each")
	power  = flag.Uint64("machine", 0, "the one machine that does; 0 = all of them")
)

// TestPowerLossUnderTheEngine takes the power from journal and tables together. What was answered is
// in the journal; the tables, which do not wait for the device, are sound, have lost whole
// transactions at most, and come to say what they say when they are made from the journal alone.
func TestPowerLossUnderTheEngine(t *testing.T) {
	first, last := uint64(1), *powers
	if *power != 0 {
		first, last = *power, *power
	}
	tally := map[string]int{}
	for seed := first; seed <= last; seed++ {
		losePower(t, seed, tally)
	}
	t.Log(tally)
	for _, happens := range []string{"losses at work", "tables behind the journal", "tables that lost what they had"} {
		if *power == 0 && tally[happens] == 0 {
			t.Errorf("no %s", happens)
		}
	}
}

func losePower(t *testing.T, seed uint64, tally map[string]int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	folder := t.TempDir()
	for n := range 3 {
		l := powertest.Under(t, folder, powertest.Chance(rng))
		lived := live(t, rng, l, folder)
		l.Cut()
		var err error
		if lived.rows, _, err = found(t.Context(), folder); err != nil { // as if the power were still on
			t.Fatal(err)
		}
		aside, bare := t.TempDir(), t.TempDir()
		folder = t.TempDir()
		told := l.Restore(t, rng, folder, aside, bare)
		for _, suffix := range []string{"", "-wal", "-shm"} {
			_ = os.Remove(filepath.Join(bare, tablessqlite.File+suffix))
		}
		if err := lived.check(t, aside, bare, tally); err != nil {
			t.Fatalf("-machine %d: loss %d, at %s: %v", seed, n+1, told, err)
		}
		if lived.atWork {
			tally["losses at work"]++
		}
	}
}

// lived is what an engine wrote until it stopped, of which some was confirmed before the power went.
type lived struct {
	rows      []journal.Row
	confirmed switchyard.Seq
	applied   switchyard.Seq // by the tables, likewise
	atWork    bool
}

// often makes the engine cut checkpoints all the time, and time stand still.
func often(o *Options) {
	o.Clock = new(ManualClock)
	o.Limits.CutEvents, o.Limits.CutAfter = 20, time.Millisecond
}

func live(t *testing.T, rng *rand.Rand, l *powertest.Layer, folder string) (w lived) {
	t.Helper()
	ctx := context.Background()
	e, stop := openReal(t, folder, often)
	defer func() { stop() }()
	note := func() {
		t.Helper()
		_, last, err := e.Journal().Bounds(ctx, "acme")
		if err != nil {
			t.Fatal(err)
		}
		applied, _, err := e.Tables().Offset(ctx, "acme")
		if err != nil {
			t.Fatal(err)
		}
		if !l.Off() {
			w.confirmed, w.applied = last, applied
		}
	}
	if len(e.Accounts()) == 0 {
		if err := e.CreateAccount(ctx, "acme"); err != nil {
			t.Fatal(err)
		}
	}
	note()
	do := func(in switchyard.Input) {
		t.Helper()
		if _, err := e.Do(ctx, "acme", Call{By: "test", Input: in}); err != nil && code(err) == "" {
			t.Fatal(err)
		}
		note()
	}
	do(&switchyard.Publish{Document: testAccount(3), Source: "test"})
	for range 20 + rng.IntN(100) {
		if w.atWork = l.Off(); w.atWork {
			break
		}
		agent := fmt.Sprint("agent", rng.IntN(3))
		switch rng.IntN(4) {
		case 0:
			do(&switchyard.SetPresence{Agent: agent, Presence: []string{"Ready", "Away"}[rng.IntN(2)]})
		case 1, 2:
			do(&switchyard.Invoke{Requests: []switchyard.Request{{Route: "cases", RequestID: fmt.Sprint(rng.Uint64()),
				Skills: []switchyard.Skill{{Name: "billing"}}, Linked: []switchyard.Linked{{Type: "name", Value: strings.Repeat("Ada ", rng.IntN(2000))}}}}})
		default:
			var mine []switchyard.ID
			err := e.View(ctx, "acme", func(s *core.State, _ switchyard.Instant) { mine = slices.Clone(s.Agent(agent).Interactions) })
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range mine {
				do(&switchyard.Act{Interaction: id, Agent: agent, Action: []switchyard.Action{switchyard.ActAccept, switchyard.ActRelease}[rng.IntN(2)]})
			}
		}
	}
	if rng.IntN(2) == 0 {
		stop() // in order, and the power goes while it starts again, or later
		e, stop = openReal(t, folder, often)
	}
	return w
}

// check looks at what came back, once with the tables and once without.
func (w lived) check(t *testing.T, aside, bare string, tally map[string]int) error {
	t.Helper()
	ctx := context.Background()
	rows, applied, err := found(ctx, aside)
	if err != nil {
		return err
	}
	if len(rows) < int(w.confirmed) || len(rows) > len(w.rows) {
		return fmt.Errorf("the journal has %d rows; %d were written, %d confirmed", len(rows), len(w.rows), w.confirmed)
	}
	for i := range rows {
		if !reflect.DeepEqual(rows[i], w.rows[i]) {
			return fmt.Errorf("row %d is not what was written", i+1)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	if applied < switchyard.Seq(len(rows)) {
		tally["tables behind the journal"]++
	}
	if applied < w.applied {
		tally["tables that lost what they had"]++
	}
	with, stopWith := openReal(t, aside, often)
	defer stopWith()
	without, stopWithout := openReal(t, bare, often)
	defer stopWithout()
	return same(ctx, with, without)
}

// found reads what came back before an engine goes on from it.
func found(ctx context.Context, folder string) (rows []journal.Row, applied switchyard.Seq, err error) {
	if err := sound(filepath.Join(folder, tablessqlite.File)); err != nil {
		return nil, 0, err
	}
	j, err := journalsqlite.Open(ctx, folder, journalsqlite.Options{})
	if err != nil {
		return nil, 0, err
	}
	defer j.Close()
	tab, err := tablessqlite.Open(ctx, filepath.Join(folder, tablessqlite.File), tablessqlite.Options{})
	if err != nil {
		return nil, 0, err
	}
	defer tab.Close()
	if rows, err = j.Rows(ctx, "acme", 1, 1<<30); err != nil {
		return nil, 0, err
	}
	applied, _, err = tab.Offset(ctx, "acme")
	return rows, applied, err
}

// sound asks SQLite whether a file is.
func sound(path string) error {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	defer db.Close()
	var answer string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&answer); err != nil || answer != "ok" {
		return fmt.Errorf("integrity check of %s: %s, %w", filepath.Base(path), answer, err)
	}
	return nil
}

// same compares the states of two engines, and what their tables say about every interaction.
func same(ctx context.Context, a, b *Engine) error {
	var state [2]string
	var about [2][]any
	var ids []switchyard.ID
	err := replay(ctx, a.Journal(), "acme", 1, func(r *replayed) error {
		for _, event := range r.row.Events {
			if dispatched, is := event.(*switchyard.Dispatched); is {
				ids = append(ids, dispatched.Interaction)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, e := range []*Engine{a, b} {
		if err := e.View(ctx, "acme", func(s *core.State, _ switchyard.Instant) { state[i] = everything(s) }); err != nil {
			return err
		}
		if err := e.caughtUp(ctx, "acme"); err != nil {
			return err
		}
		for _, id := range ids {
			timeline, err := e.Tables().Timeline(ctx, "acme", id)
			if err != nil {
				return err
			}
			ended, err := e.Tables().EndedByID(ctx, "acme", id)
			if err != nil {
				return err
			}
			if len(timeline) == 0 {
				return fmt.Errorf("interaction %s has no timeline in the tables", id)
			}
			about[i] = append(about[i], id, timeline, ended)
		}
	}
	if state[0] != state[1] {
		return fmt.Errorf("with its tables the state is\n%s\n\nwithout\n%s", state[0], state[1])
	}
	for i := range about[0] {
		if !reflect.DeepEqual(about[0][i], about[1][i]) {
			return fmt.Errorf("with its tables: %v\nwithout: %v", about[0][i], about[1][i])
		}
	}
	return nil
}
