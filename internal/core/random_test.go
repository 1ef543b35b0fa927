package core

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"switchyard"
)

var (
	seedFlag  = flag.Uint64("seed", 0, "play this one random life instead of many")
	livesFlag = flag.Int("lives", 300, "how many random lives to play")
)

// TestRandomLives plays random inputs of every kind against the core and holds the state after each
// against what must always be true, and at the end against the state folded, loaded and decided
// again.
func TestRandomLives(t *testing.T) {
	if *seedFlag != 0 {
		playLife(t, *seedFlag, 400)
		return
	}
	met := map[string]int{}
	refusals := map[switchyard.Code]int{}
	for n := range *livesFlag {
		seed := uint64(n)*7919 + 1
		if !t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			l := playLife(t, seed, 150)
			met["test callers"] += l.tried
			met["drafts"] += l.s.lastDraft
			for code, n := range l.foretold {
				refusals[code] += n
			}
		}) {
			t.Fatalf("play it again with -run TestRandomLives -seed %d", seed)
		}
	}
	for _, what := range []string{"test callers", "drafts"} {
		if met[what] == 0 && *livesFlag >= 100 {
			t.Errorf("no life met %s", what)
		}
	}
	for _, code := range []switchyard.Code{"", switchyard.NotPermitted, switchyard.WrongState, switchyard.NotYours,
		switchyard.DispositionRequired} {
		if refusals[code] == 0 && *livesFlag >= 100 {
			t.Errorf("no life met an action that was foretold as %q", code)
		}
	}
}

func playLife(t *testing.T, seed uint64, steps int) *life {
	l := &life{rng: rand.New(rand.NewPCG(seed, 1)), foretold: map[switchyard.Code]int{}}
	l.doc = lifeAccount()
	w := newWorld(t, l.doc)
	l.player = player{world: w, ids: map[string]switchyard.ID{}}
	l.must(&switchyard.Register{Provider: "Crm", Endpoint: "https://crm.example.com/", Secret: "sealed",
		Permitted: switchyard.Permissions{Release: true, Hold: true, TransferToAgent: true, TransferToRoute: true}})
	for range steps {
		l.step()
		l.checkInvariants()
	}
	l.checkRebuilt()
	return l
}

// life is one random life.
type life struct {
	player
	rng   *rand.Rand
	doc   switchyard.Account
	known []switchyard.ID
	count int
	tried int // test callers seen

	foretold map[switchyard.Code]int // what options said of actions; "" = they were possible
}

func (l *life) pick(list ...string) string { return list[l.rng.IntN(len(list))] }

func (l *life) step() {
	switch n := l.rng.IntN(100); {
	case n < 25:
		l.dispatchSome()
	case n < 32:
		l.do(&switchyard.Invoke{Provider: l.pick("", "Crm"), Requests: []switchyard.Request{{Action: "release",
			ExternalID: fmt.Sprint("x", l.rng.IntN(30))}}})
	case n < 45:
		l.do(&switchyard.SetPresence{Agent: l.agent(), Presence: l.pick("Ready", "Ready", "Ready", "Away", "Lunch", "Logged Out")})
	case n < 75:
		l.actSome()
	case n < 85:
		l.advance(switchyard.Duration(l.rng.IntN(40_000)))
	case n < 87:
		l.advance(switchyard.Duration(l.rng.Int64N(int64(3 * switchyard.Hour))))
	case n < 89:
		l.do(&switchyard.AgentLost{Agent: l.agent()})
	case n < 91:
		l.do(&switchyard.AgentBack{Agent: l.agent()})
	case n < 94:
		l.effectSome()
	case n < 95:
		l.do(&switchyard.EffectReceipt{Interaction: switchyard.NewID(1, uint64(l.rng.IntN(20)), 1), Effect: switchyard.NewID(1, uint64(l.rng.IntN(9)), 2),
			Status: l.pick("delivered", "failed"), MessageID: l.pick("m1", "m2"), To: "447700900123"})
	case n < 96:
		l.configSome()
	case n < 97:
		l.draftSome()
	case n < 98:
		l.do(&switchyard.RemoveProvider{Provider: "Crm", Force: true})
		l.do(&switchyard.Register{Provider: "Crm", Endpoint: "https://crm.example.com/", Secret: "sealed",
			Permitted: switchyard.Permissions{Release: l.rng.IntN(2) == 0, Hold: true, TransferToAgent: true}})
	case n < 99:
		l.do(&switchyard.FlushRequestIDs{Through: switchyard.Seq(l.rng.IntN(int(l.s.Seq()) + 1))})
	default:
		l.restart(l.rng.IntN(len(l.rows) + 1))
	}
}

func (l *life) agent() string { return fmt.Sprint("a", l.rng.IntN(6)) }

func (l *life) dispatchSome() {
	var requests []switchyard.Request
	for range 1 + l.rng.IntN(4) {
		l.count++
		r := switchyard.Request{RequestID: fmt.Sprint("r", l.rng.IntN(400)), ExternalID: fmt.Sprint("x", l.rng.IntN(30)),
			Route: l.pick("Plain", "Plain", "Auto", "Exits", "Maze", "Text", "Ask", "Ask"), Class: l.pick("", "live", "chat", "nonlive")}
		for _, skill := range []string{"s0", "s1", "s2"} {
			if l.rng.IntN(4) == 0 {
				r.Skills = append(r.Skills, switchyard.Skill{Name: skill, ExpiryAfter: l.expiry()})
			}
		}
		if l.rng.IntN(2) == 0 {
			r.Linked = []switchyard.Linked{{Type: "clid", Value: l.pick("(077) 00-900001", "07700900002", "Tester@Example.com", "ext. 5")}}
		}
		if l.rng.IntN(2) == 0 {
			r.Linked = append(r.Linked, switchyard.Linked{Type: "interactionproperty", Key: "Len", Value: l.pick("3", "7s", "1500ms", "soon", "400d", "0")})
		}
		if l.rng.IntN(4) == 0 {
			r.PersonalQueue = &switchyard.Personal{Agent: l.agent(), LoggedInTimeout: l.rng.Int64N(60), LoggedOutTimeout: l.rng.Int64N(60)}
		}
		requests = append(requests, r)
	}
	d := l.do(&switchyard.Invoke{Provider: l.pick("", "Crm"), Requests: requests})
	results, _ := d.Answer.([]switchyard.RequestResult)
	for _, r := range results {
		if r.Status == switchyard.StatusAccepted {
			l.known = append(l.known, r.Interaction)
		}
	}
}

func (l *life) expiry() *int64 {
	switch l.rng.IntN(3) {
	case 0:
		return nil
	case 1:
		return new(int64)
	}
	n := l.rng.Int64N(90)
	return &n
}

func (l *life) actSome() {
	if len(l.known) == 0 {
		return
	}
	from := max(0, len(l.known)-20)
	in := &switchyard.Act{Interaction: l.known[from+l.rng.IntN(len(l.known)-from)], Agent: l.agent(),
		Action: switchyard.Action(l.pick("accept", "accept", "decline", "release", "release", "hold", "retrieve", "transfer",
			"complete", "extend", "note", "note", "requeue", "assign", "priority")),
		Disposition: l.pick("", "", "Solved"), Notes: l.pick("", "", "Call back", "Refund sent")}
	l.ticks()
	if held := l.s.Agent(in.Agent); held != nil && len(held.Interactions) > 0 && l.rng.IntN(2) == 0 {
		in.Interaction = held.Interactions[l.rng.IntN(len(held.Interactions))]
		if may := l.possible(in); len(may) > 0 && l.rng.IntN(4) > 0 {
			in.Action = may[l.rng.IntN(len(may))]
		}
	} else if r := l.s.Find(in.Interaction); r != nil && r.Agent != "" && l.rng.IntN(10) > 0 {
		in.Agent = r.Agent
	}
	switch in.Action {
	case switchyard.ActTransfer:
		if l.rng.IntN(2) == 0 {
			in.ToAgent = l.agent()
		} else {
			in.ToRoute = l.pick("Plain", "Exits", "Maze", "Ask")
		}
	case switchyard.ActAssign, switchyard.ActRequeue, switchyard.ActPriority:
		in.Supervisor, in.ToAgent, in.Band = true, l.agent(), l.pick("1", "2", "3", "4", "5")
	case switchyard.ActRelease:
		if in.Supervisor = l.rng.IntN(5) == 0; in.Supervisor {
			in.Agent = ""
		}
	}
	in.Overseer = !in.Supervisor && l.rng.IntN(10) == 0
	options := l.s.Options(in.Interaction, in.Agent, in.Overseer)
	l.checkForetold(in, options, l.do(in).Refused)
}

// possible are the actions that the agent may do now, each once.
func (l *life) possible(in *switchyard.Act) (may []switchyard.Action) {
	for _, o := range l.s.Options(in.Interaction, in.Agent, in.Overseer) {
		if o.Refused == nil {
			may = append(may, o.Action)
		}
	}
	return slices.Compact(may)
}

// checkForetold holds what was said of an agent's action beforehand against what became of it. Only what
// the call itself names is not known before.
func (l *life) checkForetold(in *switchyard.Act, options []Option, refused *switchyard.Error) {
	l.t.Helper()
	var code switchyard.Code
	if refused != nil {
		code = refused.Code
	}
	to := Target("")
	if in.ToAgent != "" && in.Action == switchyard.ActTransfer {
		to = ToAgent
	} else if in.ToRoute != "" {
		to = ToRoute
	}
	at := slices.IndexFunc(options, func(o Option) bool { return o.Action == in.Action && o.To == to })
	switch {
	case in.Supervisor, code == switchyard.AgentUnknown, code == switchyard.RouteUnknown:
		return
	case options == nil:
		if code != switchyard.NotFound {
			l.t.Fatalf("%s has no options, and comes to %q", in.Action, code)
		}
		return
	case at < 0:
		l.t.Fatalf("the options do not have %s %s: %+v", in.Action, to, options)
	}
	o, foretold := options[at], switchyard.Code("")
	switch {
	case o.Refused != nil:
		foretold = o.Refused.Code
	case code == switchyard.TransferToSelf:
		return
	case o.Disposition && in.Disposition == "" && code != "": // one may have been noted before
		foretold = switchyard.DispositionRequired
	}
	if foretold != code {
		l.t.Fatalf("%s %s by %s was foretold as %q and comes to %q", in.Action, to, in.Agent, foretold, code)
	}
	l.foretold[code]++
}

func (l *life) effectSome() {
	var due []switchyard.Effect
	l.s.Effects(func(e switchyard.Effect, working bool) bool {
		if working {
			due = append(due, e)
		}
		return len(due) < 20
	})
	if len(due) == 0 {
		return
	}
	e := due[l.rng.IntN(len(due))]
	r := &switchyard.EffectResult{Effect: e.ID, Attempt: e.Attempt, OK: l.rng.IntN(3) > 0, GiveUp: l.rng.IntN(4) == 0, Status: 500}
	if l.rng.IntN(5) == 0 {
		r.RetryAfterMillis = l.rng.Int64N(7_200_000)
	}
	if e.Kind == switchyard.EffectConnector {
		if e.Deadline <= l.s.Now() {
			l.t.Fatalf("effect %s is still to be performed after its deadline %v", e.ID, e.Deadline)
		}
		r.Timeout = !r.OK && l.rng.IntN(3) == 0
		r.Values = map[string]string{"Tier": l.pick("default", "gold", "", strings.Repeat("x", switchyard.MaxDataSourceBytes+l.rng.IntN(2))),
			"Customer Name": "#(secret) $(Tier)", "Not Asked": "x"}
		r.Exchange = &switchyard.Exchange{Method: "GET", URL: "https://crm.example.com/", Status: 500, AnswerBody: "{}"}
	}
	l.do(r)
}

// draftSome saves, drops and publishes drafts, by callers who may be late.
func (l *life) draftSome() {
	for range 1 + l.rng.IntN(8) {
		id, expect := l.rng.IntN(l.s.lastDraft+2), l.rng.IntN(3)
		switch n := l.rng.IntN(10); {
		case n < 6:
			l.do(&switchyard.SaveDraft{Draft: id, Expect: expect, Name: fmt.Sprint("draft ", id), Note: l.pick("", "why"),
				Base: l.s.Config().Version - l.rng.IntN(2), Document: l.someDocument()})
		case n < 7:
			l.do(&switchyard.DropDraft{Draft: id, Expect: expect})
		default:
			if d := l.s.Draft(id); d != nil {
				l.do(&switchyard.Publish{Document: *d.Document, Source: "draft", Draft: id, Expect: expect, Force: l.rng.IntN(2) == 0})
			}
		}
	}
	if len(l.s.drafts) > switchyard.MaxDrafts {
		l.t.Fatalf("there are %d drafts", len(l.s.drafts))
	}
}

// configSome takes agents away and brings them back, and regrades them.
func (l *life) configSome() {
	l.must(&switchyard.Publish{Document: l.someDocument(), Source: "test"})
}

func (l *life) someDocument() switchyard.Account {
	doc := l.doc
	doc.Agents = nil
	for n := range 6 {
		if n != 1 && l.rng.IntN(4) == 0 {
			continue
		}
		entry := switchyard.AgentEntry{Username: fmt.Sprint("a", n), Skills: map[string]int{}}
		for _, skill := range []string{"s0", "s1", "s2"} {
			if l.rng.IntN(2) == 0 {
				entry.Skills[skill] = 1 + l.rng.IntN(10)
			}
		}
		if l.rng.IntN(4) == 0 {
			entry.Username = fmt.Sprint("A", n)
		}
		if l.rng.IntN(2) == 0 {
			entry.Groups = []string{"g"}
		}
		doc.Agents = append(doc.Agents, entry)
	}
	if l.rng.IntN(4) == 0 {
		doc.Schedules = nil
	}
	doc.Settings.Order = l.pick("band", "ageing")
	doc.Routes = slices.Clone(doc.Routes)
	for n := range doc.Routes {
		if l.rng.IntN(2) == 0 {
			doc.Routes[n].Test = nil
		}
	}
	return doc
}

// checkInvariants holds what must be true after every input (DESIGN.md §10).
func (l *life) checkInvariants() {
	l.t.Helper()
	l.ticks()
	l.checkStuck()
	loads := map[string]int{}
	external := map[string]bool{}
	for i := l.s.newest; i != nil; i = i.older {
		if a := i.agent(); a != nil {
			if i.holdsRoom() {
				loads[a.Username] += i.rare.size
			}
			if i.state == switchyard.Queued || i.state == switchyard.Planned {
				l.t.Fatalf("%s interaction %s is with agent %s", i.state, i.ID, a.Username)
			}
		}
		if (i.state == switchyard.Queued) != i.Queued() {
			l.t.Fatalf("interaction %s is %s; in the index: %t", i.ID, i.state, i.Queued())
		}
		if i.state == switchyard.Planned && i.until == 0 && (i.rare == nil || len(i.rare.effects) == 0) {
			l.t.Fatalf("nothing ends interaction %s: %+v", i.ID, l.s.record(i))
		}
		if i.rare != nil {
			for _, id := range i.rare.effects {
				if l.s.pending[id] == nil || !i.waits() {
					l.t.Fatalf("%s interaction %s waits for effect %s, which is through: %+v", i.state, i.ID, id, l.s.record(i))
				}
			}
		}
		if i.values["not asked"] != "" {
			l.t.Fatalf("interaction %s has a value nobody asked for", i.ID)
		}
		l.checkTrial(i)
		if i.externalID != "" && !i.released {
			if key := i.providerKey() + "/" + i.externalID; external[key] {
				l.t.Fatalf("two live interactions have %s", key)
			} else {
				external[key] = true
			}
		}
	}
	for _, a := range l.s.roster {
		if a.Load != loads[a.Username] || a.Load > 100 {
			l.t.Fatalf("agent %s has load %d; its interactions take %d", a.Username, a.Load, loads[a.Username])
		}
	}
	for i := l.s.newest; i != nil; i = i.older {
		for _, a := range l.s.roster {
			if fits, _ := l.s.index.Fits(&i.Item, &a.Agent, l.s.now); i.state == switchyard.Queued && fits {
				l.t.Fatalf("interaction %s waits though %s fits", i.ID, a.Username)
			}
		}
	}
}

// checkTrial holds the plan that an interaction's event says it entered against a plain reading of the
// route and the clid. Only work that was dispatched in the version in force, and not moved since, is
// where its route put it.
func (l *life) checkTrial(i *interaction) {
	l.t.Helper()
	if i.rare == nil || i.rare.testPlan == "" {
		return
	}
	clid := i.linked.last("clid", "")
	if clid != "(077) 00-900001" && clid != "Tester@Example.com" {
		l.t.Fatalf("interaction %s with clid %q entered test plan %s", i.ID, clid, i.rare.testPlan)
	}
	if want := map[string]string{"Plain": "Maze", "Exits": "Auto"}[i.route.Name]; i.rare.testPlan != want {
		l.t.Fatalf("interaction %s entered test plan %q by route %s, not %q", i.ID, i.rare.testPlan, i.route.Name, want)
	}
	l.tried++
}

func lifeAccount() switchyard.Account {
	duration := func(d switchyard.Duration) *switchyard.Duration { return &d }
	length := func(d switchyard.Duration) *switchyard.Length { return &switchyard.Length{Fixed: d} }
	read := &switchyard.Length{Text: "$(Len)"}
	doc := switchyard.Account{Account: "life", Skills: []string{"s0", "s1", "s2"}, Groups: []string{"g"},
		Presences: []switchyard.Presence{{Name: "Lunch", Category: switchyard.Away}},
		Gateways:  switchyard.Gateways{SMS: map[string]switchyard.Gateway{"default": {Type: "log"}}},
		Secrets:   map[string]string{"key": "sealed"}}
	doc.Schedules = []switchyard.Schedule{{Name: "emea", TimeZone: "Europe/Berlin", Holidays: []switchyard.Holiday{{Date: "11-24"}},
		Hours: map[string][]string{"mon-sun": {"00:00-02:00", "09:00-12:00", "12:30-14:00", "18:00-23:00"}}}}
	doc.Settings.ParkTimeout = duration(switchyard.Hour)
	doc.Settings.TransferTimeout = duration(switchyard.Minute)
	for n := range 6 {
		doc.Agents = append(doc.Agents, switchyard.AgentEntry{Username: fmt.Sprint("a", n), Groups: []string{"g"},
			Skills: map[string]int{fmt.Sprint("s", n%3): n + 1}})
	}
	queue := func(a switchyard.Applet) switchyard.Applet {
		a.Type = "queue"
		return a
	}
	doc.Plans = []switchyard.Plan{
		{Name: "Plain", Start: "q", Applets: map[string]switchyard.Applet{"q": queue(switchyard.Applet{})}},
		{Name: "Auto", Start: "q", Applets: map[string]switchyard.Applet{"q": queue(switchyard.Applet{Accept: "auto", Wrap: length(5 * switchyard.Second), Disposition: true})}},
		{Name: "Exits", Start: "q", Applets: map[string]switchyard.Applet{
			"q": queue(switchyard.Applet{Groups: []string{"g"}, Disposition: true, Duration: length(30 * switchyard.Second), MaxLength: 3,
				OnDecline:  &switchyard.Reaction{Presence: "Lunch", For: length(10 * switchyard.Second)},
				OnNoAnswer: &switchyard.Reaction{Presence: "unchanged"},
				On:         map[string]string{"duration": "over", "noagents": "none", "declined": "none", "full": "none"}}),
			"over": {Type: "goto", Plan: "Plain"}, "none": {Type: "end", Outcome: "Nobody"}}},
		{Name: "Maze", Start: "tag", Applets: map[string]switchyard.Applet{
			"tag":   {Type: "skilltagger", Skills: []switchyard.TagSkill{{Name: "s1"}, {Name: "s2", ExpiryAfter: &switchyard.Seconds{Text: "$(Len)"}}}, Next: "split", PersonalQueue: &switchyard.TagPersonal{Agent: "a1", LoggedInTimeout: switchyard.Seconds{Text: "$(Len)"}, LoggedOutTimeout: switchyard.Seconds{Fixed: 5}}},
			"split": {Type: "split", Branches: []switchyard.Branch{{Weight: 1, Next: "wait"}, {Weight: 2, Next: "band"}}},
			"wait":  {Type: "wait", For: read, Next: "band"},
			"band":  {Type: "setpriority", Band: "2", Next: "hours"},
			"hours": {Type: "schedulerouter", Schedule: "$(Team)", On: map[string]string{"open": "set", "closed": "q"}},
			"set":   {Type: "setdatasource", Values: map[string]string{"Where": "$(DialledNumber) $(CLID)"}, Next: "route"},
			"route": {Type: "datarouter", On: map[string]string{"nomatch": "q"}, Rules: []switchyard.Rule{
				{When: `int(data.CLID) > 5 && now < timestamp("2030-01-01T00:00:00Z")`, Next: "q"}, {When: `data.Where.endsWith("") && int(data.Len) == 3`, Next: "pause"}}},
			"pause": {Type: "wait", For: length(3 * switchyard.Second), Next: "q"},
			"q": queue(switchyard.Applet{Ring: read, Wrap: read, Target: read, Duration: read, On: map[string]string{"duration": "over"},
				OnNoAnswer: &switchyard.Reaction{For: read}}),
			"over": {Type: "goto", Plan: "Plain"}}},
		{Name: "Text", Start: "send", Applets: map[string]switchyard.Applet{
			"send":   {Type: "sendsms", Gateway: "default", From: "Us", To: "07700900000", Message: "Hello", Next: "q", On: map[string]string{"failure": "unsent"}},
			"q":      queue(switchyard.Applet{Disposition: true}),
			"unsent": {Type: "end", Outcome: "NotSent"}}},
		{Name: "Ask", Start: "ask", Applets: map[string]switchyard.Applet{
			"ask": {Type: "dataconnector", URL: "https://crm.example.com/$(CLID:URL)", Headers: map[string]string{"X": "#(key)"},
				Result: map[string]string{"Tier": "$.tier", "Customer Name": "$.name"}, Next: "post",
				On: map[string]string{"failure": "q", "timeout": "late"}},
			"post": {Type: "dataconnector", URL: "https://crm.example.com/", Body: "$(Tier)", Timeout: read, Next: "send"},
			"send": {Type: "sendsms", Gateway: "$(Tier)", From: "Us", To: "07700900000", Message: "Hello", On: map[string]string{"failure": "q"}},
			"q":    queue(switchyard.Applet{}),
			"late": {Type: "setdatasource", Values: map[string]string{"TIER": "late"}, Next: "q"}}},
		{Name: "After", Start: "send", Applets: map[string]switchyard.Applet{
			"send": {Type: "sendsms", Gateway: "default", From: "Us", To: "07700900000", Message: "Bye"}}},
		{Name: "AskAfter", Start: "ask", Applets: map[string]switchyard.Applet{
			"ask":  {Type: "dataconnector", Method: "PUT", URL: "https://crm.example.com/$(InteractionOutcome:URL)", Retries: new(int), Next: "tell"},
			"tell": {Type: "dataconnector", URL: "https://crm.example.com/"}}},
	}
	for _, name := range []string{"Plain", "Auto", "Exits", "Maze", "Text", "Ask"} {
		doc.Routes = append(doc.Routes, switchyard.Route{Name: name, Plan: name, DataSources: map[string]string{"Team": "EMEA"}})
	}
	doc.Routes[0].After, doc.Routes[1].After = "After", "AskAfter"
	doc.Routes[0].Test = &switchyard.RouteTest{Plan: "Maze", Callers: []string{"077 0090 0001", "tester@example.com"}}
	doc.Routes[2].Test = &switchyard.RouteTest{Plan: "Auto", Callers: []string{"+07700900001"}}
	return doc
}
