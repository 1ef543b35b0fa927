package simulate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// staffed searches on a scenario whose head-counts are the most that may be.
func staffed(t *testing.T, account, scenario string, workers int, goals ...Goal) (*Staffing, *Setup) {
	t.Helper()
	s := setup(t, account, scenario)
	r, err := Staff(context.Background(), s, StaffOptions{Goals: goals, Workers: workers}, new(Meter))
	if err != nil {
		t.Fatal(err)
	}
	return r, s
}

func eightyTwenty(stream string) Goal {
	return Goal{Figure: "service_level", Stream: stream, Level: 0.8, Within: 20_000}
}

// A constant load needs the agents that Erlang C says. The loads are such that the last agent too many and
// the first one too few are well off the goal.
func TestStaffErlangC(t *testing.T) {
	for _, erlangs := range []float64{5, 12} {
		q, least := erlang{mean: 180_000}, int(erlangs)+1
		for ; ; least++ {
			if q.servers, q.load = least, erlangs/float64(least); q.level(20) >= 0.8 {
				break
			}
		}
		customers := int(erlangs / 180 * 36_000 * 5)
		scenario := fmt.Sprintf("account: a\nwarmup: 2h\nlength: 50h\nreplications: 8\nstreams: [{route: R, type: live, arrivals: %d, handle: {exp: 180s}}]\nagents: [{group: desk, headcount: %d, hire: {}}]\n", customers, 3*least)
		r, _ := staffed(t, account, scenario, 2, eightyTwenty(""))
		if got := r.Intervals[0].Groups[0].Agents; got != least {
			t.Errorf("%v erlangs need %d agents by the formula (%v), %d were found", erlangs, least, q.level(20), got)
		}
	}
}

// Work that the first interval leaves over is the second one's: three who come at the very end of the first are
// served by three agents of one interval or the other, although nobody comes in the second.
func TestStaffCarryOver(t *testing.T) {
	const scenario = "account: a\nlength: 20m\ninterval: 10m\nreplications: 2\nstreams: [{route: R, type: live, times: [595s, 596s, 597s], handle: {constant: 300s}}]\nagents: [{group: desk, headcount: 9, hire: {}}]\n"
	r, _ := staffed(t, account, scenario, 2, Goal{Figure: "asa_seconds", Level: 10})
	if a, b := r.Intervals[0].Groups[0].Agents, r.Intervals[1].Groups[0].Agents; a+b != 3 {
		t.Errorf("%d and %d agents", a, b)
	}
}

const skilled = `account: acme
skills: [x, y]
groups: [one, both]
plans:
  - {name: P, start: queue, applets: {queue: {type: queue, accept: auto, target: 20s}}}
routes:
  - {name: R, plan: P}
`

const skilledScenario = `account: a
length: 4h
interval: 2h
replications: 6
streams:
  - {name: x, route: R, type: live, arrivals: [40, 60], skills: [{name: x}], handle: {exp: 180s}}
  - {name: y, route: R, type: live, arrivals: [30, 20], skills: [{name: y}], handle: {exp: 180s}}
agents:
  - {group: one, headcount: %d, hire: {skills: {x: 5}}}
  - {group: both, headcount: %d, hire: {skills: {x: 5, y: 5}}}
`

// Two groups of which one has both skills: what is found reaches the goals, one less anywhere does not, and no
// staffing of a small grid reaches them with fewer agent-hours.
func TestStaffSkills(t *testing.T) {
	const most = 6
	scenario := strings.Replace(fmt.Sprintf(skilledScenario, most, most), "length: 4h", "length: 2h", 1)
	scenario = strings.NewReplacer("[40, 60]", "40", "[30, 20]", "30").Replace(scenario)
	goals := []Goal{eightyTwenty("x"), eightyTwenty("y")}
	r, s := staffed(t, skilled, scenario, 2, goals...)
	f := &search{ctx: context.Background(), setup: s.within(goals), opt: StaffOptions{Goals: goals, Workers: 2}, meter: new(Meter), tried: map[string]*trial{}}
	least := 2 * most
	for a := range most + 1 {
		for b := range most + 1 {
			f.counts = [][]int{{a}, {b}}
			got, err := f.try()
			if err != nil {
				t.Fatal(err)
			}
			if f.miss(got) == nil {
				least = min(least, a+b)
			}
		}
	}
	if got := r.Intervals[0].Groups[0].Agents + r.Intervals[0].Groups[1].Agents; got != least {
		t.Errorf("%d agents were found, %d are enough: %+v", got, least, r.Intervals[0].Groups)
	}
}

// One agent less anywhere breaks a goal, as is said; and the same comes out on any number of processors.
func TestStaffLeastAndSame(t *testing.T) {
	easy := Goal{Figure: "service_level", Level: 0.3, Within: 60_000} // the search begins with too many
	for _, goals := range [][]Goal{{eightyTwenty("x"), eightyTwenty("y")}, {easy}} {
		leastAndSame(t, goals)
	}
}

func leastAndSame(t *testing.T, goals []Goal) {
	t.Helper()
	scenario := fmt.Sprintf(skilledScenario, 12, 12)
	r, s := staffed(t, skilled, scenario, 2, goals...)
	f := &search{ctx: context.Background(), setup: s.within(goals), opt: StaffOptions{Goals: goals, Workers: 1}, meter: new(Meter), tried: map[string]*trial{}}
	f.counts = [][]int{{}, {}}
	for _, i := range r.Intervals {
		for n, g := range i.Groups {
			f.counts[n] = append(f.counts[n], g.Agents)
		}
	}
	misses := func() *Broken {
		got, err := f.try()
		if err != nil {
			t.Fatal(err)
		}
		return f.miss(got)
	}
	if b := misses(); b != nil {
		t.Errorf("what was found misses: %v", b)
	}
	for i, x := range r.Intervals {
		for n, g := range x.Groups {
			if g.Agents == 0 {
				continue
			}
			f.counts[n][i]--
			if b := misses(); b == nil || g.OneLess == nil || *b != *g.OneLess {
				t.Errorf("one less of %s in interval %d breaks %v, told was %v", r.Groups[n], i, b, g.OneLess)
			}
			f.counts[n][i]++
		}
	}
	again, _ := staffed(t, skilled, scenario, 1, goals...)
	var a, b bytes.Buffer
	if err := errors.Join(r.WriteJSON(&a), again.WriteJSON(&b), r.WriteText(new(bytes.Buffer))); err != nil || a.String() != b.String() {
		t.Errorf("%v: not the same:\n%s\n%s", err, &a, &b)
	}
}

// Goals that nobody can reach are refused with what limits them.
func TestStaffImpossible(t *testing.T) {
	s := setup(t, manual, "account: a\nlength: 1h\nreplications: 2\nstreams: [{route: R, type: live, arrivals: 200, handle: {exp: 180s}}]\nagents: [{group: desk, headcount: 2}]\n")
	_, err := Staff(context.Background(), s, StaffOptions{Goals: []Goal{eightyTwenty("")}, Workers: 1}, new(Meter))
	if !errors.Is(err, ErrImpossible) || !strings.Contains(err.Error(), "2 of desk") || !strings.Contains(err.Error(), "hire") {
		t.Error(err)
	}
}
