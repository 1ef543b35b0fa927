package core

import (
	"slices"
	"strings"

	"switchyard"
	"switchyard/internal/core/plan"
	"switchyard/internal/core/routing"
)

// queue keeps the figures of one queue: who waits, and what happened in the last hour in twelve
// slots of five minutes.
type queue struct {
	QueueFigures
	slots     [slotCount]slot
	waiters   alarms // waiting interactions by age; stale ones are dropped when they are met
	live      func(counter uint64) *interaction
	changed   bool              // since the latest cut
	groups    []routing.GroupID // of the applet groupsFor
	groupsFor *plan.Applet
}

const (
	slotLength = 5 * switchyard.Minute
	slotCount  = 12
)

// slot counts what happened in five minutes.
type slot struct {
	Start         switchyard.Instant  `json:"start"`
	Offered       int                 `json:"offered,omitzero"`
	Answered      int                 `json:"answered,omitzero"`
	InTarget      int                 `json:"intarget,omitzero"`
	Abandoned     int                 `json:"abandoned,omitzero"`
	AbandonedLate int                 `json:"abandonedlate,omitzero"`
	Breakouts     int                 `json:"breakouts,omitzero"`
	WaitSum       switchyard.Duration `json:"waitsum,omitzero"`
	Estimates     int                 `json:"estimates,omitzero"`
	ErrorSum      switchyard.Duration `json:"errorsum,omitzero"`
}

// QueueRecord is what a checkpoint keeps of a queue.
type QueueRecord struct {
	Queue string `json:"queue"`
	Slots []slot `json:"slots"`
}

// slotAt returns the slot of an instant, emptied when it still holds an earlier hour's.
func (q *queue) slotAt(now switchyard.Instant) *slot {
	start := now - now%switchyard.Instant(slotLength)
	x := &q.slots[int(start/switchyard.Instant(slotLength))%slotCount]
	if x.Start != start {
		*x = slot{Start: start}
	}
	return x
}

func (q *queue) enter(now switchyard.Instant) { q.slotAt(now).Offered++ }
func (q *queue) broke(now switchyard.Instant) { q.slotAt(now).Breakouts++ }

// wait counts an interaction that waits in the queue from now on.
func (q *queue) wait(i *interaction) {
	q.Waiting++
	if len(q.waiters) > 2*q.Waiting+64 {
		q.waiters = slices.DeleteFunc(q.waiters, func(a alarm) bool { return !q.holds(a) })
		slices.SortFunc(q.waiters, func(a, b alarm) int {
			if a.before(b) {
				return -1
			}
			return 1
		})
	}
	q.waiters.push(alarm{at: i.Since, key: i.ID.Counter()})
}

// answer counts a first connection, and how far the estimate was off.
func (q *queue) answer(now switchyard.Instant, i *interaction) {
	x, wait := q.slotAt(now), now.Sub(i.Since)
	x.Answered++
	x.WaitSum += wait
	if wait <= q.targetOf(i) {
		x.InTarget++
	}
	if i.estimate >= 0 {
		x.Estimates++
		x.ErrorSum += max(wait-i.estimate, i.estimate-wait)
	}
}

// abandon counts an interaction that its provider took back before anybody had it.
func (q *queue) abandon(now switchyard.Instant, i *interaction) {
	x := q.slotAt(now)
	x.Abandoned++
	if now.Sub(i.Since) > q.targetOf(i) {
		x.AbandonedLate++
	}
}

// targetOf is the wait within which an answer to this interaction counts.
func (q *queue) targetOf(i *interaction) switchyard.Duration {
	if i.rare != nil && i.rare.target != nil {
		return *i.rare.target
	}
	return q.Target
}

// hour sums the slots of the last hour.
func (q *queue) hour(now switchyard.Instant) slot {
	sum := slot{Start: switchyard.Never}
	for _, x := range q.slots {
		if x.Start == 0 || x.Start.Add(slotCount*slotLength) <= now {
			continue
		}
		sum.Start = min(sum.Start, x.Start)
		sum.Offered += x.Offered
		sum.Answered += x.Answered
		sum.InTarget += x.InTarget
		sum.Abandoned += x.Abandoned
		sum.AbandonedLate += x.AbandonedLate
		sum.Breakouts += x.Breakouts
		sum.WaitSum += x.WaitSum
		sum.Estimates += x.Estimates
		sum.ErrorSum += x.ErrorSum
	}
	return sum
}

// estimate is how long work that enters now may expect to wait: everything before it and itself,
// at the rate work was answered in the last hour; -1 when nothing was.
func (q *queue) estimate(now switchyard.Instant) switchyard.Duration {
	sum := q.hour(now)
	if sum.Answered == 0 {
		return -1
	}
	length := max(now.Sub(sum.Start), switchyard.Second)
	if q.Waiting == 0 {
		return sum.WaitSum / switchyard.Duration(sum.Answered)
	}
	return length * switchyard.Duration(q.Waiting+1) / switchyard.Duration(sum.Answered)
}

// figures reads everything off.
func (q *queue) figures(now switchyard.Instant) QueueFigures {
	sum, f := q.hour(now), q.QueueFigures
	f.Offered, f.Answered, f.InTarget = sum.Offered, sum.Answered, sum.InTarget
	f.Abandoned, f.AbandonedLate, f.Breakouts, f.WaitSum = sum.Abandoned, sum.AbandonedLate, sum.Breakouts, sum.WaitSum
	f.EstimatedWait, f.EstimateError = q.estimate(now), -1
	if sum.Estimates > 0 {
		f.EstimateError = sum.ErrorSum / switchyard.Duration(sum.Estimates)
	}
	for len(q.waiters) > 0 && !q.holds(q.waiters[0]) {
		q.waiters.pop()
	}
	if len(q.waiters) > 0 {
		f.LongestWait = now.Sub(q.waiters[0].at)
	}
	return f
}

// holds reports whether a waiter still waits in this queue.
func (q *queue) holds(a alarm) bool {
	i := q.live(a.key)
	return i != nil && i.state == switchyard.Queued && i.queue().Name == q.Queue
}

// Queues returns the figures of every queue something ever entered, by name.
func (s *State) Queues(now switchyard.Instant) []QueueFigures {
	out := make([]QueueFigures, 0, len(s.queues))
	for _, q := range s.queues {
		out = append(out, q.figures(now))
	}
	slices.SortFunc(out, func(a, b QueueFigures) int { return strings.Compare(a.Queue, b.Queue) })
	return out
}
