package crash

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// client calls the server as one API client of one account.
type client struct {
	server *server
	http   *http.Client
	id     string
	scopes string

	mu    sync.Mutex
	token string
}

// answer is what came back. A call whose outcome is unknown has none.
type answer struct {
	status      int
	correlation string
	body        []byte
}

// once makes a call; an error says that nobody knows what came of it.
func (c *client) once(ctx context.Context, method, path string, header map[string]string, body []byte) (*answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.server.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	response, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	return &answer{response.StatusCode, response.Header.Get("X-Correlation-ID"), text}, nil
}

// call makes a call until its outcome is known. tries is how often it was made; only the last was
// answered. It fails when ctx ends.
func (c *client) call(ctx context.Context, method, path string, header map[string]string, body []byte) (a *answer, tries int, err error) {
	all := map[string]string{"Accept": "application/json"}
	if body != nil {
		all["Content-Type"] = "application/json"
	}
	for name, value := range header {
		all[name] = value
	}
	for {
		if err := c.server.await(ctx); err != nil {
			return nil, tries, err
		}
		if all["Authorization"], err = c.bearer(ctx); err == nil {
			tries++
			a, err = c.once(ctx, method, path, all, body)
		}
		switch {
		case ctx.Err() != nil:
			return nil, tries, ctx.Err()
		case err != nil || a.status == http.StatusServiceUnavailable || a.status == http.StatusTooManyRequests:
			pause(ctx, 5*time.Millisecond) // the harness is about to learn that the server is down
		case a.status == http.StatusUnauthorized:
			c.server.faults.add(lostFault, "a token of %s that was issued is not known: %s", c.id, a.body)
			c.forget(all["Authorization"])
		default:
			return a, tries, nil
		}
	}
}

// bearer returns the client's token, asking for one when it has none.
func (c *client) bearer(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token != "" {
		return c.token, nil
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.id},
		"client_secret": {c.id + "-secret-for-tests"}, "scope": {c.scopes}}
	a, err := c.once(ctx, "POST", "/Auth/connect/token",
		map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, []byte(form.Encode()))
	if err != nil {
		return "", err
	}
	var out struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(a.body, &out); err != nil || a.status != http.StatusOK {
		return "", fmt.Errorf("no token: %d %s", a.status, a.body)
	}
	c.token = "Bearer " + out.AccessToken
	return c.token, nil
}

func (c *client) forget(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token == token {
		c.token = ""
	}
}

// get reads into a value.
func (c *client) get(ctx context.Context, path string, into any) error {
	a, _, err := c.call(ctx, "GET", path, nil, nil)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return fmt.Errorf("GET %s: %d %s", path, a.status, a.body)
	}
	return json.Unmarshal(a.body, into)
}

// all reads a list to its end.
func (c *client) all(ctx context.Context, path string, item func(jsontext.Value) error) error {
	for cursor := ""; ; {
		var page struct {
			Items []jsontext.Value `json:"items"`
			Next  string           `json:"next"`
		}
		if err := c.get(ctx, path+"&cursor="+url.QueryEscape(cursor), &page); err != nil {
			return err
		}
		for _, i := range page.Items {
			if err := item(i); err != nil {
				return err
			}
		}
		if cursor = page.Next; cursor == "" {
			return nil
		}
	}
}
