package switchyard

import (
	"fmt"
	"strings"
)

// Class is the capacity class of an interaction: what CONTRACT.md calls its interactiontype.
type Class uint8

// The capacity classes.
const (
	NonLive Class = iota
	Chat
	Live
	Classes = 3 // how many there are
)

var classNames = [Classes]string{"nonlive", "chat", "live"}

func (c Class) String() string { return classNames[c] }

// MarshalText implements encoding.TextMarshaler.
func (c Class) MarshalText() ([]byte, error) { return []byte(classNames[c]), nil }

// UnmarshalText reads a class in any case.
func (c *Class) UnmarshalText(b []byte) error {
	for i, name := range classNames {
		if strings.EqualFold(name, string(b)) {
			*c = Class(i)
			return nil
		}
	}
	return fmt.Errorf("%q is no interaction type: live, chat or nonlive", b)
}

// Band is the priority of an interaction: 1 Highest, 2 Higher, 3 Normal, 4 Lower, 5 Lowest.
type Band uint8

// The bands.
const (
	Highest Band = 1 + iota
	Higher
	Normal
	Lower
	Lowest
)

var bandNames = [...]string{"", "Highest", "Higher", "Normal", "Lower", "Lowest"}

func (b Band) String() string { return bandNames[b] }

// ParseBand reads a band's name in any case, or its number.
func ParseBand(s string) (Band, error) {
	for i, name := range bandNames[1:] {
		if strings.EqualFold(name, s) || s == string(rune('1'+i)) {
			return Band(i + 1), nil
		}
	}
	return 0, fmt.Errorf("%q is no band: Highest, Higher, Normal, Lower, Lowest, or 1 to 5", s)
}

// Category says what a presence means for routing.
type Category string

// The categories of presences.
const (
	Ready        Category = "Ready"
	Away         Category = "Away"
	ExtendedAway Category = "ExtendedAway"
	LoggedOut    Category = "LoggedOut"
)

// The built-in presences.
const (
	PresenceReady        = "Ready"
	PresenceAway         = "Away"
	PresenceExtendedAway = "Extended Away"
	PresenceLoggedOut    = "Logged Out"
	PresenceNoAnswer     = "No Answer" // set by the router alone
)

// Status is where an interaction is in its life; the API calls it state.
type Status string

// The life of an interaction, in order.
const (
	Planned   Status = "planned"
	Queued    Status = "queued"
	Offered   Status = "offered"
	Connected Status = "connected"
	Held      Status = "held"
	Parked    Status = "parked"
	Wrap      Status = "wrap"
	Ended     Status = "ended"
)

// The outcomes the product itself gives; a plan may add its own words.
const (
	OutcomeDelivered        = "Delivered"
	OutcomeQueueTimeout     = "QueueTimeout"
	OutcomeBreakout         = "Breakout"
	OutcomeNoAgentsLoggedIn = "NoAgentsLoggedIn"
	OutcomeAgentRejected    = "AgentRejected"
	OutcomeReleased         = "Released"
	OutcomeOther            = "Other"
)

// Role is what a signed-in user may be.
type Role string

// The roles.
const (
	RoleAgent      Role = "agent"
	RoleSupervisor Role = "supervisor"
	RoleAdmin      Role = "admin"
)

// Scope is what an API client may do.
type Scope string

// The scopes.
const (
	ScopeInteractionsWrite Scope = "interactions:write"
	ScopeInteractionsRead  Scope = "interactions:read"
	ScopeAgentsRead        Scope = "agents:read"
	ScopeAgentsWrite       Scope = "agents:write"
	ScopeConfigRead        Scope = "config:read"
	ScopeConfigWrite       Scope = "config:write"
	ScopeStatsRead         Scope = "stats:read"
	ScopeEventsRead        Scope = "events:read"
)

// Scopes lists every scope there is.
var Scopes = []Scope{ScopeInteractionsWrite, ScopeInteractionsRead, ScopeAgentsRead, ScopeAgentsWrite,
	ScopeConfigRead, ScopeConfigWrite, ScopeStatsRead, ScopeEventsRead}
