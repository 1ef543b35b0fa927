package switchyard

// Reason says why an interaction was offered to an agent and to no other. An independent reader of
// the state and of the reason reaches the same winner.
type Reason struct {
	At         Instant    `json:"at"`
	Order      OrderKey   `json:"order"`
	Requires   []string   `json:"requires,omitempty"` // mandatory and unexpired skills
	Prefers    []string   `json:"prefers,omitempty"`  // optional and expired skills
	Considered int        `json:"considered"`         // agents that fit
	Chosen     Standing   `json:"chosen"`
	Next       []Standing `json:"next,omitempty"` // best runners-up, at most MaxRunnersUp
	Excluded   Excluded   `json:"excluded"`
}

// OrderKey is the place of an interaction among the waiting.
type OrderKey struct {
	Band         Band    `json:"band"`
	Score        int64   `json:"score,omitzero"` // order ageing: age in ms × weight of the band
	Personal     bool    `json:"personal"`
	WaitingSince Instant `json:"waitingsince"`
	Place        int     `json:"place"` // among the waiting work the chosen agent fits; see docs/decisions
}

// Standing is one agent's keys in the order of agents, and the key it lost by.
type Standing struct {
	Agent     string  `json:"agent"`
	Prefers   int     `json:"prefers"` // preferences held
	Level     int     `json:"level"`   // sum of levels over the requirements
	IdleSince Instant `json:"idlesince"`
	Lost      string  `json:"lost,omitempty"` // prefers, level, idlesince or username
}

// Excluded counts every agent that does not fit once, by the first cause that holds in the order of
// the members. An interaction that only one agent may take (personal queue, transfer to an agent)
// counts all others under Other.
type Excluded struct {
	NotReady int `json:"notready"`
	Group    int `json:"group"`
	Skill    int `json:"skill"`
	Cooldown int `json:"cooldown"`
	Room     int `json:"room"`
	Other    int `json:"other,omitzero"`
}

// Explanation answers why an interaction is where it is, and what would change it.
type Explanation struct {
	Interaction ID        `json:"interaction"`
	State       Status    `json:"state"`
	At          Instant   `json:"at"`
	Summary     string    `json:"summary"`        // one sentence
	Order       *OrderKey `json:"order,omitzero"` // while queued
	Ahead       int       `json:"ahead"`          // queued interactions before it in the order, while queued
	Requires    []string  `json:"requires,omitempty"`
	Prefers     []string  `json:"prefers,omitempty"`
	Considered  int       `json:"considered"`
	Excluded    Excluded  `json:"excluded"`
	Agents      []Missing `json:"agents,omitempty"`  // who would fit but for one thing, at most 10
	Changes     []Change  `json:"changes,omitempty"` // what time alone will change
	Unserveable bool      `json:"unserveable"`
	Last        *Reason   `json:"last,omitzero"`      // why it was offered to the agent it is with
	TestPlan    string    `json:"testplan,omitempty"` // entered by its route, because its clid is one of the test callers
}

// Missing says what keeps one agent from fitting: "ada is Away (Lunch) since …", "bo is full".
type Missing struct {
	Agent string  `json:"agent"`
	Cause string  `json:"cause"` // notready, group, skill, cooldown or room
	Text  string  `json:"text"`
	Until Instant `json:"until,omitzero"` // when time alone ends it, if it does
}

// Change is something that will happen to an interaction at a known instant.
type Change struct {
	At   Instant `json:"at"`
	Text string  `json:"text"`
}
