package engine

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"switchyard"
)

func (r *rig) rows(account string) (out []string) {
	r.t.Helper()
	rows, err := r.Page(context.Background(), account, switchyard.Cursor{}, 1000)
	if err != nil {
		r.t.Fatal(err)
	}
	begin := rows[0].At
	for _, row := range rows {
		for _, ev := range row.Events {
			_, agent := ev.About()
			out = append(out, fmt.Sprintf("%s:%s@%v", ev.EventType(), agent, row.At.Sub(begin)))
		}
	}
	return out
}

// hands performs effects after a while of real time, and reports.
type hands struct {
	r     *rig
	after time.Duration
	given []switchyard.ID
	mu    sync.Mutex
	group sync.WaitGroup
}

func (h *hands) Give(e *switchyard.Effect) {
	h.mu.Lock()
	h.given = append(h.given, e.ID)
	h.mu.Unlock()
	h.group.Go(func() {
		time.Sleep(h.after)
		h.r.Report("acme", &switchyard.EffectResult{Effect: e.ID, Attempt: e.Attempt, OK: true})
	})
}

func TestManualClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hands{after: 3 * time.Second}
		r := newRig(t, func(o *Options) {
			o.Clock = &ManualClock{}
			o.Effects = func(string) Handover { return h }
		})
		h.r = r
		r.start().with("acme", "other")
		begin := r.Now()
		time.Sleep(time.Hour)
		if r.Now() != begin {
			t.Fatal("the manual clock moves by itself")
		}
		r.mustSet("acme", "ada", "in 30m")
		r.mustSet("acme", "effect", "in 20m")
		r.mustSet("acme", "bo", "in 10m")
		if err := r.AdvanceClock(context.Background(), 25*switchyard.Minute); err != nil {
			t.Fatal(err)
		}
		got := strings.Join(r.rows("acme"), " ")
		want := "server.started:@0s agent.presence:ada@0s agent.presence:effect@0s agent.presence:bo@0s" +
			" agent.lost:ada@1m agent.lost:bo@1m agent.lost:effect@1m" +
			" agent.presence:bo@10m effect.requested:@20m agent.presence:effect@20m effect.finished:@20m clock.advanced:@25m"
		if got != want {
			t.Fatalf("rows\n%s\nwant\n%s", got, want)
		}
		if r.Now() != begin.Add(25*switchyard.Minute) {
			t.Fatalf("now %v", r.Now())
		}
		r.Heard("acme", "ADA")
		synctest.Wait()
		if got := r.rows("acme"); got[len(got)-1] != "agent.back:ada@25m" {
			t.Fatalf("rows %v", got)
		}
		if err := r.AdvanceClock(context.Background(), 30*switchyard.Second); err != nil {
			t.Fatal(err)
		}
		r.Heard("acme", "ada")
		if err := r.AdvanceClock(context.Background(), 40*switchyard.Second); err != nil {
			t.Fatal(err)
		}
		if got := r.rows("acme"); strings.Contains(got[len(got)-2], "lost") {
			t.Fatalf("lost although heard: %v", got)
		}
		at := r.Now()
		h.group.Wait()
		r.stop()
		r.options.Clock = &ManualClock{}
		r.start()
		if r.Now() != at {
			t.Fatalf("after the restart it is %v, want %v", r.Now(), at)
		}
		r.stop()
		r.options.Clock = nil
		o := r.options
		o.Journal, o.Tables = r.journal, r.tables
		real := newEngine(o, countingMachines)
		if err := real.Start(context.Background()); err == nil || !strings.Contains(err.Error(), "--clock manual") {
			t.Fatalf("a manual journal opened under the real clock: %v", err)
		}
		_ = real.Stop(context.Background())
	})
}

func TestManualClockGoesOnWithoutASlowEffect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hands{after: time.Hour}
		r := newRig(t, func(o *Options) {
			o.Clock = &ManualClock{}
			o.Effects = func(string) Handover { return h }
		})
		h.r = r
		r.start().with("acme")
		r.mustSet("acme", "ada", "effect")
		r.mustSet("acme", "bo", "in 10m")
		began := time.Now()
		if err := r.AdvanceClock(context.Background(), switchyard.Hour); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 30*time.Second {
			t.Fatalf("took %v", took)
		}
		r.stop()
		h.group.Wait()
	})
}

func TestGraceOnTheRealClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil).start().with("acme")
		defer func() { r.stop() }()
		grace := 20 * switchyard.Second
		_, err := r.Do(context.Background(), "acme", Call{Input: &switchyard.Publish{Document: switchyard.Account{Settings: switchyard.Settings{Grace: &grace}}}})
		if err != nil {
			t.Fatal(err)
		}
		r.mustSet("acme", "ada", "Ready")
		r.mustSet("acme", "bo", "Ready")
		r.mustSet("acme", "cy", "out")
		time.Sleep(15 * time.Second)
		r.Heard("acme", "ada")
		time.Sleep(10 * time.Second)
		got := r.rows("acme")
		if last := got[len(got)-1]; last != "agent.lost:bo@20s" {
			t.Fatalf("rows %v", got)
		}
		r.Heard("acme", "bo")
		synctest.Wait()
		got = r.rows("acme")
		if last := got[len(got)-1]; last != "agent.back:bo@25s" {
			t.Fatalf("rows %v", got)
		}
		r.stop()
		r.start() // grace begins anew
		time.Sleep(19 * time.Second)
		if got := r.rows("acme"); !strings.Contains(got[len(got)-1], "server.started") {
			t.Fatalf("rows %v", got)
		}
		time.Sleep(42 * time.Second) // this machine forgets its config, so grace is the default
		if got := r.rows("acme"); !strings.Contains(got[len(got)-1], "agent.lost:bo") {
			t.Fatalf("rows %v", got)
		}
	})
}

func TestEffectsAreHandedOverAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hands{after: time.Second}
		r := newRig(t, func(o *Options) { o.Effects = func(string) Handover { return h } })
		h.r = r
		r.start().with("acme")
		r.mustSet("acme", "ada", "effect")
		_, err := r.set("acme", "ada", "panic") // rebuilt while the effect is under way
		want(t, err, switchyard.Internal)
		time.Sleep(10 * time.Second)
		h.mu.Lock()
		if len(h.given) != 2 || h.given[0] != h.given[1] {
			t.Errorf("handed over: %v", h.given)
		}
		h.mu.Unlock()
		h.group.Wait()
		r.stop()
		r.start()
		if len(h.given) != 2 {
			t.Errorf("a finished effect was handed over again")
		}
		r.stop()
	})
}
