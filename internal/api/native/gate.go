package native

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"switchyard"
	"switchyard/internal/api/auth"
	"switchyard/internal/api/httpx"
	"switchyard/internal/engine"
)

// call is one request that was let in.
type call struct {
	*auth.Principal
	http   *httpx.Call
	accept string
	body   []byte // as it was sent
	key    string // of the Idempotency-Key, with the principal before it
	digest string // of the request, when there is a key

	own      string // the agent whose things alone the caller may see and change; "" = no bounds
	ownCalls bool   // a client that may see only what it sent itself
	speaks   string // the agent a client makes this call for, once known; "" = none
}

type callKey struct{}

// onlyOwn reports whether the caller is an agent who may see and do only what is its own.
func (c *call) onlyOwn() bool { return c.own != "" }

// nobody is the principal of calls that need none.
var nobody = &auth.Principal{}

// gate lets a request in, or refuses it, in the order of RULINGS 1: who is it, may it, is what it
// sends of the right kind and size. What the members mean is looked at behind it.
func (a *api) gate(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	c := &call{Principal: nobody, http: httpx.CallOf(r.Context()), accept: r.Header.Get("Accept")}
	if r.Method == http.MethodHead {
		c.accept = "application/json" // a stream without a body would never end
	}
	if err := a.admit(ctx.Operation(), r, c); err != nil {
		a.refuse(w, r, c, err)
		return
	}
	a.alive(c)
	next(huma.WithValue(ctx, callKey{}, c))
}

// admit fills in the call, or refuses it.
func (a *api) admit(op *huma.Operation, r *http.Request, c *call) error {
	if err := a.identify(op, r, c); err != nil {
		return err
	}
	if op.RequestBody != nil && !sendsJSON(r, op.RequestBody.Required) {
		p := problem(switchyard.Malformed, "Content-Type must be application/json")
		p.Status = http.StatusUnsupportedMediaType
		return p
	}
	body, err := httpx.ReadBody(r, limitOf(op))
	if errors.Is(err, httpx.ErrTooLarge) {
		p := problem(switchyard.Malformed, "the body is larger than %d bytes", limitOf(op))
		p.Status = http.StatusRequestEntityTooLarge
		return p
	}
	if err != nil {
		return problem(switchyard.Malformed, "the body could not be read: %v", err)
	}
	defer body.Close()
	c.body = bytes.Clone(body.Bytes)
	r.Body = io.NopCloser(bytes.NewReader(c.body))
	if writes(r.Method) {
		var refused *switchyard.Error
		if c.key, c.digest, refused = httpx.IdempotencyKey(r, c.By(), c.body); refused != nil {
			return refused
		}
	}
	return nil
}

func writes(method string) bool {
	return !slices.Contains([]string{http.MethodGet, http.MethodHead}, method)
}

// sendsJSON reports whether a body is declared as JSON; a request without a body declares nothing.
func sendsJSON(r *http.Request, required bool) bool {
	declared := r.Header.Get("Content-Type")
	if declared == "" {
		return !required || r.ContentLength == 0
	}
	kind, _, err := mime.ParseMediaType(declared)
	return err == nil && kind == "application/json"
}

// limitOf is how large a body may be.
func limitOf(op *huma.Operation) int64 {
	if op.Metadata[largeBody] != nil {
		return switchyard.MaxConfigBytes
	}
	return switchyard.MaxBodyBytes
}

const largeBody = "largebody"

// refuse answers a request that was not let in.
func (a *api) refuse(w http.ResponseWriter, r *http.Request, c *call, err error) {
	writeProblem(w, a.asProblem(c, err))
}

// alive takes the call, or a feed that goes on, by or for an agent as a sign that its desktop lives
// (RULINGS 20).
func (a *api) alive(c *call) {
	switch {
	case c.Is(switchyard.RoleAgent):
		a.Engine.Heard(c.Account, c.User)
	case c.speaks != "":
		a.Engine.Heard(c.Account, c.speaks)
	}
}

// speaksFor notes that a client makes the call for an agent. What a signed-in user asks about an
// agent says nothing of that agent's desktop.
func (a *api) speaksFor(c *call, agent string) {
	if c.Client != "" && agent != "" {
		c.speaks = agent
		a.alive(c)
	}
}

// do has an input decided for the caller.
func (a *api) do(ctx context.Context, c *call, input switchyard.Input) (any, error) {
	return a.Engine.Do(ctx, c.Account, engine.Call{
		By: c.By(), Correlation: c.http.Correlation, Key: c.key, Body: c.digest, Input: input,
	})
}

// closing ends streams when the server stops.
func (a *api) closing() <-chan struct{} { return a.Stopping }

func (a *api) isClosing() bool {
	select {
	case <-a.Stopping:
		return true
	default:
		return false
	}
}
