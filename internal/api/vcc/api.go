package vcc

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"switchyard"
	"switchyard/internal/api/auth"
	"switchyard/internal/api/httpx"
	"switchyard/internal/seal"
)

// Submit gives an input to an account and answers when what follows from it is durable. Its error
// is a *switchyard.Error.
type Submit = auth.Submit

// Authenticator knows who makes a request by its bearer token.
type Authenticator interface {
	Bearer(r *http.Request) (*auth.Principal, error)
}

// Options of the contract's endpoints.
type Options struct {
	Callers       Authenticator
	Submit        Submit
	Key           *seal.Key                                // seals providers' headers and signing secrets
	FairUse       func(account string) *switchyard.FairUse // nil answer = unlimited
	AllowInsecure bool                                     // --allow-insecure-endpoints
	Log           *slog.Logger
}

// API serves the contract's endpoints.
type API struct {
	Options
	limits limits
}

// New makes the API.
func New(o Options) *API { return &API{Options: o} }

// Mount adds the endpoints, and JSON answers for what is beside them, to the routes. Paths arrive
// in lower case (httpx.Wrap).
func (a *API) Mount(mux *http.ServeMux) {
	mux.HandleFunc("/interactions/invoke", a.endpoint("/interactions/invoke", a.invoke))
	mux.HandleFunc("/interactions/register", a.endpoint("/interactions/register", a.register))
	mux.HandleFunc("/interactions", httpx.MessageNotFound)
	mux.HandleFunc("/interactions/", httpx.MessageNotFound)
}

// call is one request that passed every check before its JSON is read.
type call struct {
	ctx  context.Context
	who  *auth.Principal
	body []byte
	head http.Header // of the request
}

// endpoint checks a request in the order of RULINGS 1 and hands over what passes.
func (a *API) endpoint(path string, handle func(http.ResponseWriter, call) error) http.HandlerFunc {
	rule := auth.RuleFor(http.MethodPost, path)
	return httpx.MessageOnly(http.MethodPost, func(w http.ResponseWriter, r *http.Request) {
		who, err := a.Callers.Bearer(r)
		if err == nil {
			err = auth.Allow(rule, who)
		}
		if err != nil {
			refuseCaller(w, err)
			return
		}
		if refused := checkHeaders(r.Header); refused != nil {
			httpx.WriteMessageText(w, refused.status, refused.message)
			return
		}
		body, err := httpx.ReadBody(r, switchyard.MaxBodyBytes)
		if err != nil {
			refuseBody(w, r, err)
			return
		}
		defer body.Close()
		if !a.limits.admit(w.Header(), who, a.FairUse(who.Account)) {
			httpx.WriteMessageText(w, http.StatusTooManyRequests, "Too Many Requests")
			return
		}
		if err := handle(w, call{r.Context(), who, body.Bytes, r.Header}); err != nil {
			a.refuse(w, r, err)
		}
	})
}

// refuseCaller answers in the contract's own words who is not let in.
func refuseCaller(w http.ResponseWriter, err error) {
	if httpx.AsError(err).Kind() == switchyard.KindForbidden {
		httpx.WriteMessageText(w, http.StatusForbidden, "Forbidden")
		return
	}
	w.Header().Set("WWW-Authenticate", "Bearer")
	httpx.WriteMessageText(w, http.StatusUnauthorized, "Authorization has been denied for this request.")
}

// refuseBody answers a body that is too large, or could not be read. A client that asked first
// whether it may send is told otherwise than one that just sent.
func refuseBody(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case !errors.Is(err, httpx.ErrTooLarge):
		httpx.WriteMessageText(w, http.StatusBadRequest, "the body could not be read to its end; send it again")
	case expectsContinue(r.Header):
		httpx.WriteMessageText(w, http.StatusExpectationFailed, "Request size limit exceeded")
	default:
		httpx.WriteMessageText(w, http.StatusRequestEntityTooLarge, "Payload Too Large")
	}
}

// refuse answers what the JSON, the members or the account refused.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if httpx.AsError(err).Code == switchyard.Internal && r.Context().Err() == nil {
		a.Log.Error("call failed", "route", r.Pattern, "error", err,
			"correlation", httpx.CallOf(r.Context()).Correlation.String())
	}
	httpx.WriteMessage(w, err)
}

// submit hands an input over in the caller's name.
func (a *API) submit(c call, in switchyard.Input) (any, error) {
	return a.Submit(c.ctx, c.who.Account, c.who.By(), httpx.CallOf(c.ctx).Correlation, "", "", in)
}
