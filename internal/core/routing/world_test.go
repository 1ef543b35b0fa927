package routing

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"switchyard"
)

var (
	worldSeed = flag.Uint64("world.seed", 0, "run the one random world with this seed")
	worlds    = flag.Int("worlds", 10_000, "how many random worlds to run")
)

// TestIndexAgreesWithNaiveTwin lives random little worlds with everything mixed in, and compares
// the index with the naive twin at every millisecond of them.
func TestIndexAgreesWithNaiveTwin(t *testing.T) {
	if *worldSeed != 0 {
		runWorld(t, *worldSeed)
		return
	}
	count := *worlds
	if testing.Short() {
		count = min(count, 1_000)
	}
	total := tally{}
	for seed := uint64(1); seed <= uint64(count) && !t.Failed(); seed++ {
		total.add(runWorld(t, seed))
	}
	t.Logf("%d worlds: %+v", count, total)
	if count >= 1_000 {
		total.demand(t)
	}
}

// TestBigWorlds is the same with more of everything and the thresholds of real use.
func TestBigWorlds(t *testing.T) {
	for seed := uint64(1); seed <= 3 && !t.Failed(); seed++ {
		w := &world{t: t, seed: seed, r: rand.New(rand.NewPCG(seed, 4)), x: New(), n: &naive{}}
		w.now = 1_000_000
		for i := range 12 {
			w.skills = append(w.skills, w.x.Skill(fmt.Sprint("skill", i)))
		}
		w.groups = []GroupID{w.x.Group("one"), w.x.Group("two")}
		for range 150 {
			w.addAgent()
		}
		for range 200 {
			w.enqueue()
		}
		for range 100 {
			w.step()
		}
	}
}

// tally counts what the worlds contained, so that the test cannot pass by testing nothing.
type tally struct {
	Matches, Personal, Only, Stranded, Unservable, Runners, Alarms, Partial, Sweeps, Wide, Ageing, Cooled int
}

func (c *tally) add(o tally) {
	into, from := reflect.ValueOf(c).Elem(), reflect.ValueOf(o)
	for i := range into.NumField() {
		into.Field(i).SetInt(into.Field(i).Int() + from.Field(i).Int())
	}
}

func (c *tally) demand(t *testing.T) {
	v := reflect.ValueOf(*c)
	for i := range v.NumField() {
		if v.Field(i).Int() < 100 {
			t.Errorf("the worlds hardly contain %s: %d", v.Type().Field(i).Name, v.Field(i).Int())
		}
	}
}

// world is an index and its naive twin over the same agents and items.
type world struct {
	t       *testing.T
	seed    uint64
	r       *rand.Rand
	x       *Index
	n       *naive
	now     switchyard.Instant
	ids     uint64
	names   int
	skills  []SkillID
	groups  []GroupID
	removed []*Agent
	offered []offer
	crowded bool // many agents fit nearly everything
	log     []string
	tally   tally
}

type offer struct {
	it   *Item
	a    *Agent
	size int
}

func runWorld(t *testing.T, seed uint64) tally {
	w := &world{t: t, seed: seed, r: rand.New(rand.NewPCG(seed, 2)), x: New(), n: &naive{}, now: 1_000_000}
	w.x.sweepAfter = 1 + w.r.IntN(8)
	w.x.wideAtLeast = w.r.IntN(4)
	w.x.crowd, w.x.podiumPlaces = w.r.IntN(4), 7+w.r.IntN(4)
	w.x.maxGained = w.r.IntN(9)
	for i := range 1 + w.r.IntN(5) {
		w.skills = append(w.skills, w.x.Skill(fmt.Sprintf("skill%d", i)))
	}
	for i := range w.r.IntN(4) {
		w.groups = append(w.groups, w.x.Group(fmt.Sprintf("group%d", i)))
	}
	agents := w.r.IntN(8)
	if w.r.IntN(5) == 0 {
		w.crowded = true
		agents = 10 + w.r.IntN(15)
	}
	if w.r.IntN(20) == 0 {
		agents = 60 + w.r.IntN(20)
	}
	for range agents {
		w.addAgent()
	}
	defer func() {
		if p := recover(); p != nil {
			w.fail("panic: %v", p)
			panic(p)
		}
	}()
	steps := 20 + w.r.IntN(60)
	for range steps {
		w.step()
		if t.Failed() {
			break
		}
	}
	return w.tally
}

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	for _, line := range w.log[max(0, len(w.log)-30):] {
		w.t.Log(line)
	}
	w.t.Errorf("at %d: "+format, append([]any{w.now}, args...)...)
	w.t.Fatalf("repeat with: go test -run TestIndexAgreesWithNaiveTwin -world.seed=%d", w.seed)
}

func (w *world) note(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf("%d ", w.now)+fmt.Sprintf(format, args...))
}

// step does something to the world, mostly settles it, and compares.
func (w *world) step() {
	ops := []struct {
		weight int
		do     func()
	}{
		{10, w.enqueue}, {2, w.remove}, {3, w.update}, {6, w.presence}, {5, w.finish}, {3, w.decline},
		{2, w.regrade}, {1, w.addAgent}, {1, w.removeAgent}, {4, w.pass}, {1, w.flipAgeing}, {1, w.resize},
	}
	sum := 0
	for _, op := range ops {
		sum += op.weight
	}
	pick := w.r.IntN(sum)
	for _, op := range ops {
		if pick -= op.weight; pick < 0 {
			op.do()
			break
		}
	}
	w.compare()
	if w.r.IntN(4) > 0 {
		w.settle()
	}
}

// settle takes stranded work out or leaves it, and matches until nothing fits.
func (w *world) settle() {
	for range 1 + w.r.IntN(3) {
		w.sameStranded(w.r.IntN(2) == 0)
	}
	w.match()
}

func (w *world) match() {
	for {
		it, a, reason, ok := w.n.match(w.x, w.now)
		gotItem, gotAgent, got, gotOK := w.x.Match(w.now)
		if ok != gotOK || it != gotItem || a != gotAgent {
			w.fail("match is %s, want %s", pair(gotItem, gotAgent), pair(it, a))
		}
		if !reflect.DeepEqual(reason, got) {
			w.fail("reason is\n%+v, want\n%+v", got, reason)
		}
		if !ok {
			return
		}
		w.checkReason(it, got)
		w.count(it, got)
		w.offer(it, a)
		if w.r.IntN(12) == 0 {
			return
		}
	}
}

func (w *world) count(it *Item, r switchyard.Reason) {
	w.tally.Matches++
	for _, c := range []struct {
		on bool
		n  *int
	}{
		{r.Order.Personal, &w.tally.Personal}, {it.Only != nil, &w.tally.Only}, {len(r.Next) > 0, &w.tally.Runners},
		{w.n.ageing, &w.tally.Ageing}, {r.Excluded.Cooldown > 0, &w.tally.Cooled},
	} {
		if c.on {
			*c.n++
		}
	}
}

// checkReason is the independent reader: the reason alone, with the number of agents, must lead to
// the same winner.
func (w *world) checkReason(it *Item, r switchyard.Reason) {
	all := append([]switchyard.Standing{r.Chosen}, r.Next...)
	for i := 1; i < len(all); i++ {
		if first, _ := better(all[i-1], all[i]); !first {
			w.fail("%v is named before %v", all[i-1], all[i])
		}
		if _, key := better(r.Chosen, all[i]); key != all[i].Lost {
			w.fail("%v lost by %s", all[i], key)
		}
	}
	e := r.Excluded
	counted := r.Considered + e.NotReady + e.Group + e.Skill + e.Cooldown + e.Room + e.Other
	if counted != len(w.n.agents) {
		w.fail("%d agents are counted of %d", counted, len(w.n.agents))
	}
	if len(all) != min(r.Considered, 1+switchyard.MaxRunnersUp) {
		w.fail("%d agents are named of %d", len(all), r.Considered)
	}
}

func (w *world) offer(it *Item, a *Agent) {
	w.note("offer %s", pair(it, a))
	w.x.Remove(it)
	w.dequeue(it)
	o := offer{it, a, a.Sizes[it.Class]}
	a.Load += o.size
	a.IdleSince = w.now
	w.x.AgentChanged(a)
	w.offered = append(w.offered, o)
}

func (w *world) dequeue(it *Item) {
	w.n.queue = slices.DeleteFunc(w.n.queue, func(o *Item) bool { return o == it })
}

// compare checks everything that can be asked without changing the world.
func (w *world) compare() {
	if w.x.Waiting() != len(w.n.queue) {
		w.fail("%d wait, want %d", w.x.Waiting(), len(w.n.queue))
	}
	if w.x.Alarm() <= w.now {
		w.fail("the alarm %d is in the past", w.x.Alarm())
	}
	for _, it := range w.n.queue {
		w.compareItem(it)
	}
	if len(w.n.queue) > 0 && w.r.IntN(3) == 0 {
		w.compareExplanation(w.n.queue[w.r.IntN(len(w.n.queue))])
	}
	for _, b := range w.x.buckets {
		if b == nil {
			w.tally.Sweeps++
		} else if b.wide {
			w.tally.Wide++
		}
	}
}

func (w *world) compareItem(it *Item) {
	if !it.Queued() {
		w.fail("%v does not wait", it.ID)
	}
	if got, want := w.x.PersonalActive(it, w.now), w.n.personalActive(it, w.now); got != want {
		w.fail("personal queue of %d active: %v", it.ID.Counter(), got)
	}
	if got, want := w.x.PersonalOver(it, w.now), w.n.personalOver(it, w.now); got != want {
		w.fail("personal queue of %d over: %v", it.ID.Counter(), got)
	}
	got, want := w.x.Servable(it), w.n.servable(it)
	if got != want {
		w.fail("%d servable: %v", it.ID.Counter(), got)
	}
	if !want {
		w.tally.Unservable++
	}
	if len(w.n.agents) == 0 {
		return
	}
	a := w.n.agents[w.r.IntN(len(w.n.agents))]
	ok, cause := w.x.Fits(it, a, w.now)
	if want := w.n.cause(it, a, w.now); cause != want || ok != (want == "") {
		w.fail("%s fits %d: %q, want %q", a.Username, it.ID.Counter(), cause, want)
	}
}

func (w *world) compareExplanation(it *Item) {
	e := w.x.Explain(it, w.now)
	fit, excluded := w.n.fitting(it, w.now)
	requires, prefers := w.n.wishes(w.x, it, w.now)
	if e.Considered != len(fit) || e.Excluded != excluded ||
		!slices.Equal(e.Requires, requires) || !slices.Equal(e.Prefers, prefers) {
		w.fail("explanation %+v, want %d %+v %v %v", e, len(fit), excluded, requires, prefers)
	}
	ahead := slices.Index(w.n.ordered(w.now), it)
	key := w.n.orderKey(it, w.now)
	key.Place = ahead + 1
	if e.Ahead != ahead || *e.Order != key {
		w.fail("%d are ahead of %d, want %d; %+v, want %+v", e.Ahead, it.ID.Counter(), ahead, *e.Order, key)
	}
	if want := it.Only == nil && w.n.personalOver(it, w.now) && !w.n.servable(it); e.Unserveable != want {
		w.fail("unserveable: %v", e.Unserveable)
	}
	if e.Summary == "" || len(e.Agents) > 10 {
		w.fail("explanation %+v", e)
	}
	for _, m := range e.Agents {
		a := w.agentNamed(m.Agent)
		if want := w.n.cause(it, a, w.now); m.Cause != want {
			w.fail("%s misses %d by %s, want %s", m.Agent, it.ID.Counter(), m.Cause, want)
		}
	}
}

func (w *world) agentNamed(name string) *Agent {
	i := slices.IndexFunc(w.n.agents, func(a *Agent) bool { return a.Username == name })
	return w.n.agents[i]
}

func (w *world) sameStranded(leave bool) {
	want, got := w.n.stranded(w.now), w.x.Stranded(w.now)
	if want != got {
		w.fail("stranded is %s, want %s", pair(got, nil), pair(want, nil))
	}
	if want != nil {
		w.tally.Stranded++
	}
	if want != nil && leave {
		w.note("stranded %s leaves", pair(want, nil))
		w.x.Remove(want)
		w.dequeue(want)
	}
}

func pair(it *Item, a *Agent) string {
	switch {
	case it == nil:
		return "nothing"
	case a == nil:
		return fmt.Sprint(it.ID.Counter())
	}
	return fmt.Sprintf("%d to %s", it.ID.Counter(), a.Username)
}

// pass lets milliseconds go by; at those without an alarm nothing may come to fit or strand.
func (w *world) pass() {
	w.match2()
	for range w.r.IntN(25) {
		w.now++
		if w.x.Alarm() > w.now {
			w.quiet()
			continue
		}
		w.tally.Alarms++
		w.note("alarm")
		limit := w.r.IntN(3)
		for !w.x.Advance(w.now, limit) {
			w.tally.Partial++
		}
		w.compare()
		w.settle()
		w.match2()
	}
}

// match2 brings matching to its end.
func (w *world) match2() {
	for {
		if _, _, _, ok := w.n.match(w.x, w.now); !ok {
			w.match()
			return
		}
		w.match()
	}
}

func (w *world) quiet() {
	if it, a, _, ok := w.n.match(w.x, w.now); ok {
		w.fail("without an alarm, %s", pair(it, a))
	}
	if want, got := w.n.stranded(w.now), w.x.Stranded(w.now); want != got {
		w.fail("without an alarm, stranded is %s, want %s", pair(got, nil), pair(want, nil))
	}
}
