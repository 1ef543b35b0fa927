package routing

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"switchyard"
)

// site is a big account for benchmarks: agents with skills, and work that asks for some of them.
type site struct {
	x      *Index
	r      *rand.Rand
	now    switchyard.Instant
	ids    uint64
	agents []*Agent
	skills []SkillID
	demand func(*site) []Demand
}

func newSite(agents, skills, held int) *site {
	s := &site{x: New(), r: rand.New(rand.NewPCG(1, 2)), now: 1_700_000_000_000, demand: oneOrTwo}
	for i := range skills {
		s.skills = append(s.skills, s.x.Skill(fmt.Sprint("skill", i)))
	}
	for i := range agents {
		a := &Agent{Username: fmt.Sprintf("agent%05d", i), Ready: true, LoggedIn: true, Sizes: [3]int{20, 33, 100}}
		for _, k := range s.r.Perm(skills)[:held] {
			a.Skills = append(a.Skills, SkillLevel{s.skills[k], 1 + s.r.IntN(10)})
		}
		a.IdleSince = s.now
		s.x.AddAgent(a)
		s.agents = append(s.agents, a)
	}
	return s
}

// oneOrTwo asks for one or two skills that somebody has, the second often only preferred.
func oneOrTwo(s *site) []Demand {
	d := make([]Demand, 1+s.r.IntN(2))
	a := s.agents[s.r.IntN(len(s.agents))]
	first := s.r.IntN(len(a.Skills))
	for i := range d {
		d[i] = Demand{a.Skills[(first+i)%len(a.Skills)].Skill, switchyard.Never}
		if i > 0 && s.r.IntN(3) == 0 {
			d[i].Until = 0
		}
	}
	return d
}

func (s *site) item() *Item {
	s.ids++
	return &Item{ID: switchyard.NewID(s.now, s.ids, 1), Since: s.now, Band: switchyard.Normal, Demands: s.demand(s)}
}

func (s *site) settle(offered func(*Item, *Agent)) int {
	n := 0
	for {
		it, a, _, ok := s.x.Match(s.now)
		if !ok {
			return n
		}
		n++
		s.x.Remove(it)
		a.Load += a.Sizes[it.Class]
		a.IdleSince = s.now
		s.x.AgentChanged(a)
		offered(it, a)
	}
}

// BenchmarkLife is one interaction that comes in while one in the hands of an agent ends: the
// backlog stays as it is. The item's own memory is part of it.
func BenchmarkLife(b *testing.B) {
	for _, c := range []struct{ agents, skills, held, waiting int }{
		{100, 20, 5, 0}, {100, 20, 5, 1_000}, {10_000, 500, 10, 0}, {10_000, 500, 10, 100_000},
		{10_000, 500, 10, 1_000_000}, {10_000, 500, 50, 100_000}, {10_000, 500, 50, 1_000_000},
	} {
		b.Run(fmt.Sprintf("agents=%d/skills=%d/held=%d/waiting=%d", c.agents, c.skills, c.held, c.waiting), func(b *testing.B) {
			s := newSite(c.agents, c.skills, c.held)
			busy := make([]*Agent, 0, 100_000)
			take := func(it *Item, a *Agent) { busy = append(busy, a) }
			for s.x.Waiting() < c.waiting {
				s.now++
				s.x.Enqueue(s.item(), s.now)
				s.settle(take)
			}
			b.ReportAllocs()
			took := make([]time.Duration, 0, 1<<20)
			for b.Loop() {
				start := time.Now()
				s.now++
				s.x.Enqueue(s.item(), s.now)
				s.settle(take)
				if len(busy) > 0 && s.x.Waiting() > c.waiting || c.waiting == 0 && len(busy) > 3*c.agents {
					k := s.r.IntN(len(busy))
					a := busy[k]
					busy[k] = busy[len(busy)-1]
					busy = busy[:len(busy)-1]
					a.Load -= 20
					a.IdleSince = s.now
					s.x.AgentChanged(a)
					s.settle(take)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2]), "ns/median")
		})
	}
}

// BenchmarkEnqueue reports what a waiting interaction costs, in time and in memory.
func BenchmarkEnqueue(b *testing.B) {
	for _, kinds := range []string{"alike", "pairs"} {
		b.Run(kinds, func(b *testing.B) {
			s := newSite(1_000, 500, 5)
			for _, a := range s.agents {
				a.Ready = false
				s.x.AgentChanged(a)
			}
			if kinds == "alike" {
				one := []Demand{{s.skills[0], switchyard.Never}}
				s.demand = func(*site) []Demand { return one }
			}
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			n := 0
			for b.Loop() {
				if n%20 == 0 {
					s.now++
				}
				s.x.Enqueue(s.item(), s.now)
				s.x.Match(s.now)
				n++
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(n), "B/waiting")
			runtime.KeepAlive(s)
		})
	}
}

// BenchmarkExpiry lets a million skills expire within one second, each at its own millisecond, and
// looks at what then fits (nobody is ready).
func BenchmarkExpiry(b *testing.B) {
	const million = 1_000_000
	for _, order := range []string{"inorder", "shuffled", "tosame", "oneinstant"} {
		b.Run(order, func(b *testing.B) {
			cpu, longest := time.Duration(0), time.Duration(0)
			for range b.N {
				b.StopTimer()
				s := newSite(1_000, 50, 5)
				for _, a := range s.agents {
					a.Ready = false
					s.x.AgentChanged(a)
				}
				s.demand = func(s *site) []Demand { return []Demand{s.expiring(order)} }
				end := s.now.Add(2 * switchyard.Hour)
				for range million {
					if s.ids%100 == 0 {
						s.now++
					}
					s.x.Enqueue(s.item(), s.now)
				}
				if order == "tosame" {
					s.demand = func(s *site) []Demand { return nil }
					s.x.Enqueue(s.item(), s.now)
				}
				s.x.Match(s.now)
				runtime.GC()
				b.StartTimer()
				start := cpuTime()
				for s.x.Alarm() <= end {
					s.now = s.x.Alarm()
					began := time.Now()
					s.x.Advance(s.now, 0)
					longest = max(longest, time.Since(began))
					s.settle(nil)
				}
				cpu += cpuTime() - start
				if s.x.Alarm() != switchyard.Never {
					b.Fatal("alarms are left")
				}
			}
			b.ReportMetric(float64(cpu.Nanoseconds())/float64(b.N)/million, "cpu-ns/expiry")
			b.ReportMetric(float64(longest.Microseconds())/1000, "longest-ms") // all of one instant
		})
	}
}

func (s *site) expiring(order string) Demand {
	base := switchyard.Instant(1_700_000_000_000).Add(switchyard.Hour)
	switch order {
	case "shuffled":
		return Demand{s.skills[s.r.IntN(len(s.skills))], base + switchyard.Instant(s.r.IntN(1000))}
	case "oneinstant":
		return Demand{s.skills[s.r.IntN(len(s.skills))], base}
	}
	return Demand{s.skills[s.ids%5], base + switchyard.Instant(s.ids/1000)}
}

// BenchmarkSkillGiven5000 gives a skill that a million interactions wait for to 5,000 idle agents,
// and offers until they are full.
func BenchmarkSkillGiven5000(b *testing.B) {
	for _, class := range []switchyard.Class{switchyard.Live, switchyard.NonLive} {
		b.Run(class.String(), func(b *testing.B) {
			offers, cpu := 0, time.Duration(0)
			for range b.N {
				b.StopTimer()
				s := newSite(10_000, 500, 5)
				extra := s.x.Skill("new")
				s.demand = func(s *site) []Demand { return []Demand{{extra, switchyard.Never}} }
				for range 1_000_000 {
					it := s.item()
					it.Class = class
					s.x.Enqueue(it, s.now)
				}
				s.settle(nil)
				s.now++
				runtime.GC()
				b.StartTimer()
				start := cpuTime()
				for _, a := range s.agents[:5_000] {
					s.x.AgentRegraded(a, func() { a.Skills = append(a.Skills, SkillLevel{extra, 5}) })
				}
				offers += s.settle(func(*Item, *Agent) {})
				cpu += cpuTime() - start
			}
			b.ReportMetric(float64(cpu.Milliseconds())/float64(b.N), "cpu-ms/op")
			b.ReportMetric(float64(offers)/float64(b.N), "offers")
		})
	}
}

// BenchmarkAllIdle offers work that asks for nothing while 10,000 agents are idle.
func BenchmarkAllIdle(b *testing.B) {
	s := newSite(10_000, 500, 5)
	s.demand = func(s *site) []Demand { return nil }
	start := cpuTime()
	for b.Loop() {
		s.now++
		s.x.Enqueue(s.item(), s.now)
		s.settle(func(it *Item, a *Agent) {
			a.Load = 0
			s.x.AgentChanged(a)
		})
	}
	b.ReportMetric(float64((cpuTime()-start).Nanoseconds())/float64(b.N), "cpu-ns/op")
}
