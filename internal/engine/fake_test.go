package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"switchyard"
	"switchyard/internal/core"
	"switchyard/internal/journal"
	"switchyard/internal/journal/memory"
	"switchyard/internal/tables"
)

// counting is a small machine: it counts what each agent was told, keeps dispatched interactions
// until they are released, and rings an alarm for each presence named "in <duration>".
type counting struct {
	account string
	now     switchyard.Instant
	seq     switchyard.Seq
	counts  map[string]*count
	live    map[switchyard.ID]*core.Record
	recent  map[[16]byte]switchyard.Seq
	became  map[[16]byte]switchyard.ID
	effects map[switchyard.ID]switchyard.Effect
	ids     uint64
	sweeps  int
	folded  bool // what follows from the row folded last is not known
	doc     *core.Config
	swept   func() // called before a sweep is decided

	changed map[string]bool
	ended   []*core.Record
	events  []switchyard.Event
}

type count struct {
	Agent string             `json:"agent"`
	N     int                `json:"n"`
	Alarm switchyard.Instant `json:"alarm,omitzero"`
	Lost  bool               `json:"lost,omitzero"`
	In    bool               `json:"in,omitzero"`
}

var countingMachines = maker{
	state: func(account string) machine { return newCounting(account) },
	value: func(kind string) any {
		switch kind {
		case core.KindAgent:
			return new(count)
		case core.KindInteraction:
			return new(core.Record)
		}
		return nil
	},
}

func newCounting(account string) *counting {
	return &counting{account: account, counts: map[string]*count{}, live: map[switchyard.ID]*core.Record{},
		recent: map[[16]byte]switchyard.Seq{}, became: map[[16]byte]switchyard.ID{}, effects: map[switchyard.ID]switchyard.Effect{}, changed: map[string]bool{}}
}

func (m *counting) Decide(env *switchyard.Envelope) core.Decision {
	if env.At < m.now {
		panic("time went back")
	}
	if env.Seq != m.seq+1 {
		panic(fmt.Sprintf("row %d after %d", env.Seq, m.seq))
	}
	m.now, m.events, m.folded = env.At, nil, false
	var answer any
	switch in := env.Input.(type) {
	case *switchyard.SetPresence:
		switch in.Presence {
		case "panic":
			m.counts[in.Agent] = &count{Agent: in.Agent, N: -1000}
			panic("asked to")
		case "refuse":
			return core.Decision{Refused: switchyard.Refuse(switchyard.PresenceUnknown, "asked to")}
		case "nothing":
			return core.Decision{Answer: m.n(in.Agent)}
		case "sweep":
			m.sweeps = 3
		}
		e := &switchyard.PresenceChanged{Agented: switchyard.Agented{Agent: in.Agent}, Presence: in.Presence, Category: switchyard.Ready, Why: "chosen"}
		if d, err := switchyard.ParseDuration(strings.TrimPrefix(in.Presence, "in ")); err == nil {
			e.Until = m.now.Add(d)
		}
		if in.Presence == "out" {
			e.Category = switchyard.LoggedOut
		}
		if in.Presence == "effect" {
			m.request()
		}
		m.emit(env, e)
		answer = m.n(in.Agent)
	case *switchyard.Invoke:
		answer = m.invoke(env, in)
	case *switchyard.Act:
		r := m.live[in.Interaction]
		if r == nil {
			return core.Decision{Refused: switchyard.Refuse(switchyard.NotFound, "no such interaction")}
		}
		if in.Notes == "sweep" {
			m.sweeps = 3
		}
		m.emit(env, &switchyard.Finished{With: switchyard.With{Interaction: in.Interaction}, Outcome: "Released"})
	case *switchyard.Tick:
		for _, name := range slices.Sorted(maps.Keys(m.counts)) {
			if c := m.counts[name]; c.Alarm != 0 && c.Alarm <= m.now {
				if strings.HasPrefix(name, "bad") {
					panic("bad alarm")
				}
				if strings.HasPrefix(name, "effect") {
					m.request()
				}
				m.emit(env, &switchyard.PresenceChanged{Agented: switchyard.Agented{Agent: name}, Presence: "rung", Category: switchyard.Ready, Why: "over"})
			}
		}
	case *switchyard.Sweep:
		if m.swept != nil {
			m.swept()
		}
		if m.sweeps > 0 {
			m.sweeps--
			m.emit(env, &switchyard.ClockAdvanced{})
		}
	case *switchyard.Started:
		m.emit(env, &switchyard.ServerStarted{})
	case *switchyard.Advance:
		m.emit(env, &switchyard.ClockAdvanced{})
	case *switchyard.AgentLost:
		m.emit(env, &switchyard.LostEvent{Agented: switchyard.Agented{Agent: in.Agent}})
	case *switchyard.AgentBack:
		m.emit(env, &switchyard.BackEvent{Agented: switchyard.Agented{Agent: in.Agent}})
	case *switchyard.EffectResult:
		if _, ok := m.effects[in.Effect]; ok {
			m.emit(env, &switchyard.EffectFinished{Effect: in.Effect, Attempt: in.Attempt, OK: in.OK})
		}
	case *switchyard.FlushRequestIDs:
		m.emit(env, &switchyard.RequestIDsFlushed{Through: in.Through})
	case *switchyard.Publish:
		m.emit(env, &switchyard.ConfigPublished{Version: 1, Document: in.Document, Source: in.Source})
	default:
		panic("not for this machine: " + env.Input.InputType())
	}
	for _, e := range m.events {
		m.fold(env.Seq, env.At, e)
	}
	if len(m.events) > 0 {
		m.seq = env.Seq
	}
	if _, ok := answer.(int); ok {
		answer = m.n(env.Input.(*switchyard.SetPresence).Agent)
	}
	return core.Decision{Events: m.events, Answer: answer}
}

func (m *counting) emit(_ *switchyard.Envelope, e switchyard.Event) { m.events = append(m.events, e) }

func (m *counting) request() {
	m.events = append(m.events, &switchyard.EffectRequested{Effect: switchyard.Effect{
		ID: switchyard.NewID(m.now, uint64(m.seq)+1, 1), Kind: switchyard.EffectCallback, Provider: "crm", Attempt: 1, Created: m.now, Due: m.now}})
}

func (m *counting) invoke(env *switchyard.Envelope, in *switchyard.Invoke) []switchyard.RequestResult {
	var results []switchyard.RequestResult
	for n, r := range in.Requests {
		res := switchyard.RequestResult{RequestID: r.RequestID, ExternalID: r.ExternalID, Status: switchyard.StatusAccepted}
		_, recent := m.recent[core.RequestDigest(r.RequestID)]
		for _, k := range in.Known {
			recent = recent || k.Request == n
		}
		if recent && r.RequestID != "" {
			res.Status = switchyard.StatusDuplicate
		} else {
			m.ids++
			res.Interaction = switchyard.NewID(env.At, m.ids, env.Entropy)
			m.emit(env, &switchyard.Dispatched{On: switchyard.On{Interaction: res.Interaction}, Route: r.Route, RequestID: r.RequestID})
		}
		results = append(results, res)
	}
	m.emit(env, &switchyard.Processed{Results: results})
	return results
}

func (m *counting) n(agent string) int {
	if c := m.counts[agent]; c != nil {
		return c.N
	}
	return 0
}

func (m *counting) Fold(seq switchyard.Seq, at switchyard.Instant, events []switchyard.Event) {
	if seq != m.seq+1 {
		panic(fmt.Sprintf("fold of row %d after %d", seq, m.seq))
	}
	m.seq, m.now, m.folded = seq, at, true
	for _, e := range events {
		m.fold(seq, at, e)
	}
}

func (m *counting) fold(seq switchyard.Seq, at switchyard.Instant, e switchyard.Event) {
	switch e := e.(type) {
	case *switchyard.PresenceChanged:
		c := m.at(e.Agent)
		c.N++
		c.Alarm, c.In = e.Until, e.Category != switchyard.LoggedOut
	case *switchyard.LostEvent:
		m.at(e.Agent).Lost = true
	case *switchyard.BackEvent:
		m.at(e.Agent).Lost = false
	case *switchyard.Dispatched:
		m.ids = max(m.ids, e.Interaction.Counter())
		m.live[e.Interaction] = &core.Record{ID: e.Interaction, Route: e.Route, RequestID: e.RequestID, State: switchyard.Queued, Created: at}
		m.changed["i"+e.Interaction.String()] = true
	case *switchyard.Finished:
		r := m.live[e.Interaction]
		delete(m.live, e.Interaction)
		delete(m.changed, "i"+e.Interaction.String())
		r.State, r.Outcome, r.Ended = switchyard.Ended, e.Outcome, at
		m.ended = append(m.ended, r)
	case *switchyard.Processed:
		for _, r := range e.Results {
			if r.Status == switchyard.StatusAccepted && r.RequestID != "" {
				m.recent[core.RequestDigest(r.RequestID)] = seq
				m.became[core.RequestDigest(r.RequestID)] = r.Interaction
			}
		}
	case *switchyard.RequestIDsFlushed:
		maps.DeleteFunc(m.recent, func(_ [16]byte, s switchyard.Seq) bool { return s <= e.Through })
	case *switchyard.EffectRequested:
		m.effects[e.Effect.ID] = e.Effect
	case *switchyard.EffectFinished:
		delete(m.effects, e.Effect)
	case *switchyard.ConfigPublished:
		m.doc = &core.Config{Version: e.Version, Document: &e.Document}
	}
}

func (m *counting) at(agent string) *count {
	c := m.counts[agent]
	if c == nil {
		c = &count{Agent: agent}
		m.counts[agent] = c
	}
	m.changed["a"+agent] = true
	return c
}

func (m *counting) Alarm() switchyard.Instant {
	next := switchyard.Never
	for _, c := range m.counts {
		if c.Alarm != 0 {
			next = min(next, c.Alarm)
		}
	}
	return next
}

func (m *counting) Cut() []core.Change {
	if m.Unfinished() {
		return nil
	}
	var out []core.Change
	for key := range m.changed {
		if id, err := switchyard.ParseID(key[1:]); err == nil {
			out = append(out, core.Change{Kind: core.KindInteraction, Key: key[1:], Value: m.live[id]})
		} else {
			out = append(out, core.Change{Kind: core.KindAgent, Key: key[1:], Value: m.counts[key[1:]]})
		}
	}
	for _, r := range m.ended {
		out = append(out, core.Change{Kind: core.KindEnded, Key: r.ID.String(), Value: r})
	}
	m.changed, m.ended = map[string]bool{}, nil
	return out
}

func (m *counting) Restore(_, key string, value any) {
	switch v := value.(type) {
	case *count:
		m.counts[key] = v
	case *core.Record:
		m.live[v.ID] = v
		m.ids = max(m.ids, v.ID.Counter())
	}
}

func (m *counting) Restored(seq switchyard.Seq, at switchyard.Instant) {
	m.seq, m.now = seq, max(m.now, at)
	m.changed = map[string]bool{}
}

func (m *counting) Unfinished() bool        { return m.sweeps > 0 || m.folded }
func (m *counting) Rest()                   { m.folded = false }
func (m *counting) Now() switchyard.Instant { return m.now }
func (m *counting) Seq() switchyard.Seq     { return m.seq }
func (m *counting) Config() *core.Config    { return m.doc }
func (m *counting) RecentCount() int        { return len(m.recent) }
func (m *counting) RecentSeq() (oldest, newest switchyard.Seq) {
	for _, s := range m.recent {
		if oldest == 0 || s < oldest {
			oldest = s
		}
		newest = max(newest, s)
	}
	return oldest, newest
}

func (m *counting) RecentThrough(through switchyard.Seq, f func([16]byte, switchyard.ID, switchyard.Instant)) {
	for digest, s := range m.recent {
		if s <= through {
			f(digest, m.became[digest], m.became[digest].At())
		}
	}
}

func (m *counting) Agents() []*core.AgentRecord {
	var all []*core.AgentRecord
	for _, c := range m.counts {
		r := &core.AgentRecord{Username: c.Agent, Category: switchyard.LoggedOut, Lost: c.Lost}
		if c.In {
			r.Category = switchyard.Ready
		}
		all = append(all, r)
	}
	return all
}

func (m *counting) Effects(f func(e switchyard.Effect, due bool) bool) {
	for _, e := range m.effects {
		if !f(e, true) {
			return
		}
	}
}

func (m *counting) Effect(id switchyard.ID) (switchyard.Effect, bool) {
	e, ok := m.effects[id]
	return e, ok
}

// dump writes the state so that two can be compared.
func (m *counting) dump() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %v\n", m.seq, m.now)
	for _, k := range slices.Sorted(maps.Keys(m.counts)) {
		fmt.Fprintf(&b, "%+v\n", *m.counts[k])
	}
	for _, k := range slices.SortedFunc(maps.Keys(m.live), func(a, b switchyard.ID) int { return bytes.Compare(a[:], b[:]) }) {
		fmt.Fprintf(&b, "%v\n", k)
	}
	return b.String()
}

// shelf is a tables.Store in memory.
type shelf struct {
	mu       sync.Mutex
	fail     error
	tries    int
	applied  func(through switchyard.Seq) // told before each batch
	accounts map[string]*shelfAccount
}

type shelfAccount struct {
	through       switchyard.Seq
	at            switchyard.Instant
	values        map[tables.Key][]byte
	ended         map[switchyard.ID]tables.Ended
	timeline      []tables.TimelineRow
	presences     []tables.Presence
	requestIDs    map[[16]byte]tables.RequestID
	invocations   map[switchyard.ID]tables.Invocation
	notifications map[switchyard.ID]tables.Notification
	configs       []tables.Config
}

func newShelf() *shelf { return &shelf{accounts: map[string]*shelfAccount{}} }

func (s *shelf) account(name string) *shelfAccount {
	a := s.accounts[name]
	if a == nil {
		a = &shelfAccount{values: map[tables.Key][]byte{}, ended: map[switchyard.ID]tables.Ended{},
			requestIDs: map[[16]byte]tables.RequestID{}, invocations: map[switchyard.ID]tables.Invocation{},
			notifications: map[switchyard.ID]tables.Notification{}}
		s.accounts[name] = a
	}
	return a
}

func (s *shelf) tried() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tries
}

func (s *shelf) failWith(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

func (s *shelf) Apply(_ context.Context, batches []tables.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries++
	if s.fail != nil {
		return s.fail
	}
	for _, b := range batches {
		a := s.account(b.Account)
		if s.applied != nil {
			s.applied(a.through)
		}
		for _, r := range b.RequestIDs {
			a.requestIDs[r.Digest] = r
		}
		if b.Through <= a.through {
			continue
		}
		a.through, a.at = b.Through, b.At
		for _, k := range b.Delete {
			delete(a.values, k)
		}
		for _, e := range b.Put {
			a.values[tables.Key{Kind: e.Kind, Key: e.Key}] = e.Value
		}
		for _, e := range b.Ended {
			a.ended[e.ID] = e
		}
		for _, r := range b.Timeline {
			r.Events = bytes.Clone(r.Events)
			a.timeline = append(a.timeline, r)
		}
		a.presences = append(a.presences, b.Presences...)
		for _, i := range b.Invocations {
			a.invocations[i.Correlation] = i
		}
		for _, n := range b.Notifications {
			a.notifications[n.ID] = n
		}
		a.configs = append(a.configs, b.Configs...)
	}
	return nil
}

func (s *shelf) Offset(_ context.Context, account string) (switchyard.Seq, switchyard.Instant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.account(account).through, s.account(account).at, nil
}

func (s *shelf) Load(_ context.Context, account string, f func(journal.Entry) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	values := s.account(account).values
	order := slices.SortedFunc(maps.Keys(values), func(a, b tables.Key) int {
		return strings.Compare(a.Kind+"\x00"+a.Key, b.Kind+"\x00"+b.Key)
	})
	scratch := make([]byte, 0, 4096)
	for _, k := range order {
		scratch = append(scratch[:0], values[k]...) // f must not keep it
		if err := f(journal.Entry{Kind: k.Kind, Key: k.Key, Value: scratch}); err != nil {
			return err
		}
	}
	return nil
}

func (s *shelf) SearchEnded(_ context.Context, account string, q tables.Query) ([]tables.Ended, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []tables.Ended
	for _, e := range s.account(account).ended {
		if matches(&q, &e) {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b tables.Ended) int { return bytes.Compare(b.ID[:], a.ID[:]) })
	return all[:min(len(all), max(q.Limit, 1))], nil
}

func (s *shelf) EndedByID(_ context.Context, account string, id switchyard.ID) (*tables.Ended, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.account(account).ended[id]; ok {
		return &e, nil
	}
	return nil, nil
}

func (s *shelf) Timeline(_ context.Context, account string, id switchyard.ID) ([]tables.TimelineRow, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []tables.TimelineRow
	for _, r := range s.account(account).timeline {
		if r.Interaction == id {
			all = append(all, r)
		}
	}
	return all, nil
}

func (s *shelf) Histories(ctx context.Context, account string, _ tables.Span, f func(switchyard.ID, []tables.TimelineRow) error) error {
	s.mu.Lock()
	byID := map[switchyard.ID][]tables.TimelineRow{}
	for _, r := range s.account(account).timeline {
		byID[r.Interaction] = append(byID[r.Interaction], r)
	}
	s.mu.Unlock()
	for _, id := range slices.SortedFunc(maps.Keys(byID), func(a, b switchyard.ID) int { return bytes.Compare(a[:], b[:]) }) {
		if err := f(id, byID[id]); err != nil {
			return err
		}
	}
	return nil
}

func (s *shelf) Presences(_ context.Context, account string, _, _ switchyard.Instant) ([]tables.Presence, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.account(account).presences), nil
}

func (s *shelf) Known(_ context.Context, account string, digests [][16]byte, _ switchyard.Instant) (map[[16]byte]switchyard.ID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := map[[16]byte]switchyard.ID{}
	for _, d := range digests {
		if r, ok := s.account(account).requestIDs[d]; ok {
			known[d] = r.Interaction
		}
	}
	return known, nil
}

func (s *shelf) Invocation(_ context.Context, account string, id switchyard.ID) (*tables.Invocation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, ok := s.account(account).invocations[id]; ok {
		return &i, nil
	}
	return nil, nil
}

func (s *shelf) Notifications(_ context.Context, account string, q tables.NotificationQuery) (found []tables.Notification, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.account(account).notifications {
		if (q.State == "" || q.State == n.State) && (q.Before.IsZero() || bytes.Compare(n.ID[:], q.Before[:]) < 0) {
			found = append(found, n)
		}
	}
	slices.SortFunc(found, func(a, b tables.Notification) int { return bytes.Compare(b.ID[:], a.ID[:]) })
	return found[:min(q.Limit, len(found))], nil
}

func (s *shelf) Notification(_ context.Context, account string, id switchyard.ID) (*tables.Notification, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n, ok := s.account(account).notifications[id]; ok {
		return &n, nil
	}
	return nil, nil
}

func (s *shelf) Configs(_ context.Context, account string, _, limit int) ([]tables.Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Clone(s.account(account).configs)
	slices.Reverse(all)
	return all[:min(limit, len(all))], nil
}

func (s *shelf) Config(_ context.Context, account string, version int) (*tables.Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.account(account).configs {
		if c.Version == version {
			return &c, nil
		}
	}
	return nil, nil
}

func (s *shelf) Prune(context.Context, string, tables.Horizons, int) (int, error) { return 0, nil }
func (s *shelf) Backup(context.Context, string) error                             { return errors.ErrUnsupported }
func (s *shelf) Close() error                                                     { return nil }

// moody is a journal that fails when told to.
type moody struct {
	*memory.Store
	mu      sync.Mutex
	fail    func(rows []journal.Row) error // before the append
	lie     func(rows []journal.Row) error // after it
	probe   error
	appends [][]journal.Row
	gate    chan struct{} // when set, appends wait for it
}

func newMoody() *moody { return &moody{Store: memory.New()} }

func (m *moody) set(f func(m *moody)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(m)
}

func (m *moody) Append(ctx context.Context, rows []journal.Row) error {
	m.mu.Lock()
	fail, lie, gate := m.fail, m.lie, m.gate
	m.mu.Unlock()
	if gate != nil {
		<-gate
	}
	if fail != nil {
		if err := fail(rows); err != nil {
			return err
		}
	}
	if err := m.Store.Append(ctx, rows); err != nil {
		return err
	}
	m.mu.Lock()
	m.appends = append(m.appends, slices.Clone(rows))
	m.mu.Unlock()
	if lie != nil {
		return lie(rows)
	}
	return nil
}

func (m *moody) Probe(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.probe != nil {
		return m.probe
	}
	return m.Store.Probe(ctx)
}
