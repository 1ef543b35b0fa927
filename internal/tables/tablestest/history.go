package tablestest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"switchyard"
	"switchyard/internal/journal"
	"switchyard/internal/tables"
)

// told collects histories as "n:seq=events,…" where n numbers the interactions.
func told(t *testing.T, s tables.Store, account string, span tables.Span) (got []string) {
	t.Helper()
	must(t, s.Histories(ctx, account, span, func(id switchyard.ID, rows []tables.TimelineRow) error {
		line := fmt.Sprintf("%d:", id.Counter())
		for _, r := range rows {
			if r.Interaction != id {
				t.Errorf("a row of %s among those of %s", r.Interaction, id)
			}
			line += fmt.Sprintf("%d=%s,", r.Seq, r.Events)
		}
		got = append(got, line)
		return nil
	}))
	return got
}

func histories(t *testing.T, s tables.Store) {
	day := switchyard.Instant(switchyard.Day)
	b := tables.Batch{Account: "acme", Through: 9, At: noon}
	// n was created daysBefore and ended after lasting; 0 = it is live, with a checkpoint's value.
	add := func(n int, created, ended switchyard.Instant, live string) {
		id := id(created, uint64(n))
		if ended > 0 {
			b.Ended = append(b.Ended, tables.Ended{ID: id, Created: created, Ended: ended, Document: []byte("{}")})
		} else {
			b.Put = append(b.Put, journal.Entry{Kind: "interaction", Key: id.String(), Value: []byte(live)})
		}
		b.Timeline = append(b.Timeline, tables.TimelineRow{Interaction: id, Seq: 1, At: created, Events: []byte("[1]")},
			tables.TimelineRow{Interaction: id, Seq: switchyard.Seq(n), At: created, Events: []byte("[2]")})
	}
	add(2, noon-90*day, noon-1, "")       // long, over before
	add(3, noon-80*day, noon+day, "")     // long, over in it
	add(4, noon-70*day, 0, "idle")        // live, nothing happens
	add(5, noon-60*day, 0, "busy")        // live, something may
	add(6, noon-50*day, noon+50*day, "")  // long, over later
	add(7, noon-3600_000, noon-1, "")     // short, over before
	add(8, noon-3600_000, noon, "")       // short, over as it begins
	add(9, noon-3600_000, noon+2*day, "") // older by less than a day, and long
	add(10, noon-3500_000, 0, "busy")     // live, from shortly before
	add(11, noon, noon+1, "")             // in it
	add(12, noon+day-1, 0, "idle")        // created in it, so that it was dispatched
	add(13, noon+day, noon+day+1, "")     // after it
	must(t, s.Apply(ctx, []tables.Batch{b, {Account: "other", Through: 1, Timeline: []tables.TimelineRow{
		{Interaction: id(noon+1, 99), Seq: 1, At: noon + 1, Events: []byte("[]")}}}}))
	span := tables.Span{From: noon, To: noon + day, Idle: func(value []byte) bool { return string(value) == "idle" }}
	var want []string
	for _, n := range []int{3, 5, 6, 8, 9, 10, 11, 12} {
		want = append(want, fmt.Sprintf("%d:1=[1],%d=[2],", n, n))
	}
	same(t, "histories", told(t, s, "acme", span), nil, want)

	stop, calls := errors.New("enough"), 0
	err := s.Histories(ctx, "acme", span, func(switchyard.ID, []tables.TimelineRow) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

// manyHistories has interactions whose rows lie across the pages in which a store may read, and one
// with more than such a page.
func manyHistories(t *testing.T, s tables.Store) {
	b := tables.Batch{Account: "acme", Through: 1, At: noon}
	var want []string
	for n := range 3_000 {
		id, line := id(noon, uint64(n)), fmt.Sprintf("%d:", n)
		rows := 1 + n%5
		if n == 1_500 {
			rows = 9_000
		}
		for seq := range rows {
			events := fmt.Sprintf("[%d,%d]", n, seq)
			b.Timeline = append(b.Timeline, tables.TimelineRow{Interaction: id, Seq: switchyard.Seq(seq + 1), At: noon, Events: []byte(events)})
			line += fmt.Sprintf("%d=%s,", seq+1, events)
		}
		want = append(want, line)
	}
	must(t, s.Apply(ctx, []tables.Batch{b}))
	got := told(t, s, "acme", tables.Span{From: noon, To: noon + 1})
	if !slices.Equal(got, want) {
		t.Errorf("%d histories, want %d", len(got), len(want))
	}
}

func presences(t *testing.T, s tables.Store) {
	change := func(agent string, seq switchyard.Seq, at switchyard.Instant, name string, c switchyard.Category) tables.Presence {
		return tables.Presence{Agent: agent, Seq: seq, At: noon + at, Presence: name, Category: c}
	}
	ready, lunch := change("Ada", 1, 0, "Ready", switchyard.Ready), change("Ada", 3, 10, "Lunch", switchyard.Away)
	back, out := change("Ada", 5, 20, "Ready", switchyard.Ready), change("Ada", 6, 30, "Logged Out", switchyard.LoggedOut)
	bo := change("bo", 2, 5, "Ready", switchyard.Ready)
	must(t, s.Apply(ctx, []tables.Batch{
		{Account: "acme", Through: 3, At: noon + 10, Presences: []tables.Presence{ready, bo,
			change("Ada", 3, 10, "Away", switchyard.Away), lunch}},
		{Account: "acme", Through: 6, At: noon + 30, Presences: []tables.Presence{back, out}},
		{Account: "other", Through: 1, At: noon, Presences: []tables.Presence{change("ada", 1, 0, "Away", switchyard.Away)}},
	}))
	for _, c := range []struct {
		from, to switchyard.Instant
		want     []tables.Presence
	}{
		{-10, 0, nil},
		{-10, 1, []tables.Presence{ready}},
		{0, 11, []tables.Presence{ready, lunch, bo}},
		{10, 11, []tables.Presence{ready, lunch, bo}},
		{11, 20, []tables.Presence{lunch, bo}},
		{15, 40, []tables.Presence{lunch, back, out, bo}},
		{99, 100, []tables.Presence{out, bo}},
	} {
		got, err := s.Presences(ctx, "acme", noon+c.from, noon+c.to)
		same(t, fmt.Sprint("presences ", c.from, " to ", c.to), got, err, c.want)
	}
}
