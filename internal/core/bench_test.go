package core

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"switchyard"
)

// BenchmarkLife measures one life in the core: invoke → queued → offered → accepted → finished. An
// agent that fits is always free; the rest of the account waits for skills nobody ready has.
func BenchmarkLife(b *testing.B) {
	for _, size := range []struct{ agents, skills, waiting int }{
		{100, 20, 0}, {10_000, 500, 100_000}, {10_000, 500, 1_000_000},
	} {
		b.Run(fmt.Sprintf("agents=%d/skills=%d/waiting=%d", size.agents, size.skills, size.waiting), func(b *testing.B) {
			c := newCentre(b, size.agents, size.skills, size.waiting)
			b.ReportAllocs()
			b.ResetTimer()
			for n := range b.N {
				if n%1000 == 999 { // a checkpoint is the engine's; here it only keeps memory level
					b.StopTimer()
					c.tidy()
					b.StartTimer()
				}
				c.life(n)
			}
		})
	}
}

// centre is a contact centre at work.
type centre struct {
	*world
	rng    *rand.Rand
	skills int
}

func newCentre(b testing.TB, agents, skills, waiting int) *centre {
	c := &centre{rng: rand.New(rand.NewPCG(1, 2)), skills: skills}
	doc := switchyard.Account{Account: "bench"}
	zero := switchyard.Duration(0)
	doc.Settings.Grace = &zero
	for n := range skills {
		doc.Skills = append(doc.Skills, fmt.Sprint("skill", n))
	}
	doc.Skills = append(doc.Skills, "nobody")
	for n := range agents {
		entry := switchyard.AgentEntry{Username: fmt.Sprintf("agent%05d", n), Skills: map[string]int{}}
		for range 10 {
			entry.Skills[fmt.Sprint("skill", c.rng.IntN(skills))] = 1 + c.rng.IntN(10)
		}
		doc.Agents = append(doc.Agents, entry)
	}
	doc.Plans = []switchyard.Plan{{Name: "P", Start: "q", Applets: map[string]switchyard.Applet{"q": {Type: "queue"}}}}
	doc.Routes = []switchyard.Route{{Name: "R", Plan: "P"}}
	c.world = newWorld(b, doc)
	for n := range agents {
		if n%2 == 0 {
			c.must(&switchyard.SetPresence{Agent: fmt.Sprintf("agent%05d", n), Presence: "Ready"})
		}
	}
	for n := 0; n < waiting; n += 100 {
		in := &switchyard.Invoke{}
		for k := range 100 {
			r := c.request(n + k)
			r.Skills = append(r.Skills, switchyard.Skill{Name: "nobody"})
			in.Requests = append(in.Requests, r)
		}
		c.must(in)
		c.rows = nil
	}
	if c.s.Waiting() != waiting {
		b.Fatalf("%d wait, not %d", c.s.Waiting(), waiting)
	}
	c.tidy()
	runtime.GC()
	return c
}

// request is a dispatch with one mandatory and one optional skill.
func (c *centre) request(n int) switchyard.Request {
	return switchyard.Request{RequestID: fmt.Sprintf("request-%d", n), ExternalID: fmt.Sprintf("case-%d", n), Route: "R",
		Linked: []switchyard.Linked{{Type: "clid", Value: "+44123456789"}, {Type: "url", Label: "Case", Value: "https://crm.example.com/case/1"}},
		Skills: []switchyard.Skill{{Name: fmt.Sprint("skill", c.rng.IntN(c.skills))},
			{Name: fmt.Sprint("skill", c.rng.IntN(c.skills)), ExpiryAfter: new(int64)}}}
}

func (c *centre) life(n int) {
	c.clock += 3
	in := &switchyard.Invoke{Requests: []switchyard.Request{c.request(10_000_000 + n)}}
	id := c.ask(in).Answer.([]switchyard.RequestResult)[0].Interaction
	i := c.s.find(id)
	if i.state != switchyard.Offered {
		return // nobody ready has the skill
	}
	who := i.agent().Username
	c.ask(&switchyard.Act{Interaction: id, Action: switchyard.ActAccept, Agent: who})
	c.ask(&switchyard.Act{Interaction: id, Action: switchyard.ActRelease, Agent: who})
}

// ask decides an input as the engine does, and nothing else.
func (c *centre) ask(in switchyard.Input) Decision {
	for c.s.Alarm() <= c.clock {
		c.s.Decide(&switchyard.Envelope{Seq: c.s.Seq() + 1, At: c.s.Alarm(), Input: &switchyard.Tick{}})
	}
	d := c.s.Decide(&switchyard.Envelope{Seq: c.s.Seq() + 1, At: c.clock, By: "bench", Entropy: uint64(c.clock), Input: in})
	if d.Refused != nil {
		panic(d.Refused)
	}
	return d
}

// tidy forgets what a checkpoint and a flush of request ids take out of the state.
func (c *centre) tidy() {
	c.s.Cut()
	c.must(&switchyard.FlushRequestIDs{Through: c.s.Seq()})
}

// BenchmarkWaiting reports what a waiting interaction takes of the heap.
func BenchmarkWaiting(b *testing.B) {
	for range b.N {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		c := newCentre(b, 100, 20, 200_000)
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/200_000, "B/interaction")
		runtime.KeepAlive(c)
	}
}
