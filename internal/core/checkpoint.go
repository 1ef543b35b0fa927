package core

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"switchyard"
	"switchyard/internal/core/routing"
)

// Change is a thing that is different since the latest cut. A nil Value means it is gone.
type Change struct {
	Kind, Key string
	Value     any
}

// The kinds of changes. KindEnded is an interaction that changes no more: it leaves the live ones
// (KindInteraction) and stays to be searched.
const (
	KindAccount     = "account"
	KindAgent       = "agent"
	KindAnswer      = "answer"
	KindConfig      = "config"
	KindDraft       = "draft"
	KindEffect      = "effect"
	KindEnded       = "ended"
	KindInteraction = "interaction"
	KindProvider    = "provider"
	KindQueue       = "queue"
	KindReceipts    = "receipts"
	KindRequestIDs  = "requestids"
	KindSession     = "session"
	KindToken       = "token"
)

// mark names a thing that changed.
type mark struct{ kind, key string }

// changes collects what changed since the latest cut.
type changes struct {
	interactions []*interaction
	agents       []*agent
	queues       []*queue
	marks        map[mark]bool
	groups       []requestGroup // request ids as earlier cuts saved them
}

// requestGroup is one saved entry of request ids: those of the rows from first to last.
type requestGroup struct{ first, last switchyard.Seq }

func (c *changes) mark(kind, key string) {
	if c.marks == nil {
		c.marks = map[mark]bool{}
	}
	c.marks[mark{kind, key}] = true
}

func (c *changes) config(version int)      { c.mark(KindConfig, strconv.Itoa(version)) }
func (c *changes) draft(id int)            { c.mark(KindDraft, strconv.Itoa(id)) }
func (c *changes) provider(key string)     { c.mark(KindProvider, key) }
func (c *changes) effect(id switchyard.ID) { c.mark(KindEffect, id.String()) }
func (c *changes) flushed()                { c.mark(KindAccount, "flushed") }

// agent and queue change with every interaction: a flag of theirs is cheaper than a mark.
func (c *changes) agent(a *agent) {
	if !a.changed {
		a.changed = true
		c.agents = append(c.agents, a)
	}
}

func (c *changes) queue(q *queue) {
	if !q.changed {
		q.changed = true
		c.queues = append(c.queues, q)
	}
}

// AccountRecord is what a checkpoint keeps of the account as a whole.
type AccountRecord struct {
	Counter uint64         `json:"counter"`
	Effects uint64         `json:"effects"`
	Version int            `json:"version"`        // config in force
	Flushed switchyard.Seq `json:"flushed"`        // request ids of rows up to here are forgotten
	Draft   int            `json:"draft,omitzero"` // the greatest id a draft ever had
}

// ConfigRecord is what a checkpoint keeps of a config version.
type ConfigRecord struct {
	Version  int                 `json:"version"`
	At       switchyard.Instant  `json:"at"`
	Source   string              `json:"source"`
	Digest   string              `json:"digest,omitzero"`
	Document *switchyard.Account `json:"document"`
}

// RequestIDsRecord is what a checkpoint keeps of the request ids of a few rows.
type RequestIDsRecord struct {
	Rows []RequestRow `json:"rows"`
}

// RequestRow is the request ids accepted in one row.
type RequestRow struct {
	Seq          switchyard.Seq     `json:"seq"`
	At           switchyard.Instant `json:"at,omitzero"` // absent in older checkpoints
	Digests      [][16]byte         `json:"digests"`
	Interactions []switchyard.ID    `json:"interactions"`
}

// Pending is how many things a cut would hold.
func (s *State) Pending() int {
	c := &s.changes
	return len(c.interactions) + len(c.agents) + len(c.queues) + len(c.marks)
}

// Cut returns what changed since the latest cut, and starts anew. While the state is Unfinished
// there is no cut: what is still to follow from an input is not part of a checkpoint.
func (s *State) Cut() []Change {
	if s.unfinished {
		return nil
	}
	c := s.changes
	s.changes = changes{groups: c.groups}
	out := make([]Change, 0, len(c.interactions)+len(c.agents)+len(c.queues)+len(c.marks)+2)
	for _, i := range c.interactions {
		i.changed = false
		out = append(out, s.interactionChange(i))
	}
	for _, a := range c.agents {
		a.changed = false
		key := switchyard.CaseKey(a.Username)
		out = append(out, Change{KindAgent, key, s.value(mark{KindAgent, key})})
	}
	for _, q := range c.queues {
		q.changed = false
		out = append(out, Change{KindQueue, q.Queue, s.value(mark{KindQueue, q.Queue})})
	}
	out = s.cutRequestIDs(out)
	for m := range c.marks {
		if m.kind != KindAccount {
			out = append(out, Change{m.kind, m.key, s.value(m)})
		}
	}
	if len(out) > 0 || len(c.marks) > 0 {
		out = append(out, s.accountChange())
	}
	return out
}

func (s *State) interactionChange(i *interaction) Change {
	if s.find(i.ID) == i {
		return Change{KindInteraction, i.ID.String(), s.record(i)}
	}
	return Change{KindEnded, i.ID.String(), s.record(i)}
}

func (s *State) accountChange() Change {
	r := &AccountRecord{Counter: s.counter, Effects: s.effects, Flushed: s.requests.flushed, Draft: s.lastDraft}
	if s.config != nil {
		r.Version = s.config.Version
	}
	return Change{KindAccount, "", r}
}

// cutRequestIDs saves the request ids of rows no earlier cut saved, and drops saved groups that
// are forgotten whole.
func (s *State) cutRequestIDs(out []Change) []Change {
	groups := s.changes.groups
	for len(groups) > 0 && groups[0].last <= s.requests.flushed {
		out = append(out, Change{Kind: KindRequestIDs, Key: groupKey(groups[0].first)})
		groups = groups[1:]
	}
	var saved switchyard.Seq
	if n := len(groups); n > 0 {
		saved = groups[n-1].last
	}
	rows := s.requests.rows
	from := len(rows)
	for from > 0 && rows[from-1].seq > saved {
		from--
	}
	if from < len(rows) {
		g := requestGroup{rows[from].seq, rows[len(rows)-1].seq}
		groups = append(groups, g)
		out = append(out, Change{KindRequestIDs, groupKey(g.first), s.requestRows(from)})
	}
	s.changes.groups = groups
	return out
}

func groupKey(first switchyard.Seq) string { return fmt.Sprintf("%020d", first) }

// requestRows saves the request ids of the rows from a place on.
func (s *State) requestRows(from int) *RequestIDsRecord {
	rows := s.requests.rows
	r := &RequestIDsRecord{Rows: make([]RequestRow, 0, len(rows)-from)}
	for n := from; n < len(rows); n++ {
		saved := RequestRow{Seq: rows[n].seq, At: rows[n].at}
		for _, k := range s.requests.of(n) {
			saved.Digests = append(saved.Digests, k.digest)
			saved.Interactions = append(saved.Interactions, k.interaction)
		}
		r.Rows = append(r.Rows, saved)
	}
	return r
}

// value reads off the thing a mark names; nil when it is gone.
func (s *State) value(m mark) any {
	switch m.kind {
	case KindAgent:
		if a := s.agents[m.key]; a != nil {
			return s.agentRecord(a)
		}
	case KindAnswer:
		if a := s.answers.byKey[m.key]; a != nil {
			return a
		}
	case KindConfig:
		version, _ := strconv.Atoi(m.key)
		if c := s.versions[version]; c != nil {
			return &ConfigRecord{c.Version, c.At, c.Source, c.Digest, c.Document}
		}
	case KindDraft:
		id, _ := strconv.Atoi(m.key)
		if d := s.drafts[id]; d != nil {
			return d
		}
	case KindEffect:
		id, _ := switchyard.ParseID(m.key)
		if f := s.pending[id]; f != nil {
			return &EffectRecord{f.Effect, f.working, f.due, f.first}
		}
	case KindProvider:
		if p := s.providers[m.key]; p != nil {
			saved := p.Provider
			saved.Removed = p.removed
			return &saved
		}
	case KindQueue:
		if q := s.queues[m.key]; q != nil {
			return &QueueRecord{q.Queue, q.slots[:]}
		}
	case KindReceipts:
		return &ReceiptsRecord{slices.Clone(s.receipts.order)}
	case KindSession:
		if e := s.sessions.byHash[m.key]; e != nil {
			return &HolderRecord[*switchyard.SessionOpened]{e.Agent, e}
		}
	case KindToken:
		if e := s.tokens.byHash[m.key]; e != nil {
			return &HolderRecord[*switchyard.TokenIssued]{e.Client, e}
		}
	}
	return nil
}

// HolderRecord is what a checkpoint keeps of a token or a session.
type HolderRecord[T any] struct {
	Holder string `json:"holder"`
	Event  T      `json:"event"`
}

// Everything calls f with the whole state, in the form of a cut. Kinds come in alphabetical order,
// which is an order Restore takes.
func (s *State) Everything(f func(Change)) {
	f(s.accountChange())
	var marks []mark
	collect := func(kind string, names []string) {
		for _, name := range names {
			marks = append(marks, mark{kind, name})
		}
	}
	collect(KindAgent, slices.Sorted(keys(s.agents)))
	collect(KindAnswer, slices.Sorted(keys(s.answers.byKey)))
	for _, version := range slices.Sorted(keys(s.versions)) {
		collect(KindConfig, []string{strconv.Itoa(version)})
	}
	for _, id := range slices.Sorted(keys(s.drafts)) {
		collect(KindDraft, []string{strconv.Itoa(id)})
	}
	for _, id := range sortedIDs(s.pending) {
		collect(KindEffect, []string{id.String()})
	}
	for _, m := range marks {
		f(Change{m.kind, m.key, s.value(m)})
	}
	for i := s.oldest; i != nil; i = i.newer {
		f(Change{KindInteraction, i.ID.String(), s.record(i)})
	}
	marks = marks[:0]
	collect(KindProvider, slices.Sorted(keys(s.providers)))
	collect(KindQueue, slices.Sorted(keys(s.queues)))
	for _, m := range marks {
		f(Change{m.kind, m.key, s.value(m)})
	}
	if len(s.receipts.order) > 0 {
		f(Change{KindReceipts, "", s.value(mark{KindReceipts, ""})})
	}
	if rows := s.requests.rows; len(rows) > 0 {
		f(Change{KindRequestIDs, groupKey(rows[0].seq), s.requestRows(0)})
	}
	marks = marks[:0]
	collect(KindSession, slices.Sorted(keys(s.sessions.byHash)))
	collect(KindToken, slices.Sorted(keys(s.tokens.byHash)))
	for _, m := range marks {
		f(Change{m.kind, m.key, s.value(m)})
	}
}

// NewValue makes an empty value of a kind, for decoding; nil when there is no such kind.
func NewValue(kind string) any {
	switch kind {
	case KindAccount:
		return new(AccountRecord)
	case KindAgent:
		return new(AgentRecord)
	case KindAnswer:
		return new(AnswerRecord)
	case KindConfig:
		return new(ConfigRecord)
	case KindDraft:
		return new(Draft)
	case KindEffect:
		return new(EffectRecord)
	case KindInteraction:
		return new(Record)
	case KindProvider:
		return new(Provider)
	case KindQueue:
		return new(QueueRecord)
	case KindReceipts:
		return new(ReceiptsRecord)
	case KindRequestIDs:
		return new(RequestIDsRecord)
	case KindSession:
		return new(HolderRecord[*switchyard.SessionOpened])
	case KindToken:
		return new(HolderRecord[*switchyard.TokenIssued])
	}
	return nil
}

// Restore puts one thing of a checkpoint into an empty state. Kinds must come in alphabetical
// order; then Restored is called, and the journal's tail folded.
func (s *State) Restore(kind, key string, value any) {
	switch v := value.(type) {
	case *AccountRecord:
		s.counter, s.effects, s.requests.flushed = v.Counter, v.Effects, v.Flushed
		s.lastDraft = v.Draft
		s.saved.version = v.Version
	case *AgentRecord:
		s.saved.agents = append(s.saved.agents, v)
	case *AnswerRecord:
		s.saved.answers = append(s.saved.answers, v)
	case *ConfigRecord:
		s.restoreConfig(v)
	case *Draft:
		s.drafts[v.ID] = v
	case *EffectRecord:
		s.saved.effects = append(s.saved.effects, v)
	case *Record:
		s.restoreAgents()
		s.restoreInteraction(v)
	case *Provider:
		s.restoreProvider(key, v)
	case *QueueRecord:
		q := s.queueNamed(v.Queue)
		copy(q.slots[:], v.Slots)
	case *ReceiptsRecord:
		for _, digest := range v.Digests {
			s.receipts.add(digest)
		}
	case *RequestIDsRecord:
		s.restoreRequestIDs(v)
	case *HolderRecord[*switchyard.SessionOpened]:
		v.Event.Agent = v.Holder
		s.saved.sessions = append(s.saved.sessions, v.Event)
	case *HolderRecord[*switchyard.TokenIssued]:
		s.saved.tokens = append(s.saved.tokens, v.Event)
	default:
		panic("core: checkpoint holds unknown kind " + kind)
	}
}

// Restored ends a restore: the state is that of the row seq, at an instant.
func (s *State) Restored(seq switchyard.Seq, at switchyard.Instant) {
	s.seq, s.now = seq, max(s.now, at)
	s.restoreAgents()
	saved := s.saved
	s.saved = saves{}
	slices.SortFunc(saved.answers, func(a, b *AnswerRecord) int { return cmp.Compare(a.At, b.At) })
	for _, a := range saved.answers {
		s.addAnswer(a)
	}
	slices.SortFunc(saved.tokens, func(a, b *switchyard.TokenIssued) int { return cmp.Compare(a.Wall, b.Wall) })
	for _, e := range saved.tokens {
		s.foldToken(e)
	}
	slices.SortFunc(saved.sessions, func(a, b *switchyard.SessionOpened) int { return cmp.Compare(a.Wall, b.Wall) })
	for _, e := range saved.sessions {
		s.foldSession(e)
	}
	slices.SortFunc(saved.effects, func(a, b *EffectRecord) int {
		return cmp.Or(cmp.Compare(a.Effect.Created, b.Effect.Created), cmp.Compare(a.Effect.ID.Counter(), b.Effect.ID.Counter()))
	})
	for _, e := range saved.effects {
		s.restoreEffect(e)
	}
	s.DropChanges() // what was restored is in the checkpoint
	s.index.AllDirty()
	s.unfinished = s.config != nil
}

// DropChanges starts anew without a cut, for whoever keeps no checkpoints: what has ended is let go.
func (s *State) DropChanges() {
	for _, i := range s.changes.interactions {
		i.changed = false
	}
	for _, a := range s.changes.agents {
		a.changed = false
	}
	for _, q := range s.changes.queues {
		q.changed = false
	}
	s.changes = changes{groups: s.changes.groups}
}

// saves holds what a restore cannot place yet.
type saves struct {
	version  int
	agents   []*AgentRecord
	answers  []*AnswerRecord
	effects  []*EffectRecord
	sessions []*switchyard.SessionOpened
	tokens   []*switchyard.TokenIssued
}

func (s *State) restoreConfig(v *ConfigRecord) {
	c, err := compile(v.Document)
	assert(err == nil, "saved config %d does not compile: %v", v.Version, err)
	c.Version, c.At, c.Source, c.Digest = v.Version, v.At, v.Source, v.Digest
	s.versions[c.Version] = c
}

// restoreAgents puts the config in force and gives the agents what was saved of them.
func (s *State) restoreAgents() {
	if s.saved.version == 0 || s.config != nil {
		return
	}
	s.enforce(s.versions[s.saved.version])
	for _, v := range s.saved.agents {
		a := s.agentNamed(v.Username)
		if a == nil {
			continue
		}
		a.presence = switchyard.Presence{Name: v.Presence, Category: v.Category}
		a.intended, a.since, a.until, a.before = v.Intended, v.Since, v.Until, v.Before
		a.IdleSince, a.loggedOut, a.lost, a.busySince = v.IdleSince, v.LoggedOut, v.Lost, v.BusySince
		s.alarms.push(alarm{at: a.until, kind: alarmAgent, who: a})
		if a.loggedOut != 0 {
			s.alarms.push(alarm{at: a.loggedOut.Add(switchyard.Day), kind: alarmAgent, who: a})
		}
		s.refresh(a)
	}
	s.saved.agents = nil
}

func (s *State) restoreProvider(key string, v *Provider) {
	p := s.providers[key]
	if p == nil {
		p = &provider{}
		s.providers[key] = p
	}
	live := p.Live
	p.Provider, p.removed = *v, v.Removed
	p.Live, p.Removed = live, false
}

func (s *State) restoreRequestIDs(v *RequestIDsRecord) {
	if len(v.Rows) == 0 {
		return
	}
	s.changes.groups = append(s.changes.groups, requestGroup{v.Rows[0].Seq, v.Rows[len(v.Rows)-1].Seq})
	for _, row := range v.Rows {
		if row.Seq <= s.requests.flushed {
			continue
		}
		before := len(s.requests.kept)
		for n, d := range row.Digests {
			s.requests.add(d, row.Interactions[n])
		}
		s.requests.endRow(row.Seq, s.acceptedAt(row), before)
	}
}

// acceptedAt is when the request ids of a row were accepted. Where a checkpoint does not tell, it was
// not before the row before, nor before what was dispatched then.
func (s *State) acceptedAt(row RequestRow) switchyard.Instant {
	at := row.At
	if at == 0 {
		if n := len(s.requests.rows); n > 0 {
			at = s.requests.rows[n-1].at
		}
		for _, id := range row.Interactions {
			at = max(at, id.At())
		}
	}
	return at
}

func (s *State) restoreEffect(v *EffectRecord) {
	f := &effect{Effect: v.Effect, working: v.Working, due: v.Due, first: v.First}
	if f.first == 0 && v.Due != switchyard.Never {
		f.first = v.Effect.Created // older checkpoints do not tell
	}
	s.addEffect(f)
	if !f.working && f.due != switchyard.Never {
		s.awaitRetry(f)
	}
}

// restoreInteraction brings a live interaction back.
func (s *State) restoreInteraction(r *Record) {
	c := s.versions[r.Version]
	assert(c != nil, "saved interaction %s is in config %d, which is not there", r.ID, r.Version)
	i := &interaction{requestID: r.RequestID, externalID: r.ExternalID, linked: packLinked(r.Linked), values: r.Values,
		state: r.State, created: r.Created, entered: r.Changed, until: r.Until, queueEnd: r.QueueEnd,
		estimate: switchyard.Duration(r.Estimate), released: r.Released, after: r.State == switchyard.Ended}
	i.ID, i.Class, i.Band, i.Since = r.ID, r.Class, r.Band, r.Since
	i.Demands = s.itemDemands(r.Demands)
	s.setPersonal(i, r.Personal)
	s.enterVersion(i, c)
	i.route = s.routeKept(c, r)
	i.plan = c.plans.Plan(r.Plan)
	i.applet = i.plan.Applets[r.Applet]
	if r.Provider != "" {
		i.provider = s.providerToCome(r.Provider)
		i.provider.Live++
	}
	for _, saved := range r.Cooldowns {
		if a := s.agentNamed(saved.Agent); a != nil {
			i.Cooldowns = append(i.Cooldowns, routing.Cooldown{Agent: &a.Agent, Until: saved.Until})
		}
	}
	s.restoreRare(i, r)
	s.link(i)
	if i.after {
		s.afters++
	}
	if i.released {
		s.released[i.ID.Counter()] = i
	} else if i.externalID != "" {
		s.external[externalKey{i.providerKey(), i.externalID}] = i
	}
	s.restoreState(i, r)
}

// routeKept is the route of an interaction in the version its plan is of, or what it keeps of another.
// One that some version has is shared with it.
func (s *State) routeKept(c *Config, r *Record) *route {
	key := switchyard.CaseKey(r.Route)
	if r.KeptRoute == nil && c.routes[key] != nil {
		return c.routes[key]
	}
	kept := &route{Name: r.Route}
	if r.KeptRoute != nil {
		kept.after, kept.presets = r.KeptRoute.After, r.KeptRoute.Presets
	}
	for _, version := range slices.Backward(slices.Sorted(keys(s.versions))) {
		if rt := s.versions[version].routes[key]; rt != nil && (r.KeptRoute == nil || kept.same(rt)) {
			return rt
		}
	}
	return kept
}

// providerToCome returns a provider that a later part of the checkpoint fills in.
func (s *State) providerToCome(name string) *provider {
	key := switchyard.CaseKey(name)
	if s.providers[key] == nil {
		s.providers[key] = &provider{Provider: Provider{Name: name}, removed: true}
	}
	return s.providers[key]
}

func (s *State) restoreRare(i *interaction, r *Record) {
	if r.LastAgent == "" && r.FirstAgent == "" && r.Only == "" && r.Fault == "" && r.Target == nil && r.Exit == "" && r.Effect.IsZero() && len(r.Effects) == 0 && r.TestPlan == "" && r.Ended == 0 {
		return
	}
	i.rare = &rare{firstAgent: r.FirstAgent, onlyUntil: r.OnlyUntil, answered: r.Answered, releasedAt: r.ReleasedAt, ended: r.Ended,
		outcome: r.Outcome, detail: r.Detail, disposition: r.Disposition, notes: r.Notes, fault: r.Fault,
		effects: r.Effects, failed: r.Failed, timeout: r.Timeout, reason: r.Reason, afterPlan: r.After, exit: r.Exit, target: r.Target, lastAgent: r.LastAgent, testPlan: r.TestPlan}
	if !r.Effect.IsZero() {
		i.rare.effects = []switchyard.ID{r.Effect}
	}
	if a := s.agentNamed(r.Only); r.Only != "" && a != nil {
		i.Only = &a.Agent
		s.alarms.push(alarm{at: r.OnlyUntil, kind: alarmTransfer, key: i.ID.Counter()})
	}
}

// restoreState puts the interaction where it was: into its queue, or to its agent.
func (s *State) restoreState(i *interaction, r *Record) {
	s.alarms.push(alarm{at: i.until, kind: alarmState, key: i.ID.Counter()})
	if i.applet != nil && i.applet.Queue != nil {
		i.Groups = s.groupsOf(i.applet)
		_, i.NoAgents = i.applet.Exit("noagents")
	}
	switch i.state {
	case switchyard.Queued:
		s.queueOf(i.applet).wait(i)
		s.index.Enqueue(&i.Item, s.now)
		if i.queueEnd != 0 && i.Only == nil {
			s.exits.push(alarm{at: i.queueEnd, kind: alarmExit, key: i.ID.Counter()})
		}
	case switchyard.Offered, switchyard.Connected, switchyard.Held, switchyard.Parked, switchyard.Wrap:
		a := s.agentNamed(r.Agent)
		assert(a != nil, "saved interaction %s is with agent %s, who is not there", i.ID, r.Agent)
		i.rare.agent, i.rare.size = a, r.Size
		a.take(i)
		if i.holdsRoom() {
			a.Load += r.Size
		}
		s.index.AgentChanged(&a.Agent)
	}
}
