package switchyard

// Envelope is one input to an account with all that Decide may know of the world: when, who, and
// where new ids come from. The engine fills At, Seq and Entropy.
type Envelope struct {
	Seq         Seq     `json:"-"` // the journal row the input will become
	At          Instant `json:"at"`
	By          string  `json:"by"` // "client:crm", "user:ada", "file:account.yaml" or "system"
	Correlation ID      `json:"correlation"`
	Entropy     uint64  `json:"entropy,string"`
	Key         string  `json:"key,omitempty"`  // Idempotency-Key, with the principal before it
	Body        string  `json:"body,omitempty"` // SHA-256 of what came with the key, hex
	Input       Input   `json:"-"`
}

// Input is something an account is asked or told. The set is closed: each type below is one.
type Input interface{ InputType() string }

// Invoke is a call of POST /interactions/invoke.
type Invoke struct {
	Provider string    `json:"provider,omitempty"`
	Requests []Request `json:"requests"`
	// Known lists requests whose id was accepted before, though the state has forgotten it: the
	// engine looks older ids up and tells.
	Known []KnownRequest `json:"known,omitempty"`
}

// KnownRequest is an older accepted request: its place in Requests and what it became.
type KnownRequest struct {
	Request     int `json:"request"`
	Interaction ID  `json:"interaction"`
}

// Request is one element of an invoke call, after its JSON was read. What could not be read is in
// Fault; the other members hold what could.
type Request struct {
	Action        string     `json:"action,omitempty"` // as written; "" = dispatch
	RequestID     string     `json:"requestid,omitempty"`
	ExternalID    string     `json:"externalid,omitempty"`
	Route         string     `json:"route,omitempty"`
	Linked        []Linked   `json:"linkeddata,omitempty"`
	Class         string     `json:"interactiontype,omitempty"` // as written; "" = nonlive
	Skills        []Skill    `json:"skills,omitempty"`
	PersonalQueue *Personal  `json:"personalqueue,omitzero"`
	Fault         *FaultNote `json:"fault,omitzero"`
}

// FaultNote is a fault found while reading a request: the first in the order of CONTRACT.md's
// table. Rank is the row of that table it belongs to (see the Rank constants), so that Decide can
// tell whether a fault it finds itself comes before.
type FaultNote struct {
	Code   Code   `json:"code"`
	Detail string `json:"detail"`
	Rank   int    `json:"rank"`
	// Mistyped is the detail of the first member_invalid, when a fault of another code comes before it.
	Mistyped string `json:"mistyped,omitempty"`
}

// The rows of CONTRACT.md §3's table in order; faults are reported by the lowest.
const (
	RankAction = iota
	RankRequestID
	RankExternalID
	RankRoute
	RankLinked
	RankClass
	RankSkills
	RankPersonal
)

// Linked is one entry of linkeddata. Type is in lower case.
type Linked struct {
	Type  string `json:"type"`
	Label string `json:"label,omitempty"`
	Owner string `json:"owner,omitempty"`
	Key   string `json:"key,omitempty"`
	Value string `json:"value,omitempty"`
}

// Skill asks for a skill: nil ExpiryAfter = mandatory, 0 = optional, else mandatory that many
// seconds.
type Skill struct {
	Name        string `json:"name"`
	ExpiryAfter *int64 `json:"expiryafter,omitzero"`
}

// Personal asks for a personal queue; the timeouts are seconds.
type Personal struct {
	Agent            string `json:"agent"`
	LoggedInTimeout  int64  `json:"loggedintimeout"`
	LoggedOutTimeout int64  `json:"loggedouttimeout"`
}

// Register is a call of POST /interactions/register. Headers and the first signing secret are
// sealed already.
type Register struct {
	Provider  string      `json:"provider"`
	Endpoint  string      `json:"endpoint,omitempty"`
	Headers   Sealed      `json:"headers,omitempty"` // sealed JSON object, or empty
	Permitted Permissions `json:"permitted"`
	Secret    Sealed      `json:"secret"` // used when the provider is new
}

// Permissions is what agents may do with a provider's interactions.
type Permissions struct {
	Release         bool `json:"release"`
	Hold            bool `json:"hold"`
	TransferToAgent bool `json:"transfertoagent"`
	TransferToRoute bool `json:"transfertoroute"`
}

// Sealed is a credential encrypted with the server's key, as base64 text; it never leaves the
// journal, the tables and the sealing code. Everything shown to anyone shows Masked instead.
type Sealed string

// Masked stands for a secret wherever something is shown.
const Masked = "***"

// RemoveProvider is DELETE /v1/providers/{name}; without Force it is refused while live work names
// the provider.
type RemoveProvider struct {
	Provider string `json:"provider"`
	Force    bool   `json:"force,omitzero"`
}

// RotateSecret gives a provider a new signing secret; the old one still signs for 24 hours.
type RotateSecret struct {
	Provider string `json:"provider"`
	Secret   Sealed `json:"secret"`
}

// Reseal puts credentials sealed with a new key in the places of the same ones sealed with an older
// key, wherever the account keeps them. Texts it keeps nowhere any more change nothing.
type Reseal struct {
	Key   string     `json:"key"` // id of the new key
	Texts []Resealed `json:"texts"`
}

// Action is something done to an interaction by, or for, an agent, or by a supervisor.
type Action string

// The actions. The last four are a supervisor's.
const (
	ActAccept   Action = "accept"
	ActDecline  Action = "decline"
	ActRelease  Action = "release"
	ActHold     Action = "hold"
	ActRetrieve Action = "retrieve"
	ActTransfer Action = "transfer"
	ActComplete Action = "complete"
	ActExtend   Action = "extend"
	ActNote     Action = "note"
	ActRequeue  Action = "requeue"
	ActAssign   Action = "assign"
	ActPriority Action = "priority"
)

// Act is an action on an interaction. Agent is who acts or is acted for; with Supervisor set it may
// be empty, and neither ownership nor a provider's permissions bind. With Overseer set a supervisor or
// an admin acts as Agent, whom a provider's permissions do not bind then.
type Act struct {
	Interaction ID       `json:"interaction"`
	Action      Action   `json:"action"`
	Agent       string   `json:"agent,omitempty"`
	Supervisor  bool     `json:"supervisor,omitzero"`
	Overseer    bool     `json:"overseer,omitzero"`
	ToAgent     string   `json:"toagent,omitempty"`     // transfer, assign
	ToRoute     string   `json:"toroute,omitempty"`     // transfer
	Band        string   `json:"band,omitempty"`        // priority
	Disposition string   `json:"disposition,omitempty"` // complete, release, note
	Notes       string   `json:"notes,omitempty"`       // complete, release, note
	By          Duration `json:"by,omitzero"`           // extend: how much longer; default 30s
}

// SetPresence chooses an agent's presence.
type SetPresence struct {
	Agent    string `json:"agent"`
	Presence string `json:"presence"`
}

// AgentLost says that an agent's desktop has been silent for the grace time; AgentBack that it is
// heard again.
type AgentLost struct {
	Agent string `json:"agent"`
}

// AgentBack ends AgentLost.
type AgentBack struct {
	Agent string `json:"agent"`
}

// Publish makes a checked document the account's config. Its secrets are hashed or sealed already,
// and secrets left out were filled in from the version before.
type Publish struct {
	Document  Account    `json:"document"`
	Source    string     `json:"source"`              // "file:<name>", "api", "rollback to 3"
	Digest    string     `json:"digest,omitempty"`    // SHA-256 of a file, so that it is applied once
	TimeZones string     `json:"timezones,omitempty"` // version of the time-zone data
	Registers []Register `json:"registers,omitempty"` // providers of the document whose entry changed
	Draft     int        `json:"draft,omitzero"`      // the draft it is published from, which goes with it
	Expect    int        `json:"expect,omitzero"`     // revision of that draft
	Force     bool       `json:"force,omitzero"`      // also when another version came since the draft was begun
}

// SaveDraft keeps a document that is being prepared; it need not be valid. Its credentials are hashed
// or sealed already; those that stay what they are in force are Masked or absent.
type SaveDraft struct {
	Draft    int     `json:"draft,omitzero"`  // 0 = a new one
	Expect   int     `json:"expect,omitzero"` // the revision that is replaced; 0 = any
	Name     string  `json:"name"`
	Note     string  `json:"note,omitempty"`
	Base     int     `json:"base"` // config version it was begun from
	Document Account `json:"document"`
}

// DropDraft throws a draft away.
type DropDraft struct {
	Draft  int `json:"draft"`
	Expect int `json:"expect,omitzero"` // as in SaveDraft
}

// Tick says that time has passed: everything due is to happen.
type Tick struct{}

// Sweep goes on with the consequences of an earlier input, at the same instant.
type Sweep struct{}

// Started says that the server has (re)started: rings that ran out meanwhile blame nobody.
type Started struct{}

// Advance is the manual clock reaching an instant; it is the envelope's At.
type Advance struct{}

// EffectResult is what became of one attempt at an effect.
type EffectResult struct {
	Effect     ID     `json:"effect"`
	Attempt    int    `json:"attempt"`
	OK         bool   `json:"ok"`
	GiveUp     bool   `json:"giveup,omitzero"`  // no further attempt can help
	Status     int    `json:"status,omitzero"`  // HTTP status, when there was one
	Detail     string `json:"detail,omitempty"` // error, or the answer's beginning; no secrets
	TookMillis int64  `json:"tookmillis"`
	Timeout    bool   `json:"timeout,omitzero"` // nothing came back in time
	// Values are data sources read from the answer; failed attempts may have some too.
	Values           map[string]string `json:"values,omitempty"`
	Exchange         *Exchange         `json:"exchange,omitzero"`
	MessageID        string            `json:"messageid,omitempty"`       // what the gateway calls it
	RetryAfterMillis int64             `json:"retryaftermillis,omitzero"` // the other side asks to wait so long
}

// EffectReceipt is what the vendor of a gateway says became of a message; its signature was checked.
type EffectReceipt struct {
	Interaction ID     `json:"interaction"`
	Effect      ID     `json:"effect"`
	Status      string `json:"status"`
	To          string `json:"to,omitempty"`
	MessageID   string `json:"messageid,omitempty"`
	Detail      string `json:"detail,omitempty"`
}

// Redeliver asks for another delivery of a finished callback. Payload comes from the tables when
// the state has forgotten the effect.
type Redeliver struct {
	Effect Effect `json:"effect"`
}

// IssueToken records a bearer token for a client. Wall is real time: tokens ignore a manual clock.
type IssueToken struct {
	Client  string  `json:"client"`
	Hash    string  `json:"hash"` // SHA-256 of the token, hex
	Scopes  []Scope `json:"scopes"`
	Wall    Instant `json:"wall"`
	Expires Instant `json:"expires"`
}

// OpenSession records a signed-in user; CloseSession ends it.
type OpenSession struct {
	User    string  `json:"user"`
	Hash    string  `json:"hash"` // SHA-256 of the cookie, hex
	Wall    Instant `json:"wall"`
	Expires Instant `json:"expires"`
}

// CloseSession signs a user out.
type CloseSession struct {
	Hash string `json:"hash"`
}

// SetPassword replaces a user's password by a new argon2id PHC string; the user's other sessions
// end. Keep is the hash of the session that stays.
type SetPassword struct {
	User     string `json:"user"`
	Password string `json:"password"`
	Keep     string `json:"keep,omitempty"`
}

// FlushRequestIDs lets the state forget request ids taken up to Through: their table is durable.
type FlushRequestIDs struct {
	Through Seq `json:"through"`
}

// ErasePersonal removes names, clid, properties and urls of an ended interaction from the tables.
type ErasePersonal struct {
	Interaction ID `json:"interaction"`
}

func (*Invoke) InputType() string          { return "invoke" }
func (*Register) InputType() string        { return "register" }
func (*RemoveProvider) InputType() string  { return "provider.remove" }
func (*RotateSecret) InputType() string    { return "provider.rotate" }
func (*Reseal) InputType() string          { return "reseal" }
func (*Act) InputType() string             { return "act" }
func (*SetPresence) InputType() string     { return "presence" }
func (*AgentLost) InputType() string       { return "agent.lost" }
func (*AgentBack) InputType() string       { return "agent.back" }
func (*Publish) InputType() string         { return "publish" }
func (*SaveDraft) InputType() string       { return "config.draft.save" }
func (*DropDraft) InputType() string       { return "config.draft.drop" }
func (*Tick) InputType() string            { return "tick" }
func (*Sweep) InputType() string           { return "sweep" }
func (*Started) InputType() string         { return "started" }
func (*Advance) InputType() string         { return "advance" }
func (*EffectResult) InputType() string    { return "effect.result" }
func (*EffectReceipt) InputType() string   { return "effect.receipt" }
func (*Redeliver) InputType() string       { return "redeliver" }
func (*IssueToken) InputType() string      { return "token.issue" }
func (*OpenSession) InputType() string     { return "session.open" }
func (*CloseSession) InputType() string    { return "session.close" }
func (*SetPassword) InputType() string     { return "password.set" }
func (*FlushRequestIDs) InputType() string { return "requestids.flush" }
func (*ErasePersonal) InputType() string   { return "personal.erase" }

// Inputs makes an empty input of each type, for decoding.
var Inputs = inputTable(
	func() Input { return new(Invoke) }, func() Input { return new(Register) },
	func() Input { return new(RemoveProvider) }, func() Input { return new(RotateSecret) },
	func() Input { return new(Act) }, func() Input { return new(SetPresence) },
	func() Input { return new(AgentLost) }, func() Input { return new(AgentBack) },
	func() Input { return new(Publish) }, func() Input { return new(Tick) },
	func() Input { return new(Sweep) }, func() Input { return new(Started) },
	func() Input { return new(Advance) }, func() Input { return new(EffectResult) },
	func() Input { return new(Redeliver) }, func() Input { return new(IssueToken) },
	func() Input { return new(OpenSession) }, func() Input { return new(CloseSession) },
	func() Input { return new(SetPassword) }, func() Input { return new(FlushRequestIDs) },
	func() Input { return new(ErasePersonal) }, func() Input { return new(Reseal) },
	func() Input { return new(SaveDraft) }, func() Input { return new(DropDraft) },
	func() Input { return new(EffectReceipt) },
)

func inputTable(makers ...func() Input) map[string]func() Input {
	t := make(map[string]func() Input, len(makers))
	for _, m := range makers {
		t[m().InputType()] = m
	}
	return t
}

// RequestResult is what became of one request of an invoke call.
type RequestResult struct {
	RequestID   string `json:"requestid"`
	ExternalID  string `json:"externalid"`
	Status      string `json:"status"` // accepted, duplicate or failed
	Interaction ID     `json:"interaction,omitzero"`
	Code        Code   `json:"code,omitempty"`
	Detail      string `json:"detail,omitempty"`
	Repeat      bool   `json:"repeat,omitzero"` // a later occurrence of a requestid in one call: reported once
}

// What may become of a request.
const (
	StatusAccepted  = "accepted"
	StatusDuplicate = "duplicate"
	StatusFailed    = "failed"
)
