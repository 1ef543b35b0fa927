package native

import (
	"context"
	"encoding/csv"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"switchyard"
	"switchyard/internal/engine"
	"switchyard/internal/report"
)

// reportFile is an account with queues of every kind that figures know: with targets fixed and read,
// exits, wrap, several queues one after the other and in a circle.
const reportFile = `
account: report
settings: {grace: 0s, noanswer: 90s, cooldown: 10s}
presences: [{name: Lunch, category: Away}, {name: Training, category: ExtendedAway}]
agents:
  - {username: ada, displayid: "1"}
  - {username: bo, displayid: "2"}
  - {username: Cy, displayid: "3"}
plans:
  - name: Cases
    start: q
    applets: {q: {type: queue, target: 60s, wrap: 45s}}
  - name: Read
    start: q
    applets: {q: {type: queue, target: "$(Target)", accept: auto, on: {duration: second}, duration: 200s}, second: {type: queue, on: {duration: ""}, duration: 300s}}
  - name: Circle
    start: q
    applets: {q: {type: queue, ring: 30s, duration: 100s, on: {duration: w}}, w: {type: wait, for: 30s, next: q}}
routes:
  - {name: Cases, plan: Cases}
  - {name: Read, plan: Read, datasources: {Target: "90"}}
  - {name: Circle, plan: Circle, after: Later}
  - {name: Straight, plan: Cases}
`

const laterPlan = `  - name: Later
    start: w
    applets: {w: {type: wait, for: 60s}}
`

func reportAccount(change func(string) string) string {
	source := strings.Replace(reportFile, "routes:\n", laterPlan+"routes:\n", 1)
	if change != nil {
		source = change(source)
	}
	return source
}

var reportSeed = flag.Uint64("report.seed", 0, "play one random report again")

// life plays at random with everything that leads to figures.
type life struct {
	*rig
	rand *rand.Rand
	ids  []switchyard.ID
}

func (l *life) try(in switchyard.Input) any {
	answer, _ := l.engine.Do(context.Background(), "report", engine.Call{By: "client:test", Input: in,
		Correlation: switchyard.NewID(1, l.rand.Uint64(), 1)}) // a refusal is no event
	return answer
}

func pick[T any](r *rand.Rand, all ...T) T { return all[r.IntN(len(all))] }

func (l *life) step() {
	agents := []string{"ada", "bo", "Cy"}
	switch l.rand.IntN(12) {
	case 0, 1:
		q := switchyard.Request{Route: pick(l.rand, "Cases", "Read", "Circle", "Straight"), ExternalID: strconv.Itoa(len(l.ids)),
			Class: pick(l.rand, "live", "chat", "nonlive")}
		results := l.try(&switchyard.Invoke{Requests: []switchyard.Request{q}}).([]switchyard.RequestResult)
		l.ids = append(l.ids, results[0].Interaction)
	case 2:
		l.try(&switchyard.SetPresence{Agent: pick(l.rand, agents...), Presence: pick(l.rand, "Ready", "Ready", "Ready", "Lunch", "Training", "Logged Out")})
	case 3:
		n := strconv.Itoa(l.rand.IntN(len(l.ids) + 1))
		l.try(&switchyard.Invoke{Requests: []switchyard.Request{{Action: "release", ExternalID: n}}})
	case 4, 5, 6:
		d := switchyard.Duration(l.rand.IntN(60_000))
		if l.rand.IntN(8) == 0 {
			d *= 20
		}
		if err := l.engine.AdvanceClock(context.Background(), d); err != nil {
			l.t.Fatal(err)
		}
	default:
		if len(l.ids) == 0 {
			return
		}
		a := &switchyard.Act{Interaction: l.ids[max(0, len(l.ids)-1-l.rand.IntN(12))], Agent: pick(l.rand, agents...),
			Action: pick(l.rand, switchyard.ActAccept, switchyard.ActAccept, switchyard.ActAccept, switchyard.ActDecline,
				switchyard.ActRelease, switchyard.ActHold, switchyard.ActRetrieve, switchyard.ActTransfer, switchyard.ActComplete,
				switchyard.ActExtend, switchyard.ActRequeue, switchyard.ActAssign)}
		switch a.Action {
		case switchyard.ActTransfer:
			if l.rand.IntN(2) == 0 {
				a.ToRoute = pick(l.rand, "Cases", "Read", "Circle")
			} else {
				a.ToAgent = pick(l.rand, agents...)
			}
		case switchyard.ActAssign:
			a.ToAgent, a.Supervisor = pick(l.rand, agents...), true
		case switchyard.ActRequeue:
			a.Supervisor = true
		}
		for range 3 { // so that one of them is the one who has it
			l.try(a)
			a.Agent = pick(l.rand, agents...)
		}
	}
}

// TestReportsAreThoseOfTheTwin lives at random and compares what the reports say with what the twin
// makes of the feed, and the last hour with what /v1/stats says.
func TestReportsAreThoseOfTheTwin(t *testing.T) {
	seeds := []uint64{1, 2, 3, uint64(time.Now().UnixNano())}
	if *reportSeed != 0 {
		seeds = []uint64{*reportSeed}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { compareWithTwin(t, seed) })
	}
}

func compareWithTwin(t *testing.T, seed uint64) {
	r := newRig(t)
	r.publish(reportAccount(nil))
	l := &life{rig: r, rand: rand.New(rand.NewPCG(seed, 1))}
	for _, name := range []string{"ada", "bo", "Cy"} {
		r.must("report", &switchyard.SetPresence{Agent: name, Presence: switchyard.PresenceReady})
	}
	began := r.engine.Now()
	play := func(steps int) {
		for range steps {
			l.step()
		}
	}
	play(400)
	checkStats(t, r)
	r.publishTo(reportAccount(func(s string) string { // other targets, and Cy is gone
		return strings.NewReplacer("target: 60s", "target: 10s", "  - {username: Cy, displayid: \"3\"}\n", "").Replace(s)
	}))
	play(200)
	r.publishTo(reportAccount(nil)) // and back, logged out
	play(300)
	checkStats(t, r)

	ops := r.client("report", "report-all")
	w := newTwin(t, func(version int, queue string) switchyard.Duration {
		if queue == "Cases/q" {
			return map[int]switchyard.Duration{1: 60, 2: 10, 3: 60}[version] * switchyard.Second
		}
		return 20 * switchyard.Second
	})
	for after := "0"; ; {
		page := ops.page("limit=1000&after=" + after)
		for n := range page.Items {
			w.event(&page.Items[n])
		}
		if after = page.Next; len(page.Items) == 0 {
			break
		}
	}
	now := r.engine.Now()
	w.pass(now)
	query := "interval=15m&from=" + at(began-began%quarter) + "&to=" + at(now+1)
	queues := as[Report[report.QueueRow]](ops.do("GET", "/v1/reports/queues?"+query, "").is(200))
	if len(queues.Items) < 4 {
		t.Fatalf("only %d rows", len(queues.Items))
	}
	if diff := cmp.Diff(w.queueRows(), counting(queues.Items, queueCounts), nearly); diff != "" {
		t.Errorf("queues, play again with -report.seed %d (-twin +report)\n%s", seed, diff)
	}
	agents := as[Report[report.AgentRow]](ops.do("GET", "/v1/reports/agents?"+query, "").is(200))
	if diff := cmp.Diff(w.agentRows(), counting(agents.Items, agentCounts), nearly); diff != "" {
		t.Errorf("agents, play again with -report.seed %d (-twin +report)\n%s", seed, diff)
	}
	checkTotals(t, ops, query, queues, agents)
	checkInteractions(t, ops, query, w)
}

var nearly = cmpopts.EquateApprox(0, 1e-6)

func at(i switchyard.Instant) string { return url.QueryEscape(i.String()) }

// row is what twin and report are compared by: figures by name, without those that are nothing.
type row map[string]float64

func (r row) set(name string, v float64) {
	if v != 0 {
		r[name] = v
	}
}

func (r row) share(name string, v *float64) {
	if v != nil {
		r[name] = *v + 1 // so that 0 is something
	}
}

func (r row) spread(name string, s *report.Spread) {
	if s != nil {
		r[name] = float64(s.Count)*1e6 + s.Mean + 2*s.P50 + 3*s.P90 + 4*s.P95 + 5*s.Max
	}
}

// naiveSpread counts, for each percentile, how many are not longer than each that occurs.
func (r row) naiveSpread(name string, all []switchyard.Duration) {
	if len(all) == 0 {
		return
	}
	sum := 0.0
	for _, d := range all {
		sum += seconds(d)
	}
	at := func(percent int) float64 {
		best := math.Inf(1)
		for _, d := range all {
			within := 0
			for _, other := range all {
				if other <= d {
					within++
				}
			}
			if within*100 >= percent*len(all) {
				best = min(best, seconds(d))
			}
		}
		return best
	}
	r[name] = float64(len(all))*1e6 + sum/float64(len(all)) + 2*at(50) + 3*at(90) + 4*at(95) + 5*at(100)
}

// counting keeps the rows in which something is.
func counting[T any](rows []T, of func(*T) (string, row)) map[string]row {
	all := map[string]row{}
	for n := range rows {
		if key, r := of(&rows[n]); len(r) > 0 {
			all[key] = r
		}
	}
	return all
}

func queueCounts(q *report.QueueRow) (string, row) {
	r := row{}
	r.set("offered", float64(q.Offered))
	r.set("answered", float64(q.Answered))
	r.set("intarget", float64(q.InTarget))
	r.set("abandoned", float64(q.Abandoned))
	r.set("abandonedlate", float64(q.AbandonedLate))
	r.set("breakouts", float64(q.Breakouts))
	r.set("handled", float64(q.Handled))
	r.share("servicelevel", q.ServiceLevel)
	r.share("servicelevelall", q.ServiceLevelAll)
	r.spread("wait", q.Wait)
	r.spread("abandonedwait", q.AbandonedWait)
	r.spread("handle", q.Handle)
	r.spread("wrap", q.Wrap)
	return q.Start.String() + " " + q.Queue, r
}

func (w *twin) queueRows() map[string]row {
	all := map[string]row{}
	for c, q := range w.queues {
		r := row{}
		r.set("offered", float64(q.offered))
		r.set("answered", float64(q.answered))
		r.set("intarget", float64(q.inTarget))
		r.set("abandoned", float64(q.abandoned))
		r.set("abandonedlate", float64(q.late))
		r.set("breakouts", float64(q.breakouts))
		r.set("handled", float64(q.handled))
		r.share("servicelevel", share(float64(q.inTarget), q.answered+q.late))
		r.share("servicelevelall", share(float64(q.inTarget), q.answered+q.abandoned+q.breakouts))
		r.naiveSpread("wait", q.waits)
		r.naiveSpread("abandonedwait", q.abandonedWaits)
		r.naiveSpread("handle", q.handles)
		r.naiveSpread("wrap", q.wraps)
		all[c.start.String()+" "+c.name] = r
	}
	return all
}

func agentCounts(a *report.AgentRow) (string, row) {
	r := row{}
	r.set("offers", float64(a.Offers))
	r.set("connected", float64(a.Connected))
	r.set("declined", float64(a.Declined))
	r.set("noanswer", float64(a.NoAnswer))
	r.set("handled", float64(a.Handled))
	r.set("loggedin", a.LoggedIn)
	r.set("ready", a.Ready)
	r.set("away", a.Away)
	r.set("extendedaway", a.ExtendedAway)
	r.set("busy", a.Busy)
	r.share("occupancy", a.Occupancy)
	r.spread("handle", a.Handle)
	r.spread("wrap", a.Wrap)
	for name, v := range a.Presences {
		r.set("in "+name, v)
	}
	return a.Start.String() + " " + a.Agent, r
}

func (w *twin) agentRows() map[string]row {
	all := map[string]row{}
	for c, p := range w.people {
		r, in := row{}, switchyard.Duration(0)
		for name, d := range p.presences {
			r.set("in "+name, seconds(d))
			in += d
		}
		r.set("offers", float64(p.offers))
		r.set("connected", float64(p.connected))
		r.set("declined", float64(p.declined))
		r.set("noanswer", float64(p.noAnswer))
		r.set("handled", float64(p.handled))
		r.set("loggedin", seconds(in))
		r.set("ready", seconds(p.categories["Ready"]))
		r.set("away", seconds(p.categories["Away"]))
		r.set("extendedaway", seconds(p.categories["ExtendedAway"]))
		r.set("busy", seconds(p.busy))
		if in > 0 {
			r["occupancy"] = 1 + float64(p.busy)/float64(in)
		}
		r.naiveSpread("handle", p.handles)
		r.naiveSpread("wrap", p.wraps)
		if len(r) > 0 {
			all[c.start.String()+" "+c.name] = r
		}
	}
	return all
}

// checkStats compares the figures of the last hour with a report on it.
func checkStats(t *testing.T, r *rig) {
	t.Helper()
	ops := r.client("report", "report-all")
	stats := as[Stats](ops.do("GET", "/v1/stats", "").is(200))
	slot := switchyard.Instant(5 * switchyard.Minute)
	from := stats.At - stats.At%slot - 11*slot
	got := as[Report[report.QueueRow]](ops.do("GET", "/v1/reports/queues?from="+at(from)+"&to="+at(stats.At+1), "").is(200))
	want := map[string]row{}
	for _, q := range stats.Queues {
		_, want[q.Queue] = queueCounts(&report.QueueRow{Offered: q.Offered, Answered: q.Answered, InTarget: q.InTarget,
			Abandoned: q.Abandoned, Breakouts: q.Breakouts, ServiceLevel: q.ServiceLevel, ServiceLevelAll: q.ServiceLevelAll})
		if q.AverageWait != nil {
			want[q.Queue]["mean"] = *q.AverageWait
		}
		if len(want[q.Queue]) == 0 {
			delete(want, q.Queue)
		}
	}
	have := map[string]row{}
	for _, q := range got.Items {
		_, full := queueCounts(&q)
		for _, other := range []string{"handled", "handle", "wrap", "wait", "abandonedwait", "abandonedlate"} {
			delete(full, other)
		}
		if q.Wait != nil {
			full["mean"] = q.Wait.Mean
		}
		if len(full) > 0 {
			have[q.Queue] = full
		}
	}
	if diff := cmp.Diff(want, have, nearly); diff != "" {
		t.Errorf("the last hour (-stats +report)\n%s", diff)
	}
}

// checkTotals holds totals against a report of one interval, and sums against each other.
func checkTotals(t *testing.T, ops *caller, query string, queues Report[report.QueueRow], agents Report[report.AgentRow]) {
	t.Helper()
	whole := strings.Replace(query, "interval=15m&", "", 1)
	q := as[Report[report.QueueRow]](ops.do("GET", "/v1/reports/queues?"+whole, "").is(200))
	if diff := cmp.Diff(q.Items, queues.Totals, nearly); diff != "" {
		t.Errorf("totals of queues\n%s", diff)
	}
	a := as[Report[report.AgentRow]](ops.do("GET", "/v1/reports/agents?"+whole, "").is(200))
	if diff := cmp.Diff(a.Items, agents.Totals, nearly); diff != "" {
		t.Errorf("totals of agents\n%s", diff)
	}
	byQueue, byRoute := 0, 0
	for _, r := range as[Report[report.QueueRow]](ops.do("GET", "/v1/reports/queues?by=route&"+whole, "").is(200)).Items {
		byRoute += r.Offered + r.Answered + r.Handled
	}
	for _, r := range q.Items {
		byQueue += r.Offered + r.Answered + r.Handled
	}
	all := as[Report[report.QueueRow]](ops.do("GET", "/v1/reports/queues?by=all&"+whole, "").is(200)).Items
	if together := all[0].Offered + all[0].Answered + all[0].Handled; byRoute != byQueue || together != byQueue || len(all) != 1 || byQueue == 0 {
		t.Errorf("%d by route, %d by queue, %d together in %d rows", byRoute, byQueue, together, len(all))
	}
}

// checkInteractions reads the interactions page by page, and compares sums.
func checkInteractions(t *testing.T, ops *caller, query string, w *twin) {
	t.Helper()
	query = strings.Replace(query, "interval=15m&", "", 1)
	var all []report.InteractionRow
	for cursor := ""; ; {
		page := as[InteractionReport](ops.do("GET", "/v1/reports/interactions?limit=7&"+query+"&cursor="+cursor, "").is(200))
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	ended := 0
	for id, i := range w.work {
		if i.state != "ended" {
			continue
		}
		ended++
		n := slices.IndexFunc(all, func(r report.InteractionRow) bool { return r.ID == id })
		if n < 0 {
			t.Errorf("%s is not among the interactions", id)
			continue
		}
		r := &all[n]
		if r.Queue != i.queue || r.Answered != i.answered || r.WaitingSince != i.since || r.Route != i.route ||
			i.answered > 0 && (r.Wait == nil || *r.Wait != seconds(i.answered.Sub(i.since))) {
			t.Errorf("%s: %+v, should be %+v", id, r, i)
		}
	}
	if ended != len(all) || ended == 0 {
		t.Errorf("%d interactions, should be %d", len(all), ended)
	}
	a := ops.with("Accept", "text/csv").do("GET", "/v1/reports/interactions?"+query, "").is(200)
	lines, err := csv.NewReader(strings.NewReader(string(a.Body))).ReadAll()
	if err != nil || len(lines) != ended+1 {
		t.Errorf("CSV of %d lines for %d interactions: %v", len(lines), ended, err)
	}
}
