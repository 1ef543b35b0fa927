package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"switchyard"
	"switchyard/internal/tables"
)

func (r *rig) invoke(account string, requestIDs ...string) []switchyard.RequestResult {
	r.t.Helper()
	in := &switchyard.Invoke{}
	for _, id := range requestIDs {
		in.Requests = append(in.Requests, switchyard.Request{Route: "cases", RequestID: id})
	}
	answer, err := r.Do(context.Background(), account, Call{By: "client:crm", Correlation: switchyard.NewID(1, 7, 7), Input: in})
	if err != nil {
		r.t.Fatal(err)
	}
	return answer.([]switchyard.RequestResult)
}

// TestReadYourWrites reads everything back at once, with tables that cannot be written, and again
// when they have caught up.
func TestReadYourWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		r := newRig(t, nil).start().with("acme")
		defer r.stop()
		r.tables.failWith(errors.New("no"))
		id := r.invoke("acme", "r1", "r2")[0].Interaction
		if _, err := r.Do(ctx, "acme", Call{Input: &switchyard.Act{Interaction: id, Action: switchyard.ActRelease}}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Do(ctx, "acme", Call{By: "user:ada", Input: &switchyard.Publish{Source: "api"}}); err != nil {
			t.Fatal(err)
		}
		r.mustSet("acme", "ada", "effect")
		check := func(when string) {
			t.Helper()
			if d, err := r.EndedByID(ctx, "acme", id); err != nil || d == nil || d.Outcome != "Released" {
				t.Fatalf("%s: ended %+v, %v", when, d, err)
			}
			found, err := r.SearchEnded(ctx, "acme", tables.Query{Route: "CASES", Limit: 10})
			if err != nil || len(found) != 1 {
				t.Fatalf("%s: found %+v, %v", when, found, err)
			}
			rows, err := r.Timeline(ctx, "acme", id)
			if err != nil || len(rows) != 2 || !strings.Contains(string(rows[0].Events), `"interaction.dispatched"`) ||
				!strings.Contains(string(rows[1].Events), `"interaction.ended"`) {
				t.Fatalf("%s: timeline %v, %v", when, rows, err)
			}
			i, err := r.Invocation(ctx, "acme", switchyard.NewID(1, 7, 7))
			if err != nil || i == nil || i.By != "client:crm" || len(i.Invoke.Requests) != 2 {
				t.Fatalf("%s: invocation %+v, %v", when, i, err)
			}
			configs, err := r.Configs(ctx, "acme", 0, 10)
			if err != nil || len(configs) != 1 || configs[0].By != "user:ada" {
				t.Fatalf("%s: configs %+v, %v", when, configs, err)
			}
			if c, err := r.Config(ctx, "acme", 1); err != nil || c == nil {
				t.Fatalf("%s: config %+v, %v", when, c, err)
			}
			all, err := r.Notifications(ctx, "acme", tables.NotificationQuery{Limit: 10})
			if err != nil || len(all) != 1 || all[0].State != CallbackPending {
				t.Fatalf("%s: notifications %+v, %v", when, all, err)
			}
			if n, err := r.Notification(ctx, "acme", all[0].ID); err != nil || n == nil || string(n.Document) != string(all[0].Document) {
				t.Fatalf("%s: notification %+v, %v", when, n, err)
			}
		}
		check("tail")
		r.tables.failWith(nil)
		time.Sleep(10 * time.Second)
		if d, _ := r.tables.EndedByID(ctx, "acme", id); d == nil {
			t.Fatal("the tables did not catch up")
		}
		check("tables")
		notes, _ := r.Notifications(ctx, "acme", tables.NotificationQuery{Limit: 10})
		r.Report("acme", &switchyard.EffectResult{Effect: notes[0].ID, Attempt: 1, OK: true})
		if n, err := r.Notification(ctx, "acme", notes[0].ID); err != nil || n.State != CallbackDelivered {
			t.Fatalf("notification %s, %v", n.Document, err)
		}
	})
}

// TestPageOfCallbacksIsFull reads callbacks page by page while the tables do not know yet that the
// newest of them were delivered.
func TestPageOfCallbacksIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		r := newRig(t, nil).start().with("acme")
		defer r.stop()
		for range 5 {
			r.mustSet("acme", "ada", "effect")
		}
		time.Sleep(10 * time.Second)
		r.tables.failWith(errors.New("no"))
		notes, err := r.Notifications(ctx, "acme", tables.NotificationQuery{Limit: 10})
		if err != nil || len(notes) != 5 {
			t.Fatalf("%d callbacks, %v", len(notes), err)
		}
		for _, n := range notes[:3] {
			r.Report("acme", &switchyard.EffectResult{Effect: n.ID, Attempt: 1, OK: true})
		}
		synctest.Wait()
		var pending []switchyard.ID
		q := tables.NotificationQuery{State: CallbackPending, Limit: 1}
		for {
			page, err := r.Notifications(ctx, "acme", q)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			q.Before = page[0].ID
			pending = append(pending, page[0].ID)
		}
		if want := []switchyard.ID{notes[3].ID, notes[4].ID}; !slices.Equal(pending, want) {
			t.Errorf("pending are %v, want %v", pending, want)
		}
		r.tables.failWith(nil)
	})
}

func TestBackPressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(o *Options) { o.Limits.LagRows, o.Limits.Inbox = 10, 2 }).start().with("acme")
		defer r.stop()
		time.Sleep(time.Second)
		r.tables.failWith(errors.New("no"))
		taken := 0
		for range 20 {
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			if _, err := r.Do(ctx, "acme", Call{Input: &switchyard.SetPresence{Agent: "ada", Presence: "Ready"}}); err == nil {
				taken++
			}
			cancel()
		}
		if taken < 9 || taken > 10 {
			t.Fatalf("%d inputs were taken with a limit of 10 rows", taken)
		}
		if d := r.dump("acme"); d == "" { // reads go on
			t.Fatal("no state")
		}
		r.tables.failWith(nil)
		time.Sleep(10 * time.Second)
		if n := r.mustSet("acme", "ada", "Ready"); n != taken+1 {
			t.Fatalf("answer %d after %d: a call whose caller had gone was decided", n, taken)
		}
		r.tables.failWith(errors.New("no"))
		r.mustSet("acme", "ada", "Ready")
		time.Sleep(3 * time.Second) // one row is behind for more than two seconds
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := r.Do(ctx, "acme", Call{Input: &switchyard.SetPresence{Agent: "ada", Presence: "Ready"}}); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("taken although the tables are behind: %v", err)
		}
		r.tables.failWith(nil)
	})
}

// TestRequestIDs has ids leave the state and checks that they are known all the same, whether the
// caller looked before or after.
func TestRequestIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(o *Options) { o.Limits.RequestIDs = 10 }).start().with("acme")
		defer r.stop()
		o := r.owners["acme"]
		stale, err := o.lookUp(context.Background(), &switchyard.Invoke{Requests: []switchyard.Request{{RequestID: "id0"}}})
		if err != nil || len(stale.known) != 0 {
			t.Fatalf("%+v, %v", stale, err)
		}
		for n := range 40 {
			r.invoke("acme", fmt.Sprint("id", n))
			time.Sleep(100 * time.Millisecond)
		}
		var recent int
		_ = r.read(context.Background(), "acme", false, func(o *owner) { recent = o.machine.RecentCount() })
		if recent > 20 {
			t.Fatalf("%d ids are in the state", recent)
		}
		r.tables.failWith(errors.New("no"))
		for n := range 25 {
			r.invoke("acme", fmt.Sprint("late", n))
		}
		_ = r.read(context.Background(), "acme", false, func(o *owner) { recent = o.machine.RecentCount() })
		if recent < 25 {
			t.Fatalf("%d ids are in the state although 25 are not in the tables", recent)
		}
		r.tables.failWith(nil)
		for n := range 40 {
			if got := r.invoke("acme", fmt.Sprint("id", n))[0].Status; got != switchyard.StatusDuplicate {
				t.Fatalf("id%d: %s", n, got)
			}
		}
		in := &switchyard.Invoke{Requests: []switchyard.Request{{RequestID: "id0"}}}
		c := &call{Call: Call{Input: in}, ctx: context.Background(), known: stale, done: make(chan result, 1)}
		answer, err := o.await(c, &o.writes)
		if err != nil || answer.([]switchyard.RequestResult)[0].Status != switchyard.StatusDuplicate {
			t.Fatalf("looked up before the flush, decided after: %+v, %v", answer, err)
		}
	})
}

// TestRequestIDsOfLostTables makes the tables anew from the journal: what had left the state before
// comes into them again, by the many.
func TestRequestIDsOfLostTables(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(o *Options) { o.Limits.RequestIDs = 10 }).start().with("acme")
		for n := range 40 {
			r.invoke("acme", fmt.Sprint("id", n))
			time.Sleep(time.Second)
		}
		r.stop()
		if moved := len(r.tables.account("acme").requestIDs); moved < 20 || moved == 40 {
			t.Fatalf("%d of 40 ids are in their table; some are to be in the state alone", moved)
		}
		r.tables = newShelf()
		r.start()
		defer r.stop()
		for n := range 40 {
			if got := r.invoke("acme", fmt.Sprint("id", n))[0].Status; got != switchyard.StatusDuplicate {
				t.Fatalf("id%d: %s", n, got)
			}
		}
	})
}

func TestVerify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		r := newRig(t, nil).start().with("acme")
		r.invoke("acme", "a", "b")
		r.mustSet("acme", "ada", "in 1s")
		time.Sleep(2 * time.Second)
		r.stop()
		report, err := r.Verify(ctx, "acme", nil)
		if err != nil || report.Difference != nil || report.Redecided != 4 {
			t.Fatalf("%+v, %v", report, err)
		}
		rows, _ := r.journal.Rows(ctx, "acme", 1, 100)
		other := newMoody()
		rows[2].Events = []byte(strings.Replace(string(rows[2].Events), `"Ready"`, `"Away"`, 1))
		_ = other.Append(ctx, rows)
		report, err = verify(ctx, other, countingMachines, "test", "acme", nil)
		if err != nil || report.Difference == nil || report.Difference.Seq != 3 || report.Difference.Event != 0 {
			t.Fatalf("%+v, %v", report, err)
		}
		if report, err = verify(ctx, other, countingMachines, "another", "acme", nil); err != nil || report.Folded != 4 {
			t.Fatalf("%+v, %v", report, err)
		}
	})
}

func TestSplitArray(t *testing.T) {
	got := splitArray([]byte(`[{"a":"}],{\"","b":[{},[1,2]]},{"c":{"d":"\\"}},{}]`), 3)
	if s := fmt.Sprintf("%s", got); s != `[{"a":"}],{\"","b":[{},[1,2]]} {"c":{"d":"\\"}} {}]` {
		t.Fatal(s)
	}
}

func TestTablesNeverLead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil).start().with("acme")
		defer r.stop()
		time.Sleep(time.Second)
		gate := make(chan struct{})
		r.journal.set(func(m *moody) { m.gate = gate })
		var call sync.WaitGroup
		call.Go(func() { r.mustSet("acme", "ada", "Ready") })
		time.Sleep(time.Second)
		_, last, _ := r.journal.Bounds(context.Background(), "acme")
		if through, _, _ := r.tables.Offset(context.Background(), "acme"); through > last {
			t.Errorf("the tables are at row %d, the journal at %d", through, last)
		}
		r.journal.set(func(m *moody) { m.gate = nil })
		close(gate)
		call.Wait()
	})
}

// TestEndedWhileSweeping ends an interaction with consequences that cannot go on, because nothing
// may be decided before the disk moves again; its document must be there all the same.
func TestEndedWhileSweeping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		r := newRig(t, func(o *Options) { o.Limits.PendingRows = 1 }).start().with("acme")
		defer r.stop()
		id := r.invoke("acme", "r1")[0].Interaction
		gate := make(chan struct{})
		r.journal.set(func(m *moody) { m.gate = gate })
		var calls sync.WaitGroup
		calls.Go(func() {
			if _, err := r.Do(ctx, "acme", Call{Input: &switchyard.Act{Interaction: id, Notes: "sweep"}}); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		calls.Go(func() {
			if d, err := r.EndedByID(ctx, "acme", id); d == nil || err != nil {
				t.Errorf("%v, %v", d, err)
			}
		})
		synctest.Wait()
		r.journal.set(func(m *moody) { m.gate = nil })
		close(gate)
		calls.Wait()
	})
}

func TestFailingTablesAreNotHurried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil).start().with("acme")
		defer r.stop()
		time.Sleep(time.Second)
		r.tables.failWith(errors.New("no"))
		before := r.tables.tried()
		r.mustSet("acme", "ada", "Ready")
		for range 200 {
			r.writer.signal()
			time.Sleep(10 * time.Millisecond)
		}
		if tries := r.tables.tried() - before; tries < 2 || tries > 6 {
			t.Fatalf("%d tries in two seconds", tries)
		}
		if why := r.Ready(); len(why) != 1 {
			t.Fatalf("ready: %v", why)
		}
		r.tables.failWith(nil)
	})
}

func TestCallbackStanding(t *testing.T) {
	effect := switchyard.Effect{ID: switchyard.NewID(1, 1, 1), Kind: switchyard.EffectCallback, Attempt: 1}
	again := effect
	again.Attempt = 3
	var c *Callback
	for _, ev := range []switchyard.Event{
		&switchyard.EffectRequested{Effect: effect},
		&switchyard.EffectAttempted{Effect: effect.ID, Attempt: 1, Status: 500, Retry: 7},
		&switchyard.EffectDue{Effect: effect.ID, Attempt: 2},
		&switchyard.EffectFinished{Effect: effect.ID, Attempt: 2},
		&switchyard.EffectRequested{Effect: again},
		&switchyard.EffectFinished{Effect: effect.ID, Attempt: 3, OK: true, Status: 204},
	} {
		for range 2 { // a row may be seen in the tail and in the tables
			c = c.apply(5, ev)
		}
	}
	if c.State != CallbackDelivered || len(c.Attempts) != 3 || c.Effect.Attempt != 3 || c.Attempts[0].Status != 500 || c.Retry != 0 {
		t.Fatalf("%+v", c)
	}
}
