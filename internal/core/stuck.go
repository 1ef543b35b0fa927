package core

import (
	"cmp"
	"fmt"
	"slices"

	"switchyard"
	"switchyard/internal/core/routing"
)

// StuckWhy says why work gets nowhere by itself.
type StuckWhy string

// Why work is stuck. Only of work that no timer brings on: what has a queue exit ahead, or a skill
// that expires, is not stuck yet.
const (
	StuckLost        StuckWhy = "lost"        // with an agent whose desktop is not heard
	StuckUnserveable StuckWhy = "unserveable" // no agent of the account could ever take it
	StuckUnstaffed   StuckWhy = "unstaffed"   // nobody who may take it is logged in
	StuckWaiting     StuckWhy = "noprogress"  // its plan has waited for the world for NoProgressAfter
)

// NoProgressAfter is how long a plan may wait for an effect before its interaction is called stuck.
const NoProgressAfter = 5 * switchyard.Minute

// Stuck is work that somebody has to look at.
type Stuck struct {
	Record *Record
	Why    StuckWhy
	Since  switchyard.Instant // of its state; of queued work, waiting since
	Text   string             // one sentence
}

// Stuck lists what gets nowhere by itself, longest first within each why, at most limit of each; more
// reports that there is more. It looks at lost agents, at buckets of waiting work and at pending effects,
// not at all that lives.
func (s *State) Stuck(now switchyard.Instant, limit int) (all []Stuck, more bool) {
	queued, everything := s.stuckQueued(now, 10*limit)
	more = !everything
	for _, found := range [][]Stuck{s.stuckLost(), s.stuckWaiting(now), queued} {
		slices.SortStableFunc(found, func(a, b Stuck) int {
			return cmp.Or(cmp.Compare(a.Why, b.Why), cmp.Compare(a.Since, b.Since),
				cmp.Compare(a.Record.ID.Counter(), b.Record.ID.Counter()))
		})
		of := map[StuckWhy]int{}
		for _, x := range found {
			if of[x.Why]++; of[x.Why] > limit {
				more = true
				continue
			}
			all = append(all, x)
		}
	}
	return all, more
}

// stuckLost is what lies with agents whose desktops are not heard.
func (s *State) stuckLost() (all []Stuck) {
	for _, a := range s.roster {
		if !a.lost {
			continue
		}
		for _, i := range a.mine {
			all = append(all, Stuck{s.record(i), StuckLost, i.entered,
				fmt.Sprintf("The desktop of %s, who has it, is not heard.", a.Username)})
		}
	}
	return all
}

// stuckWaiting is what waits in its plan for effects that have been asked for long ago.
func (s *State) stuckWaiting(now switchyard.Instant) (all []Stuck) {
	seen := map[switchyard.ID]bool{}
	for _, id := range sortedIDs(s.pending) {
		f := s.pending[id]
		if f.Kind == switchyard.EffectCallback || now.Sub(f.Created) < NoProgressAfter {
			continue
		}
		i := s.find(f.Interaction)
		if i == nil || !i.waits() || i.until != 0 || i.rare == nil || !slices.Contains(i.rare.effects, f.ID) || seen[i.ID] {
			continue
		}
		seen[i.ID] = true
		all = append(all, Stuck{s.record(i), StuckWaiting, i.entered, s.whereabouts(i)})
	}
	return all
}

// stuckQueued is what waits where nobody comes to take it. It looks at no more than limit of a kind.
func (s *State) stuckQueued(now switchyard.Instant, limit int) (all []Stuck, everything bool) {
	everything = s.index.Unserved(limit, func(it *routing.Item, ever bool) {
		i := s.find(it.ID)
		if ever && s.unserveable(i, now) {
			all = append(all, Stuck{s.record(i), StuckUnserveable, i.Since,
				"No agent of the account can ever take it: none " + s.index.WantText(it) + "."})
			return
		}
		if i.queueEnd != 0 || slices.ContainsFunc(it.Demands, func(d routing.Demand) bool { return expires(d, now) }) {
			return
		}
		all = append(all, Stuck{s.record(i), StuckUnstaffed, i.Since, "Nobody who may take it is logged in."})
	})
	return all, everything
}

// expires reports whether time will take a requirement off.
func expires(d routing.Demand, now switchyard.Instant) bool {
	return d.Until > now && d.Until != switchyard.Never
}
