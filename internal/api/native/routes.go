package native

import (
	"context"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"switchyard"
	"switchyard/internal/api/httpx"
	"switchyard/internal/report"
)

// routes is every route of the API.
func (a *api) routes() {
	a.interactionRoutes()
	add(a, get("/v1/agents", "listAgents", "agents", "List agents by username"), a.listAgents)
	add(a, get("/v1/agents/{username}", "getAgent", "agents", "Show an agent"), a.getAgent)
	add(a, put("/v1/agents/{username}/presence", "setPresence", "agents", "Choose an agent's presence"), a.setPresence)
	add(a, post("/v1/agents/{username}/heartbeat", "heartbeat", "agents", "Say that an agent's desktop lives"), a.heartbeat)

	add(a, get("/v1/presences", "listPresences", "agents", "List the presences that may be chosen"), a.listPresences)
	add(a, get("/v1/desk", "getDesk", "agents", "Show what an agent works with: its presence, its interactions, what it may do with each and until when"), a.getDesk)

	add(a, a.feed(get("/v1/events", "readEvents", "events", "Read the journal's events in order: a stream that does not end, or pages with Accept: application/json")), a.readEvents)
	add(a, a.streamed(get("/v1/stats", "getStats", "stats", "Show the figures now; with Accept: text/event-stream every second")), a.getStats)
	a.reportRoutes()

	add(a, get("/v1/stats/history", "getStatsHistory", "stats", "Show what queues were like in the last hours, a sample a minute"), a.getHistory)

	add(a, get("/v1/config", "getConfig", "config", "Show the account document, credentials masked"), a.getConfig)
	add(a, a.takesDocument(put("/v1/config", "putConfig", "config", "Make a document the account's config")), a.putConfig)
	add(a, a.takesDocument(post("/v1/config/check", "checkConfig", "config", "Say what is wrong with a document and what it would change, without changing anything")), a.checkConfig)
	add(a, get("/v1/config/history", "listConfigs", "config", "List the versions of the config, newest first"), a.listConfigs)
	add(a, get("/v1/config/history/{version}", "getConfigVersion", "config", "Show a version, credentials masked"), a.getConfigVersion)
	add(a, post("/v1/config/rollback", "rollbackConfig", "config", "Make an earlier version the config again, as a new version"), a.rollbackConfig)
	add(a, needed(post("/v1/config/rehearse", "rehearse", "config", "Run the plan of a route on a payload, in virtual time, by the config in force; nothing is stored or sent")), a.rehearseLive)
	a.draftRoutes()

	add(a, get("/v1/providers", "listProviders", "providers", "List registered providers by name"), a.listProviders)
	add(a, get("/v1/providers/{name}", "getProvider", "providers", "Show a provider"), a.getProvider)
	add(a, post("/v1/providers/{name}/secret", "rotateSecret", "providers", "Give a provider a new signing secret; the one before signs too for 24 hours"), a.rotateSecret)
	add(a, del("/v1/providers/{name}", "removeProvider", "providers", "Remove a provider"), a.removeProvider)

	add(a, get("/v1/notifications", "listNotifications", "notifications", "List callbacks and their attempts, newest first"), a.listNotifications)
	add(a, get("/v1/notifications/{id}", "getNotification", "notifications", "Show a callback and its attempts"), a.getNotification)
	add(a, post("/v1/notifications/{id}/redeliver", "redeliver", "notifications", "Deliver a callback again that was delivered or given up"), a.redeliver)

	add(a, get("/v1/session", "getSession", "session", "Show who is signed in, or whose token it is"), a.getSession)
	add(a, post("/v1/session", "openSession", "session", "Sign in with a username and password"), a.openSession)
	add(a, del("/v1/session", "closeSession", "session", "Sign out"), a.closeSession)
	add(a, put("/v1/me/password", "changePassword", "session", "Change one's own password; all other sessions of the user end"), a.changePassword)
	a.operationRoutes()
}

func (a *api) interactionRoutes() {
	add(a, get("/v1/interactions", "searchInteractions", "interactions", "Search interactions: live ones, then ended ones, newest first"), a.searchInteractions)
	add(a, get("/v1/stuck", "listStuck", "interactions", "List work that gets nowhere by itself, longest first"), a.listStuck)
	add(a, get("/v1/interactions/{id}", "getInteraction", "interactions", "Show an interaction"), a.getInteraction)
	add(a, get("/v1/interactions/{id}/timeline", "getTimeline", "interactions", "List what happened to an interaction, oldest first"), a.getTimeline)
	add(a, get("/v1/interactions/{id}/explain", "explainInteraction", "interactions", "Say why an interaction is where it is, and what would change it"), a.explainInteraction)
	add(a, del("/v1/interactions/{id}/personal", "erasePersonal", "interactions", "Erase name, clid, properties and urls of an ended interaction"), a.erasePersonal)

	add(a, action("accept", "Take an offered interaction"), act[Plain](a, switchyard.ActAccept))
	add(a, action("decline", "Decline an offer; the interaction goes back with its age"), act[Plain](a, switchyard.ActDecline))
	add(a, action("release", "Release an interaction: its agent is done with it"), act[Closing](a, switchyard.ActRelease))
	add(a, action("hold", "Hold a live interaction, park any other"), act[Plain](a, switchyard.ActHold))
	add(a, action("retrieve", "Take up held or parked work again"), act[Plain](a, switchyard.ActRetrieve))
	add(a, needed(action("transfer", "Give an interaction to an agent or a route")), act[Handover](a, switchyard.ActTransfer))
	add(a, action("complete", "End wrap-up"), act[Closing](a, switchyard.ActComplete))
	add(a, action("extend", "Take longer to wrap up"), act[Extension](a, switchyard.ActExtend))
	add(a, action("note", "Keep notes and disposition while they are typed; they replace what was kept"), act[Typing](a, switchyard.ActNote))
	add(a, get("/v1/interactions/{id}/transfer", "listTargets", "interactions", "List the agents and routes an interaction may be given to, those who could take it now first"), a.listTargets)
	add(a, action("requeue", "Send an interaction back to its queue with its age"), act[Bare](a, switchyard.ActRequeue))
	add(a, needed(action("assign", "Give an interaction to an agent who alone may take it")), act[Assignment](a, switchyard.ActAssign))
	add(a, needed(action("priority", "Change the band of an interaction")), act[Priority](a, switchyard.ActPriority))
	add(a, get("/v1/invocations/{correlation}", "getInvocation", "interactions", "Show what a call of POST /interactions/invoke asked and what became of it"), a.getInvocation)
}

func (a *api) draftRoutes() {
	add(a, get("/v1/config/drafts", "listDrafts", "config", "List the drafts of the config, oldest first"), a.listDrafts)
	add(a, created(a.takesDraft(post("/v1/config/drafts", "createDraft", "config", "Keep a document as a draft; without one, the config in force"))), a.createDraft)
	add(a, get("/v1/config/drafts/{id}", "getDraft", "config", "Show a draft, credentials masked"), a.getDraft)
	add(a, a.takesDraft(put("/v1/config/drafts/{id}", "saveDraft", "config", "Save a draft; members that are left out stay as they are")), a.saveDraft)
	add(a, del("/v1/config/drafts/{id}", "dropDraft", "config", "Throw a draft away"), a.dropDraft)
	add(a, optional(a.takesDraft(post("/v1/config/drafts/{id}/check", "checkDraft", "config", "Say what is wrong with a draft and what publishing it would change; with a body, as if that had been saved"))), a.checkDraft)
	add(a, needed(post("/v1/config/drafts/{id}/rehearse", "rehearseDraft", "config", "Run the plan of a route on a payload, in virtual time, by a draft; nothing is stored or sent")), a.rehearseDraft)
	add(a, post("/v1/config/drafts/{id}/publish", "publishDraft", "config", "Make a draft the config; the draft goes with it"), a.publishDraft)
}

func (a *api) reportRoutes() {
	add(a, tabled[Report[report.QueueRow]](a, get("/v1/reports/queues", "reportQueues", "reports", "Report on queues, or on routes, by interval")), a.reportQueues)
	add(a, tabled[Report[report.AgentRow]](a, get("/v1/reports/agents", "reportAgents", "reports", "Report on agents, by interval")), a.reportAgents)
	add(a, tabled[InteractionReport](a, get("/v1/reports/interactions", "reportInteractions", "reports", "List what became of interactions that have ended, by when they were dispatched, newest first")), a.reportInteractions)
}

func (a *api) operationRoutes() {
	add(a, get("/v1/clock", "getClock", "operations", "Show the server's time"), a.getClock)
	add(a, post("/v1/clock", "advanceClock", "operations", "Move a manual clock on; everything the time brings has happened when it answers"), a.advanceClock)
	add(a, get("/healthz", "health", "operations", "Say that the process serves"), a.health)
	add(a, a.unready(get("/readyz", "ready", "operations", "Say whether the server is ready, and if not, why")), a.ready)
	add(a, answers(get("/metrics", "metrics", "operations", "Show metrics, on this machine or with a token"), "text/plain", huma.TypeString), a.metrics)
	add(a, get("/version", "version", "operations", "Say which version serves"), a.version)
	add(a, answers(get("/openapi.json", "openapi", "operations", "Show this document"), "application/openapi+json", huma.TypeObject), a.openapi)
	add(a, answers(get("/docs", "docs", "operations", "Show this document to people"), "text/html", huma.TypeString), a.docs)
}

// unkeyed are the writes that no account decides, so that none remembers their answer.
var unkeyed = map[string]bool{"advanceClock": true, "heartbeat": true, "checkConfig": true, "checkDraft": true,
	"rehearse": true, "rehearseDraft": true}

// add registers one route.
func add[I, O any](a *api, op huma.Operation, h func(context.Context, *call, *I) (*O, error)) {
	describeAccess(&op)
	if writes(op.Method) && op.Tags[0] != "session" && !unkeyed[op.OperationID] {
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: httpx.IdempotencyHeader, In: "header", Schema: &huma.Schema{Type: huma.TypeString},
			Description: "Makes the call once however often it is sent: for 24 hours the same key gets the first answer.",
		})
	}
	op.MaxBodyBytes = -1    // the gate has read the body already,
	op.BodyReadTimeout = -1 // and a deadline left behind would end long calls
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		c := ctx.Value(callKey{}).(*call)
		out, err := h(ctx, c, in)
		if err != nil {
			return nil, a.asProblem(c, err)
		}
		return out, nil
	})
}

func operation(method, path, id, tag, summary string) huma.Operation {
	return huma.Operation{Method: method, Path: path, OperationID: id, Tags: []string{tag}, Summary: summary}
}

func get(path, id, tag, summary string) huma.Operation {
	return operation(http.MethodGet, path, id, tag, summary)
}

func post(path, id, tag, summary string) huma.Operation {
	return operation(http.MethodPost, path, id, tag, summary)
}

func put(path, id, tag, summary string) huma.Operation {
	return operation(http.MethodPut, path, id, tag, summary)
}

func del(path, id, tag, summary string) huma.Operation {
	return operation(http.MethodDelete, path, id, tag, summary)
}

func action(name, summary string) huma.Operation {
	return post("/v1/interactions/{id}/"+name, name+"Interaction", "interactions", summary)
}

// needed makes the body required.
func needed(op huma.Operation) huma.Operation {
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{}}
	return op
}

// answers documents an answer that no type of ours describes.
func answers(op huma.Operation, contentType, kind string) huma.Operation {
	op.Responses = map[string]*huma.Response{"200": {
		Description: "OK", Content: map[string]*huma.MediaType{contentType: {Schema: &huma.Schema{Type: kind, AdditionalProperties: kind == huma.TypeObject}}},
	}}
	return op
}

// both documents an answer that comes once as JSON or again and again as server-sent events.
func (a *api) both(op huma.Operation, t reflect.Type) huma.Operation {
	op.Responses = map[string]*huma.Response{"200": {
		Description: "OK", Content: map[string]*huma.MediaType{
			"application/json":  {Schema: a.schema(t)},
			"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}},
		},
	}}
	return op
}

// tabled documents an answer that comes as JSON or as CSV.
func tabled[T any](a *api, op huma.Operation) huma.Operation {
	op.Responses = map[string]*huma.Response{"200": {
		Description: "OK", Content: map[string]*huma.MediaType{
			"application/json": {Schema: a.schema(reflect.TypeFor[T]())},
			"text/csv":         {Schema: &huma.Schema{Type: huma.TypeString}},
		},
	}}
	return op
}

func (a *api) schema(t reflect.Type) *huma.Schema {
	return a.huma.OpenAPI().Components.Schemas.Schema(t, true, "")
}

func (a *api) feed(op huma.Operation) huma.Operation {
	return a.both(op, reflect.TypeFor[List[Happening]]())
}

func (a *api) streamed(op huma.Operation) huma.Operation { return a.both(op, reflect.TypeFor[Stats]()) }

// takesDocument documents a body that is an account document. Package config reads it, because it
// can say line and column of what is wrong.
func (a *api) takesDocument(op huma.Operation) huma.Operation {
	return a.takes(op, reflect.TypeFor[switchyard.Account]())
}

// takesDraft documents a body that holds an account document, which package config reads too.
func (a *api) takesDraft(op huma.Operation) huma.Operation {
	return a.takes(op, reflect.TypeFor[DraftIn]())
}

func (a *api) takes(op huma.Operation, t reflect.Type) huma.Operation {
	op.SkipValidateBody = true
	op.Metadata = map[string]any{largeBody: true}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"application/json": {Schema: a.schema(t)},
	}}
	return op
}

// optional lets the body be left out.
func optional(op huma.Operation) huma.Operation {
	op.RequestBody.Required = false
	return op
}

// created documents that something new is there then.
func created(op huma.Operation) huma.Operation {
	op.DefaultStatus = http.StatusCreated
	return op
}

// unready documents the second answer of /readyz.
func (a *api) unready(op huma.Operation) huma.Operation {
	content := map[string]*huma.MediaType{"application/json": {Schema: a.schema(reflect.TypeFor[Health]())}}
	op.Responses = map[string]*huma.Response{
		"200": {Description: "Ready", Content: content}, "503": {Description: "Not ready", Content: content},
	}
	return op
}

// refuseUnrouted answers 405 with Allow when the path has other methods, else 404.
func refuseUnrouted(routes *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		probe := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := routes.Handler(probe); pattern != "" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		httpx.WriteProblem(w, r, switchyard.Refuse(switchyard.NotFound, "nothing is served at %s; /docs lists what is", r.URL.Path))
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	httpx.WriteProblem(w, r, switchyard.Refuse(switchyard.MethodNotAllowed, "%s is not possible at %s; possible: %s",
		r.Method, r.URL.Path, strings.Join(allowed, ", ")))
}
