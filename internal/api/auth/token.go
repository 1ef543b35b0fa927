package auth

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"switchyard"
	"switchyard/internal/api/httpx"
)

// Submit gives an input to an account and answers when what follows from it is durable. Its error
// is a *switchyard.Error.
type Submit func(ctx context.Context, account, by string, correlation switchyard.ID, key, body string,
	in switchyard.Input) (any, error)

// Verifier compares secrets with what is stored of them. It may wait: few hashings go on at a time.
type Verifier interface {
	VerifySecret(ctx context.Context, stored, given string) (bool, error)
}

// TokenLifetime is how long a token is good for, in real time.
const TokenLifetime = 7200 * time.Second

// Bounds of the token endpoint.
const (
	maxFormBytes       = 16 << 10
	maxTokensPerClient = 10_000 // live at a time; more are a client that asks for one per call
)

// Tokens is POST /Auth/connect/token: the client_credentials grant of RFC 6749.
type Tokens struct {
	directory *Directory
	submit    Submit
	verifier  Verifier
	log       *slog.Logger
	attempts  *attempts
}

// NewTokens makes the token endpoint.
func NewTokens(d *Directory, submit Submit, v Verifier, log *slog.Logger) *Tokens {
	return &Tokens{directory: d, submit: submit, verifier: v, log: log, attempts: newAttempts(d.now)}
}

// Mount adds the endpoint, and JSON answers for what is beside it, to the routes. Paths arrive in
// lower case (httpx.Wrap).
func (t *Tokens) Mount(mux *http.ServeMux) {
	mux.HandleFunc("/auth/connect/token", httpx.MessageOnly(http.MethodPost, t.serve))
	mux.HandleFunc("/auth", httpx.MessageNotFound)
	mux.HandleFunc("/auth/", httpx.MessageNotFound)
}

// tokenFault is a refusal in the form of RFC 6749 §5.2.
type tokenFault struct {
	status int
	Code   string `json:"error"`
	Detail string `json:"error_description"`
}

func (f *tokenFault) Error() string { return f.Code + ": " + f.Detail }

func badToken(code, detail string) *tokenFault {
	return &tokenFault{status: http.StatusBadRequest, Code: code, Detail: detail}
}

// grantRequest is what a token was asked for with.
type grantRequest struct {
	grant, id, secret, scope string
	basic                    bool // id and secret came by HTTP Basic
	twoWays                  bool // and in the body
}

// issued is the answer.
type issued struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"`
	TokenType   string `json:"token_type"`
}

func (t *Tokens) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
	q, err := readGrant(r)
	if err == nil {
		var token string
		if token, err = t.issue(r, q); err == nil {
			httpx.WriteJSON(w, http.StatusOK, issued{token, int(TokenLifetime.Seconds()), "Bearer"})
			return
		}
	}
	t.refuse(w, r, q, err)
}

// issue checks in the order of RULINGS 1: the grant type, the client, the scope. The token exists
// once its hash is durable.
func (t *Tokens) issue(r *http.Request, q grantRequest) (string, error) {
	if q.grant != "client_credentials" {
		return "", badToken("unsupported_grant_type", "Invalid grant_type")
	}
	asked := switchyard.InstantOf(t.directory.now()) // before the secret is looked at: see client.since
	account, entry, err := t.client(r, q)
	if err != nil {
		return "", err
	}
	call := httpx.CallOf(r.Context())
	call.Account, call.By = account, "client:"+entry.ID
	scopes, err := scopesOf(q.scope, entry.Scopes)
	if err != nil {
		return "", err
	}
	return t.grant(r.Context(), call, entry.ID, scopes, asked)
}

// grant makes a token and has it written down for the caller.
func (t *Tokens) grant(ctx context.Context, call *httpx.Call, client string, scopes []switchyard.Scope, asked switchyard.Instant) (string, error) {
	token, account := newSecret(), call.Account
	in := &switchyard.IssueToken{
		Client: client, Hash: HashOf(token).String(), Scopes: scopes, Wall: asked,
		Expires: asked.Add(switchyard.Duration(TokenLifetime.Milliseconds())),
	}
	if _, err := t.submit(ctx, account, call.By, call.Correlation, "", "", in); err != nil {
		return "", err
	}
	t.directory.Observe(account, []switchyard.Event{&switchyard.TokenIssued{
		Client: in.Client, Hash: in.Hash, Scopes: in.Scopes, Wall: in.Wall, Expires: in.Expires}})
	return token, nil
}

// client finds the client that asks and verifies its secret.
func (t *Tokens) client(r *http.Request, q grantRequest) (string, switchyard.ClientEntry, error) {
	invalid := badToken("invalid_client", "The client is unknown or its secret is wrong")
	if q.basic {
		invalid.status = http.StatusUnauthorized
	}
	if q.twoWays {
		return "", switchyard.ClientEntry{}, badToken("invalid_request",
			"Send the client's secret either in the body or by HTTP Basic, not both")
	}
	account, entry, tokens, found := t.directory.clientOf(q.id)
	ok, err := t.attempts.try(r.Context(), suspectOf(q.id, r.RemoteAddr), func() (bool, error) {
		if !found || entry.Secret == "" {
			return false, nil
		}
		return t.verifier.VerifySecret(r.Context(), entry.Secret, q.secret)
	})
	switch {
	case err != nil:
		return "", entry, err
	case !ok:
		return "", entry, invalid
	case tokens >= maxTokensPerClient:
		return "", entry, &httpx.RetryLater{After: time.Minute, Refusal: switchyard.Refuse(switchyard.TooManyRequests,
			"the client has %d live tokens; use one token for many calls", tokens)}
	}
	return account, entry, nil
}

// scopesOf reads the scopes asked for: one or several, each granted to the client.
func scopesOf(text string, granted []switchyard.Scope) ([]switchyard.Scope, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return nil, badToken("invalid_scope", "You must specify a scope")
	}
	var scopes []switchyard.Scope
	for _, word := range words {
		scope := switchyard.Scope(word)
		if !slices.Contains(granted, scope) {
			// An answer is JSON, which has no way to repeat bytes that are no UTF-8.
			return nil, badToken("invalid_scope", `"`+strings.ToValidUTF8(word, "\ufffd")+`" is an invalid scope`)
		}
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes, nil
}

// readGrant reads the form and the Authorization header.
func readGrant(r *http.Request) (grantRequest, error) {
	var q grantRequest
	form, err := readForm(r)
	q.id, q.secret, q.basic = basicCredentials(r.Header.Get("Authorization"))
	if err != nil {
		return q, err
	}
	q.grant, q.scope = form.Get("grant_type"), form.Get("scope")
	if !q.basic {
		q.id, q.secret = form.Get("client_id"), form.Get("client_secret")
		return q, nil
	}
	id, named := form["client_id"]
	q.twoWays = form.Has("client_secret") || named && id[0] != q.id
	return q, nil
}

// readForm reads the body. RFC 6749 §3.2 forbids parameters that come twice.
func readForm(r *http.Request) (url.Values, error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return nil, badToken("invalid_request", "Content-Type must be application/x-www-form-urlencoded")
	}
	body, err := httpx.ReadBody(r, maxFormBytes)
	if errors.Is(err, httpx.ErrTooLarge) {
		return nil, &tokenFault{http.StatusRequestEntityTooLarge, "invalid_request", "The body is too large"}
	}
	if err != nil {
		return nil, badToken("invalid_request", "The body could not be read")
	}
	defer body.Close()
	form, err := url.ParseQuery(string(body.Bytes))
	if err != nil {
		return nil, badToken("invalid_request", "The body is no valid form")
	}
	for _, name := range []string{"grant_type", "client_id", "client_secret", "scope"} {
		if len(form[name]) > 1 {
			return nil, badToken("invalid_request", "The parameter "+name+" stands twice in the body")
		}
	}
	return form, nil
}

// basicCredentials reads an Authorization header of scheme Basic. RFC 6749 §2.3.1 has id and secret
// form-encoded before they are joined; what is no valid encoding is taken as it is.
func basicCredentials(header string) (id, secret string, used bool) {
	const scheme = "basic "
	if len(header) < len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return "", "", false
	}
	joined, err := base64.StdEncoding.DecodeString(strings.TrimSpace(header[len(scheme):]))
	if err != nil {
		return "", "", true
	}
	id, secret, _ = strings.Cut(string(joined), ":")
	return formDecoded(id), formDecoded(secret), true
}

func formDecoded(text string) string {
	if decoded, err := url.QueryUnescape(text); err == nil {
		return decoded
	}
	return text
}

// refuse answers in the form of RFC 6749; what is no refusal of the grant keeps its own status.
func (t *Tokens) refuse(w http.ResponseWriter, r *http.Request, q grantRequest, err error) {
	switch f := err.(type) {
	case *tokenFault:
		if f.status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="switchyard"`)
		}
		httpx.WriteJSON(w, f.status, f)
	default:
		if httpx.AsError(err).Code == switchyard.Internal && r.Context().Err() == nil {
			t.log.Error("token not issued", "client", q.id, "error", err,
				"correlation", httpx.CallOf(r.Context()).Correlation.String())
		}
		httpx.WriteMessage(w, err)
	}
}

// newSecret makes a token or a cookie: 256 random bits as text.
func newSecret() string {
	var b [32]byte
	rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}
