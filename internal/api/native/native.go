// Package native is the API of Switchyard itself, /v1: interactions and what agents do with them,
// agents, the account document, providers, notifications, the event feed, figures, the clock,
// sign-in, and what operators ask a process. It decodes, authorizes, makes one call of the engine
// and encodes; what may happen is decided in the core.
//
// Everything it serves stands in its OpenAPI document, and who may call it stands in the table of
// package auth.
//
// It may import the root package, core (to read a state), core/plan/zone, engine, tables, report,
// config, seal, rehearse, and its neighbours httpx, auth and vcc (to read the calls that plans are tried
// with).
package native

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/prometheus/client_golang/prometheus"

	"switchyard"
	"switchyard/internal/api/auth"
	"switchyard/internal/config"
	"switchyard/internal/core"
	"switchyard/internal/engine"
	"switchyard/internal/seal"
	"switchyard/internal/tables"
)

// Engine is what the API needs of the engine.
type Engine interface {
	Do(ctx context.Context, account string, c engine.Call) (any, error)
	View(ctx context.Context, account string, f func(s *core.State, now switchyard.Instant)) error
	Accounts() []string
	Subscribe(account string, after switchyard.Cursor) (*engine.Subscription, error)
	Page(ctx context.Context, account string, after switchyard.Cursor, limit int) ([]engine.FeedRow, error)
	Heard(account, agent string)
	Now() switchyard.Instant
	Manual() bool
	AdvanceClock(ctx context.Context, d switchyard.Duration) error
	Ready() []string

	SearchEnded(ctx context.Context, account string, q tables.Query) ([]tables.Ended, error)
	EndedByID(ctx context.Context, account string, id switchyard.ID) (*tables.Ended, error)
	Timeline(ctx context.Context, account string, id switchyard.ID) ([]tables.TimelineRow, error)
	Histories(ctx context.Context, account string, from, to switchyard.Instant, f func(switchyard.ID, []tables.TimelineRow) error) error
	Presences(ctx context.Context, account string, from, to switchyard.Instant) ([]tables.Presence, error)
	Invocation(ctx context.Context, account string, correlation switchyard.ID) (*engine.Invocation, error)
	Notifications(ctx context.Context, account string, q tables.NotificationQuery) ([]tables.Notification, error)
	Notification(ctx context.Context, account string, id switchyard.ID) (*tables.Notification, error)
	Configs(ctx context.Context, account string, before, limit int) ([]tables.Config, error)
	Config(ctx context.Context, account string, version int) (*tables.Config, error)
}

// Deps is what the API works with.
type Deps struct {
	Engine    Engine
	Directory *auth.Directory
	Sessions  *auth.Sessions
	Key       *seal.Key
	Hasher    *seal.Hasher
	Rules     config.Rules
	Log       *slog.Logger
	Gatherer  prometheus.Gatherer // what /metrics shows
	Version   Version
	Waiting   func() []string // further reasons the process is not ready; may be nil
	History   *History        // of queues, for charts; may be nil
	Stopping  <-chan struct{} // closed when the process begins to stop, which ends streams; may be nil
}

// api holds what the handlers share.
type api struct {
	Deps
	huma    huma.API
	publish sync.Mutex // client ids are unique per server: one publish at a time looks and writes

	passwords sync.Map // account → *sync.RWMutex: see passwordsOf
	figures   sync.Map // account → *figures
	reports   chan struct{}
}

// Settings of huma are variables of its package; what is set here is the same for every server of
// a process.
func init() {
	huma.ValidateStrictCasing = true // {"Presence":…} would else pass as presence and decode to nothing
	huma.DefaultArrayNullable = false
	huma.NewErrorWithContext = fromHuma
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return fromHuma(nil, status, msg, errs...)
	}
}

// Mount serves the API on mux, and answers every path that nobody serves.
func Mount(mux *http.ServeMux, deps Deps) {
	routes := http.NewServeMux()
	build(routes, deps)
	mux.Handle("/", unrouted(routes))
}

// Spec is the OpenAPI document of the API.
func Spec() []byte { return build(http.NewServeMux(), Deps{Version: BuildVersion()}).spec() }

// build registers every route on mux.
func build(mux *http.ServeMux, deps Deps) *api {
	a := &api{Deps: deps, reports: make(chan struct{}, reportsAtOnce)}
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	registry.RegisterTypeAlias(reflect.TypeFor[switchyard.Duration](), reflect.TypeFor[durationSchema]())
	registry.RegisterTypeAlias(reflect.TypeFor[switchyard.Length](), reflect.TypeFor[lengthSchema]())
	registry.RegisterTypeAlias(reflect.TypeFor[switchyard.Seconds](), reflect.TypeFor[lengthSchema]())
	registry.RegisterTypeAlias(reflect.TypeFor[jsontext.Value](), reflect.TypeFor[objectSchema]())
	a.huma = humago.New(mux, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Switchyard", Version: "1",
				Description: "The native API: JSON with lower-case members; refusals are problem details (RFC 9457) with a stable code. The wire contract's endpoints are described apart.",
			},
			Components: &huma.Components{Schemas: registry, SecuritySchemes: securitySchemes},
			Tags:       tags,
		},
		Formats:       map[string]huma.Format{"application/json": format, "json": format},
		DefaultFormat: "application/json",
	})
	a.huma.UseMiddleware(a.gate)
	a.routes()
	return a
}

// format reads and writes JSON with members we know, each once.
var format = huma.Format{
	Marshal: func(w io.Writer, v any) error { return json.MarshalWrite(w, v, json.Deterministic(true)) },
	Unmarshal: func(data []byte, v any) error {
		return readable(json.Unmarshal(data, v, json.RejectUnknownMembers(true)))
	},
}

var securitySchemes = map[string]*huma.SecurityScheme{
	"token":   {Type: "http", Scheme: "bearer", Description: "A client's token from POST /Auth/connect/token."},
	"session": {Type: "apiKey", In: "cookie", Name: auth.CookieName, Description: "A user's session from POST /v1/session; writes also need the header " + auth.CSRFHeader + "."},
}

var tags = []*huma.Tag{
	{Name: "interactions"}, {Name: "agents"}, {Name: "events"}, {Name: "stats"}, {Name: "reports"}, {Name: "config"},
	{Name: "providers"}, {Name: "notifications"}, {Name: "session"}, {Name: "operations"},
}

// durationSchema documents switchyard.Duration.
type durationSchema struct{}

// Schema implements huma.SchemaProvider.
func (durationSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Description: "A Go duration such as 20s or 1h30m, whole days such as 35d, or a number of seconds.",
		OneOf:       []*huma.Schema{{Type: huma.TypeString}, {Type: huma.TypeNumber}},
	}
}

// lengthSchema documents switchyard.Length and switchyard.Seconds.
type lengthSchema struct{}

// Schema implements huma.SchemaProvider.
func (lengthSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Description: "A duration, a number of seconds, or a text with $(..) that gives one when it is used.",
		OneOf:       []*huma.Schema{{Type: huma.TypeString}, {Type: huma.TypeNumber}},
	}
}

// objectSchema documents a jsontext.Value that holds an object described elsewhere.
type objectSchema struct{}

// Schema implements huma.SchemaProvider.
func (objectSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// unrouted answers what no route takes: 405 with Allow when the path has other methods, else 404.
func unrouted(routes *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := routes.Handler(r); pattern != "" {
			routes.ServeHTTP(w, r)
			return
		}
		refuseUnrouted(routes, w, r)
	})
}
