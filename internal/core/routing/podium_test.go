package routing

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"switchyard"
)

// TestPodium keeps one bucket's podium alive while agents come, go and wait, so that it overflows,
// runs empty and is made anew; the naive twin compares everybody each time.
func TestPodium(t *testing.T) {
	for seed := uint64(1); seed <= 300; seed++ {
		w := &world{t: t, seed: seed, r: rand.New(rand.NewPCG(seed, 3)), x: New(), n: &naive{}, now: 1_000_000}
		w.x.crowd, w.x.podiumPlaces = 0, 7+w.r.IntN(3)
		w.skills = []SkillID{w.x.Skill("one")}
		for range 5 + w.r.IntN(12) {
			w.addAgent()
		}
		for range 150 {
			w.now++
			w.presence()
			if w.r.IntN(20) == 0 {
				w.regrade()
			}
			w.offerOnce()
		}
	}
}

// offerOnce offers work that asks for nothing, compares, and ends it at once.
func (w *world) offerOnce() {
	w.ids++
	it := &Item{ID: switchyard.NewID(w.now, w.ids, 1), Since: w.now, Band: switchyard.Normal}
	w.x.Enqueue(it, w.now)
	w.n.queue = append(w.n.queue, it)
	_, a, reason, ok := w.n.match(w.x, w.now)
	_, gotAgent, got, gotOK := w.x.Match(w.now)
	if ok != gotOK || a != gotAgent || !reflect.DeepEqual(got, reason) {
		w.t.Fatalf("seed %d: reason is\n%+v, want\n%+v", w.seed, got, reason)
	}
	w.x.Remove(it)
	w.dequeue(it)
	if ok && w.r.IntN(2) == 0 {
		a.IdleSince = w.now
		w.x.AgentChanged(a)
	}
}
