// Package client calls a server by its public HTTP API: tokens, the contract's endpoints, the native
// API and the feed. The load generator and the demo are built on it, so both meet a server as a
// stranger's program does.
//
// It may import the root package for its words, the JSON library and the standard library.
package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"switchyard"
)

// Version is the Accept header of the contract's endpoints (CONTRACT.md §2).
const Version = "application/vnd.newvoicemedia.v1+json"

const maxAnswerBytes = 64 << 20

// Client calls one server with one token. It may be used by several goroutines.
type Client struct {
	Base  string // such as http://127.0.0.1:8080
	Token string // bearer token; SignIn gets one

	http *http.Client
}

// New makes a client of the server at base that keeps at most so many idle connections to it.
func New(base string, connections int) *Client {
	return &Client{Base: strings.TrimSuffix(base, "/"), http: &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: connections, IdleConnTimeout: time.Minute,
	}}}
}

// Close lets its idle connections go.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// As returns a client with the same connections and another token.
func (c *Client) As(token string) *Client { return &Client{c.Base, token, c.http} }

// SignIn gets a token for an API client and returns a client that uses it.
func (c *Client) SignIn(ctx context.Context, id, secret string, scopes ...switchyard.Scope) (*Client, error) {
	words := make([]string, len(scopes))
	for n, s := range scopes {
		words[n] = string(s)
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}, "scope": {strings.Join(words, " ")}}
	status, answer, err := c.send(ctx, http.MethodPost, "/Auth/connect/token", http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}}, []byte(form.Encode()))
	if err != nil {
		return nil, err
	}
	var out struct {
		AccessToken string `json:"access_token"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.Unmarshal(answer, &out); err != nil || status != http.StatusOK {
		return nil, fmt.Errorf("no token for client %s: %d %s %s", id, status, out.Error, out.Description)
	}
	return c.As(out.AccessToken), nil
}

// Contract posts a body to an endpoint of the contract. With represent the answer tells of each
// request of an invoke call, not only of those that failed. An answer other than 200 is an error.
func (c *Client) Contract(ctx context.Context, path string, body []byte, represent bool) ([]byte, error) {
	header := http.Header{"Accept": {Version}, "Content-Type": {"application/json"}, "Authorization": {"Bearer " + c.Token}}
	if represent {
		header.Set("Prefer", "return=representation")
	}
	status, answer, err := c.send(ctx, http.MethodPost, path, header, body)
	if err == nil && status != http.StatusOK {
		err = &Refused{http.MethodPost, path, status, string(answer)}
	}
	return answer, err
}

// Result is what became of one request of an invoke call.
type Result struct {
	RequestID   string        `json:"requestid"`
	ExternalID  string        `json:"externalid"`
	Status      string        `json:"status"` // accepted, duplicate or failed
	Interaction switchyard.ID `json:"interaction"`
	Reason      *struct {
		Code   switchyard.Code `json:"code"`
		Detail string          `json:"detail"`
	} `json:"reason"`
}

// Invoke posts interactions and returns what became of each.
func (c *Client) Invoke(ctx context.Context, body []byte) ([]Result, error) {
	answer, err := c.Contract(ctx, "/interactions/invoke", body, true)
	if err != nil {
		return nil, err
	}
	var results []Result
	return results, json.Unmarshal(answer, &results)
}

// Call makes a call of the native API. in is the body unless nil; the answer is decoded into out
// unless that is nil. A status of 300 and more is a *Refused.
func (c *Client) Call(ctx context.Context, method, path string, in, out any) error {
	header := http.Header{"Accept": {"application/json"}, "Authorization": {"Bearer " + c.Token}}
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
		header.Set("Content-Type", "application/json")
	}
	status, answer, err := c.send(ctx, method, path, header, body)
	switch {
	case err != nil:
		return err
	case status >= 300:
		return &Refused{method, path, status, string(answer)}
	case out == nil:
		return nil
	}
	return json.Unmarshal(answer, out)
}

// Text gets a page that is no JSON, such as /metrics.
func (c *Client) Text(ctx context.Context, path string) (string, error) {
	header := http.Header{}
	if c.Token != "" {
		header.Set("Authorization", "Bearer "+c.Token)
	}
	status, answer, err := c.send(ctx, http.MethodGet, path, header, nil)
	if err == nil && status != http.StatusOK {
		err = &Refused{http.MethodGet, path, status, string(answer)}
	}
	return string(answer), err
}

// Refused is an answer that says no.
type Refused struct {
	Method, Path string
	Status       int
	Body         string
}

func (e *Refused) Error() string {
	return fmt.Sprintf("%s %s: %d %s", e.Method, e.Path, e.Status, strings.TrimSpace(e.Body))
}

// Status returns the status of a refusal, 0 for other errors and for none.
func Status(err error) int {
	var refused *Refused
	if errors.As(err, &refused) {
		return refused.Status
	}
	return 0
}

func (c *Client) send(ctx context.Context, method, path string, header http.Header, body []byte) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.Base+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header = header
	response, err := c.http.Do(r)
	if err != nil {
		return 0, nil, fmt.Errorf("call %s: %w", c.Base, err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	return response.StatusCode, answer, err
}
