package core

import (
	"switchyard"
)

// alarmKind says what an alarm is about. At one instant alarms act in this order; queue exits come
// after all others (RULINGS 17).
type alarmKind uint8

const (
	alarmAgent    alarmKind = iota // a presence runs out, or a logout is a day old
	alarmState                     // an interaction's state ends: ring, wrap, wait, parking
	alarmTransfer                  // the agent transferred to did not take it
	alarmEffect                    // an effect's next attempt is due
	alarmDeadline                  // an effect is given up
	alarmExit                      // a queue's duration is over (kept in a heap of its own)
)

// alarm wakes the account at an instant. An alarm whose cause has gone is found stale when it goes
// off; nothing is removed before.
type alarm struct {
	at   switchyard.Instant
	kind alarmKind
	key  uint64 // counter of the interaction or effect; for agents see agent
	who  *agent
}

func (a alarm) before(b alarm) bool {
	if a.at != b.at {
		return a.at < b.at
	}
	if a.kind != b.kind {
		return a.kind < b.kind
	}
	if a.who != nil && b.who != nil && a.who != b.who {
		return a.who.key < b.who.key
	}
	return a.key < b.key
}

// alarms is a binary heap, earliest first.
type alarms []alarm

func (h *alarms) push(a alarm) {
	if a.at == 0 || a.at == switchyard.Never {
		return
	}
	*h = append(*h, a)
	for n := len(*h) - 1; n > 0; {
		up := (n - 1) / 2
		if !(*h)[n].before((*h)[up]) {
			break
		}
		(*h)[n], (*h)[up] = (*h)[up], (*h)[n]
		n = up
	}
}

func (h *alarms) pop() alarm {
	top, last := (*h)[0], len(*h)-1
	(*h)[0] = (*h)[last]
	(*h)[last] = alarm{}
	*h = (*h)[:last]
	for n := 0; ; {
		least := n
		for c := 2*n + 1; c <= 2*n+2 && c < last; c++ {
			if (*h)[c].before((*h)[least]) {
				least = c
			}
		}
		if least == n {
			return top
		}
		(*h)[n], (*h)[least] = (*h)[least], (*h)[n]
		n = least
	}
}

// due takes the earliest alarm at or before now.
func (h *alarms) due(now switchyard.Instant) (alarm, bool) {
	if len(*h) == 0 || (*h)[0].at > now {
		return alarm{}, false
	}
	return h.pop(), true
}

// Alarm is the next instant at which time alone brings something; Never if none. It may be early,
// never late.
func (s *State) Alarm() switchyard.Instant {
	next := s.index.Alarm()
	for _, h := range []alarms{s.alarms, s.exits} {
		if len(h) > 0 && h[0].at < next {
			next = h[0].at
		}
	}
	return next
}
