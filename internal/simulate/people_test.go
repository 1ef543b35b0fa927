package simulate

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// manual is a centre whose agents take offers and wrap up.
const manual = `account: acme
skills: [billing]
groups: [desk, late]
agents:
  - {username: ada, groups: [desk]}
  - {username: bo, groups: [desk], skills: [billing]}
secrets: {token: hush}
plans:
  - name: P
    start: queue
    applets: {queue: {type: queue, ring: 20s, wrap: 30s, target: 20s, disposition: true}}
  - name: Exits
    start: first
    applets:
      first: {type: queue, duration: 10s, groups: [late], on: {duration: second}}
      second: {type: queue, maxlength: 1, duration: 10s, on: {full: bye, duration: bye}}
      bye: {type: end, outcome: Sorry}
  - name: Ask
    start: ask
    applets:
      ask: {type: dataconnector, url: "https://crm.example.com/$(Ref:URL)?key=#(token)", result: {Tier: $.tier}, next: tier, on: {failure: sorry}}
      tier: {type: datarouter, rules: [{source: Tier, operator: equals, value: gold, next: gold}], on: {nomatch: queue}}
      gold: {type: queue}
      queue: {type: queue}
      sorry: {type: end}
routes:
  - {name: R, plan: P}
  - {name: Exits, plan: Exits}
  - {name: Ask, plan: Ask}
`

// play runs a scenario once, given its streams and agents as flow YAML.
func play(t *testing.T, more, streams, agents string) *Report {
	t.Helper()
	return simulate(t, manual, fmt.Sprintf("account: a\nreplications: 1\n%s\nstreams: [%s]\nagents: [%s]\n", more, streams, agents), 1)
}

// is holds figures of the whole time against what they must be.
func is(t *testing.T, p *Part, want map[string]float64) {
	t.Helper()
	for name, x := range want {
		if got := p.Of(name); math.IsNaN(x) != (got.N == 0) || math.Abs(got.Mean-x) > 1e-9 {
			t.Errorf("%s of %s is %v, not %v", name, p.Name, got.Mean, x)
		}
	}
}

func interval(p *Part, n int, name string) float64 {
	return p.Intervals[n].Estimates[p.places([]string{name})[0]].Mean
}

// A shift that ends lets its agent finish: the second customer is still wrapped up, the third finds
// nobody.
func TestShiftEnds(t *testing.T) {
	r := play(t, "length: 20m\ninterval: 10m\ndrain: 1h", "{route: R, times: [0s, 590s, 610s], handle: {constant: 60s}}",
		"{group: desk, headcount: [1, 0], accept: {constant: 5s}, afterwork: {constant: 20s}}")
	is(t, &r.Streams[0], map[string]float64{"arrived": 3, "offered": 3, "answered": 2, "unfinished": 1, "in_target": 2, "asa_seconds": 5,
		"wait_seconds": 5, "p_wait": 1. / 3, "service_level": 1, "wait_p50_seconds": 5, "wait_p99_seconds": 5})
	is(t, &r.Groups[0], map[string]float64{"answered": 2, "occupancy": 170. / 675, "agents": 675. / 1200, "load_spread": 0})
	if got := interval(&r.Groups[0], 1, "agents"); got != 75./600 {
		t.Errorf("in the second interval there are %v agents", got)
	}
	if got := interval(&r.Streams[0], 1, "offered"); got != 1 {
		t.Errorf("in the second interval %v were offered", got)
	}
	if len(r.Notes) != 1 || r.Notes[0] != "1 a replication were still waiting when it ended" {
		t.Errorf("%q", r.Notes)
	}
}

// After-work may be shorter than the queue's wrap, or longer; offers that ring too long go on.
func TestAfterWorkAndAccept(t *testing.T) {
	for after, busy := range map[string]float64{"20s": 80, "30s": 90, "50s": 110, "0s": 60} {
		r := play(t, "length: 10m", "{route: R, times: [10s], handle: {constant: 60s}}", "{group: desk, headcount: 1, afterwork: {constant: "+after+"}}")
		is(t, &r.Groups[0], map[string]float64{"occupancy": busy / 600})
	}
	// ada does not hear it for 20 s and becomes No Answer; bo is 20 s late as well.
	r := play(t, "length: 10m", "{route: R, times: [10s], handle: {constant: 60s}, patience: {constant: 50s}}", "{group: desk, headcount: 2, accept: {constant: 25s}}")
	is(t, &r.Streams[0], map[string]float64{"answered": 0, "abandoned": 1, "service_level": 0, "wait_seconds": 50, "p_wait": 0})
	is(t, &r.Groups[0], map[string]float64{"occupancy": 40. / 1200})
	r = play(t, "length: 10m", "{route: Ask, times: [10s], handle: {constant: 60s}}", "{group: desk, headcount: 2, afterwork: {constant: 25s}}")
	if len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "queue Ask/queue has no wrap") {
		t.Errorf("%q", r.Notes)
	}
}

// A break waits until the work is done, and lasts from then; one that is due meanwhile is taken after it.
func TestBreaks(t *testing.T) {
	r := play(t, "length: 10m", "{route: R, times: [90s, 160s], handle: {constant: 60s}}",
		"{group: desk, headcount: 1, breaks: [{after: {constant: 100s}, length: {constant: 60s}}]}")
	is(t, &r.Streams[0], map[string]float64{"answered": 2, "asa_seconds": 25, "p_wait": 0.5})
	r = play(t, "length: 10m", "{route: R, times: [90s, 160s], handle: {constant: 60s}}",
		"{group: desk, headcount: 1, breaks: [{after: {constant: 100s}, length: {constant: 60s}}, {after: {constant: 120s}, length: {constant: 30s}, presence: Extended Away}]}")
	is(t, &r.Streams[0], map[string]float64{"answered": 2, "asa_seconds": 40})
}

// Customers come again as often as they may, and not after the centre has closed.
func TestRetries(t *testing.T) {
	const again = "{route: R, times: [0s], handle: {constant: 60s}, patience: {constant: 10s}, retry: {probability: 1, after: {constant: 5s}, most: 2}}"
	r := play(t, "length: 10m", again, "{group: desk, headcount: 0}")
	is(t, &r.Streams[0], map[string]float64{"offered": 3, "abandoned": 3, "service_level": math.NaN(), "service_level_all": 0, "wait_seconds": 10, "asa_seconds": math.NaN()})
	r = play(t, "length: 20s", again, "{group: desk, headcount: 0}")
	is(t, &r.Streams[0], map[string]float64{"offered": 2, "abandoned": 2})
}

// Queues' exits are breakouts: of each queue that is left, and of the stream once.
func TestBreakouts(t *testing.T) {
	r := play(t, "length: 10m", "{route: Exits, times: [0s, 1s], handle: {constant: 60s}}", "{group: desk, headcount: 0}")
	is(t, &r.Streams[0], map[string]float64{"offered": 2, "breakouts": 2, "service_level_all": 0, "unfinished": 0, "wait_seconds": 15})
	is(t, &r.Queues[0], map[string]float64{"offered": 2, "breakouts": 2})
	is(t, &r.Queues[1], map[string]float64{"offered": 1, "breakouts": 1})
}

// Effects are answered as a scenario says, after a time.
func TestAnswers(t *testing.T) {
	const one, agents = "{route: Ask, times: [0s], handle: {constant: 60s}}", "{group: desk, headcount: 1}"
	for answers, queue := range map[string]string{
		"": "Ask/queue",
		"answers: {ask: {takes: {constant: 3s}, values: {Tier: gold}}}": "Ask/gold",
		"answers: {Ask/ask: {values: {Tier: gold}}, ask: {ok: false}}":  "Ask/gold",
		"answers: {ASK: {ok: false}}":                                   "",
	} {
		r := play(t, "length: 10m\n"+answers, one, agents)
		switch {
		case queue == "" && len(r.Queues) == 0:
			is(t, &r.Streams[0], map[string]float64{"arrived": 1, "offered": 0, "breakouts": 0})
		case len(r.Queues) != 1 || r.Queues[0].Name != queue:
			t.Errorf("%s: %+v", answers, r.Queues)
		}
	}
}

// Given customers bring their own handle times and patience, or have them drawn.
func TestGiven(t *testing.T) {
	files["calls.csv"] = "\ufeffpatience,AT,handle,who\n5,2026-01-05T08:00:30Z,10,x\n,10s,,y\n,2026-01-05T07:00:00Z,1,z\n"
	files["times.csv"] = "n,seconds\n1,40\n2,40\n"
	r := play(t, "length: 10m", "{route: R, csv: calls.csv, handle: {empirical: {file: times.csv, column: seconds}}, type: live}", "{group: desk, headcount: 1}")
	// The one at 10 s is worked until 50 s; the one at 30 s gives up at 35 s.
	is(t, &r.Streams[0], map[string]float64{"arrived": 2, "answered": 1, "abandoned": 1})
	is(t, &r.Groups[0], map[string]float64{"occupancy": 40. / 600})
}

// The account's own agents come first, then those it has not; skills decide who gets what.
func TestWhoWorks(t *testing.T) {
	r := play(t, "length: 10m", "{route: R, times: [0s, 0s, 0s], type: live, skills: [{name: billing}], handle: {constant: 60s}}",
		"{group: desk, headcount: 3, hire: {skills: {billing: 7}}}")
	is(t, &r.Total, map[string]float64{"answered": 3, "p_wait": 1. / 3, "agents": 3})
	s := setup(t, manual, "account: a\nlength: 1h\nstreams: [{route: R, times: [0s], handle: {constant: 1s}}]\nagents: [{group: desk, headcount: 3, hire: {capacity: {live: 60}}}, {group: desk, name: other, headcount: 1, hire: {}}]")
	if got := fmt.Sprint(s.crews[0].members, s.crews[1].members); got != "[ada bo desk-0001] [other-0001]" {
		t.Error(got)
	}
}

// The same seed gives the same bytes, however many replications run at once; another gives others. What
// one stream brings does not depend on another.
func TestSameSeed(t *testing.T) {
	const scenario = `account: a
length: 4h
interval: 1h
warmup: 1h
replications: 8
busyness: {gamma: {shape: 20, rate: 20}}
streams:
  - {name: a, route: R, type: live, arrivals: [20, 30, 30, 20], handle: {lognormal: {mean: 180s, sd: 60s}}, patience: {exp: 60s}, retry: {probability: 0.5, after: {exp: 120s}}}
%s
agents: [{group: desk, headcount: [2, 3, 3, 2], hire: {}, accept: {uniform: {from: 1s, to: 5s}}, afterwork: {exp: 20s}}]
`
	written := func(more string, seed int64, workers int) string {
		s := setup(t, manual, fmt.Sprintf(scenario, more))
		s.Seed = seed
		r, err := Run(context.Background(), s, workers, new(Meter))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		for _, write := range []func() error{func() error { return r.WriteJSON(&b) }, func() error { return r.WriteCSV(&b) },
			func() error { return r.WriteHTML(&b) }, func() error { return r.WriteText(&b, true) }} {
			if err := write(); err != nil {
				t.Fatal(err)
			}
		}
		return b.String()
	}
	first := written("", 1, 1)
	if second := written("", 1, 4); first != second {
		t.Error("several at once give other figures")
	}
	if other := written("", 2, 4); first == other {
		t.Error("another seed gives the same figures")
	}
}

// What one stream brings does not depend on another.
func TestSameCustomers(t *testing.T) {
	const scenario = "account: a\nlength: 4h\nbusyness: {gamma: {shape: 20, rate: 20}}\nagents: [{group: desk, headcount: 2}]\nstreams:\n  - {name: a, route: R, type: live, arrivals: 90, handle: {exp: 60s}}\n"
	alone := simulate(t, manual, scenario, 5)
	both := simulate(t, manual, scenario+"  - {name: b, route: R, type: live, arrivals: 40, handle: {exp: 60s}}\n", 5)
	if a, b := alone.Streams[0].Of("arrived"), both.Streams[0].Of("arrived"); a != b {
		t.Errorf("%+v arrived alone, %+v beside others", a, b)
	}
	if a, b := alone.Streams[0].Of("asa_seconds"), both.Streams[0].Of("asa_seconds"); a == b {
		t.Error("the other stream changed nothing")
	}
}

// What JSON is named is what people rely on.
func TestJSON(t *testing.T) {
	r := play(t, "length: 10m", "{route: R, times: [0s], handle: {constant: 60s}}", "{group: desk, headcount: 1}")
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	member := func(names ...string) any {
		at := any(got)
		for _, name := range names {
			at = at.(map[string]any)[name]
		}
		return at
	}
	alone := map[string]any{"mean": 1.0, "sd": nil, "ci95": nil}
	for _, path := range []string{"streams R offered", "streams R answered", "streams R in_target", "streams R service_level", "queues P/queue offered", "groups desk agents", "total answered"} {
		if x := member(strings.Fields(path)...); fmt.Sprint(x) != fmt.Sprint(alone) {
			t.Errorf("%s is %v", path, x)
		}
	}
	for _, path := range []string{"streams R abandoned mean", "streams R asa_seconds mean", "streams R p_wait mean", "total service_level mean", "groups desk occupancy mean"} {
		if _, is := member(strings.Fields(path)...).(float64); !is {
			t.Errorf("there is no %s", path)
		}
	}
	first := member("streams", "R", "intervals").([]any)[0].(map[string]any)
	if first["start"] != "2026-01-05T08:00:00.000Z" || first["offered"] == nil || member("replications") != 1.0 {
		t.Errorf("%v", first)
	}
}

// Figures have the mean, the standard deviation and the interval that a table of Student's t gives.
func TestEstimate(t *testing.T) {
	var e Estimate
	var squares float64
	for _, x := range []float64{4, math.NaN(), 7, 9, 12} {
		e.add(x, &squares)
	}
	all := []Estimate{e}
	quantiles{}.finish(all)
	low, high, ok := all[0].CI95()
	if e.N != 4 || e.Mean != 8 || math.Abs(e.SD-math.Sqrt(34./3)) > 1e-12 || !ok || math.Abs(high-8-3.18245*e.SD/2) > 1e-4 || math.Abs(low+high-16) > 1e-12 {
		t.Errorf("%+v, %v to %v", e, low, high)
	}
}
