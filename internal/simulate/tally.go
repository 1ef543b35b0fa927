package simulate

import (
	"math"
	"slices"

	"switchyard"
)

// tally counts what happens in one replication. Only customers who arrived between start and end count.
type tally struct {
	setup   *Setup
	streams []counts // by stream and interval
	queues  []counts // by queue and interval
	served  []int64  // first connections by crew and interval
	waits   []uint64 // of those answered, gone or given up: milliseconds << 32 | number of the cell
	noWrap  []bool   // by queue: after-work was to be done there, but it has no wrap
	teams   []*team
}

// counts is what a stream or a queue met in an interval of arrival.
type counts struct {
	arrived    int64
	offered    int64 // entered a queue
	waited     int64 // of these, no agent was free for
	answered   int64
	inTarget   int64
	abandoned  int64
	late       int64 // abandoned after the target
	breakouts  int64 // of a queue: left it by an exit; of a stream: ended so, or unattended
	answerWait switchyard.Duration
	wait       switchyard.Duration
	handle     switchyard.Duration
	ended      int64 // whose wait is over
	seen       int64 // of these, while percentiles are read off
	percentile [len(percentiles)]switchyard.Duration
}

// percentiles are those of the wait that are told.
var percentiles = [...]int{50, 80, 90, 95, 99}

func newTally(s *Setup) *tally {
	return &tally{setup: s, streams: make([]counts, len(s.streams)*s.intervals), queues: make([]counts, len(s.queues)*s.intervals),
		served: make([]int64, len(s.crews)*s.intervals), noWrap: make([]bool, len(s.queues))}
}

func (t *tally) stream(who *customer) *counts {
	return &t.streams[who.from.number*t.setup.intervals+who.interval]
}

func (t *tally) queue(who *customer) *counts {
	return &t.queues[who.queue.number*t.setup.intervals+who.interval]
}

func (t *tally) arrive(who *customer) {
	if who.counted {
		t.stream(who).arrived++
	}
}

// offer counts an entry into a queue; the first one is the stream's too.
func (t *tally) offer(who *customer, first bool) {
	if !who.counted {
		return
	}
	who.first = first
	t.queue(who).offered++
	t.queue(who).waited++
	if first {
		t.stream(who).offered++
		t.stream(who).waited++
	}
}

// atOnce takes back that a customer waited: an agent was free.
func (t *tally) atOnce(who *customer) {
	if !who.counted {
		return
	}
	t.queue(who).waited--
	if who.first {
		t.stream(who).waited--
	}
}

func (t *tally) breakout(who *customer) {
	if who.counted {
		t.queue(who).breakouts++
	}
}

func (t *tally) answer(who *customer, now switchyard.Instant) {
	if !who.counted {
		return
	}
	t.served[who.worker.team.number*t.setup.intervals+who.interval]++
	wait := now.Sub(who.since)
	for _, c := range [...]*counts{t.stream(who), t.queue(who)} {
		c.answered++
		c.answerWait += wait
		c.handle += who.handle
		if wait <= who.target {
			c.inTarget++
		}
	}
	t.over(who, wait)
}

// unanswered counts a customer who had entered a queue and ended without ever being connected.
func (t *tally) unanswered(who *customer, now switchyard.Instant) {
	if !who.counted {
		return
	}
	wait := now.Sub(who.since)
	t.over(who, wait)
	if !who.left {
		t.stream(who).breakouts++
		return
	}
	for _, c := range [...]*counts{t.stream(who), t.queue(who)} {
		c.abandoned++
		if wait > who.target {
			c.late++
		}
	}
}

// over notes a wait.
func (t *tally) over(who *customer, wait switchyard.Duration) {
	for _, c := range [...]*counts{t.stream(who), t.queue(who)} {
		c.ended++
		c.wait += wait
	}
	s := t.setup
	cell := (who.from.number*len(s.queues)+who.queue.number)*s.intervals + who.interval
	t.waits = append(t.waits, uint64(min(wait, math.MaxUint32))<<32|uint64(cell))
}

// add sums counts; percentiles have no sum.
func (c *counts) add(o *counts) {
	c.arrived += o.arrived
	c.offered += o.offered
	c.waited += o.waited
	c.answered += o.answered
	c.inTarget += o.inTarget
	c.abandoned += o.abandoned
	c.late += o.late
	c.breakouts += o.breakouts
	c.answerWait += o.answerWait
	c.wait += o.wait
	c.handle += o.handle
	c.ended += o.ended
}

// sums is a tally summed up: all, and by interval, of everything, each stream, each queue and each crew.
type sums struct {
	total   part
	streams []part
	queues  []part
	crews   []part
	noWrap  []bool
}

// part is what is told of one thing: as a whole, and in each interval.
type part struct {
	whole     measure
	intervals []measure
}

// measure is everything figures are made of.
type measure struct {
	counts
	staff
}

// staff is what a crew, or all of them, did in a time.
type staff struct {
	served  int64
	logged  switchyard.Duration
	busy    switchyard.Duration
	length  switchyard.Duration // of the time
	shares  int                 // agents who were logged in, with the sums of their occupancies and of the squares of these
	sum     float64
	squares float64
}

func newParts(n, intervals int) []part {
	parts := make([]part, n)
	for k := range parts {
		parts[k].intervals = make([]measure, intervals)
	}
	return parts
}

// sum sums a tally up.
func (t *tally) sum() *sums {
	s := t.setup
	out := &sums{streams: newParts(len(s.streams), s.intervals), queues: newParts(len(s.queues), s.intervals),
		crews: newParts(len(s.crews), s.intervals), total: newParts(1, s.intervals)[0], noWrap: t.noWrap}
	for n := range t.streams {
		p, interval := &out.streams[n/s.intervals], n%s.intervals
		p.intervals[interval].counts = t.streams[n]
		p.whole.add(&t.streams[n])
		out.total.intervals[interval].add(&t.streams[n])
		out.total.whole.add(&t.streams[n])
	}
	for n := range t.queues {
		p := &out.queues[n/s.intervals]
		p.intervals[n%s.intervals].counts = t.queues[n]
		p.whole.add(&t.queues[n])
	}
	t.sumStaff(out)
	t.sumWaits(out)
	return out
}

func (t *tally) sumStaff(out *sums) {
	s := t.setup
	for n, team := range t.teams {
		for interval := range s.intervals {
			served := t.served[n*s.intervals+interval]
			for _, m := range [...]*measure{&out.crews[n].intervals[interval], &out.crews[n].whole, &out.total.intervals[interval], &out.total.whole} {
				m.served += served
			}
		}
		for _, w := range team.members {
			var logged, busy switchyard.Duration
			for interval := range s.intervals {
				logged, busy = logged+w.logged[interval], busy+w.busy[interval]
				out.crews[n].intervals[interval].worked(w.logged[interval], w.busy[interval])
				out.total.intervals[interval].worked(w.logged[interval], w.busy[interval])
			}
			out.crews[n].whole.worked(logged, busy)
			out.total.whole.worked(logged, busy)
		}
	}
	for _, p := range append(out.crews, out.total) {
		for n := range p.intervals {
			p.intervals[n].length = s.interval
		}
	}
	for n := range out.crews {
		out.crews[n].whole.length = s.end.Sub(s.start)
	}
	out.total.whole.length = s.end.Sub(s.start)
}

// worked adds the time of one agent.
func (s *staff) worked(logged, busy switchyard.Duration) {
	s.logged += logged
	s.busy += busy
	if logged > 0 {
		occupancy := float64(busy) / float64(logged)
		s.shares++
		s.sum += occupancy
		s.squares += occupancy * occupancy
	}
}

// sumWaits reads the percentiles of every part off the waits in order: the p-th is the least that p
// percent do not exceed.
func (t *tally) sumWaits(out *sums) {
	s := t.setup
	slices.Sort(t.waits)
	for _, packed := range t.waits {
		wait, cell := switchyard.Duration(packed>>32), int(packed&math.MaxUint32)
		interval, queue, stream := cell%s.intervals, cell/s.intervals%len(s.queues), cell/s.intervals/len(s.queues)
		for _, p := range [...]*part{&out.total, &out.streams[stream], &out.queues[queue]} {
			for _, m := range [...]*measure{&p.whole, &p.intervals[interval]} {
				m.rank(wait)
			}
		}
	}
}

// rank tells a measure its next shortest wait.
func (c *counts) rank(wait switchyard.Duration) {
	c.seen++
	for k, p := range percentiles {
		if c.seen == (c.ended*int64(p)+99)/100 {
			c.percentile[k] = wait
		}
	}
}
