package simulate

import (
	"reflect"

	"switchyard"
	"switchyard/internal/config"
)

// Scenario is what is simulated, as its file says it. Members that take a Series take one value for all
// intervals, or a list with one for each.
type Scenario struct {
	Account      string               `json:"account"`      // the account file, beside this one
	Start        string               `json:"start"`        // when arrivals begin; a Monday in January without it
	Length       switchyard.Duration  `json:"length"`       // how long they come
	Interval     switchyard.Duration  `json:"interval"`     // of rates, head-counts and figures; default length
	WarmUp       switchyard.Duration  `json:"warmup"`       // time before start that is not counted; default none, the centre starts empty
	Drain        *switchyard.Duration `json:"drain"`        // how long work may go on afterwards; default a day
	Replications int                  `json:"replications"` // default 30
	Seed         int64                `json:"seed"`         // default 1
	Busyness     *Busyness            `json:"busyness"`     // of a day, for all streams that have none of their own
	Streams      []Stream             `json:"streams"`
	Agents       []Crew               `json:"agents"`
	Answers      map[string]Answer    `json:"answers"` // what becomes of effects, by "applet" or "plan/applet"; else they succeed at once
}

// Stream is customers who come in by one route.
type Stream struct {
	Name       string                      `json:"name"` // default the route
	Route      string                      `json:"route"`
	Type       string                      `json:"type"`     // live, chat or nonlive (default)
	Arrivals   config.Series[float64]      `json:"arrivals"` // expected in an interval; they come at random (Poisson)
	Times      []switchyard.Duration       `json:"times"`    // or: when they come, counted from start
	CSV        string                      `json:"csv"`      // or: a file with a column at, and perhaps handle and patience
	Busyness   *Busyness                   `json:"busyness"`
	Skills     []Skill                     `json:"skills"`
	Band       string                      `json:"band"` // set as soon as it has arrived; default what the plan gives
	Properties map[string]string           `json:"properties"`
	Handle     config.Series[Distribution] `json:"handle"`   // from connected to released, by interval of arrival
	Patience   config.Series[Distribution] `json:"patience"` // from the first queue on; default unlimited
	Retry      *Retry                      `json:"retry"`
}

// Skill is a skill the work of a stream needs: always, for a time, or (0s) not necessarily.
type Skill struct {
	Name        string               `json:"name"`
	ExpiryAfter *switchyard.Duration `json:"expiryafter"`
}

// Retry says how customers who gave up try again.
type Retry struct {
	Probability float64      `json:"probability"`
	After       Distribution `json:"after"`
	Most        int          `json:"most"` // times one customer tries again; default 3
}

// Crew is agents who work to one roster.
type Crew struct {
	Name      string             `json:"name"`      // default the group
	Group     string             `json:"group"`     // of the account; default all agents no other crew has
	HeadCount config.Series[int] `json:"headcount"` // on shift in an interval
	Hire      *Hire              `json:"hire"`      // what agents are like whom the account does not have; default there are none
	Accept    *Distribution      `json:"accept"`    // from the offer to its acceptance; default at once
	AfterWork *Distribution      `json:"afterwork"` // in queues with wrap; default none
	Breaks    []Break            `json:"breaks"`
}

// Hire is what agents are like who are made up for a simulation.
type Hire struct {
	Skills   config.Levels        `json:"skills"`
	Capacity *switchyard.Capacity `json:"capacity"`
}

// Break is taken once a shift; work that is on is finished first.
type Break struct {
	After    Distribution `json:"after"` // from the beginning of the shift
	Length   Distribution `json:"length"`
	Presence string       `json:"presence"` // default Away
}

// Answer is what becomes of the effects of an applet.
type Answer struct {
	OK     *bool             `json:"ok"`     // default true
	Takes  *Distribution     `json:"takes"`  // default no time
	Values map[string]string `json:"values"` // data sources a dataconnector reads
}

// nouns are what messages call the parts of a scenario.
var nouns = map[reflect.Type]string{
	reflect.TypeFor[Scenario]():     "scenario",
	reflect.TypeFor[Distribution](): "distribution",
	reflect.TypeFor[LogNormal]():    "lognormal",
	reflect.TypeFor[Gamma]():        "gamma",
	reflect.TypeFor[Uniform]():      "uniform",
	reflect.TypeFor[Empirical]():    "empirical",
	reflect.TypeFor[Busyness]():     "busyness",
	reflect.TypeFor[ShapeRate]():    "gamma",
	reflect.TypeFor[Stream]():       "stream",
	reflect.TypeFor[Skill]():        "skill",
	reflect.TypeFor[Retry]():        "retry",
	reflect.TypeFor[Crew]():         "agents",
	reflect.TypeFor[Hire]():         "hire",
	reflect.TypeFor[Break]():        "break",
	reflect.TypeFor[Answer]():       "answer",
}

// MaxReplications is how many replications a simulation may have.
const MaxReplications = 100_000

// What bounds a scenario.
const (
	maxLength    = 366 * switchyard.Day
	maxIntervals = 10_000
	maxStreams   = 1_000
	maxCustomers = 50_000_000 // expected in one replication
	maxAgents    = 100_000
	maxFileRows  = 20_000_000
	maxCells     = 5_000_000 // streams, queues and agents, times intervals
)

// Read reads a scenario file. Faults of form are told all at once, with their lines; with any of them
// there is no sheet.
func Read(name string, text []byte) (*Scenario, *config.Sheet, []config.Problem) {
	s := new(Scenario)
	sheet, problems := config.ReadInto(name, text, s, nouns)
	return s, sheet, problems
}
