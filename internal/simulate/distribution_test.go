package simulate

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"switchyard/internal/config"
)

// Each distribution draws what it says: its mean and standard deviation, in seconds.
func TestDistributions(t *testing.T) {
	for text, want := range map[string][2]float64{
		"{exp: 3m}":                                  {180, 180},
		"{lognormal: {mean: 3m, sd: 90s}}":           {180, 90},
		"{lognormal: {mu: 5, sigma: 0.5}}":           {math.Exp(5.125), math.Exp(5.125) * math.Sqrt(math.Exp(0.25)-1)},
		"{gamma: {mean: 3m, sd: 60s}}":               {180, 60},
		"{gamma: {shape: 4, rate: 0.02}}":            {200, 100},
		"{uniform: {from: 10s, to: 70s}}":            {40, math.Sqrt(300)},
		"{constant: 1500ms}":                         {1.5, 0},
		"{empirical: {values: [10s, 10s, 40s, 60]}}": {30, math.Sqrt(450)},
	} {
		var d Distribution
		if _, problems := config.ReadInto("d", []byte(text), &d, nouns); problems != nil {
			t.Fatal(problems)
		}
		s := d.make(source(1, 0, text, "test"))
		const n = 200_000
		var sum, squares float64
		for range n {
			x := seconds(length(s))
			sum, squares = sum+x, squares+x*x
		}
		mean := sum / n
		sd := math.Sqrt(max(squares/n-mean*mean, 0))
		if math.Abs(mean-want[0]) > 5*want[1]/math.Sqrt(n)+1e-6 || math.Abs(sd-want[1]) > 0.02*want[1]+1e-6 {
			t.Errorf("%s has mean %v and sd %v, not %v", text, mean, sd, want)
		}
	}
}

// Arrivals are as many as expected in each interval, as uneven as Poisson's, and busier on busy days.
func TestArrivals(t *testing.T) {
	const scenario = `account: a
length: 2h
interval: 1h
replications: 2000
agents: [{group: desk, headcount: 1}]
streams: [{route: R, arrivals: [10, 40], handle: {constant: 0s}}]
`
	r := simulate(t, manual, scenario, 11)
	for n, want := range []float64{10, 40} {
		e := r.Streams[0].Intervals[n].Estimates[r.Streams[0].places([]string{"arrived"})[0]]
		if math.Abs(e.Mean-want) > 5*math.Sqrt(want/2000) || math.Abs(e.SD/math.Sqrt(want)-1) > 0.08 {
			t.Errorf("in interval %d there come %v, with sd %v; not %v", n, e.Mean, e.SD, want)
		}
	}
	r = simulate(t, manual, scenario+"busyness: {gamma: {shape: 4, rate: 4}}\n", 11)
	sd := math.Sqrt(50 + 50*50/4)
	if e := r.Streams[0].Of("arrived"); math.Abs(e.Mean-50) > 5*sd/math.Sqrt(2000) || math.Abs(e.SD/sd-1) > 0.08 {
		t.Errorf("on days more or less busy there come %v, with sd %v; not 50 with %v", e.Mean, e.SD, sd)
	}
}

// What is wrong with a scenario is told with its line and column, and what is allowed.
func TestFaults(t *testing.T) {
	const good = `account: a
length: 2h
interval: 1h
streams:
  - {route: R, arrivals: 10, handle: {exp: 60s}}
agents:
  - {group: desk, headcount: 2}
`
	if _, problems := prepare(manual, good); problems != nil {
		t.Fatal(problems)
	}
	for _, c := range []struct{ from, to, want string }{
		{"arrivals: 10", "arivals: 10", "5:16: streams[0].arivals: unknown key; allowed for stream: name, route, type"},
		{"arrivals: 10", "arivals: 10", "did you mean arrivals?"},
		{"route: R", "route: Q", `5:6: streams[0].route: the account has no route "Q"; allowed: R, Exits, Ask`},
		{"exp: 60s", "expo: 60s", "5:39: streams[0].handle.expo: unknown key; allowed for distribution: exp, lognormal, gamma, uniform, constant, empirical"},
		{"{exp: 60s}", "{}", "5:30: streams[0].handle: must be one distribution, such as {exp: 180s}; allowed: exp,"},
		{"{exp: 60s}", "[{exp: 60s}, {exp: 1s}, {exp: 2s}]", "5:30: streams[0].handle: has 3 values; write one for all intervals, or one for each of the 2 intervals of 1h"},
		{"exp: 60s", "lognormal: {mean: 60s, mu: 3}", "takes {mean: 180s, sd: 90s}, or {mu"},
		{"exp: 60s", "gamma: {mean: 60s}", "takes {mean: 180s, sd: 90s}, or {shape"},
		{"exp: 60s", "uniform: {from: 60s, to: 3s}", "goes from 1m down to 3s"},
		{"exp: 60s", "empirical: {}", "takes {values: [40s, 75s, …]}, or {file"},
		{"exp: 60s", "empirical: {file: none.csv}", "read none.csv: file does not exist"},
		{", handle: {exp: 60s}", "", "5:6: streams[0].handle: is missing"},
		{"arrivals: 10", "arrivals: -1", "streams[0].arrivals: cannot be below 0"},
		{"arrivals: 10", "arrivals: ten", "streams[0].arrivals: must be a number, not text"},
		{"arrivals: 10, ", "", "needs one of arrivals (expected in an interval), times and csv"},
		{"arrivals: 10", "times: [3h]", "streams[0].times[0]: is past the end of arrivals, which is 2h after start"},
		{"arrivals: 10", "arrivals: 10, type: phone", `"phone" is no interaction type`},
		{"arrivals: 10", "arrivals: 10, band: urgent", `"urgent" is no band`},
		{"arrivals: 10", "arrivals: 10, skills: [{name: biling}]", `streams[0].skills[0].name: the account has no skill "biling"; allowed: billing; did you mean billing?`},
		{"arrivals: 10", "arrivals: 10, properties: {clid: 1}", "is a built-in data source and cannot be given"},
		{"arrivals: 10", "arrivals: 10, retry: {probability: 2, after: {exp: 1s}}", "retry.probability: must be from 0 to 1"},
		{"arrivals: 10", "arrivals: 10, busyness: {gamma: {shape: 2}}", "needs gamma: {shape: …, rate: …}"},
		{"headcount: 2", "headcount: 3", "7:19: agents[0].headcount: asks for 3; the account has 2 such agents (hire"},
		{"headcount: 2", "headcount: [2]", ""},
		{"headcount: 2", "headcount: [2, 1, 1]", "has 3 values; write one for all intervals, or one for each of the 2"},
		{"group: desk", "group: dusk", `the account has no group "dusk"; allowed: desk, late; did you mean desk?`},
		{"headcount: 2", "headcount: 2, hire: {skills: {billing: 11}}", "agents[0].hire.skills.billing: must be a level from 1 to 10"},
		{"headcount: 2", "headcount: 2, breaks: [{after: {exp: 1h}, length: {exp: 1m}, presence: Ready}]", "no presence for a break"},
		{"interval: 1h", "interval: 50m", "3:1: interval: must divide length, which is 2h, into whole intervals"},
		{"length: 2h", "length: 0s", "2:1: length: is missing"},
		{"interval: 1h", "interval: 1h\nstart: monday", "4:1: start: "},
		{"interval: 1h", "interval: 1h\nreplications: -1", "replications: must be from 1 to 100000"},
		{"interval: 1h", "interval: 1h\nanswers: {ask: {takes: {exp: 1s, constant: 1s}}}", "answers.ask.takes: must be one distribution"},
	} {
		_, problems := prepare(manual, strings.Replace(good, c.from, c.to, 1))
		if got := fmt.Sprint(config.Problems(problems)); !strings.Contains(got, c.want) || (c.want == "") != (problems == nil) {
			t.Errorf("%s: %s\nnot %s", c.to, got, c.want)
		}
	}
}
