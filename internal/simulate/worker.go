package simulate

import (
	"strconv"

	"switchyard"
)

// team is a crew at work.
type team struct {
	*crew
	members   []*worker
	accept    sampler // nil = at once
	afterWork sampler // nil = none
	breaks    []rest
}

// rest is a kind of break.
type rest struct {
	after, length sampler
	presence      string
}

// worker is an agent at work.
type worker struct {
	name     string
	team     *team
	turn     uint32  // counts shifts: what was planned for an earlier one is stale
	onShift  bool    // by the roster
	loggedIn bool    // by its presence
	load     int     // interactions it is offered, has, or wraps up
	resting  *rest   // the break it is on, or will be on as soon as its work is done
	owed     []*rest // breaks that were due during another

	since  switchyard.Instant // times are tallied up to here
	logged []switchyard.Duration
	busy   []switchyard.Duration // by interval
}

// hireAll brings all agents to the door and plans the rosters.
func (c *centre) hireAll() {
	for _, s := range c.crews {
		draws := func(d *Distribution, purpose string) sampler {
			if d == nil {
				return nil
			}
			return d.make(source(c.Seed, c.replication, s.Name, purpose))
		}
		t := &team{crew: s, accept: draws(s.Accept, "accept"), afterWork: draws(s.AfterWork, "afterwork")}
		for n := range s.Breaks {
			b, purpose := &s.Breaks[n], "break "+strconv.Itoa(n)
			t.breaks = append(t.breaks, rest{draws(&b.After, purpose+" after"), draws(&b.Length, purpose+" length"), b.Presence})
		}
		for _, name := range s.members {
			w := &worker{name: name, team: t, logged: make([]switchyard.Duration, c.intervals), busy: make([]switchyard.Duration, c.intervals)}
			t.members = append(t.members, w)
			c.workers[name] = w
		}
		c.teams = append(c.teams, t)
	}
	c.agenda.add(event{at: c.from, do: doStaff})
}

// staff begins and ends shifts as an interval has it. The first interval's roster holds in the warm-up,
// the last one's until everything is done.
func (c *centre) staff(interval int) {
	for _, t := range c.teams {
		for n, w := range t.members {
			if on := n < t.headcount[interval]; on != w.onShift {
				c.shift(w, on)
			}
		}
	}
	if interval+1 < c.intervals {
		c.agenda.add(event{at: c.start.Add(switchyard.Duration(interval+1) * c.interval), do: doStaff, number: interval + 1})
	}
}

// shift begins or ends a worker's shift. One that has work on finishes it: the core waits for that.
func (c *centre) shift(w *worker, on bool) {
	w.onShift, w.resting, w.owed = on, nil, nil
	w.turn++
	if !on {
		c.choose(w, switchyard.PresenceLoggedOut)
		return
	}
	c.choose(w, switchyard.PresenceReady)
	for n := range w.team.breaks {
		c.agenda.add(event{at: c.now.Add(length(w.team.breaks[n].after)), do: doBreak, worker: w, turn: w.turn, number: n})
	}
}

func (c *centre) choose(w *worker, presence string) {
	c.do(&switchyard.SetPresence{Agent: w.name, Presence: presence}, "user:"+w.name)
}

// pause begins a break; one that is due during another makes that longer.
func (c *centre) pause(e *event) {
	w := e.worker
	if e.turn != w.turn {
		return
	}
	if b := &w.team.breaks[e.number]; w.resting != nil {
		w.owed = append(w.owed, b)
	} else {
		w.resting = b
		c.choose(w, b.presence)
	}
}

// endBreak brings a worker back, unless it is owed another break.
func (c *centre) endBreak(e *event) {
	w := e.worker
	if e.turn != w.turn {
		return
	}
	if len(w.owed) > 0 {
		c.agenda.add(event{at: c.now.Add(length(w.owed[0].length)), do: doBreakEnded, worker: w, turn: w.turn})
		w.owed = w.owed[1:]
		return
	}
	w.resting = nil
	c.choose(w, switchyard.PresenceReady)
}

// presence follows what a worker's presence is. A break lasts from when it really begins: work that is on
// is finished first.
func (c *centre) presence(w *worker, e *switchyard.PresenceChanged) {
	if w == nil || e.Only {
		return
	}
	c.settle(w)
	w.loggedIn = e.Category != switchyard.LoggedOut
	if w.resting != nil && e.Presence == w.resting.presence && (e.Why == "chosen" || e.Why == "intended") {
		c.agenda.add(event{at: c.now.Add(length(w.resting.length)), do: doBreakEnded, worker: w, turn: w.turn})
	}
}

// offered gives a worker an offer, which it takes after a while.
func (c *centre) offered(who *customer, e *switchyard.OfferMade) {
	w := c.workers[e.Agent]
	c.settle(w)
	w.load++
	who.worker = w
	who.turn++
	if who.fresh && c.now == who.entered {
		c.tally.atOnce(who)
	}
	who.fresh = false
	if e.Auto {
		return
	}
	c.agenda.add(event{at: c.now.Add(drawn(w.team.accept)), do: doAccept, customer: who, turn: who.turn})
}

// drawn draws a length of time that need not be there.
func drawn(s sampler) switchyard.Duration {
	if s == nil {
		return 0
	}
	return length(s)
}

// unload takes a customer off its worker.
func (c *centre) unload(who *customer) {
	if w := who.worker; w != nil {
		c.settle(w)
		w.load--
		who.worker = nil
	}
}

// connected begins the work.
func (c *centre) connected(who *customer) {
	who.waiting = false
	who.turn++
	if !who.answered {
		who.answered = true
		c.tally.answer(who, c.now)
	}
	c.agenda.add(event{at: c.now.Add(who.handle), do: doRelease, customer: who, turn: who.turn})
}

// wrapUp plans the end of after-work, within the queue's wrap or beyond it.
func (c *centre) wrapUp(who *customer, until switchyard.Instant) {
	who.turn++
	e := event{at: c.now.Add(drawn(who.worker.team.afterWork)), do: doComplete, customer: who, turn: who.turn}
	if e.at > until {
		who.longer = e.at.Sub(until)
		e.at, e.do = c.now, doExtend
	}
	c.agenda.add(e)
}

// serve lets a worker do what is due with its customer.
func (c *centre) serve(e *event) {
	who := e.customer
	act := &switchyard.Act{Interaction: who.id, Agent: who.worker.name}
	switch e.do {
	case doAccept:
		act.Action = switchyard.ActAccept
	case doRelease:
		act.Action, act.Disposition = switchyard.ActRelease, c.disposition
	case doComplete:
		act.Action, act.Disposition = switchyard.ActComplete, c.disposition
	case doExtend:
		act.Action, act.By = switchyard.ActExtend, who.longer
	}
	c.do(act, "user:"+who.worker.name)
}

// settle tallies a worker's time up to now, by interval; only what is between start and end counts.
func (c *centre) settle(w *worker) {
	from, to := max(w.since, c.start), min(c.now, c.end)
	w.since = c.now
	if !w.loggedIn || to <= from {
		return
	}
	for n := c.intervalAt(from); from < to; n++ {
		piece := min(to, c.start.Add(switchyard.Duration(n+1)*c.interval)).Sub(from)
		w.logged[n] += piece
		if w.load > 0 {
			w.busy[n] += piece
		}
		from = from.Add(piece)
	}
}

// closeUp tallies what was going on when everything ended.
func (c *centre) closeUp() {
	c.now = max(c.now, c.end)
	for _, t := range c.teams {
		for _, w := range t.members {
			c.settle(w)
		}
	}
	c.tally.teams = c.teams
}
