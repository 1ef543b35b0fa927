package switchyard

// Account is the document that sets a whole account: the account file, and what `GET` and `PUT
// /v1/config` carry. In the published form passwords and client secrets are hashes and every other
// credential is sealed (see Sealed); the forms people write hold them in the clear.
type Account struct {
	Account      string            `json:"account"`
	Settings     Settings          `json:"settings,omitzero"`
	Presences    []Presence        `json:"presences,omitempty"`
	Groups       []string          `json:"groups,omitempty"`
	Skills       []string          `json:"skills,omitempty"`
	Agents       []AgentEntry      `json:"agents,omitempty"`
	Dispositions []string          `json:"dispositions,omitempty"`
	Schedules    []Schedule        `json:"schedules,omitempty"`
	Secrets      map[string]string `json:"secrets,omitempty"`
	Gateways     Gateways          `json:"gateways,omitzero"`
	Plans        []Plan            `json:"plans,omitempty"`
	Routes       []Route           `json:"routes,omitempty"`
	Providers    []ProviderEntry   `json:"providers,omitempty"`
	Clients      []ClientEntry     `json:"clients,omitempty"`
}

// Settings of an account. A nil pointer means the default, given beside the member.
type Settings struct {
	Capacity        *Capacity  `json:"capacity,omitempty"`        // live 100, chat 33, nonlive 20
	Order           string     `json:"order,omitempty"`           // band (default) or ageing
	NoAnswer        *Duration  `json:"noanswer,omitempty"`        // 180s in presence No Answer
	Grace           *Duration  `json:"grace,omitempty"`           // 60s without heartbeat; 0s asks for none
	Cooldown        *Duration  `json:"cooldown,omitempty"`        // 30s after a decline
	TransferTimeout *Duration  `json:"transfertimeout,omitempty"` // 3600s for the agent transferred to
	ParkTimeout     *Duration  `json:"parktimeout,omitempty"`     // 7d parked
	MaxLive         *int       `json:"maxlive,omitempty"`         // live interactions; 5,000,000
	Retention       *Retention `json:"retention,omitempty"`
	FairUse         *FairUse   `json:"fairuse,omitempty"` // calls of one client; absent = unlimited
	// Connectors are how data connectors are treated; absent = they reach wherever the server lets them.
	Connectors *ConnectorSettings `json:"connectors,omitzero"`
	// OIDC lets the users sign in at an identity provider; nil = by their passwords only.
	OIDC *OIDC `json:"oidc,omitzero"`
}

// OIDC is an OpenID Connect provider that knows the account's users.
type OIDC struct {
	Issuer string `json:"issuer"`           // https URL; its discovery document is beneath it
	Client string `json:"client"`           // the client id Switchyard has there
	Secret string `json:"secret,omitempty"` // of a confidential client; sealed
	// Claim of the ID token that is the username here; preferred_username (default), email, sub or
	// one of the provider's own. Email counts only where the provider says that it is verified.
	Claim string `json:"claim,omitempty"`
}

// ConnectorSettings are an account's settings of its data connectors.
type ConnectorSettings struct {
	// Allow lists hosts: crm.example.com, *.example.com for all below it; with a port, that port only.
	// Nil = wherever the server lets them.
	Allow   []string `json:"allow,omitempty"`
	Breaker *Breaker `json:"breaker,omitzero"` // of each host; nil = the defaults
}

// Capacity gives the size of each class in percent of an agent. Zero means "as the account has it",
// or the default.
type Capacity struct {
	Live    int `json:"live,omitzero"`    // 51–100
	Chat    int `json:"chat,omitzero"`    // 1–100
	NonLive int `json:"nonlive,omitzero"` // 1–100
}

// Retention says how long what is kept. Nil members mean the default beside them.
type Retention struct {
	Journal       *Duration `json:"journal,omitempty"`       // 35d, at least 3d
	History       *Duration `json:"history,omitempty"`       // 400d, ended interactions
	Notifications *Duration `json:"notifications,omitempty"` // 31d
	Invocations   *Duration `json:"invocations,omitempty"`   // 31d
	RequestIDs    *Duration `json:"requestids,omitempty"`    // 31d, remembered request ids
}

// FairUse limits the calls of one API client to the contract's endpoints.
type FairUse struct {
	Rate  float64 `json:"rate"`           // calls a second
	Burst int     `json:"burst,omitzero"` // calls at once; default one second's worth, at least 1
}

// Presence is a named state of an agent.
type Presence struct {
	Name     string   `json:"name"`
	Category Category `json:"category"`
}

// AgentEntry is a user of the account. Only users with role agent are offered work.
type AgentEntry struct {
	Username  string         `json:"username"`
	DisplayID string         `json:"displayid,omitempty"` // AgentId in callbacks; default the username
	Name      string         `json:"name,omitempty"`      // default the username
	Password  string         `json:"password,omitempty"`  // published: an argon2id PHC string
	Roles     []Role         `json:"roles,omitempty"`     // default [agent]
	Skills    map[string]int `json:"skills,omitempty"`    // name → level 1–10, 0 = the default 5
	Groups    []string       `json:"groups,omitempty"`
	Capacity  *Capacity      `json:"capacity,omitempty"`
}

// Has reports whether the user has the role.
func (a AgentEntry) Has(role Role) bool {
	if len(a.Roles) == 0 {
		return role == RoleAgent
	}
	for _, r := range a.Roles {
		if r == role {
			return true
		}
	}
	return false
}

// Schedule says when the account is open, by the clock on the wall in its time zone. What is said of
// a date holds from its midnight to the next: an exception wins over a holiday, a holiday over the
// hours of the week. A range over midnight belongs to the day it begins on.
type Schedule struct {
	Name       string              `json:"name"`
	TimeZone   string              `json:"timezone"`             // of the IANA data: Europe/Berlin
	Hours      map[string][]string `json:"hours,omitempty"`      // "mon-fri" → "08:00-12:00", "13:00-18:00"
	Holidays   []Holiday           `json:"holidays,omitempty"`   // published: those of the calendar as well
	Exceptions []Exception         `json:"exceptions,omitempty"` // dates with hours of their own
	Calendar   string              `json:"calendar,omitempty"`   // iCalendar text; published: holidays instead
}

// Holiday is a date, 2026-12-25 or 12-25 for every year.
type Holiday struct {
	Date string `json:"date"`
	Name string `json:"name,omitempty"`
}

// Exception gives a date hours of its own; none = closed all day.
type Exception struct {
	Date  string   `json:"date"`
	Name  string   `json:"name,omitempty"`
	Hours []string `json:"hours,omitempty"`
}

// Gateways carry messages to people, by kind and name.
type Gateways struct {
	SMS   map[string]Gateway `json:"sms,omitempty"`
	Email map[string]Gateway `json:"email,omitempty"`
}

// Gateway is one way out. Type log writes the message to the log and the event; type http sends a
// templated request, whose texts may hold $(From), $(To), $(Message) and #(secret); types vonage and
// twilio speak to those vendors; type smtp hands e-mail to a mail server.
type Gateway struct {
	Type    string            `json:"type"` // log, http, vonage, twilio or smtp
	Method  string            `json:"method,omitempty"`
	URL     string            `json:"url,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
	Timeout *Duration         `json:"timeout,omitempty"` // 10s

	// smtp
	Host     string `json:"host,omitempty"`
	Port     int    `json:"port,omitzero"`      // 587, with tls: tls 465
	TLS      string `json:"tls,omitempty"`      // starttls (default), tls from the first byte, or none
	Username string `json:"username,omitempty"` // text or #(secret); none = no authentication
	Password string `json:"password,omitempty"` // published: sealed

	From string `json:"from,omitempty"` // smtp, vonage and twilio: sender of messages that name none

	// vonage and twilio. URL is the origin of the vendor's API when it is not the usual one.
	API              string `json:"api,omitempty"`              // vonage: sms (default) or messages
	Key              string `json:"key,omitempty"`              // vonage: API key, or #(secret)
	SID              string `json:"sid,omitempty"`              // twilio: account SID, or #(secret)
	Secret           string `json:"secret,omitempty"`           // API secret or auth token; published: sealed
	Signature        string `json:"signature,omitempty"`        // vonage: secret of receipts' signatures; published: sealed
	SignatureMethod  string `json:"signaturemethod,omitempty"`  // vonage, api sms: md5hash (default), md5, sha1, sha256, sha512
	MessagingService string `json:"messagingservice,omitempty"` // twilio: SID of the service that chooses the sender

	Rate    float64  `json:"rate,omitzero"`    // messages a second; 0 = as fast as the other side answers
	Breaker *Breaker `json:"breaker,omitzero"` // nil = the defaults
}

// The types of SMS gateways that speak to a vendor.
const (
	GatewayVonage = "vonage"
	GatewayTwilio = "twilio"
)

// Breaker says when attempts stop for a while because the other side is down. Nil members mean the
// default beside them.
type Breaker struct {
	Failures *int      `json:"failures,omitempty"` // in a row; 5; 0 = never
	Pause    *Duration `json:"pause,omitempty"`    // 30s, until one attempt tries again
}

// Plan is named applets; work enters at Start.
type Plan struct {
	Name    string            `json:"name"`
	Start   string            `json:"start"`
	Applets map[string]Applet `json:"applets"`
}

// Applet is one step of a plan. Which settings a type takes stands in AppletSettings of
// internal/core/plan; a setting that does not belong to the type is an error of the document.
type Applet struct {
	Type string            `json:"type"`
	Next string            `json:"next,omitempty"`
	On   map[string]string `json:"on,omitempty"`

	// queue
	Accept      string    `json:"accept,omitempty"` // manual (default) or auto
	Ring        *Length   `json:"ring,omitempty"`   // 20s
	Wrap        *Length   `json:"wrap,omitempty"`   // 0s
	Groups      []string  `json:"groups,omitempty"`
	Target      *Length   `json:"target,omitempty"` // for service level; default 20s
	OnDecline   *Reaction `json:"ondecline,omitempty"`
	OnNoAnswer  *Reaction `json:"onnoanswer,omitempty"`
	Duration    *Length   `json:"duration,omitempty"` // longest wait; none
	MaxLength   int       `json:"maxlength,omitzero"`
	Disposition bool      `json:"disposition,omitzero"` // complete needs one

	// skilltagger
	Clear         bool         `json:"clear,omitzero"`
	Skills        []TagSkill   `json:"skills,omitempty"`
	PersonalQueue *TagPersonal `json:"personalqueue,omitempty"`

	Band     string            `json:"band,omitempty"`     // setpriority
	Values   map[string]string `json:"values,omitempty"`   // setdatasource
	Rules    []Rule            `json:"rules,omitempty"`    // datarouter; else on.nomatch
	Schedule string            `json:"schedule,omitempty"` // schedulerouter: a name or $(..)
	Plan     string            `json:"plan,omitempty"`     // goto: a name or $(..)
	For      *Length           `json:"for,omitempty"`      // wait
	Until    string            `json:"until,omitempty"`    // wait: RFC 3339 or $(..)
	Branches []Branch          `json:"branches,omitempty"` // split
	Outcome  string            `json:"outcome,omitempty"`  // end

	// sendsms
	Gateway string `json:"gateway,omitempty"`
	From    string `json:"from,omitempty"`
	To      string `json:"to,omitempty"`
	Message string `json:"message,omitempty"`

	// sendemail, beside gateway, from and to
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text,omitempty"`
	HTML    string `json:"html,omitempty"`

	// dataconnector
	Method  string            `json:"method,omitempty"` // GET, or POST with a body
	URL     string            `json:"url,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
	Timeout *Length           `json:"timeout,omitempty"` // 10s
	Retries *int              `json:"retries,omitempty"` // 2
	Result  map[string]string `json:"result,omitempty"`  // data source → path into the answer
}

// Reaction says what becomes of an agent that declined or did not answer: a presence (or
// "unchanged") for a while (default settings.noanswer).
type Reaction struct {
	Presence string  `json:"presence,omitempty"`
	For      *Length `json:"for,omitempty"`
}

// TagSkill puts a skill on an interaction: absent expiry = mandatory, 0 = optional, else seconds.
type TagSkill struct {
	Name        string   `json:"name"` // a configured skill or $(..)
	ExpiryAfter *Seconds `json:"expiryafter,omitempty"`
}

// TagPersonal sets the personal queue; the timeouts are seconds.
type TagPersonal struct {
	Agent            string  `json:"agent"` // a username or $(..)
	LoggedInTimeout  Seconds `json:"loggedintimeout"`
	LoggedOutTimeout Seconds `json:"loggedouttimeout"`
}

// Rule is one line of a datarouter: a source is compared by an operator with a value, or When is an
// expression in CEL that gives true or false.
type Rule struct {
	Source   string `json:"source,omitempty"`
	Operator string `json:"operator,omitempty"`
	Value    string `json:"value,omitempty"`
	When     string `json:"when,omitempty"`
	Next     string `json:"next"`
}

// Branch is one way of a split: its share is Weight ÷ the sum of weights.
type Branch struct {
	Weight int    `json:"weight"`
	Next   string `json:"next"`
}

// Route is a named route: where interactions come in.
type Route struct {
	Name        string            `json:"name"`
	Plan        string            `json:"plan"`
	After       string            `json:"after,omitempty"` // plan run when the interaction has ended
	DataSources map[string]string `json:"datasources,omitempty"`
	Test        *RouteTest        `json:"test,omitempty"`
}

// RouteTest sends the interactions of listed callers into a plan that is being tried out, while those
// of everybody else enter the route's plan.
type RouteTest struct {
	Plan    string   `json:"plan"`
	Callers []string `json:"callers"` // clids; numbers compare by their digits
}

// ProviderEntry lists a provider in the account file; it acts as a register call when it changed.
type ProviderEntry struct {
	Name                  string            `json:"name"`
	Endpoint              string            `json:"endpoint,omitempty"`
	Headers               map[string]string `json:"headers,omitempty"`
	AgentActionsPermitted map[string]int    `json:"agentactionspermitted,omitempty"`
}

// ClientEntry is a program that calls the API.
type ClientEntry struct {
	ID     string  `json:"id"`
	Secret string  `json:"secret,omitempty"` // published: argon2id PHC string, or sha256:<hex> when generated
	Scopes []Scope `json:"scopes"`
}
