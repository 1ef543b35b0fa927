package native

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"switchyard"
)

// page is a writer that can be read while it is written.
type page struct {
	mu sync.Mutex
	bytes.Buffer
	header http.Header
}

func (p *page) Header() http.Header { return p.header }
func (p *page) WriteHeader(int)     {}
func (p *page) Flush()              {}

func (p *page) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.Buffer.Write(b)
}

func (p *page) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.Buffer.String()
}

// listen reads a stream until leave is called.
func (r *rig) listen(authorization, target string) (out *page, leave func()) {
	ctx, cancel := context.WithCancel(r.t.Context())
	req := httptest.NewRequestWithContext(ctx, "GET", target, nil)
	req.Header.Set("Authorization", authorization)
	out = &page{header: http.Header{}}
	ended := make(chan struct{})
	go func() {
		r.handler.ServeHTTP(out, req)
		close(ended)
	}()
	return out, func() {
		cancel()
		<-ended
	}
}

// A quiet stream shows every 15 seconds that it lives, and moves its reader on over what the filter
// leaves out, so that coming back does not begin from old.
func TestQuietStreamMovesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ops := r.all()
		out, leave := r.listen(ops.headers["Authorization"], "/v1/events?after=0&type=agent.lost")
		time.Sleep(14 * time.Second)
		synctest.Wait()
		if text := out.text(); text != "" {
			t.Errorf("after 14 s: %q", text)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		last := ops.page("limit=1000").Next
		if want := ": alive\nid: " + last + "\n\n"; out.text() != want {
			t.Errorf("after 16 s: %q, not %q", out.text(), want)
		}
		r.dispatch("A", nil)
		time.Sleep(15 * time.Second)
		synctest.Wait()
		next := ops.page("limit=1000").Next
		if !strings.HasSuffix(out.text(), ": alive\nid: "+next+"\n\n") || next == last {
			t.Errorf("after 31 s: %q", out.text())
		}
		leave()
	})
}

// Whoever must notice soon that the connection is lost asks for signs of life more often.
func TestStreamBeatsAsOftenAsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ops := r.all()
		out, leave := r.listen(ops.headers["Authorization"], "/v1/events?beat=2")
		time.Sleep(9 * time.Second)
		synctest.Wait()
		if n := strings.Count(out.text(), ": alive\n"); n != 4 {
			t.Errorf("%d signs of life in 9 s: %q", n, out.text())
		}
		leave()
		for _, beat := range []string{"0", "16", "x"} {
			ops.do("GET", "/v1/events?beat="+beat, "").code(400, switchyard.Malformed)
		}
	})
}

// A desktop is heard by any call of its agent, by a client's call for it, and by its open feed, but
// not by what a supervisor does to it.
func TestCallsAreHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ops, ada, sue := r.all(), r.user("story", "ada"), r.user("story", "sue")
		grace := 60 * switchyard.Second
		ops.do("PUT", "/v1/config", ops.document(func(doc *switchyard.Account) { doc.Settings.Grace = &grace })).is(200)
		lost := func() bool {
			synctest.Wait()
			return as[List[Agent]](ops.do("GET", "/v1/agents", "").is(200)).Items[0].Lost // names no agent
		}
		r.ready("ada")
		for name, sign := range map[string]func(){
			"a call of hers":                 func() { ada.do("GET", "/v1/session", "").is(200) },
			"a client's heartbeat":           func() { ops.do("POST", "/v1/agents/ada/heartbeat", "").is(204) },
			"a client's choice":              func() { ops.do("PUT", "/v1/agents/ada/presence", `{"presence":"Ready"}`).is(200) },
			"a client that reads her":        func() { ops.do("GET", "/v1/agents/ADA", "").is(200) },
			"a client that pages her events": func() { ops.page("agent=ada") },
			"a client's feed for her": func() {
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				req := httptest.NewRequestWithContext(ctx, "GET", "/v1/events?agent=ada", nil)
				req.Header.Set("Authorization", ops.headers["Authorization"])
				go func() {
					time.Sleep(time.Second)
					r.advance(61 * switchyard.Second)
				}()
				r.handler.ServeHTTP(&page{header: http.Header{}}, req)
			},
			"a client acting for her": func() {
				ops.do("POST", "/v1/interactions/0193f6a0-7c1e-7000-8000-0000a1b2c3d4/accept", `{"agent":"ada"}`).is(404)
			},
			"her open feed": func() {
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				req := httptest.NewRequestWithContext(ctx, "GET", "/v1/events", nil)
				req.Header.Set("Cookie", ada.headers["Cookie"])
				go func() {
					time.Sleep(time.Second)
					r.advance(61 * switchyard.Second) // lost in between, but the feed goes on
				}()
				r.handler.ServeHTTP(&page{header: http.Header{}}, req)
			},
		} {
			r.advance(61 * switchyard.Second)
			if !lost() {
				t.Fatalf("before %s: not lost", name)
			}
			sue.do("PUT", "/v1/agents/ada/presence", `{"presence":"Ready"}`).is(200)
			sue.do("GET", "/v1/agents/ada", "").is(200)
			sue.page("agent=ada")
			if !lost() {
				t.Errorf("a supervisor's doing is taken for her desktop")
			}
			if sign(); lost() {
				t.Errorf("%s is not heard", name)
			}
		}
	})
}

func (r *rig) advance(d switchyard.Duration) {
	r.t.Helper()
	if err := r.engine.AdvanceClock(context.Background(), d); err != nil {
		r.t.Fatal(err)
	}
}
