package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/core"
	"switchyard/internal/journal"
	"switchyard/internal/journal/memory"
	journalsqlite "switchyard/internal/journal/sqlite"
	"switchyard/internal/tables"
	tablessqlite "switchyard/internal/tables/sqlite"
)

// testAccount is an account with agents and two ways in.
func testAccount(agents int) switchyard.Account {
	doc := switchyard.Account{
		Account: "acme", Skills: []string{"billing", "german"}, Groups: []string{"support"},
		Plans:  []switchyard.Plan{{Name: "Cases", Start: "queue", Applets: map[string]switchyard.Applet{"queue": {Type: "queue"}}}},
		Routes: []switchyard.Route{{Name: "Cases", Plan: "Cases"}},
	}
	none := switchyard.Duration(0)
	doc.Settings.Grace = &none
	for n := range agents {
		doc.Agents = append(doc.Agents, switchyard.AgentEntry{Username: fmt.Sprint("agent", n), Skills: map[string]int{"billing": 1 + n%10}})
	}
	return doc
}

// open makes an engine with the real core on the stores of a folder; "" = in memory.
func openReal(t testing.TB, dir string, set ...func(*Options)) (*Engine, func()) {
	t.Helper()
	ctx := context.Background()
	var j journal.Store = memory.New()
	path := ":memory:"
	var err error
	if dir != "" {
		if j, err = journalsqlite.Open(ctx, dir, journalsqlite.Options{}); err != nil {
			t.Fatal(err)
		}
		path = filepath.Join(dir, tablessqlite.File)
	}
	var tab tables.Store
	if tab, err = tablessqlite.Open(ctx, path, tablessqlite.Options{}); err != nil {
		t.Fatal(err)
	}
	options := Options{Journal: j, Tables: tab, Decider: "test"}
	for _, f := range set {
		f(&options)
	}
	e := New(options)
	if err := e.Start(ctx); err != nil {
		t.Fatal(err)
	}
	return e, func() {
		t.Helper()
		if err := errors.Join(e.Stop(ctx), tab.Close(), j.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// everything writes a state down so that two can be compared.
func everything(s *core.State) string {
	var lines []string
	s.Everything(func(c core.Change) {
		value, _ := json.Marshal(c.Value, json.Deterministic(true))
		if c.Kind == core.KindRequestIDs {
			return // grouped by the cuts that were made
		}
		lines = append(lines, fmt.Sprintf("%s %s %s", c.Kind, c.Key, value))
	})
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// TestRealCoreOverSQLite lives a while on disk, restarts with and without its tables, and compares
// the state with a fold of the journal; then every input is decided again.
func TestRealCoreOverSQLite(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	e, stop := openReal(t, dir)
	defer func() { stop() }()
	random := rand.New(rand.NewPCG(1, 2))
	do := func(in switchyard.Input) any {
		t.Helper()
		answer, err := e.Do(ctx, "acme", Call{By: "test", Input: in})
		if err != nil && code(err) == "" {
			t.Fatal(err)
		}
		return answer
	}
	if err := e.CreateAccount(ctx, "acme"); err != nil {
		t.Fatal(err)
	}
	do(&switchyard.Publish{Document: testAccount(5), Source: "test"})
	defer follow(t, e)() // of the first round: what the feed shows, nobody may change any more
	calls := 0
	for round := range 4 {
		for range 150 {
			agent := fmt.Sprint("agent", random.IntN(5))
			switch random.IntN(4) {
			case 0:
				do(&switchyard.SetPresence{Agent: agent, Presence: []string{"Ready", "Away", "Logged Out"}[random.IntN(3)]})
			case 1:
				calls++
				do(&switchyard.Invoke{Requests: []switchyard.Request{{Route: "cases", RequestID: fmt.Sprint("r", calls),
					Skills: []switchyard.Skill{{Name: "billing"}}, Linked: []switchyard.Linked{{Type: "name", Value: "Ada"}}}}})
			default:
				var mine []switchyard.ID
				err := e.View(ctx, "acme", func(s *core.State, _ switchyard.Instant) { mine = slices.Clone(s.Agent(agent).Interactions) })
				if err != nil {
					t.Fatal(err)
				}
				for _, id := range mine {
					do(&switchyard.Act{Interaction: id, Agent: agent, Action: []switchyard.Action{switchyard.ActAccept, switchyard.ActDecline, switchyard.ActRelease}[random.IntN(3)]})
				}
			}
		}
		stop()
		if round == 1 {
			for _, suffix := range []string{"", "-wal", "-shm"} {
				_ = os.Remove(filepath.Join(dir, tablessqlite.File+suffix))
			}
		}
		e, stop = openReal(t, dir)
		var got string
		var at switchyard.Seq
		err := e.View(ctx, "acme", func(s *core.State, _ switchyard.Instant) { got, at = everything(s), s.Seq() })
		if err != nil {
			t.Fatal(err)
		}
		folded := core.New("acme")
		err = replay(ctx, e.options.Journal, "acme", 1, func(r *replayed) error {
			if r.row.Seq <= at {
				folded.Fold(r.row.Seq, r.row.At, r.row.Events)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := everything(folded); got != want {
			t.Fatalf("round %d: restored\n%s\n\nfolded\n%s", round, got, want)
		}
	}
	report, err := e.Verify(ctx, "acme", nil)
	if err != nil || report.Difference != nil || report.Redecided != report.Rows {
		t.Fatalf("verify: %+v, %v", report, err)
	}
	verifyFromSnapshot(t, e)
	ended, err := e.SearchEnded(ctx, "acme", tables.Query{Text: "ada", Limit: 1000})
	if err != nil || len(ended) == 0 {
		t.Fatalf("%d ended, %v", len(ended), err)
	}
	for _, d := range ended {
		rows, err := e.Timeline(ctx, "acme", d.ID)
		if err != nil || len(rows) < 2 {
			t.Fatalf("timeline of %s: %d rows, %v", d.ID, len(rows), err)
		}
	}
}

// follow reads the feed and encodes what it shows, as a reader would while the owner goes on. The
// function it returns waits for the end of the feed.
func follow(t *testing.T, e *Engine) func() {
	t.Helper()
	sub, err := e.Subscribe("acme", switchyard.Cursor{})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			rows, err := sub.Next(context.Background())
			if err != nil {
				return
			}
			for _, row := range rows {
				if _, err := journal.EncodeEvents(row.Events); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	return func() { <-done }
}

// verifyFromSnapshot decides again what follows a snapshot in the middle of the journal.
func verifyFromSnapshot(t *testing.T, e *Engine) {
	t.Helper()
	ctx := context.Background()
	_, last, err := e.options.Journal.Bounds(ctx, "acme")
	if err != nil {
		t.Fatal(err)
	}
	state, middle := core.New("acme"), last/2
	snapshot := journal.Snapshot{Account: "acme", Seq: middle}
	pruned := memory.New()
	err = replay(ctx, e.options.Journal, "acme", 1, func(r *replayed) error {
		if r.row.Seq <= middle {
			state.Fold(r.row.Seq, r.row.At, r.row.Events)
			snapshot.At = r.row.At
		}
		return pruned.Append(ctx, []journal.Row{*r.journal})
	})
	if err != nil {
		t.Fatal(err)
	}
	state.Everything(func(c core.Change) {
		value, err := json.Marshal(c.Value)
		if err != nil {
			t.Fatal(err)
		}
		snapshot.Entries = append(snapshot.Entries, journal.Entry{Kind: c.Kind, Key: c.Key, Value: value})
	})
	if err := errors.Join(pruned.SaveSnapshot(ctx, snapshot), pruned.Prune(ctx, "acme", middle+1)); err != nil {
		t.Fatal(err)
	}
	report, err := Verify(ctx, pruned, "test", "acme", nil)
	if err != nil || report.Difference != nil || report.From != middle+1 || report.Redecided != int(last-middle) {
		t.Fatalf("verify from the snapshot: %+v, %v", report, err)
	}
}

// BenchmarkRestore is recovery: a checkpoint of waiting interactions is decoded and restored.
func BenchmarkRestore(b *testing.B) {
	const waiting = 50_000
	m := core.New("acme")
	at := switchyard.Instant(1_795_000_000_000)
	seq := switchyard.Seq(1)
	doc := testAccount(100)
	m.Decide(&switchyard.Envelope{Seq: seq, At: at, Input: &switchyard.Publish{Document: doc, Source: "bench"}})
	for n := range waiting {
		seq++
		in := &switchyard.Invoke{Requests: []switchyard.Request{{Route: "Cases", RequestID: fmt.Sprint("request", n), ExternalID: fmt.Sprint("case", n),
			Skills: []switchyard.Skill{{Name: "billing"}}, Linked: []switchyard.Linked{{Type: "name", Value: "Ada Lovelace"}}}}}
		if d := m.Decide(&switchyard.Envelope{Seq: seq, At: at, Entropy: uint64(n), Input: in}); d.Refused != nil {
			b.Fatal(d.Refused)
		}
	}
	var entries []journal.Entry
	m.Everything(func(c core.Change) {
		value, _ := json.Marshal(c.Value)
		entries = append(entries, journal.Entry{Kind: c.Kind, Key: c.Key, Value: value})
	})
	e := &Engine{machines: coreMachines}
	b.ReportAllocs()
	for b.Loop() {
		again := core.New("acme")
		if err := e.restoreEntries(again, each(entries)); err != nil {
			b.Fatal(err)
		}
		again.Restored(seq, at)
		if again.Live() != waiting {
			b.Fatal(again.Live())
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/waiting, "ns/interaction")
}

// BenchmarkInvoke is the hot path: one durable call that dispatches one interaction, by 64 callers.
func BenchmarkInvoke(b *testing.B) {
	for _, store := range []string{"memory", "sqlite"} {
		b.Run(store, func(b *testing.B) {
			dir := ""
			if store == "sqlite" {
				dir = b.TempDir()
			}
			e, stop := openReal(b, dir)
			defer stop()
			ctx := context.Background()
			if err := e.CreateAccount(ctx, "acme"); err != nil {
				b.Fatal(err)
			}
			if _, err := e.Do(ctx, "acme", Call{Input: &switchyard.Publish{Document: testAccount(100), Source: "test"}}); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.SetParallelism(32)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				random := rand.New(rand.NewPCG(rand.Uint64(), 1))
				for pb.Next() {
					in := &switchyard.Invoke{Requests: []switchyard.Request{{Route: "Cases", RequestID: fmt.Sprintf("%x", random.Uint64()),
						Skills: []switchyard.Skill{{Name: "billing"}}}}}
					if _, err := e.Do(ctx, "acme", Call{By: "client:crm", Input: in}); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}
