package app

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// Answers are always JSON (CONTRACT.md §2): whatever the path, and whoever asks. Only the pages of the
// browser app and of the documentation are not.
func TestEveryPathIsAnsweredInJSON(t *testing.T) {
	a, err := New(context.Background(), Options{Data: Memory, Listen: "127.0.0.1:0"})
	if err == nil {
		err = a.Start(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, c := range []struct {
		method, path string
		status       int
		member       string
	}{
		{"POST", "/", 405, "code"},
		{"GET", "/foo", 404, "code"},
		{"GET", "/foo/", 404, "code"},
		{"GET", "/V1/interactions", 404, "code"},
		{"GET", "/v1", 404, "code"},
		{"POST", "/v1/", 404, "code"},
		{"GET", "/docs/", 404, "code"},
		{"POST", "/healthz", 405, "code"},
		{"GET", "//v1//interactions", 401, "code"},
		{"GET", "/v1/agents/../interactions", 401, "code"},
		{"GET", "/v1/agents/a%2F%2Fb", 401, "code"},
		{"POST", "/interactions", 404, "message"},
		{"POST", "/INTERACTIONS/", 404, "message"},
		{"POST", "/auth", 404, "message"},
		{"POST", "/Auth", 404, "message"},
		{"POST", "//interactions/invoke", 401, "message"},
		{"POST", "/interactions//Invoke", 401, "message"},
		{"GET", "//interactions/invoke", 405, "message"},
		{"POST", "//Auth/connect/token", 400, "error"},
	} {
		r, err := http.NewRequest(c.method, a.URL()+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var body map[string]any
		err = json.UnmarshalRead(response.Body, &body)
		_ = response.Body.Close()
		if kind := response.Header.Get("Content-Type"); err != nil || !strings.Contains(kind, "json") || response.StatusCode != c.status || body[c.member] == nil {
			t.Errorf("%s %s: %d, %s, %v, %v", c.method, c.path, response.StatusCode, kind, body, err)
		}
	}
}
