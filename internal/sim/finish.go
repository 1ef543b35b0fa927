package sim

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/core"
	"switchyard/internal/engine"
)

// finish ends the faults. Everything that can be served is served then, and what is left behind is
// looked through.
func (w *World) finish() {
	w.calm, w.skew = true, max(0, w.skew)
	w.note("calm")
	for _, a := range w.accounts {
		a.publish(document(a.name))
		a.register()
	}
	for round := 0; ; round++ {
		w.step++
		did := w.everybody()
		w.look()
		if w.ended() {
			break
		}
		if round > mostRounds {
			w.fail("liveness", "without faults, work and calls do not come to an end:\n%s", w.left())
		}
		if did {
			w.now += 20 // what is asked again and again must not hold up the clock
			continue
		}
		due := w.due()
		if due == 0 {
			w.fail("liveness", "nobody has anything to do any more, and this is left:\n%s", w.left())
		}
		w.now = max(w.now+1, due)
		w.note("time %v", w.now)
	}
	for _, a := range w.accounts {
		a.audit()
	}
}

// mostRounds is how often everybody may have a turn until all is done.
const mostRounds = 20_000

// everybody lets each do all it can; it reports whether anybody did anything that others may follow up.
func (w *World) everybody() (did bool) {
	before := w.result.Rows
	for _, a := range w.accounts {
		a.alive()
		for _, d := range a.desks {
			did = d.serve() || did
		}
		for _, c := range a.calls {
			did = did || len(c.pending) > 0
		}
	}
	for _, f := range w.server.flights {
		did = did || f.report == nil || f.ready <= w.now
	}
	for range len(w.server.flights) + len(w.late) {
		w.flyOn()
	}
	for _, a := range w.accounts {
		w.stepOwner(a)
		for w.server.engine.Commit(w.ctx) {
		}
		w.stepOwner(a)
		for w.server.engine.Write(w.ctx) {
		}
		a.read()
	}
	return did || w.result.Rows > before
}

// ended reports whether everything is done that can be.
func (w *World) ended() bool {
	if len(w.server.flights) > 0 || len(w.late) > 0 {
		return false
	}
	for _, a := range w.accounts {
		if len(a.calls) > 0 || a.model.pending > 0 || len(a.unfinished()) > 0 || !w.server.engine.Resting(a.name) {
			return false
		}
	}
	return true
}

// unfinished lists the interactions that are live though somebody could take them.
func (a *account) unfinished() (left []string) {
	a.reader.Newest(switchyard.ID{}, func(r *core.Record) bool {
		if !r.Unserveable(a.w.now) {
			left = append(left, fmt.Sprintf("%s is %s with %q until %v, requires %v", r.ID, r.State, r.Agent, r.Until, r.Demands))
		}
		return true
	})
	return left
}

func (w *World) left() string {
	var b strings.Builder
	for _, a := range w.accounts {
		fmt.Fprintf(&b, "account %s: %d calls, %d effects pending, in trouble: %v\n", a.name, len(a.calls), a.model.pending, w.server.engine.Engine().Ready())
		for _, line := range a.unfinished() {
			fmt.Fprintf(&b, "  %s\n", line)
		}
	}
	return b.String()
}

// audit looks through what an account's life has left.
func (a *account) audit() {
	w := a.w
	w.drain()
	a.checkHistory()
	a.auditCallbacks()
	a.auditTables()
	a.auditFeed()
	w.checked("rebuilt")
	state := stateOf(w.server.engine.State(a.name))
	if how := differs(state, stateOf(a.reader)); how != "" {
		w.fail("rebuilt", "account %s: the server's state differs from what the feed says: %s", a.name, how)
	}
	peeked, err := engine.Peek(w.ctx, w.disk.journal, w.disk.tables, a.name)
	if err != nil {
		w.fail("rebuilt", "account %s cannot be recovered: %v", a.name, err)
	}
	if how := differs(stateOf(peeked), state); how != "" {
		w.fail("rebuilt", "account %s: what is stored gives another state: %s", a.name, how)
	}
	report, err := engine.Verify(w.ctx, w.disk.journal, "sim", a.name, nil)
	w.checked("decided")
	if err != nil || report.Difference != nil {
		w.fail("decided", "account %s: decided again, %v %v", a.name, err, report.Difference)
	}
}

// drain brings everything into the tables.
func (w *World) drain() {
	for range 1000 {
		w.now = w.now.Add(switchyard.Second)
		rows := w.result.Rows
		w.everybody()
		if at, behind := w.lag(); !behind && rows == w.result.Rows {
			return
		} else if at > 900 {
			break
		}
	}
	w.fail("tables", "the tables do not come up to the journal")
}

func (w *World) lag() (rows int, behind bool) {
	for _, a := range w.accounts {
		if seq, _, err := w.disk.tables.Offset(w.ctx, a.name); err != nil || seq != a.seq {
			return int(a.seq - seq), true
		}
	}
	return 0, false
}

// auditCallbacks is that every notification was received, or given up after its time.
func (a *account) auditCallbacks() {
	for id, e := range a.model.effects {
		a.w.checked("callback")
		if e.Kind == switchyard.EffectCallback && e.ok && !a.w.network.got[id] {
			a.w.fail("callback", "account %s: %v counts as delivered, and no receiver has it", a.name, e)
		}
	}
}

// auditTables holds the tables against the journal: every interaction that has ended is there, with
// all that happened to it.
func (a *account) auditTables() {
	for id, i := range a.model.interactions {
		a.w.checked("tables")
		found, err := a.w.disk.tables.EndedByID(a.w.ctx, a.name, id)
		if err != nil || (found != nil) != (i.state == switchyard.Ended) || found != nil && found.Outcome != i.outcome {
			a.w.fail("tables", "account %s: interaction %s is %s with outcome %q; the tables have %+v, %v", a.name, id, i.state, i.outcome, found, err)
		}
		rows, err := a.w.disk.tables.Timeline(a.w.ctx, a.name, id)
		events := 0
		for _, row := range rows {
			events += countElements(row.Events)
		}
		if err != nil || events != i.events {
			a.w.fail("tables", "account %s: %d things happened to interaction %s; its timeline has %d, %v", a.name, i.events, id, events, err)
		}
	}
}

func countElements(array []byte) int {
	var all []any
	if err := json.Unmarshal(array, &all); err != nil {
		panic(err)
	}
	return len(all)
}

// auditFeed reads the rest of the feed.
func (a *account) auditFeed() {
	for a.cursor < a.seq {
		before := a.cursor
		a.follow()
		if a.cursor == before {
			a.w.fail("feed", "account %s: the feed ends at row %d, the journal at row %d", a.name, a.cursor, a.seq)
		}
	}
}
