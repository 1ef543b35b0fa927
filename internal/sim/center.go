package sim

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/core"
	"switchyard/internal/engine"
	"switchyard/internal/journal"
)

// account is one account of the world: who calls it, and who checks it.
type account struct {
	w     *World
	name  string
	desks []*desk
	calls []*call // under way, or to be sent again
	count int     // request ids made

	// What readers of the durable journal have made of it.
	seq     switchyard.Seq
	model   *model
	reader  *core.State // folds the feed; what desktops show
	docs    map[int]*switchyard.Account
	reading bool

	// What was acknowledged.
	acknowledged map[string]switchyard.ID
	done         map[deed]int
	history      history

	// A reader of the feed through the server, which comes back now and then.
	cursor, cursorAt switchyard.Seq
}

func newAccount(w *World, name string) *account {
	a := &account{w: w, name: name, reader: core.New(name), docs: map[int]*switchyard.Account{},
		acknowledged: map[string]switchyard.ID{}, done: map[deed]int{}}
	a.model = newModel(func(check, format string, args ...any) { w.fail(check, "account "+name+": "+format, args...) })
	for n := range people {
		a.desks = append(a.desks, &desk{a: a, agent: username(n)})
	}
	return a
}

func (a *account) pick(list ...string) string { return list[a.w.rng.IntN(len(list))] }

func (a *account) publish(doc switchyard.Account) {
	a.ask(&call{by: "user:admin", input: &switchyard.Publish{Document: doc, Source: "sim"}, repeat: true})
}

func (a *account) register() {
	a.ask(&call{by: "client:crm", repeat: true, input: &switchyard.Register{Provider: ourProvider, Endpoint: "https://" + a.name + ".example.com/hook",
		Secret: signingSecret, Permitted: switchyard.Permissions{Release: true, Hold: true, TransferToAgent: true, TransferToRoute: true}}})
}

// read takes the rows that have become durable, as a reader of the journal does that shares nothing
// with the server, and holds each event against what must be.
func (a *account) read() {
	if a.reading {
		return // a check reads, too
	}
	a.reading = true
	defer func() { a.reading = false }()
	for {
		rows, err := a.w.disk.journal.Rows(a.w.ctx, a.name, a.seq+1, 100)
		if err != nil {
			panic(err)
		}
		if len(rows) == 0 {
			return
		}
		for n := range rows {
			a.readRow(&rows[n])
		}
	}
}

func (a *account) readRow(r *journal.Row) {
	if r.Seq != a.seq+1 {
		a.w.fail("feed", "account %s: row %d comes after row %d", a.name, r.Seq, a.seq)
	}
	events, err := journal.DecodeEvents(r.Events)
	if err != nil {
		a.w.fail("feed", "account %s: row %d cannot be read: %v", a.name, r.Seq, err)
	}
	a.seq = r.Seq
	a.w.result.Rows++
	a.w.record(r)
	a.model.row(r.At)
	for _, e := range events {
		if offer, made := e.(*switchyard.OfferMade); made {
			a.checkOffer(r, offer)
		}
		if published, made := e.(*switchyard.ConfigPublished); made {
			a.docs[published.Version] = &published.Document
		}
		a.model.take(e)
		a.reader.Fold(r.Seq, r.At, []switchyard.Event{e})
	}
	a.model.endRow()
	a.w.checked("lifecycle")
	a.w.checked("once")
	a.w.checked("booked")
	a.w.checked("age")
	if len(a.docs) > 0 {
		a.checkNobodyFits(r)
	}
}

// checkOffer holds an offer against the rule, read naively at the moment before it.
func (a *account) checkOffer(r *journal.Row, e *switchyard.OfferMade) {
	a.w.checked("routing")
	a.w.checked("reason")
	if check, how := newTwin(a.reader, a.docs, r.At).disagrees(e); check != "" {
		a.w.fail(check, "account %s, row %d: %s", a.name, r.Seq, how)
	}
	if how := readBack(&e.Reason); how != "" {
		a.w.fail("reason", "account %s, row %d: the reason of the offer of %s to %s: %s", a.name, r.Seq, e.Interaction, e.Agent, how)
	}
}

// checkNobodyFits is that nothing waits which somebody fits: the rule goes on until nothing does.
func (a *account) checkNobodyFits(r *journal.Row) {
	a.w.checked("waiting")
	if it, reason := newTwin(a.reader, a.docs, r.At).match(); it != nil {
		a.w.fail("waiting", "account %s: after row %d interaction %s waits though %s fits", a.name, r.Seq, it.ID, reason.Chosen.Agent)
	}
}

// stateOf writes everything a state holds so that two can be compared.
func stateOf(s *core.State) (all []string) {
	s.Everything(func(c core.Change) {
		text, err := json.Marshal(c.Value, json.Deterministic(true))
		if err != nil {
			panic(err)
		}
		all = append(all, c.Kind+" "+c.Key+" "+string(text))
	})
	return all
}

// differs names the first thing in which two states are not the same.
func differs(one, other []string) string {
	for n := range max(len(one), len(other)) {
		switch {
		case n >= len(one):
			return fmt.Sprintf("nothing against\n  %s", other[n])
		case n >= len(other):
			return fmt.Sprintf("\n  %s\nagainst nothing", one[n])
		case one[n] != other[n]:
			return fmt.Sprintf("\n  %s\nagainst\n  %s", one[n], other[n])
		}
	}
	return ""
}

// recovered holds the state a server has come back to against what a reader of the journal has.
func (a *account) recovered(s *core.State) {
	a.read()
	a.w.checked("rebuilt")
	if s.Seq() != a.seq {
		a.w.fail("rebuilt", "account %s is recovered at row %d; the journal is at row %d", a.name, s.Seq(), a.seq)
	}
	if how := differs(stateOf(s), stateOf(a.reader)); how != "" {
		a.w.fail("rebuilt", "account %s, recovered at row %d, differs from what the feed says: %s", a.name, a.seq, how)
	}
}

// check looks at an account between two steps.
func (a *account) check() {
	a.read()
	engine := a.w.server.engine
	s := engine.State(a.name)
	if s == nil || s.Config() == nil {
		return
	}
	if !engine.Resting(a.name) || s.Seq() != a.seq || a.w.rng.IntN(16) != 0 {
		return
	}
	a.checkState(s)
}

// checkTimers is that nothing due is left behind, and that what waits in no queue is ended by
// something. It holds after a step of the owner that had room for more.
func (a *account) checkTimers() {
	s := a.w.server.engine.State(a.name)
	if s == nil || s.Config() == nil || !a.w.server.engine.Room(a.name) {
		return
	}
	a.w.checked("timer")
	if alarm := s.Alarm(); alarm <= a.w.clock() {
		a.w.fail("timer", "account %s: something was due at %v, and at %v it has not happened", a.name, alarm, a.w.clock())
	}
	if a.w.rng.IntN(8) != 0 {
		return
	}
	s.Newest(switchyard.ID{}, func(r *core.Record) bool {
		switch {
		case r.Until != 0 && r.Until <= a.w.clock():
			a.w.fail("timer", "account %s: interaction %s is %s until %v, and it is %v", a.name, r.ID, r.State, r.Until, a.w.clock())
		case r.State == switchyard.Queued && r.Only == "" && r.QueueEnd != 0 && r.QueueEnd <= a.w.clock():
			a.w.fail("timer", "account %s: interaction %s stays in its queue until %v, and it is %v", a.name, r.ID, r.QueueEnd, a.w.clock())
		case r.Until == 0 && len(r.Effects) == 0 && r.State != switchyard.Queued && r.State != switchyard.Connected && r.State != switchyard.Held:
			a.w.fail("timer", "account %s: nothing ends interaction %s, which is %s", a.name, r.ID, r.State)
		}
		return true
	})
}

// checkState holds the state of a server at rest against what its journal says.
func (a *account) checkState(s *core.State) {
	a.w.checked("rebuilt")
	loads := map[string]int{}
	s.Newest(switchyard.ID{}, func(r *core.Record) bool {
		i := a.model.interactions[r.ID]
		switch {
		case i == nil:
			a.w.fail("rebuilt", "account %s has interaction %s, which was never dispatched", a.name, r.ID)
		case r.State == switchyard.Queued && i.state == switchyard.Planned:
		case r.State != i.state || r.State != switchyard.Ended && r.Agent != i.agent:
			a.w.fail("rebuilt", "account %s has interaction %s %s with %q; the feed has it %s with %q", a.name, r.ID, r.State, r.Agent, i.state, i.agent)
		case r.Since != i.since:
			a.w.fail("age", "account %s: interaction %s waits since %v; by the feed since %v", a.name, r.ID, r.Since, i.since)
		}
		loads[switchyard.CaseKey(i.agent)] += i.held()
		return true
	})
	for _, agent := range s.Agents() {
		if want := loads[switchyard.CaseKey(agent.Username)]; agent.Load != want || agent.Load > 100 {
			a.w.fail("booked", "account %s: agent %s has a load of %d %%; its interactions take %d %%", a.name, agent.Username, agent.Load, want)
		}
	}
	a.checkExplanation(s)
}

// checkExplanation asks why some interaction waits, and counts itself.
func (a *account) checkExplanation(s *core.State) {
	w := newTwin(a.reader, a.docs, max(s.Now(), a.w.clock()))
	if len(w.queue) == 0 {
		return
	}
	n := a.w.rng.IntN(len(w.queue))
	it := &w.queue[n]
	if it.Personal != nil || len(it.Demands) > 0 {
		w.now = s.Now() // time has not been told to the index yet
	}
	e, known := s.Explain(it.ID, w.now)
	fit, excluded := w.survey(it)
	a.w.checked("explained")
	if !known || e.Considered != len(fit) || e.Excluded != excluded {
		a.w.fail("explained", "account %s: of %s the server says that %d fit and excludes %+v; counted naively %d and %+v",
			a.name, it.ID, e.Considered, e.Excluded, len(fit), excluded)
	}
}

// follow reads the feed as a client does that comes back after a while, to whichever process serves.
func (a *account) follow() {
	rows, err := a.w.server.engine.Engine().Page(a.w.ctx, a.name, switchyard.Cursor{Seq: a.cursor, N: 1<<31 - 1}, 1+a.w.rng.IntN(20))
	if err != nil {
		var refused *switchyard.Error
		if errors.As(err, &refused) && refused.Code == switchyard.StorageUnavailable {
			return
		}
		a.w.fail("feed", "account %s: the feed after row %d: %v", a.name, a.cursor, err)
	}
	for _, row := range rows {
		a.w.checked("feed")
		a.checkShown(row)
	}
}

func (a *account) checkShown(row engine.FeedRow) {
	if row.Seq != a.cursor+1 {
		a.w.fail("feed", "account %s: the feed goes from row %d to row %d", a.name, a.cursor, row.Seq)
	}
	a.cursor = row.Seq
	kept, err := a.w.disk.journal.Rows(a.w.ctx, a.name, row.Seq, 1)
	shown, encodeErr := journal.EncodeEvents(row.Events)
	if err != nil || encodeErr != nil || len(kept) == 0 || string(kept[0].Events) != string(shown) {
		a.w.fail("feed", "account %s: the feed shows a row %d that is not what the journal has", a.name, row.Seq)
	}
}
