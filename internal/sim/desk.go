package sim

import (
	"slices"

	"switchyard"
	"switchyard/internal/core"
)

// desk is an agent with its browser. What it knows is what the feed has told it.
type desk struct {
	a        *account
	agent    string
	vanished switchyard.Instant // its browser is silent until then
	waiting  bool               // for an answer
}

// alive tells the server of every browser that is open.
func (a *account) alive() {
	for _, d := range a.desks {
		if a.w.now >= d.vanished {
			a.w.server.engine.Engine().Heard(a.name, d.agent)
		}
	}
}

// turn lets an agent do something.
func (d *desk) turn() {
	w, a := d.a.w, d.a
	if w.fault(AgentVanishes, 60) {
		d.vanished = w.now.Add(switchyard.Duration(w.rng.IntN(300_000)))
	}
	if d.waiting || w.now < d.vanished || len(a.docs) == 0 {
		return
	}
	me := a.reader.Agent(d.agent)
	if me == nil {
		return // removed
	}
	if n := w.rng.IntN(100); n < 8 || me.Category == switchyard.LoggedOut && n < 50 || me.Category != switchyard.Ready && n < 25 {
		d.choose(a.pick("Ready", "Ready", "Ready", "Ready", "Away", "Lunch", "Logged Out"))
		return
	}
	if len(me.Interactions) > 0 {
		d.work(a.reader.Find(me.Interactions[w.rng.IntN(len(me.Interactions))]))
	}
}

func (d *desk) choose(presence string) {
	d.ask(&switchyard.SetPresence{Agent: d.agent, Presence: presence}, nil)
}

func (d *desk) ask(in switchyard.Input, done func(refused *switchyard.Error)) {
	d.waiting = true
	c := &call{by: "user:" + d.agent, input: in, done: func(_ *call, _ any, refused *switchyard.Error) {
		if done != nil {
			done(refused)
		}
	}}
	d.a.ask(c)
}

// mostly are the actions an agent takes in each state, the likelier ones more often.
var mostly = map[switchyard.Status][]switchyard.Action{
	switchyard.Offered: {switchyard.ActAccept, switchyard.ActAccept, switchyard.ActAccept, switchyard.ActAccept, switchyard.ActDecline, ""},
	switchyard.Connected: {switchyard.ActRelease, switchyard.ActRelease, switchyard.ActRelease, switchyard.ActHold, switchyard.ActTransfer, "",
		switchyard.ActAccept},
	switchyard.Held:   {switchyard.ActRetrieve, switchyard.ActRetrieve, switchyard.ActRelease, switchyard.ActTransfer, ""},
	switchyard.Parked: {switchyard.ActRetrieve, switchyard.ActRetrieve, "", switchyard.ActRelease},
	switchyard.Wrap:   {switchyard.ActComplete, switchyard.ActExtend, ""},
}

// work does something about one of the agent's interactions.
func (d *desk) work(r *core.Record) {
	w, a := d.a.w, d.a
	actions := mostly[r.State]
	if len(actions) == 0 {
		return
	}
	in := &switchyard.Act{Interaction: r.ID, Agent: d.agent, Action: actions[w.rng.IntN(len(actions))]}
	switch in.Action {
	case "":
		return
	case switchyard.ActTransfer:
		if w.rng.IntN(2) == 0 {
			in.ToAgent = username(w.rng.IntN(people))
		} else {
			in.ToRoute = a.pick(routeNames...)
		}
	}
	d.act(in)
}

func (d *desk) act(in *switchyard.Act) {
	d.ask(in, func(refused *switchyard.Error) {
		if refused == nil {
			d.a.acted(in)
		}
	})
}

// acted counts what was acknowledged: the journal has at least as much.
func (a *account) acted(in *switchyard.Act) {
	if in.Action == switchyard.ActExtend {
		return
	}
	a.w.checked("acknowledged")
	key := deed{in.Action, in.Interaction, in.Agent}
	if a.done[key]++; a.done[key] > a.model.acts[key] {
		a.w.fail("acknowledged", "%s of %s by %s was acknowledged %d times, and the journal has it %d times",
			in.Action, in.Interaction, in.Agent, a.done[key], a.model.acts[key])
	}
}

// supervise lets a supervisor step in.
func (a *account) supervise() {
	i := a.someLive()
	if i == nil {
		return
	}
	in := &switchyard.Act{Interaction: i.id, Supervisor: true, ToAgent: username(a.w.rng.IntN(people)), Band: a.pick("1", "2", "3", "4", "5"),
		Action: switchyard.Action(a.pick("requeue", "assign", "priority", "priority", "release"))}
	if in.Action != switchyard.ActAssign {
		in.ToAgent = ""
	}
	a.ask(&call{by: "user:boss", input: in})
}

// someLive is a live interaction.
func (a *account) someLive() *work {
	if len(a.model.live) == 0 {
		return nil
	}
	return a.model.live[a.w.rng.IntN(len(a.model.live))]
}

// serve does, once the faults have ended, what gets everything done: agents come in and finish what
// they are offered.
func (d *desk) serve() (did bool) {
	d.vanished = 0
	me := d.a.reader.Agent(d.agent)
	if d.waiting || me == nil {
		return d.waiting
	}
	if me.Presence != "Ready" || me.Intended != "" {
		d.choose("Ready")
		return true
	}
	for _, id := range me.Interactions {
		r := d.a.reader.Find(id)
		does := map[switchyard.Status]switchyard.Action{switchyard.Offered: switchyard.ActAccept, switchyard.Connected: switchyard.ActRelease,
			switchyard.Held: switchyard.ActRelease, switchyard.Parked: switchyard.ActRetrieve, switchyard.Wrap: switchyard.ActComplete}
		action := does[r.State]
		busy := slices.ContainsFunc(me.Interactions, func(other switchyard.ID) bool {
			state := d.a.reader.Find(other).State
			return state != switchyard.Parked
		})
		if action == switchyard.ActRetrieve && busy {
			continue // there may be no room
		}
		d.act(&switchyard.Act{Interaction: id, Agent: d.agent, Action: action})
		return true
	}
	return false
}
