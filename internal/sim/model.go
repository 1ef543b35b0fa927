package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"switchyard"
)

// model is what a reader of one account's feed makes of it. It shares no code with the core: from
// nothing but the events it tells who has what, what providers must hear, and whether that may be.
type model struct {
	complain func(check, format string, args ...any)

	interactions map[switchyard.ID]*work
	live         []*work // not ended, in order of dispatch
	byRequest    map[string]*work
	addresses    map[address]*work             // of live work with an externalid, until it was released
	load         map[string]int                // by CaseKey of the agent
	idle         map[string]switchyard.Instant // since when, of the agents there are
	cooling      map[deed]switchyard.Instant   // until when, of a declined interaction and its agent
	providers    map[string]bool               // by CaseKey; true = it wants to be told
	due, asked   []notice                      // of the row being read: what providers must be told, and what is asked for
	effects      map[switchyard.ID]*effect
	pending      int
	lanes        map[address][]*effect
	acts         map[deed]int
	released     map[switchyard.ID]bool
	at           switchyard.Instant
	last         switchyard.ID // dispatched last
}

// address is what the API knows an interaction by.
type address struct{ provider, externalID string }

// deed is something an agent has done to an interaction.
type deed struct {
	action      switchyard.Action
	interaction switchyard.ID
	agent       string
}

// work is an interaction as the feed shows it.
type work struct {
	id                              switchyard.ID
	requestID, externalID, provider string
	state                           switchyard.Status // planned also stands for queued
	agent                           string
	size                            int
	since                           switchyard.Instant // waiting since; 0 = it has not entered a queue
	told                            bool               // the provider heard that it was released
	outcome                         string
	events                          int
}

// notice is something a provider must be told.
type notice struct {
	to          address
	interaction switchyard.ID
	kind, agent string
}

// effect is something that was asked for.
type effect struct {
	switchyard.Effect
	finished, ok bool
}

func newModel(complain func(check, format string, args ...any)) *model {
	return &model{complain: complain, interactions: map[switchyard.ID]*work{}, byRequest: map[string]*work{},
		addresses: map[address]*work{}, load: map[string]int{}, idle: map[string]switchyard.Instant{},
		cooling: map[deed]switchyard.Instant{}, providers: map[string]bool{}, effects: map[switchyard.ID]*effect{},
		lanes: map[address][]*effect{}, acts: map[deed]int{}, released: map[switchyard.ID]bool{}}
}

func (i *work) address() address { return address{switchyard.CaseKey(i.provider), i.externalID} }

// row begins a row of the journal, endRow ends it.
func (m *model) row(at switchyard.Instant) {
	if at < m.at {
		m.complain("feed", "a row at %v comes after one at %v", at, m.at)
	}
	m.at = at
}

func (m *model) endRow() {
	if !slices.Equal(m.due, m.asked) {
		m.complain("callback", "providers must be told %+v; asked for is %+v", m.due, m.asked)
	}
	m.due, m.asked = m.due[:0], m.asked[:0]
}

// take follows one event.
func (m *model) take(e switchyard.Event) {
	switch e := e.(type) {
	case *switchyard.Dispatched:
		m.dispatched(e)
	case *switchyard.ConfigPublished:
		m.published(&e.Document)
	case *switchyard.PresenceChanged:
		if !e.Only {
			m.idle[switchyard.CaseKey(e.Agent)] = m.at
		}
	case *switchyard.ProviderRegistered:
		m.providers[switchyard.CaseKey(e.Provider)] = e.Endpoint != ""
	case *switchyard.ProviderRemoved:
		delete(m.providers, switchyard.CaseKey(e.Provider))
	case *switchyard.EffectRequested:
		m.requested(&e.Effect)
	case *switchyard.EffectFinished:
		m.finished(e)
	default:
		if id, _ := e.About(); !id.IsZero() {
			m.about(id, e)
		}
	}
}

// published follows who is an agent. Whoever comes back after it was removed begins anew.
func (m *model) published(doc *switchyard.Account) {
	before := m.idle
	m.idle = map[string]switchyard.Instant{}
	for _, entry := range doc.Agents {
		key := switchyard.CaseKey(entry.Username)
		since, known := before[key]
		if !known {
			since = m.at
		}
		m.idle[key] = since
	}
	for key := range before {
		if _, stays := m.idle[key]; !stays {
			maps.DeleteFunc(m.cooling, func(d deed, _ switchyard.Instant) bool { return d.agent == key })
		}
	}
}

// offered checks what an offer says of ages, and that the agent does not cool down.
func (m *model) offered(i *work, e *switchyard.OfferMade) {
	key := switchyard.CaseKey(e.Agent)
	if e.Reason.Order.WaitingSince != i.since {
		m.complain("age", "%s waits since %v and is offered as if since %v", i.id, i.since, e.Reason.Order.WaitingSince)
	}
	if e.Reason.Chosen.IdleSince != m.idle[key] {
		m.complain("age", "%s is idle since %v and is chosen as if since %v", e.Agent, m.idle[key], e.Reason.Chosen.IdleSince)
	}
	if until := m.cooling[deed{"", i.id, key}]; until > m.at {
		m.complain("routing", "%s is offered to %s, who cools down for it until %v", i.id, e.Agent, until)
	}
	i.agent, i.size = e.Agent, e.Size
	m.idle[key] = m.at
}

func (m *model) dispatched(e *switchyard.Dispatched) {
	if m.interactions[e.Interaction] != nil {
		m.complain("once", "interaction %s was dispatched twice", e.Interaction)
	}
	if slices.Compare(e.Interaction[:], m.last[:]) <= 0 {
		m.complain("once", "interaction %s was dispatched after %s", e.Interaction, m.last)
	}
	m.last = e.Interaction
	i := &work{id: e.Interaction, requestID: e.RequestID, externalID: e.ExternalID, provider: e.Provider, state: switchyard.Planned, events: 1}
	if other := m.byRequest[e.RequestID]; e.RequestID != "" && other != nil {
		m.complain("once", "request %s was dispatched as %s and as %s", e.RequestID, other.id, i.id)
	}
	m.interactions[i.id] = i
	m.live = append(m.live, i)
	if e.RequestID != "" {
		m.byRequest[e.RequestID] = i
	}
	if e.ExternalID != "" {
		if other := m.addresses[i.address()]; other != nil {
			m.complain("once", "%s has the externalid of %s, which is live", i.id, other.id)
		}
		m.addresses[i.address()] = i
	}
}

// Where an interaction may be when something happens to it.
var (
	waiting = []switchyard.Status{switchyard.Planned}
	ringing = []switchyard.Status{switchyard.Offered}
	talking = []switchyard.Status{switchyard.Connected}
	busy    = []switchyard.Status{switchyard.Connected, switchyard.Held}
	paused  = []switchyard.Status{switchyard.Held, switchyard.Parked}
	wrapped = []switchyard.Status{switchyard.Wrap}
	taken   = []switchyard.Status{switchyard.Offered, switchyard.Connected, switchyard.Held, switchyard.Parked}
	before  = append(slices.Clone(waiting), taken...) // it was released
	over    = append(slices.Clone(waiting), switchyard.Wrap)
)

// about moves an interaction on, and checks that it may go there.
func (m *model) about(id switchyard.ID, e switchyard.Event) {
	i := m.interactions[id]
	if i == nil {
		m.complain("lifecycle", "%s is about %s, which was never dispatched", e.EventType(), id)
		return
	}
	i.events++
	old := *i
	switch e := e.(type) {
	case *switchyard.Enqueued:
		m.enqueued(i, e)
	case *switchyard.OfferMade:
		m.move(i, e, waiting, switchyard.Offered)
		m.offered(i, e)
	case *switchyard.Returned:
		m.move(i, e, taken, switchyard.Planned)
		i.agent = ""
		m.cooling[deed{"", id, switchyard.CaseKey(e.Agent)}] = e.Cooldown
		if e.Why == "declined" {
			m.acts[deed{switchyard.ActDecline, id, e.Agent}]++
		}
	case *switchyard.Joined:
		m.move(i, e, ringing, switchyard.Connected)
		m.owe(i, "AssignToAgent", e.Agent)
		if e.How == "accept" {
			m.acts[deed{switchyard.ActAccept, id, e.Agent}]++
		}
	case *switchyard.HeldEvent:
		m.move(i, e, talking, switchyard.Held)
		m.acts[deed{switchyard.ActHold, id, e.Agent}]++
	case *switchyard.ParkedEvent:
		m.move(i, e, talking, switchyard.Parked)
		m.acts[deed{switchyard.ActHold, id, e.Agent}]++
	case *switchyard.Retrieved:
		m.move(i, e, paused, switchyard.Connected)
		i.size = e.Size
		m.acts[deed{switchyard.ActRetrieve, id, e.Agent}]++
	case *switchyard.Transferred:
		from := busy
		if e.Why == "assigned" {
			from = before
		}
		m.move(i, e, from, switchyard.Planned)
		i.agent = ""
		if e.Why == "" {
			m.acts[deed{switchyard.ActTransfer, id, e.Agent}]++
		}
	case *switchyard.Requeued:
		m.move(i, e, before, switchyard.Planned)
		i.agent = ""
	case *switchyard.Released:
		m.releasedNow(i, e)
	case *switchyard.WrapExtended:
		m.move(i, e, wrapped, switchyard.Wrap)
	case *switchyard.Completed:
		m.move(i, e, wrapped, switchyard.Wrap)
		if !e.Expired {
			m.acts[deed{switchyard.ActComplete, id, e.Agent}]++
		}
	case *switchyard.Finished:
		m.ended(i, e)
	}
	m.weigh(&old, i)
}

// move checks where the interaction comes from, and that nobody else has it.
func (m *model) move(i *work, e switchyard.Event, from []switchyard.Status, to switchyard.Status) {
	_, who := e.About()
	if !slices.Contains(from, i.state) {
		m.complain("lifecycle", "%s: interaction %s is %s", e.EventType(), i.id, i.state)
	}
	if i.agent != "" && who != "" && switchyard.CaseKey(who) != switchyard.CaseKey(i.agent) {
		m.complain("booked", "%s: interaction %s is with %s, and goes to %s", e.EventType(), i.id, i.agent, who)
	}
	i.state = to
}

// enqueued keeps the age: an interaction waits since it first entered a queue.
func (m *model) enqueued(i *work, e *switchyard.Enqueued) {
	if i.since == 0 {
		i.since = m.at
	}
	if e.Since != i.since {
		m.complain("age", "%s first entered a queue at %v, and now waits since %v", i.id, i.since, e.Since)
	}
}

func (m *model) releasedNow(i *work, e *switchyard.Released) {
	holder := i.agent
	if i.state == switchyard.Offered {
		holder = "" // it rang; nobody had it
	}
	if e.By == "agent" {
		m.acts[deed{switchyard.ActRelease, i.id, e.Agent}]++
	}
	m.move(i, e, before, switchyard.Wrap)
	if e.By != "agent" || e.Wrap == 0 {
		i.agent = "" // it ends in the same row
	}
	m.owe(i, "Release", holder)
	m.leave(i)
}

func (m *model) ended(i *work, e *switchyard.Finished) {
	if !i.told {
		m.owe(i, "Release", "")
		m.leave(i)
	}
	m.move(i, e, over, switchyard.Ended)
	i.agent, i.outcome = "", e.Outcome
	m.live = slices.DeleteFunc(m.live, func(other *work) bool { return other == i })
}

// leave frees the address of an interaction.
func (m *model) leave(i *work) {
	i.told = true
	if m.addresses[i.address()] == i {
		delete(m.addresses, i.address())
	}
}

// held is how much of its agent an interaction takes up.
func (i *work) held() int {
	if i.agent == "" || i.state == switchyard.Parked || i.state == switchyard.Planned {
		return 0
	}
	return i.size
}

// weigh keeps the load of the agents.
func (m *model) weigh(before, after *work) {
	if n := before.held(); n > 0 {
		key := switchyard.CaseKey(before.agent)
		m.load[key] -= n
		if _, there := m.idle[key]; there && after.held() == 0 {
			m.idle[key] = m.at
		}
	}
	if n := after.held(); n > 0 {
		key := switchyard.CaseKey(after.agent)
		if m.load[key] += n; m.load[key] > 100 {
			m.complain("booked", "agent %s has a load of %d %%", after.agent, m.load[key])
		}
	}
}

// owe enters what the provider must be told before the row ends.
func (m *model) owe(i *work, kind, agent string) {
	if i.externalID != "" && i.provider != "" && m.providers[switchyard.CaseKey(i.provider)] {
		m.due = append(m.due, notice{i.address(), i.id, kind, agent})
	}
}

func (m *model) requested(e *switchyard.Effect) {
	if i := m.interactions[e.Interaction]; i != nil {
		i.events++
	}
	if m.effects[e.ID] != nil {
		m.complain("callback", "effect %s was requested twice", e.ID)
	}
	f := &effect{Effect: *e}
	m.effects[e.ID] = f
	m.pending++
	if e.Kind != switchyard.EffectCallback {
		return
	}
	n := notice{address{switchyard.CaseKey(e.Provider), e.ExternalID}, e.Interaction, e.Notification, e.Agent}
	m.lanes[n.to] = append(m.lanes[n.to], f)
	m.asked = append(m.asked, n)
}

func (m *model) finished(e *switchyard.EffectFinished) {
	if i := m.interactions[e.Interaction]; i != nil {
		i.events++
	}
	f := m.effects[e.Effect]
	if f == nil || f.finished {
		m.complain("callback", "effect %s ends, and is not under way", e.Effect)
		return
	}
	f.finished, f.ok = true, e.OK
	m.pending--
	if f.Kind == switchyard.EffectCallback && !e.OK && m.at < f.Created.Add(switchyard.Day) && !strings.Contains(e.Detail, "no endpoint any more") {
		m.complain("callback", "%v is given up after %v: %s", f, m.at.Sub(f.Created), e.Detail)
	}
}

// early returns the effect that must be through before this one is attempted; nil when none is left.
func (m *model) early(e *effect) *effect {
	for _, other := range m.lanes[address{switchyard.CaseKey(e.Provider), e.ExternalID}] {
		switch {
		case other == e:
			return nil
		case !other.finished:
			return other
		}
	}
	return nil
}

func (e *effect) String() string {
	return fmt.Sprintf("%s %s %s of %s, attempt %d", e.Kind, e.ID, e.Notification, e.Interaction, e.Attempt)
}
