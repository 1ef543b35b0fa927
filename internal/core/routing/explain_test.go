package routing

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"switchyard"
)

// office is the account of the explanations below, at 12:04 on a working day.
type office struct {
	x                 *Index
	now               switchyard.Instant
	ada, bo, cy       *Agent
	billing, german   SkillID
	sales             GroupID
	counter           uint64
	noon, halfPastTwo switchyard.Instant
}

func newOffice() *office {
	at := func(h, m, s int) switchyard.Instant {
		return switchyard.InstantOf(time.Date(2026, 11, 23, h, m, s, 0, time.UTC))
	}
	o := &office{x: New(), now: at(12, 4, 0), noon: at(12, 0, 0), halfPastTwo: at(14, 30, 0)}
	o.billing, o.german, o.sales = o.x.Skill("billing"), o.x.Skill("german"), o.x.Group("sales")
	both := []SkillLevel{{o.billing, 5}, {o.german, 7}}
	o.ada = &Agent{Username: "ada", LoggedIn: true, AwayText: "Away (Lunch)", AwaySince: at(12, 3, 20), Skills: both}
	o.bo = &Agent{Username: "bo", LoggedIn: true, Ready: true, Load: 100, Skills: both}
	o.cy = &Agent{Username: "cy", LoggedIn: true, Ready: true, Skills: both[:1], Groups: []GroupID{o.sales}}
	for _, a := range []*Agent{o.ada, o.bo, o.cy} {
		a.Sizes = [switchyard.Classes]int{20, 33, 100}
		o.x.AddAgent(a)
	}
	return o
}

func (o *office) item(demands ...Demand) *Item {
	o.counter++
	return &Item{ID: switchyard.NewID(o.now, o.counter, 0), Since: o.now, Band: switchyard.Normal, Demands: demands}
}

func TestSummaries(t *testing.T) {
	for name, c := range map[string]struct {
		item func(*office) *Item
		want string
	}{
		"away and full": {
			func(o *office) *Item {
				return o.item(Demand{o.billing, switchyard.Never}, Demand{o.german, switchyard.Never})
			},
			"2 agents have billing+german: ada is Away (Lunch) since 12:03, bo is full.",
		},
		"nobody ever": {
			func(o *office) *Item {
				it := o.item(Demand{o.german, switchyard.Never})
				it.Groups = []GroupID{o.sales}
				return it
			},
			"No agent of the account can ever take it: none has german and is in sales.",
		},
		"nobody yet": {
			func(o *office) *Item {
				it := o.item(Demand{o.german, o.halfPastTwo})
				it.Groups = []GroupID{o.sales}
				return it
			},
			"No agent has german and is in sales.",
		},
		"personal": {
			func(o *office) *Item {
				it := o.item()
				it.Personal = &Personal{Agent: o.ada, Start: o.noon, In: switchyard.Hour}
				return it
			},
			"It waits in the personal queue of ada: ada is Away (Lunch) since 12:03.",
		},
		"transferred, declined": {
			func(o *office) *Item {
				it := o.item()
				it.Only = o.cy
				it.Cooldowns = []Cooldown{{o.cy, o.now + 30_000}}
				return it
			},
			"It was transferred to cy: cy cools down until 12:04:30.",
		},
		"one with two causes": {
			func(o *office) *Item {
				o.bo.Ready, o.bo.AwayText, o.bo.AwaySince = false, "No Answer", o.noon-switchyard.Instant(switchyard.Day)
				o.x.AgentChanged(o.bo)
				it := o.item(Demand{o.german, switchyard.Never})
				it.Cooldowns = []Cooldown{{o.ada, o.now + 60_000}}
				return it
			},
			"2 agents have german: ada is Away (Lunch) since 12:03 and cools down until 12:05, " +
				"bo is No Answer since 2026-11-22 12:00 and is full.",
		},
	} {
		o := newOffice()
		it := c.item(o)
		o.x.Enqueue(it, o.now)
		if got := o.x.Explain(it, o.now).Summary; got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

func TestExplainTellsWhatChanges(t *testing.T) {
	o := newOffice()
	it := o.item(Demand{o.german, o.halfPastTwo}, Demand{o.billing, switchyard.Never})
	it.Cooldowns = []Cooldown{{o.bo, o.now + 30_000}}
	it.Personal = &Personal{Agent: o.cy, Start: o.noon, In: 10 * switchyard.Minute, Out: switchyard.Hour}
	o.x.Enqueue(it, o.now)
	e := o.x.Explain(it, o.now)
	var got []string
	for _, c := range e.Changes {
		got = append(got, clock(c.At, o.now)+" "+c.Text)
	}
	want := "12:04:30 the cool-down of bo ends\n" +
		"12:10 the personal queue of cy ends, if its agent stays logged in\n" +
		"14:30 german is no longer required, only preferred"
	if strings.Join(got, "\n") != want {
		t.Errorf("changes are\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}

func TestNamesFoldCase(t *testing.T) {
	x := New()
	id := x.Skill("German")
	if x.Skill("GERMAN") != id || x.SkillName(id) != "German" {
		t.Errorf("german is %q", x.SkillName(x.Skill("german")))
	}
	x.SetSkillName("german")
	x.SetGroupName("Sales")
	if x.SkillName(id) != "german" || x.GroupName(x.Group("sales")) != "Sales" {
		t.Errorf("names are %q and %q", x.SkillName(id), x.GroupName(0))
	}
}

// TestReasonStaysShort offers work with more skills and longer names than a reason may hold.
func TestReasonStaysShort(t *testing.T) {
	o := newOffice()
	var demands []Demand
	for i := range 100 {
		id := o.x.Skill(strings.Repeat("x", 40) + string(rune('a'+i%26)) + strings.Repeat("y", i/26))
		until := []switchyard.Instant{0, switchyard.Never}[i%2]
		demands = append(demands, Demand{id, until})
	}
	o.x.AgentRegraded(o.cy, func() {
		for _, d := range demands {
			o.cy.Skills = append(o.cy.Skills, SkillLevel{d.Skill, 5})
		}
	})
	o.x.Enqueue(o.item(demands...), o.now)
	_, a, r, ok := o.x.Match(o.now)
	if !ok || a != o.cy {
		t.Fatal("cy does not get it")
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > switchyard.MaxReasonBytes || r.Requires[len(r.Requires)-1] != "…" {
		t.Errorf("the reason takes %d bytes: %s", len(text), text)
	}
}
