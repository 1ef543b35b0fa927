package simulate

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"gonum.org/v1/gonum/stat/distuv"

	"switchyard"
)

// arriver brings the customers of one stream.
type arriver struct {
	*stream
	rates    []float64  // expected by interval, with the busyness of its day
	rnd      *rand.Rand // of when they come
	interval int        // the next one comes in; -1 = in the warm-up
	at       float64    // when the latest came, in milliseconds after the interval's beginning
	next     int        // of those given
	handle   byInterval
	patience byInterval
	again    *rand.Rand // whether and when they try again
	after    sampler
}

// customer is somebody who comes in, with all that is known of it from the beginning.
type customer struct {
	from     *arriver
	interval int // of its arrival
	counted  bool
	tries    int // before this one
	handle   switchyard.Duration
	patience switchyard.Duration // -1 = unlimited

	id         switchyard.ID
	externalID string
	at         applet // it is or was at
	queue      *queue // it is or was in; nil before the first
	target     switchyard.Duration
	since      switchyard.Instant // it entered the first
	entered    switchyard.Instant // it entered this one
	first      bool               // its queue is the first it entered
	fresh      bool               // nothing has happened to it in this queue
	waiting    bool               // queued or offered
	answered   bool
	left       bool // it gave up
	worker     *worker
	turn       uint32
	longer     switchyard.Duration // it needs than its queue's wrap
}

func newEntropy(seed int64, replication int) uint64 {
	return source(seed, replication, "", "ids").Uint64()
}

// openStreams plans the first customer of each stream.
func (c *centre) openStreams() {
	shared := c.busyDays("", c.busyness)
	for _, s := range c.streams {
		a := &arriver{stream: s, interval: -1, rnd: rand.New(source(c.Seed, c.replication, s.Name, "arrivals")),
			handle:   makeAll(s.Handle, source(c.Seed, c.replication, s.Name, "handle")),
			patience: makeAll(s.Patience, source(c.Seed, c.replication, s.Name, "patience"))}
		if r := s.Retry; r != nil {
			src := source(c.Seed, c.replication, s.Name, "retry")
			a.again, a.after = rand.New(src), r.After.make(src)
		}
		days := shared
		if s.Busyness != nil {
			days = c.busyDays(s.Name, s.Busyness)
		}
		for n, rate := range s.expected {
			day := int(switchyard.Duration(n) * c.interval / switchyard.Day)
			a.rates = append(a.rates, rate*days[day])
		}
		c.arrivers = append(c.arrivers, a)
		c.planArrival(a)
	}
}

// busyDays draws how busy each day is.
func (c *centre) busyDays(who string, b *Busyness) []float64 {
	days := make([]float64, c.end.Sub(c.start)/switchyard.Day+1)
	for n := range days {
		days[n] = 1
	}
	if b != nil {
		factor := distuv.Gamma{Alpha: b.Gamma.Shape, Beta: b.Gamma.Rate, Src: source(c.Seed, c.replication, who, "busyness")}
		for n := range days {
			days[n] = factor.Rand()
		}
	}
	return days
}

// planArrival plans the next customer of a stream: the next one given, or one after a time drawn at the
// rate of the interval it falls into. The warm-up has the rate of the first interval.
func (c *centre) planArrival(a *arriver) {
	if len(a.given) > 0 {
		if a.next < len(a.given) {
			c.agenda.add(event{at: a.given[a.next].at, do: doArrive, number: a.number})
		}
		return
	}
	if len(a.rates) == 0 {
		return
	}
	work := a.rnd.ExpFloat64() // expected arrivals until the next one
	for a.interval < c.intervals {
		rate := a.rates[max(a.interval, 0)] / float64(c.interval)
		begin, length := c.start.Add(switchyard.Duration(a.interval)*c.interval), float64(c.interval)
		if a.interval < 0 {
			begin, length = c.from, float64(c.start.Sub(c.from))
		}
		if room := (length - a.at) * rate; work >= room {
			work -= room
			a.interval, a.at = a.interval+1, 0
			continue
		}
		a.at += work / rate
		c.agenda.add(event{at: begin.Add(switchyard.Duration(a.at)), do: doArrive, number: a.number})
		return
	}
}

// arrive brings the next customer of a stream.
func (c *centre) arrive(a *arriver) {
	who := &customer{from: a, interval: c.intervalAt(c.now), handle: -1, patience: -1}
	if len(a.given) > 0 {
		who.handle, who.patience = a.given[a.next].handle, a.given[a.next].patience
		a.next++
	}
	if who.handle < 0 {
		who.handle = a.handle.at(who.interval)
	}
	if who.patience < 0 && len(a.patience) > 0 {
		who.patience = a.patience.at(who.interval)
	}
	c.planArrival(a)
	c.dispatch(who)
}

func (c *centre) intervalAt(at switchyard.Instant) int {
	return min(max(int(at.Sub(c.start)/c.interval), 0), c.intervals-1)
}

// dispatch lets a customer call. Its band is set at once: before anybody could have been free for it.
func (c *centre) dispatch(who *customer) {
	who.counted = c.now >= c.start && c.now < c.end
	c.meter.Interactions.Add(1)
	c.tally.arrive(who)
	request := who.from.request
	if who.patience >= 0 {
		c.calls++
		who.externalID = strconv.FormatUint(c.calls, 36)
		request.ExternalID = who.externalID
	}
	c.arriving = who
	results, _ := c.do(&switchyard.Invoke{Requests: []switchyard.Request{request}}, "client:simulate").([]switchyard.RequestResult)
	if c.err == nil && results[0].Status != switchyard.StatusAccepted {
		c.err = fmt.Errorf("the work of stream %s is refused: %s (%s)", who.from.Name, results[0].Detail, results[0].Code)
	}
	if who.from.Band != "" && who.waiting && c.err == nil {
		c.do(&switchyard.Act{Interaction: who.id, Action: switchyard.ActPriority, Supervisor: true, Band: who.from.Band}, "system")
	}
}

// followCustomer follows what becomes of a customer.
func (c *centre) followCustomer(who *customer, e switchyard.Event) {
	switch e := e.(type) {
	case *switchyard.Stepped:
		who.at = applet{e.Plan, e.Applet}
	case *switchyard.Enqueued:
		c.enqueued(who, e)
	case *switchyard.Left:
		who.waiting = false
		c.tally.breakout(who)
	case *switchyard.OfferMade:
		c.offered(who, e)
	case *switchyard.Returned:
		who.turn++
		c.unload(who)
	case *switchyard.Joined:
		c.connected(who)
	case *switchyard.Released:
		if e.By != "agent" {
			who.left = who.waiting
		} else if e.Wrap != 0 {
			c.wrapUp(who, e.Wrap)
		} else if who.worker.team.afterWork != nil {
			c.tally.noWrap[who.queue.number] = true
		}
	case *switchyard.Finished:
		c.finished(who)
	}
}

func (c *centre) enqueued(who *customer, e *switchyard.Enqueued) {
	before := who.queue
	who.at = applet{e.Plan, e.Applet}
	who.queue = c.queueOf[who.at]
	who.target = who.queue.target
	if e.Target != nil {
		who.target = *e.Target
	}
	if who.from.within != nil {
		who.target = *who.from.within
	}
	who.waiting, who.fresh, who.entered = true, true, c.now
	if who.since == 0 {
		who.since = c.now
		c.tally.offer(who, true)
		if who.patience >= 0 {
			c.agenda.add(event{at: c.now.Add(who.patience), do: doLeave, customer: who})
		}
	} else if before != who.queue {
		c.tally.offer(who, false)
	}
}

// leave lets a customer who was not answered give up: its system takes the work back.
func (c *centre) leave(who *customer) {
	if !who.answered && c.customers[who.id.Counter()] == who {
		c.do(&switchyard.Invoke{Requests: []switchyard.Request{{Action: "release", ExternalID: who.externalID}}}, "client:simulate")
	}
}

// finished lets a customer go; one that gave up may come again.
func (c *centre) finished(who *customer) {
	delete(c.customers, who.id.Counter())
	who.turn++
	c.unload(who)
	if who.since != 0 && !who.answered {
		c.tally.unanswered(who, c.now)
	}
	r := who.from.Retry
	if r == nil || !who.left || who.tries >= r.Most || who.from.again.Float64() >= r.Probability {
		return
	}
	at := c.now.Add(length(who.from.after))
	if at >= c.end {
		return
	}
	next := &customer{from: who.from, interval: c.intervalAt(at), tries: who.tries + 1, handle: who.handle, patience: who.patience}
	if who.from.patience != nil {
		next.patience = who.from.patience.at(next.interval)
	}
	c.agenda.add(event{at: at, do: doRetry, customer: next})
}
