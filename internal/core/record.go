package core

import "switchyard"

// Record is everything known of one interaction: what a checkpoint keeps, what the tables keep of
// an ended one, and what the API shows a part of.
type Record struct {
	ID          switchyard.ID             `json:"id"`
	RequestID   string                    `json:"requestid,omitzero"`
	ExternalID  string                    `json:"externalid,omitzero"`
	Provider    string                    `json:"provider,omitzero"`
	Route       string                    `json:"route"`
	Class       switchyard.Class          `json:"interactiontype"`
	Linked      []switchyard.Linked       `json:"linkeddata,omitempty"`
	Values      map[string]string         `json:"values,omitempty"` // data sources set by plans
	Demands     []switchyard.Demand       `json:"skills,omitempty"`
	Personal    *switchyard.PersonalQueue `json:"personalqueue,omitempty"`
	Band        switchyard.Band           `json:"band"`
	State       switchyard.Status         `json:"state"`
	Agent       string                    `json:"agent,omitzero"`      // who is offered it, has it, or had it last
	FirstAgent  string                    `json:"firstagent,omitzero"` // who had it first
	LastAgent   string                    `json:"lastagent,omitzero"`  // who was offered it, or had it, last
	Plan        string                    `json:"plan"`
	Applet      string                    `json:"applet,omitzero"`
	Version     int                       `json:"version"`       // config version of the plan it is in
	Only        string                    `json:"only,omitzero"` // transferred to this agent
	OnlyUntil   switchyard.Instant        `json:"onlyuntil,omitzero"`
	Cooldowns   []Cooldown                `json:"cooldowns,omitempty"`
	Size        int                       `json:"size,omitzero"` // percent of its agent it holds
	Created     switchyard.Instant        `json:"created"`
	Since       switchyard.Instant        `json:"waitingsince,omitzero"`   // first entry into a queue
	Changed     switchyard.Instant        `json:"changed"`                 // when it got into its state
	Until       switchyard.Instant        `json:"until,omitzero"`          // when time ends its state
	QueueEnd    switchyard.Instant        `json:"queueend,omitzero"`       // when its queue's duration is over
	Answered    switchyard.Instant        `json:"answered,omitzero"`       // first connected
	Estimate    int64                     `json:"estimatemillis,omitzero"` // wait estimated at its first queue entry, in ms; -1 = unknown
	Ended       switchyard.Instant        `json:"ended,omitzero"`
	Outcome     string                    `json:"outcome,omitzero"`
	Detail      string                    `json:"detail,omitzero"`
	Released    bool                      `json:"released,omitzero"` // its externalid is free
	ReleasedAt  switchyard.Instant        `json:"releasedat,omitzero"`
	Disposition string                    `json:"disposition,omitzero"`
	Notes       string                    `json:"notes,omitzero"`
	Effect      switchyard.ID             `json:"effect,omitzero"` // the one effect its plan waits for, in records of old
	Effects     []switchyard.ID           `json:"effects,omitempty"`
	Failed      bool                      `json:"failed,omitzero"`  // one of the effects its plan waits for failed
	Timeout     bool                      `json:"timeout,omitzero"` // one of them ran out of time
	Fault       string                    `json:"fault,omitzero"`   // why its plan was cut
	Target      *switchyard.Duration      `json:"target,omitempty"` // for the service level, when its queue's is $(..)
	Reason      *switchyard.Reason        `json:"reason,omitempty"` // of the latest offer
	After       string                    `json:"after,omitzero"`   // after plan still running
	Exit        string                    `json:"exit,omitzero"`    // queue exit it left by last
	TestPlan    string                    `json:"testplan,omitzero"`
	KeptRoute   *KeptRoute                `json:"keptroute,omitempty"`
	NoServer    switchyard.Instant        `json:"-"` // see Unserveable; worked out at the time of reading
	Lost        bool                      `json:"-"` // its agent's desktop is not heard
}

// Unserveable reports work that no agent of the account could ever take and no time frees (RULINGS 31). It
// is asked with the moment it is asked at, for time alone makes work so: nothing is decided when a personal
// queue that nobody waits in any more has ended.
func (r *Record) Unserveable(now switchyard.Instant) bool {
	return r.NoServer != 0 && now >= r.NoServer
}

// KeptRoute is what an interaction keeps of its route, where that is not what the config version of its
// plan says of it: it was transferred with presets, or its plan went on in a newer version.
type KeptRoute struct {
	Presets map[string]string `json:"presets,omitempty"` // by CaseKey
	After   string            `json:"after,omitzero"`
}

// Cooldown keeps an interaction from an agent that declined it.
type Cooldown struct {
	Agent string             `json:"agent"`
	Until switchyard.Instant `json:"until"`
}

// AgentRecord is everything known of one agent beside its entry in the config.
type AgentRecord struct {
	Username  string              `json:"username"`
	Presence  string              `json:"presence"`
	Category  switchyard.Category `json:"category"`
	Intended  string              `json:"intended,omitzero"`
	Since     switchyard.Instant  `json:"since"`           // of this presence
	Until     switchyard.Instant  `json:"until,omitzero"`  // No Answer: when the one before returns
	Before    string              `json:"before,omitzero"` // No Answer: the one before
	IdleSince switchyard.Instant  `json:"idlesince"`
	LoggedOut switchyard.Instant  `json:"loggedout,omitzero"` // since when it is logged out
	Lost      bool                `json:"lost,omitzero"`
	BusySince switchyard.Instant  `json:"busysince,omitzero"` // load > 0 since

	Entry        switchyard.AgentEntry `json:"-"`
	Load         int                   `json:"-"`
	Interactions []switchyard.ID       `json:"-"` // offered, connected, held, parked or in wrap, oldest first
}

// Provider is a registered provider. Its credentials are sealed.
type Provider struct {
	Name      string                 `json:"name"`
	Endpoint  string                 `json:"endpoint,omitzero"`
	Headers   switchyard.Sealed      `json:"headers,omitzero"`
	Permitted switchyard.Permissions `json:"permitted"`
	Secret    switchyard.Sealed      `json:"secret"`
	Old       switchyard.Sealed      `json:"old,omitzero"` // signs beside Secret until Overlap
	Overlap   switchyard.Instant     `json:"overlap,omitzero"`
	Removed   bool                   `json:"removed,omitzero"` // only live work still names it
	Live      int                    `json:"-"`                // live interactions that name it
}

// QueueFigures are the figures of one queue (DESIGN.md §6), over the last hour but for Waiting and
// LongestWait.
type QueueFigures struct {
	Queue         string              `json:"queue"` // plan/applet
	Waiting       int                 `json:"waiting"`
	LongestWait   switchyard.Duration `json:"-"`
	Target        switchyard.Duration `json:"-"`
	Offered       int                 `json:"offered"`
	Answered      int                 `json:"answered"`
	InTarget      int                 `json:"intarget"`
	Abandoned     int                 `json:"abandoned"`
	AbandonedLate int                 `json:"abandonedlate"` // after the target
	Breakouts     int                 `json:"breakouts"`
	WaitSum       switchyard.Duration `json:"-"` // of the answered
	EstimatedWait switchyard.Duration `json:"-"` // of work that enters now; -1 = unknown
	EstimateError switchyard.Duration `json:"-"` // mean absolute error over the hour; -1 = unknown
}
