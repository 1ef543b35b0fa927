package app

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"switchyard/internal/journal"
)

// heldJournal does not list its accounts before it is let go: a recovery that takes long.
type heldJournal struct {
	journal.Store
	asked, letGo chan struct{}
}

func (j *heldJournal) Accounts(ctx context.Context) ([]string, error) {
	close(j.asked)
	select {
	case <-j.letGo:
		return j.Store.Accounts(ctx)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func startHeld(t *testing.T, ctx context.Context) (a *App, j *heldJournal, started chan error) {
	t.Helper()
	j = &heldJournal{asked: make(chan struct{}), letGo: make(chan struct{})}
	a, err := New(ctx, Options{Data: Memory, Listen: "127.0.0.1:0", AccountFiles: []string{hardAccount}, AllowInsecure: true,
		WrapJournal: func(store journal.Store) journal.Store { j.Store = store; return j }})
	if err != nil {
		t.Fatal(err)
	}
	started = make(chan error, 1)
	return a, j, started
}

// RULINGS 9: while the accounts are recovered the process answers that it lives and is not ready.
func TestHealthIsAnsweredDuringRecovery(t *testing.T) {
	a, j, started := startHeld(t, t.Context())
	go func() { started <- a.Start(context.Background()) }()
	<-j.asked
	s := &server{t: t, url: a.URL()}
	if a.Addr() == "" {
		t.Error("nothing listens")
		s.url = ""
	} else {
		held(s)
	}
	close(j.letGo)
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	if got := s.send("GET", "/readyz", nil, ""); got.status != http.StatusOK {
		t.Errorf("started, /readyz answers %d %s", got.status, got.body)
	}
	if got := s.send("GET", "/v1/interactions", nil, ""); got.status != http.StatusUnauthorized {
		t.Errorf("started, /v1/interactions answers %d %s", got.status, got.body)
	}
	appServed(s)
	if err := a.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

// appServed sees that the browser app is at its own addresses, and the APIs at all others.
func appServed(s *server) {
	s.t.Helper()
	for path, want := range map[string]string{
		"/": "200 text/html; charset=utf-8", "/admin/plans/Cases": "200 text/html; charset=utf-8",
		"/docs": "200 text/html; charset=utf-8", "/openapi.json": "200 application/openapi+json",
		"/healthz": "200 application/json", "/assets/none.js": "404 application/problem+json",
		"/v1/nothing": "404 application/problem+json", "/nothing": "404 application/problem+json",
	} {
		// A browser that follows a link accepts a page first, whatever the path.
		got := s.send("GET", path, map[string]string{"Accept": "text/html,*/*;q=0.8"}, "")
		if is := fmt.Sprint(got.status, " ", got.header.Get("Content-Type")); is != want {
			s.t.Errorf("GET %s: %s, should be %s", path, is, want)
		}
	}
}

func held(s *server) {
	s.t.Helper()
	for _, c := range []struct {
		method, path string
		status       int
		says         string
		later        bool
	}{
		{"GET", "/healthz", 200, `"ok"`, false},
		{"GET", "/readyz", 503, "the accounts are being recovered", false},
		{"GET", "/readyz", 503, "account files", false},
		{"GET", "/contactpad", 200, `<div id="root">`, false}, // it waits for the server and says so
		{"GET", "/v1/interactions", 503, `"code":"busy"`, true},
		{"POST", "/Auth/connect/token", 503, `{"message":"the server is starting`, true},
		{"POST", "/interactions/invoke", 503, `{"message":"the server is starting`, true},
	} {
		got := s.send(c.method, c.path, nil, "")
		if got.status != c.status || !strings.Contains(string(got.body), c.says) || c.later != (got.header.Get("Retry-After") != "") {
			s.t.Errorf("during recovery %s %s: %d %v %s", c.method, c.path, got.status, got.header, got.body)
		}
	}
}

// A start that is given up during recovery lets go of everything.
func TestStartIsGivenUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	a, j, ended := startHeld(t, ctx)
	go func() { ended <- a.Run(ctx, func() { t.Error("it started") }) }()
	<-j.asked
	cancel()
	if err := <-ended; err == nil {
		t.Error("a start that was given up is no error")
	}
	if _, err := http.Get(a.URL() + "/healthz"); err == nil {
		t.Error("it still listens")
	}
}
