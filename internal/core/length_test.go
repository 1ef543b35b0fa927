package core

import (
	"testing"

	"switchyard"
)

// reading is an account whose queue reads every length of time from data sources.
func reading(t *testing.T) *player {
	t.Helper()
	read := func(name string) *switchyard.Length { return &switchyard.Length{Text: "$(" + name + ")"} }
	doc := switchyard.Account{Account: "reading", Agents: []switchyard.AgentEntry{{Username: "ada"}}, Plans: []switchyard.Plan{
		{Name: "Q", Start: "q", Applets: map[string]switchyard.Applet{"q": {Type: "queue", Ring: read("Ring"), Wrap: read("Wrap"),
			Target: read("Target"), Duration: read("Max"), OnNoAnswer: &switchyard.Reaction{For: read("Away")},
			On: map[string]string{"duration": ""}}}},
		{Name: "Plain", Start: "q", Applets: map[string]switchyard.Applet{"q": {Type: "queue"}}},
	}, Routes: []switchyard.Route{{Name: "Q", Plan: "Q"}, {Name: "Plain", Plan: "Plain"}}}
	return &player{world: newWorld(t, doc), ids: map[string]switchyard.ID{}}
}

// enters dispatches an interaction with properties.
func (p *player) enters(externalID string, properties ...string) switchyard.ID {
	p.t.Helper()
	r := switchyard.Request{Route: "Q", ExternalID: externalID}
	for n := 0; n < len(properties); n += 2 {
		r.Linked = append(r.Linked, switchyard.Linked{Type: "interactionproperty", Key: properties[n], Value: properties[n+1]})
	}
	return p.must(&switchyard.Invoke{Requests: []switchyard.Request{r}}).([]switchyard.RequestResult)[0].Interaction
}

func (p *player) does(id switchyard.ID, action switchyard.Action) {
	p.t.Helper()
	p.must(&switchyard.Act{Interaction: id, Action: action, Agent: "ada"})
}

// Each length is read when it is used: ring at the offer, wrap at the release, duration and target on
// entering the queue, the time of a presence when the agent gets it.
func TestLengthsOfAQueueAreRead(t *testing.T) {
	p := reading(t)
	p.must(&switchyard.SetPresence{Agent: "ada", Presence: "Ready"})
	id := p.enters("x", "ring", "7s", "wrap", "2m", "target", "30", "max", "1h", "away", "45s")
	q := latest[*switchyard.Enqueued](p)
	if q.Until != epoch.Add(switchyard.Hour) || q.Target == nil || *q.Target != 30*switchyard.Second || q.Fault != "" {
		t.Errorf("%+v", q)
	}
	if o := latest[*switchyard.OfferMade](p); o.Until != epoch.Add(7*switchyard.Second) || o.Fault != "" {
		t.Errorf("%+v", o)
	}
	p.advance(7 * switchyard.Second)
	if e := latest[*switchyard.PresenceChanged](p); e.Presence != "No Answer" || e.Until != p.clock.Add(45*switchyard.Second) || e.Fault != "" {
		t.Errorf("%+v", e)
	}
	p.advance(45 * switchyard.Second)
	p.does(id, switchyard.ActAccept)
	p.does(id, switchyard.ActRelease)
	if e := latest[*switchyard.Released](p); e.Wrap != p.clock.Add(2*switchyard.Minute) || e.Fault != "" {
		t.Errorf("%+v", e)
	}
	p.checkRebuilt()
	p.advance(2 * switchyard.Minute)
	p.ended(switchyard.OutcomeDelivered)
}

// What cannot be read has the setting's default, and the event says so without the value, which may
// be personal.
func TestLengthsThatCannotBeRead(t *testing.T) {
	p := reading(t)
	p.must(&switchyard.SetPresence{Agent: "ada", Presence: "Ready"})
	id := p.enters("x", "ring", "2h", "wrap", "Ada Lovelace", "target", "soon", "away", "x")
	q := latest[*switchyard.Enqueued](p)
	if q.Until != 0 || *q.Target != 20*switchyard.Second ||
		q.Fault != "duration $(Max) gives nothing; there is no longest wait; target $(Target) gives no duration; 20s holds" {
		t.Errorf("%+v", q)
	}
	if o := latest[*switchyard.OfferMade](p); o.Until != epoch.Add(20*switchyard.Second) || o.Fault != "ring $(Ring) gives more than 1h; 20s holds" {
		t.Errorf("%+v", o)
	}
	p.advance(20 * switchyard.Second)
	if e := latest[*switchyard.PresenceChanged](p); e.Until != p.clock.Add(180*switchyard.Second) || e.Fault != "for $(Away) gives no duration; settings.noanswer holds" {
		t.Errorf("%+v", e)
	}
	p.advance(180 * switchyard.Second)
	p.does(id, switchyard.ActAccept)
	p.does(id, switchyard.ActRelease)
	if e := latest[*switchyard.Released](p); e.Wrap != 0 || e.Fault != "wrap $(Wrap) gives no duration; 0s holds" {
		t.Errorf("%+v", e)
	}
	p.ended(switchyard.OutcomeDelivered)
}

// The target is that of the interaction's own entry: a later change of the data source, another
// queue's target and a restart do not touch it, and plain queues keep theirs.
func TestTargetsAreOfTheInteraction(t *testing.T) {
	for _, test := range []struct {
		target         string
		wait           switchyard.Duration
		within, abLate int
	}{{"1m", 50 * switchyard.Second, 1, 0}, {"40s", 50 * switchyard.Second, 0, 1}, {"0", 0, 1, 0}, {"", 20 * switchyard.Second, 1, 0}, {"", 21 * switchyard.Second, 0, 1}} {
		p := reading(t)
		answered := p.enters("x", "target", test.target)
		p.enters("y", "target", test.target)
		p.advance(test.wait)
		p.restart(len(p.rows))
		p.must(&switchyard.Invoke{Requests: []switchyard.Request{{Action: "release", ExternalID: "y"}}})
		p.must(&switchyard.SetPresence{Agent: "ada", Presence: "Ready"})
		p.does(answered, switchyard.ActAccept)
		f := p.s.Queues(p.clock)[0]
		if f.InTarget != test.within || f.AbandonedLate != test.abLate || f.Target != 20*switchyard.Second {
			t.Errorf("target %q, wait %s: %+v", test.target, test.wait, f)
		}
		p.must(&switchyard.Act{Interaction: answered, Action: switchyard.ActTransfer, Agent: "ada", ToRoute: "Plain"})
		if target := p.s.find(answered).rare.target; target != nil {
			t.Errorf("in a plain queue it has the target %s", *target)
		}
		p.checkRebuilt()
	}
}
