package switchyard

// Event is a fact: a decision that was made. Events are a public, versioned schema: members are
// only ever added. The set is closed; docs/reference/events.md is made from Placed.
type Event interface {
	EventType() string
	// About names the interaction and the agent the event concerns; either may be none. The feed's
	// filters and the timeline go by it.
	About() (interaction ID, agent string)
}

// On is embedded in every event about an interaction.
type On struct {
	Interaction ID `json:"-"`
}

// With is embedded in every event about an interaction and an agent.
type With struct {
	Interaction ID     `json:"-"`
	Agent       string `json:"-"`
}

// About implements Event.
func (o On) About() (ID, string) { return o.Interaction, "" }

// About implements Event.
func (w With) About() (ID, string) { return w.Interaction, w.Agent }

// nobody is embedded in events about neither.
type nobody struct{}

func (nobody) About() (ID, string) { return ID{}, "" }

// Agented is embedded in events about an agent only.
type Agented struct {
	Agent string `json:"-"`
}

// About implements Event.
func (a Agented) About() (ID, string) { return ID{}, a.Agent }

// Demand is a skill on an interaction: required until Until (Never = always, none = from the start
// only preferred).
type Demand struct {
	Skill string  `json:"skill"`
	Until Instant `json:"until,omitzero"`
}

// PersonalQueue is a personal queue on an interaction, counted from the later of Set and the first
// entry into a queue.
type PersonalQueue struct {
	Agent     string   `json:"agent"`
	LoggedIn  Duration `json:"loggedin"`
	LoggedOut Duration `json:"loggedout"`
	Set       Instant  `json:"set"`
}

// Dispatched: a new interaction came in.
type Dispatched struct {
	On
	RequestID  string         `json:"requestid,omitempty"`
	ExternalID string         `json:"externalid,omitempty"`
	Provider   string         `json:"provider,omitempty"`
	Route      string         `json:"route"`
	Version    int            `json:"version"` // config version whose plans it runs
	Class      Class          `json:"interactiontype"`
	Linked     []Linked       `json:"linkeddata,omitempty"`
	Demands    []Demand       `json:"skills,omitempty"`
	Personal   *PersonalQueue `json:"personalqueue,omitzero"`
	TestPlan   string         `json:"testplan,omitempty"` // the route's test plan, entered because the clid is one of its test callers
}

// Stepped: an applet other than a queue ran. The members hold what it changed.
type Stepped struct {
	On
	Plan     string            `json:"plan"`
	Applet   string            `json:"applet"`
	Type     string            `json:"type"`
	Exit     string            `json:"exit,omitempty"`
	Values   map[string]string `json:"values,omitempty"` // data sources set
	Cleared  bool              `json:"cleared,omitzero"` // all skills were taken off first
	Demands  []Demand          `json:"skills,omitempty"` // skills put on
	Personal *PersonalQueue    `json:"personalqueue,omitzero"`
	Band     Band              `json:"band,omitzero"`
	Until    Instant           `json:"until,omitzero"`   // wait: when it goes on
	Goto     string            `json:"goto,omitempty"`   // the plan entered
	Version  int               `json:"version,omitzero"` // of the plan entered
	Fault    string            `json:"fault,omitempty"`  // what went wrong: why a failure exit was taken, a setting or a rule did not act, or the run was cut
}

// Enqueued: the interaction entered a queue.
type Enqueued struct {
	On
	Plan    string    `json:"plan"`
	Applet  string    `json:"applet"`
	Version int       `json:"version"`
	Since   Instant   `json:"waitingsince"`     // first entry into any queue
	Until   Instant   `json:"until,omitzero"`   // when the queue's duration is over
	Target  *Duration `json:"target,omitempty"` // for the service level, where the queue's is $(..)
	Fault   string    `json:"fault,omitempty"`  // what of duration and target could not be read
}

// Left: the interaction left its queue by an exit.
type Left struct {
	On
	Plan   string `json:"plan"`
	Applet string `json:"applet"`
	Exit   string `json:"exit"`
}

// OfferMade: the interaction rings at an agent, or, with auto, goes to it at once: then an
// interaction.connected follows.
type OfferMade struct {
	With
	Size   int     `json:"size"`           // percent of the agent it holds
	Until  Instant `json:"until,omitzero"` // when ringing ends
	Auto   bool    `json:"auto,omitzero"`
	Reason Reason  `json:"reason"`
	Fault  string  `json:"fault,omitempty"` // why ring could not be read
}

// Returned: an offer, or work, went back to waiting with its age.
type Returned struct {
	With
	Why      string  `json:"why"`               // declined, noanswer, presence, lost, restart, requeued, assigned, parktimeout, removed
	Cooldown Instant `json:"cooldown,omitzero"` // that agent gets no offer of it before
}

// Joined: an agent has the interaction; AssignToAgent is told.
type Joined struct {
	With
	How string `json:"how"` // accept, auto
}

// HeldEvent: a live interaction was put on hold.
type HeldEvent struct{ With }

// ParkedEvent: a chat or nonlive interaction was parked; it leaves the agent's load.
type ParkedEvent struct {
	With
	Until Instant `json:"until"` // when it is requeued by itself
}

// Retrieved: held or parked work was taken up again.
type Retrieved struct {
	With
	Size int `json:"size"`
}

// Transferred: an agent gave the interaction on.
type Transferred struct {
	With
	ToAgent string  `json:"toagent,omitempty"`
	ToRoute string  `json:"toroute,omitempty"`
	Version int     `json:"version,omitzero"` // of the route's plan
	Until   Instant `json:"until,omitzero"`   // when it stops waiting for that agent
	Why     string  `json:"why,omitempty"`    // "" by the agent, "assigned" by a supervisor
	// TestPlan is the test plan of ToRoute, entered because the clid is one of its test callers.
	TestPlan string `json:"testplan,omitempty"`
}

// TransferLapsed: the agent transferred to did not take it in time, or is no more.
type TransferLapsed struct {
	With
	Why string `json:"why"` // timeout or removed
}

// Requeued: the interaction starts over at its queue, in the newest version of its plan.
type Requeued struct {
	With
	Plan    string `json:"plan"`
	Applet  string `json:"applet"`
	Version int    `json:"version"`
	Why     string `json:"why"` // supervisor, parktimeout, removed
}

// Released: an agent released the interaction, or a release ended it while with an agent.
type Released struct {
	With
	By          string  `json:"by"`            // agent, supervisor or api
	Wrap        Instant `json:"wrap,omitzero"` // wrap-up lasts until
	Disposition string  `json:"disposition,omitempty"`
	Notes       string  `json:"notes,omitempty"`
	Fault       string  `json:"fault,omitempty"` // why wrap could not be read
}

// WrapExtended: the agent took longer to wrap up.
type WrapExtended struct {
	With
	Until Instant `json:"until"`
}

// Noted: what the agent has typed so far, in full. It replaces what was kept before and is kept when the
// work ends, unless that says something else. Timelines leave it out.
type Noted struct {
	With
	Disposition string `json:"disposition,omitempty"`
	Notes       string `json:"notes,omitempty"`
}

// Completed: wrap-up is over; Expired when time ended it.
type Completed struct {
	With
	Disposition string `json:"disposition,omitempty"`
	Notes       string `json:"notes,omitempty"`
	Expired     bool   `json:"expired,omitzero"`
}

// Finished: the interaction has ended. Only an after plan may still run for it.
type Finished struct {
	With
	Outcome string `json:"outcome"`
	Detail  string `json:"detail,omitempty"` // the exit, or the fault, that ended it
	After   string `json:"after,omitempty"`  // plan that runs now
	Version int    `json:"version,omitzero"`
}

// AfterFinished: the after plan is through; the interaction changes no more.
type AfterFinished struct {
	On
	Outcome string `json:"outcome"`
}

// Prioritised: the band was changed by hand.
type Prioritised struct {
	On
	Band Band `json:"band"`
}

// PersonalEnded: the personal queue is over before its time.
type PersonalEnded struct {
	On
	Why string `json:"why"` // declined, transfer or removed
}

// Erased: the personal data of an ended interaction was removed from the tables.
type Erased struct{ On }

// PresenceChanged: an agent's presence, or the one it intends, changed.
type PresenceChanged struct {
	Agented
	Presence string   `json:"presence"`
	Category Category `json:"category"`
	Intended string   `json:"intended,omitempty"`
	Until    Instant  `json:"until,omitzero"`        // No Answer: when the one before returns
	Before   string   `json:"before,omitempty"`      // No Answer: the one that returns
	Why      string   `json:"why"`                   // chosen, noanswer, declined, intended, over or config
	Only     bool     `json:"intendedonly,omitzero"` // only the intended one changed
	Fault    string   `json:"fault,omitempty"`       // why the time that its queue has for it could not be read
}

// LostEvent: the agent's desktop is not heard any more.
type LostEvent struct{ Agented }

// BackEvent: the agent's desktop is heard again.
type BackEvent struct{ Agented }

// Processed: an invoke call was answered so.
type Processed struct {
	nobody
	Provider string          `json:"provider,omitempty"`
	Results  []RequestResult `json:"results"`
}

// ConfigPublished: the account has a new config.
type ConfigPublished struct {
	nobody
	Version   int     `json:"version"`
	Source    string  `json:"source"`
	Digest    string  `json:"digest,omitempty"`
	TimeZones string  `json:"timezones,omitempty"`
	Document  Account `json:"document"`
}

// DraftSaved: a document that is being prepared was kept; nothing of it is in force.
type DraftSaved struct {
	nobody
	Draft    int     `json:"draft"`
	Revision int     `json:"revision"` // from 1; counts the saves of this draft
	Name     string  `json:"name"`
	Note     string  `json:"note,omitempty"`
	Base     int     `json:"base"` // config version it was begun from
	By       string  `json:"by"`
	Document Account `json:"document"`
}

// DraftDropped: a draft is there no more; when it was published, a config.published stands before it
// in the row unless the draft said what the config said already.
type DraftDropped struct {
	nobody
	Draft   int    `json:"draft"`
	Name    string `json:"name"`
	Why     string `json:"why"`              // dropped or published
	Version int    `json:"version,omitzero"` // of the config, when published
}

// ProviderRegistered: a provider was registered, or registered again.
type ProviderRegistered struct {
	nobody
	Provider  string      `json:"provider"`
	Endpoint  string      `json:"endpoint,omitempty"`
	Headers   Sealed      `json:"headers,omitempty"`
	Permitted Permissions `json:"permitted"`
	Secret    Sealed      `json:"secret,omitempty"` // only of a new provider
}

// ProviderRemoved: a provider is registered no more.
type ProviderRemoved struct {
	nobody
	Provider string `json:"provider"`
}

// SecretRotated: a provider signs with a new secret; Old signs beside it until Overlap.
type SecretRotated struct {
	nobody
	Provider string  `json:"provider"`
	Secret   Sealed  `json:"secret"`
	Overlap  Instant `json:"overlap"`
}

// CredentialsResealed: credentials of the account are sealed with another key now; none is another.
type CredentialsResealed struct {
	nobody
	Key   string     `json:"key"` // id of the key that seals
	Texts []Resealed `json:"texts"`
}

// Effect is something to be done in the world: at least once, always under the same id.
type Effect struct {
	ID           ID       `json:"id"`
	Kind         string   `json:"kind"` // callback, sms, email or connector
	Interaction  ID       `json:"interaction,omitzero"`
	Created      Instant  `json:"created"`
	Attempt      int      `json:"attempt"`           // the one to make next, from 1
	Due          Instant  `json:"due"`               // not before
	Deadline     Instant  `json:"deadline,omitzero"` // given up then, as timed out; none = the kind's own end
	Lane         string   `json:"lane,omitempty"`    // effects of one lane are performed one after another
	Provider     string   `json:"provider,omitempty"`
	ExternalID   string   `json:"externalid,omitempty"`
	Notification string   `json:"notification,omitempty"` // AssignToAgent or Release
	Agent        string   `json:"agent,omitempty"`
	AgentID      string   `json:"agentid,omitempty"`
	Gateway      string   `json:"gateway,omitempty"`
	From         string   `json:"from,omitempty"`
	To           []string `json:"to,omitempty"`
	Message      string   `json:"message,omitempty"` // of an e-mail, its plain text
	Subject      string   `json:"subject,omitempty"`
	HTML         string   `json:"html,omitempty"`
	Segments     int      `json:"segments,omitzero"`  // of an SMS to one recipient
	Encoding     string   `json:"encoding,omitempty"` // of an SMS: gsm7 or ucs2

	Connector *ConnectorCall `json:"connector,omitzero"`
	// Values are the data sources the templates of the effect read, as they were when it was asked
	// for. They are filled in at the attempt, in one pass with the secrets: a value that was filled
	// in before would be read for #(secret) again.
	Values map[string]string `json:"values,omitempty"`
}

// The kinds of effects.
const (
	EffectCallback  = "callback"
	EffectSMS       = "sms"
	EffectEmail     = "email"
	EffectConnector = "connector"
)

// The encodings of an SMS: the GSM 7-bit alphabet, or UCS-2 when it has a character beyond that.
const (
	EncodingGSM7 = "gsm7"
	EncodingUCS2 = "ucs2"
)

// ConnectorCall is a request to a system outside, as its plan has it: texts may hold $(..) and
// #(secret), which are filled in at the attempt.
type ConnectorCall struct {
	Host          string            `json:"host"` // of the URL, as written: literal or #(secret)
	Method        string            `json:"method"`
	URL           string            `json:"url"`
	Headers       map[string]string `json:"headers,omitempty"`
	Body          string            `json:"body,omitempty"`
	Result        map[string]string `json:"result,omitempty"` // data source → what of the answer it is set to
	TimeoutMillis int64             `json:"timeoutmillis"`    // of all attempts together
	Retries       int               `json:"retries,omitzero"` // attempts after the first, at most
}

// Exchange is a request that was sent and the answer that came, with every secret masked. Bodies
// are cut at MaxTimelineBodyBytes each.
type Exchange struct {
	Method         string            `json:"method"`
	URL            string            `json:"url"`
	RequestHeaders map[string]string `json:"requestheaders,omitempty"`
	RequestBody    string            `json:"requestbody,omitempty"`
	Status         int               `json:"status,omitzero"`
	AnswerHeaders  map[string]string `json:"answerheaders,omitempty"`
	AnswerBody     string            `json:"answerbody,omitempty"`
}

// EffectRequested: an effect is to be performed; when its lane is free, now.
type EffectRequested struct {
	Effect Effect `json:"effect"`
}

// About implements Event.
func (e *EffectRequested) About() (ID, string) { return e.Effect.Interaction, "" }

// EffectDue: the next attempt at an effect is to be made now.
type EffectDue struct {
	On
	Effect  ID  `json:"effect"`
	Attempt int `json:"attempt"`
}

// EffectAttempted: an attempt failed; Retry is when the next is due.
type EffectAttempted struct {
	On
	Effect     ID        `json:"effect"`
	Attempt    int       `json:"attempt"`
	Status     int       `json:"status,omitzero"`
	Detail     string    `json:"detail,omitempty"`
	TookMillis int64     `json:"tookmillis"`
	Retry      Instant   `json:"retry"`
	Timeout    bool      `json:"timeout,omitzero"`    // nothing came back in time
	Exchange   *Exchange `json:"exchange,omitzero"`   // what was sent and what came back
	MessageID  string    `json:"messageid,omitempty"` // what the gateway calls it
}

// EffectFinished: the effect was performed, or given up.
type EffectFinished struct {
	On
	Effect     ID        `json:"effect"`
	Attempt    int       `json:"attempt"`
	OK         bool      `json:"ok"`
	Status     int       `json:"status,omitzero"`
	Detail     string    `json:"detail,omitempty"`
	TookMillis int64     `json:"tookmillis"`
	Timeout    bool      `json:"timeout,omitzero"`    // its deadline passed, or nothing came back in time
	Exchange   *Exchange `json:"exchange,omitzero"`   // what was sent and what came back
	MessageID  string    `json:"messageid,omitempty"` // what the gateway calls it
}

// EffectReported: the vendor of a gateway says what became of a message it took, perhaps long after the
// interaction has ended.
type EffectReported struct {
	On
	Effect    ID     `json:"effect"`
	Status    string `json:"status"` // the vendor's word: delivered, failed, …
	To        string `json:"to,omitempty"`
	MessageID string `json:"messageid,omitempty"`
	Detail    string `json:"detail,omitempty"` // the vendor's error
}

// TokenIssued: a client has a new bearer token.
type TokenIssued struct {
	nobody
	Client  string  `json:"client"`
	Hash    string  `json:"hash"`
	Scopes  []Scope `json:"scopes"`
	Wall    Instant `json:"wall"`
	Expires Instant `json:"expires"`
}

// SessionOpened: a user signed in.
type SessionOpened struct {
	Agented
	Hash    string  `json:"hash"`
	Wall    Instant `json:"wall"`
	Expires Instant `json:"expires"`
}

// SessionClosed: a user signed out.
type SessionClosed struct {
	Agented
	Hash string `json:"hash"`
}

// PasswordChanged: a user has a new password.
type PasswordChanged struct {
	Agented
	Password string `json:"password"` // argon2id PHC string
	Keep     string `json:"keep,omitempty"`
}

// RequestIDsFlushed: request ids taken up to Through are known to the tables only.
type RequestIDsFlushed struct {
	nobody
	Through Seq `json:"through"`
}

// AnswerKept: the answer to an Idempotency-Key, for 24 hours. It is the last event of its row.
type AnswerKept struct {
	nobody
	Key    string `json:"key"`
	Body   string `json:"body"`   // SHA-256 of the request, hex
	Answer string `json:"answer"` // what Decide answered, as JSON; shown as *** to everybody, for it may be of any kind
}

// ServerStarted: the server (re)started; grace times start anew.
type ServerStarted struct{ nobody }

// ClockAdvanced: the manual clock reached the event's instant.
type ClockAdvanced struct{ nobody }

func (*Dispatched) EventType() string          { return "interaction.dispatched" }
func (*Stepped) EventType() string             { return "interaction.stepped" }
func (*Enqueued) EventType() string            { return "interaction.queued" }
func (*Left) EventType() string                { return "interaction.left" }
func (*OfferMade) EventType() string           { return "interaction.offered" }
func (*Returned) EventType() string            { return "interaction.returned" }
func (*Joined) EventType() string              { return "interaction.connected" }
func (*HeldEvent) EventType() string           { return "interaction.held" }
func (*ParkedEvent) EventType() string         { return "interaction.parked" }
func (*Retrieved) EventType() string           { return "interaction.retrieved" }
func (*Transferred) EventType() string         { return "interaction.transferred" }
func (*TransferLapsed) EventType() string      { return "interaction.transferlapsed" }
func (*Requeued) EventType() string            { return "interaction.requeued" }
func (*Released) EventType() string            { return "interaction.released" }
func (*WrapExtended) EventType() string        { return "interaction.wrapextended" }
func (*Noted) EventType() string               { return "interaction.noted" }
func (*Completed) EventType() string           { return "interaction.completed" }
func (*Finished) EventType() string            { return "interaction.ended" }
func (*AfterFinished) EventType() string       { return "interaction.afterended" }
func (*Prioritised) EventType() string         { return "interaction.prioritised" }
func (*PersonalEnded) EventType() string       { return "interaction.personalended" }
func (*Erased) EventType() string              { return "interaction.erased" }
func (*PresenceChanged) EventType() string     { return "agent.presence" }
func (*LostEvent) EventType() string           { return "agent.lost" }
func (*BackEvent) EventType() string           { return "agent.back" }
func (*Processed) EventType() string           { return "invocation.processed" }
func (*ConfigPublished) EventType() string     { return "config.published" }
func (*ProviderRegistered) EventType() string  { return "provider.registered" }
func (*ProviderRemoved) EventType() string     { return "provider.removed" }
func (*SecretRotated) EventType() string       { return "provider.secretrotated" }
func (*CredentialsResealed) EventType() string { return "credentials.resealed" }
func (*EffectRequested) EventType() string     { return "effect.requested" }
func (*EffectDue) EventType() string           { return "effect.due" }
func (*EffectAttempted) EventType() string     { return "effect.attempted" }
func (*EffectFinished) EventType() string      { return "effect.finished" }
func (*EffectReported) EventType() string      { return "effect.reported" }
func (*TokenIssued) EventType() string         { return "token.issued" }
func (*SessionOpened) EventType() string       { return "session.opened" }
func (*SessionClosed) EventType() string       { return "session.closed" }
func (*PasswordChanged) EventType() string     { return "password.changed" }
func (*RequestIDsFlushed) EventType() string   { return "requestids.flushed" }
func (*AnswerKept) EventType() string          { return "answer.kept" }
func (*ServerStarted) EventType() string       { return "server.started" }
func (*ClockAdvanced) EventType() string       { return "clock.advanced" }
func (*DraftSaved) EventType() string          { return "config.draftsaved" }
func (*DraftDropped) EventType() string        { return "config.draftdropped" }

// Placed makes an empty event of each type about the given interaction and agent, for decoding.
var Placed = map[string]func(ID, string) Event{
	"interaction.dispatched":     func(i ID, _ string) Event { return &Dispatched{On: On{i}} },
	"interaction.stepped":        func(i ID, _ string) Event { return &Stepped{On: On{i}} },
	"interaction.queued":         func(i ID, _ string) Event { return &Enqueued{On: On{i}} },
	"interaction.left":           func(i ID, _ string) Event { return &Left{On: On{i}} },
	"interaction.offered":        func(i ID, a string) Event { return &OfferMade{With: With{i, a}} },
	"interaction.returned":       func(i ID, a string) Event { return &Returned{With: With{i, a}} },
	"interaction.connected":      func(i ID, a string) Event { return &Joined{With: With{i, a}} },
	"interaction.held":           func(i ID, a string) Event { return &HeldEvent{With: With{i, a}} },
	"interaction.parked":         func(i ID, a string) Event { return &ParkedEvent{With: With{i, a}} },
	"interaction.retrieved":      func(i ID, a string) Event { return &Retrieved{With: With{i, a}} },
	"interaction.transferred":    func(i ID, a string) Event { return &Transferred{With: With{i, a}} },
	"interaction.transferlapsed": func(i ID, a string) Event { return &TransferLapsed{With: With{i, a}} },
	"interaction.requeued":       func(i ID, a string) Event { return &Requeued{With: With{i, a}} },
	"interaction.released":       func(i ID, a string) Event { return &Released{With: With{i, a}} },
	"interaction.wrapextended":   func(i ID, a string) Event { return &WrapExtended{With: With{i, a}} },
	"interaction.noted":          func(i ID, a string) Event { return &Noted{With: With{i, a}} },
	"interaction.completed":      func(i ID, a string) Event { return &Completed{With: With{i, a}} },
	"interaction.ended":          func(i ID, a string) Event { return &Finished{With: With{i, a}} },
	"interaction.afterended":     func(i ID, _ string) Event { return &AfterFinished{On: On{i}} },
	"interaction.prioritised":    func(i ID, _ string) Event { return &Prioritised{On: On{i}} },
	"interaction.personalended":  func(i ID, _ string) Event { return &PersonalEnded{On: On{i}} },
	"interaction.erased":         func(i ID, _ string) Event { return &Erased{On: On{i}} },
	"agent.presence":             func(_ ID, a string) Event { return &PresenceChanged{Agented: Agented{a}} },
	"agent.lost":                 func(_ ID, a string) Event { return &LostEvent{Agented: Agented{a}} },
	"agent.back":                 func(_ ID, a string) Event { return &BackEvent{Agented: Agented{a}} },
	"invocation.processed":       func(ID, string) Event { return new(Processed) },
	"config.published":           func(ID, string) Event { return new(ConfigPublished) },
	"config.draftsaved":          func(ID, string) Event { return new(DraftSaved) },
	"config.draftdropped":        func(ID, string) Event { return new(DraftDropped) },
	"provider.registered":        func(ID, string) Event { return new(ProviderRegistered) },
	"provider.removed":           func(ID, string) Event { return new(ProviderRemoved) },
	"provider.secretrotated":     func(ID, string) Event { return new(SecretRotated) },
	"credentials.resealed":       func(ID, string) Event { return new(CredentialsResealed) },
	"effect.requested":           func(ID, string) Event { return new(EffectRequested) },
	"effect.due":                 func(i ID, _ string) Event { return &EffectDue{On: On{i}} },
	"effect.attempted":           func(i ID, _ string) Event { return &EffectAttempted{On: On{i}} },
	"effect.finished":            func(i ID, _ string) Event { return &EffectFinished{On: On{i}} },
	"effect.reported":            func(i ID, _ string) Event { return &EffectReported{On: On{i}} },
	"token.issued":               func(ID, string) Event { return new(TokenIssued) },
	"session.opened":             func(_ ID, a string) Event { return &SessionOpened{Agented: Agented{a}} },
	"session.closed":             func(_ ID, a string) Event { return &SessionClosed{Agented: Agented{a}} },
	"password.changed":           func(_ ID, a string) Event { return &PasswordChanged{Agented: Agented{a}} },
	"requestids.flushed":         func(ID, string) Event { return new(RequestIDsFlushed) },
	"answer.kept":                func(ID, string) Event { return new(AnswerKept) },
	"server.started":             func(ID, string) Event { return new(ServerStarted) },
	"clock.advanced":             func(ID, string) Event { return new(ClockAdvanced) },
}
