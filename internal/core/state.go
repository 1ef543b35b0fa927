package core

import (
	"cmp"
	"slices"
	"strings"

	"switchyard"
	"switchyard/internal/core/plan"
	"switchyard/internal/core/routing"
)

// State is everything one account is at one instant.
type State struct {
	account string
	now     switchyard.Instant // of the latest row, or later when time was looked at
	started switchyard.Instant // of the server; no checkpoint has it, as none is cut before all that was due then is done
	seq     switchyard.Seq
	counter uint64 // interactions dispatched so far
	effects uint64 // effects requested so far

	config   *Config
	versions map[int]*Config // those live work is in, and the one in force

	drafts    map[int]*Draft
	lastDraft int // the greatest id a draft ever had

	agents    map[string]*agent // by CaseKey
	roster    []*agent          // in username order
	ghosts    []*agent          // removed by config, with consequences still to come
	index     *routing.Index
	live      map[uint64]*interaction // by the counter of their id
	afters    int                     // of those, how many have ended and run an after plan
	newest    *interaction            // list in order of dispatch
	oldest    *interaction
	external  map[externalKey]*interaction
	released  map[uint64]*interaction // live, though their externalid is free: in wrap, or with an after plan
	providers map[string]*provider    // by CaseKey
	queues    map[string]*queue
	lanes     map[string][]*effect
	pending   map[switchyard.ID]*effect
	retries   map[uint64]*effect // waiting for their next attempt, by the counter of their id
	deadlines map[uint64]*effect // given up at an instant, by the counter of their id
	alarms    alarms
	exits     alarms // queue durations: they act after all other alarms of an instant
	requests  requestIDs
	answers   answers
	receipts  receipts
	tokens    expiring[*switchyard.TokenIssued]
	sessions  expiring[*switchyard.SessionOpened]
	changes   changes

	turn       uint32 // counts inputs other than sweeps
	unfinished bool
	saved      saves                // of a checkpoint, until what they belong to is there
	env        *switchyard.Envelope // of the input being decided
	events     []switchyard.Event   // decided for it so far
	budget     int                  // interactions this input may still change before it sweeps
}

// externalKey finds an interaction by what its provider calls it.
type externalKey struct{ provider, externalID string }

// interaction is one piece of live work. It is kept small: a million of them may wait.
type interaction struct {
	routing.Item
	requestID    string
	externalID   string
	provider     *provider // nil without one
	conf         *Config   // version of the plan it is in
	route        *route
	linked       linkedData
	applet       *plan.Applet // queue it is or was in, or applet it waits at; nil before the first
	plan         *plan.Plan
	older, newer *interaction
	state        switchyard.Status
	released     bool   // its externalid is free
	after        bool   // ended; its after plan runs
	changed      bool   // since the latest cut
	turn         uint32 // the input (see State.turn) that steps counts for
	steps        uint16 // applets run in that input
	created      switchyard.Instant
	entered      switchyard.Instant // into its state
	until        switchyard.Instant // when time ends its state
	queueEnd     switchyard.Instant // when its queue's duration is over
	estimate     switchyard.Duration
	values       map[string]string // data sources set by plans, by CaseKey
	rare         *rare
}

// rare holds what only work that has met an agent, or waits in its plan, needs.
type rare struct {
	agent       *agent
	size        int
	firstAgent  string
	lastAgent   string
	onlyUntil   switchyard.Instant
	answered    switchyard.Instant
	releasedAt  switchyard.Instant // its agent, a supervisor or the API ended the work
	ended       switchyard.Instant
	outcome     string
	detail      string
	disposition string
	notes       string
	fault       string
	effects     []switchyard.ID // its plan waits for, in the order they were asked for
	failed      bool            // one of those the plan waits for failed
	timeout     bool            // one of them ran out of time
	reason      *switchyard.Reason
	target      *switchyard.Duration // for the service level, when its queue's is $(..); nil = the queue's
	afterPlan   string
	exit        string // the queue exit it left by last
	testPlan    string // the test plan it entered by its route; "" when it entered the route's own
}

// awaited notes that an effect is through and reports whether the plan waited for it. When it was
// the last, nothing is left of them.
func (r *rare) awaited(id switchyard.ID, failed, timeout bool) bool {
	at := slices.Index(r.effects, id)
	if at < 0 {
		return false
	}
	if len(r.effects) == 1 {
		r.awaitNone()
		return true
	}
	r.effects = slices.Delete(slices.Clone(r.effects), at, at+1)
	r.failed, r.timeout = r.failed || failed, r.timeout || timeout
	return true
}

// awaitNone forgets the effects a plan waited for, because it goes on without them or is over.
func (r *rare) awaitNone() { r.effects, r.failed, r.timeout = nil, false, false }

// more returns the rare part, made when it is first needed.
func (i *interaction) more() *rare {
	if i.rare == nil {
		i.rare = &rare{}
	}
	return i.rare
}

// anyone ends a transfer to one agent.
func (i *interaction) anyone() {
	if i.Only = nil; i.rare != nil {
		i.rare.onlyUntil = 0
	}
}

func (i *interaction) agent() *agent {
	if i.rare == nil {
		return nil
	}
	return i.rare.agent
}

// queue settings of the applet the interaction is or was last queued at.
func (i *interaction) queue() *plan.Queue { return i.applet.Queue }

func (i *interaction) providerName() string {
	if i.provider == nil {
		return ""
	}
	return i.provider.Name
}

// waits reports whether time or an effect, not a queue or an agent, brings it on.
func (i *interaction) waits() bool { return i.state == switchyard.Planned || i.after }

// holdsRoom reports whether it counts in its agent's load.
func (i *interaction) holdsRoom() bool {
	switch i.state {
	case switchyard.Offered, switchyard.Connected, switchyard.Held, switchyard.Wrap:
		return true
	}
	return false
}

// isWork reports whether it is work in the sense of RULINGS 22.
func (i *interaction) isWork() bool { return i.holdsRoom() && i.state != switchyard.Offered }

// agent is one user with what the router knows of it.
type agent struct {
	routing.Agent
	key       string // CaseKey of its username, whose spelling may change
	entry     switchyard.AgentEntry
	presence  switchyard.Presence
	intended  string
	since     switchyard.Instant
	until     switchyard.Instant // No Answer: when before returns
	before    string
	loggedOut switchyard.Instant
	busySince switchyard.Instant
	lost      bool
	removed   bool
	changed   bool
	mine      []*interaction // offered, connected, held, wrap and parked, in order of their ids
}

// displayID is what callbacks call AgentId.
func (a *agent) displayID() string {
	if a.entry.DisplayID == "" {
		return a.entry.Username
	}
	return a.entry.DisplayID
}

// take puts an interaction among the agent's, which are kept in the order of their ids.
func (a *agent) take(i *interaction) {
	at, _ := slices.BinarySearchFunc(a.mine, i, func(x, y *interaction) int {
		return cmp.Compare(x.ID.Counter(), y.ID.Counter())
	})
	a.mine = slices.Insert(a.mine, at, i)
}

// working reports whether the agent has work on (RULINGS 22).
func (a *agent) working() bool { return slices.ContainsFunc(a.mine, (*interaction).isWork) }

// New returns the state of an account nothing has happened to yet.
func New(account string) *State {
	return &State{
		account:   account,
		versions:  map[int]*Config{},
		drafts:    map[int]*Draft{},
		agents:    map[string]*agent{},
		index:     routing.New(),
		live:      map[uint64]*interaction{},
		external:  map[externalKey]*interaction{},
		released:  map[uint64]*interaction{},
		providers: map[string]*provider{},
		queues:    map[string]*queue{},
		lanes:     map[string][]*effect{},
		pending:   map[switchyard.ID]*effect{},
		retries:   map[uint64]*effect{},
		deadlines: map[uint64]*effect{},
		requests:  newRequestIDs(),
		answers:   newAnswers(),
		receipts:  newReceipts(),
		tokens:    newExpiring[*switchyard.TokenIssued](),
		sessions:  newExpiring[*switchyard.SessionOpened](),
	}
}

// Account is the account's name.
func (s *State) Account() string { return s.account }

// Now is the instant of the latest row, or the one time was last looked at.
func (s *State) Now() switchyard.Instant { return s.now }

// Seq is the number of the latest row.
func (s *State) Seq() switchyard.Seq { return s.seq }

// Live is how many interactions have not ended.
func (s *State) Live() int { return len(s.live) - s.afters }

// Waiting is how many interactions are queued.
func (s *State) Waiting() int { return s.index.Waiting() }

// Unfinished reports that the latest input has more consequences than one row may hold: a Sweep is
// wanted at once, before any other input (RULINGS 15).
func (s *State) Unfinished() bool { return s.unfinished }

// agentNamed finds an agent in force by its username, without case.
func (s *State) agentNamed(name string) *agent { return s.agents[switchyard.CaseKey(name)] }

// find returns the live interaction with the id, or nil.
func (s *State) find(id switchyard.ID) *interaction {
	if i := s.live[id.Counter()]; i != nil && i.ID == id {
		return i
	}
	return nil
}

// link puts a new interaction at the newest end of the list in order of dispatch.
func (s *State) link(i *interaction) {
	i.older = s.newest
	if s.newest != nil {
		s.newest.newer = i
	} else {
		s.oldest = i
	}
	s.newest = i
	s.live[i.ID.Counter()] = i
}

// unlink forgets an interaction that changes no more.
func (s *State) unlink(i *interaction) {
	if i.newer != nil {
		i.newer.older = i.older
	} else {
		s.newest = i.older
	}
	if i.older != nil {
		i.older.newer = i.newer
	} else {
		s.oldest = i.newer
	}
	i.older, i.newer = nil, nil
	delete(s.live, i.ID.Counter())
}

// sortRoster puts the agents in username order after a config.
func (s *State) sortRoster() {
	s.roster = s.roster[:0]
	for _, a := range s.agents {
		s.roster = append(s.roster, a)
	}
	slices.SortFunc(s.roster, func(a, b *agent) int { return strings.Compare(a.Username, b.Username) })
}
