package native

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/engine"
)

func (c *caller) page(query string) List[Happening] {
	c.rig.t.Helper()
	return as[List[Happening]](c.with("Accept", "application/json").do("GET", "/v1/events?"+query, "").is(200))
}

// The pages hold every event of the journal once and in order, whatever their size.
func TestFeedInPages(t *testing.T) {
	r, ops := searchable(t)
	whole := ops.page("limit=1000").Items
	for n, h := range whole {
		if n == 0 && (h.Seq != 1 || h.N != 0) {
			t.Fatalf("begins with %+v", h)
		}
		if n > 0 && !(h.Seq == whole[n-1].Seq && h.N == whole[n-1].N+1 || h.Seq == whole[n-1].Seq+1 && h.N == 0) {
			t.Fatalf("%d.%d comes after %d.%d", h.Seq, h.N, whole[n-1].Seq, whole[n-1].N)
		}
		if h.Account != "story" || h.By == "" || h.Correlation.IsZero() || h.At == 0 {
			t.Errorf("incomplete: %+v", h)
		}
	}
	got := 0
	for after := "0"; ; {
		page := ops.page("limit=7&after=" + after)
		for _, h := range page.Items {
			if h.Seq != whole[got].Seq || h.N != whole[got].N || h.Type != whole[got].Type {
				t.Fatalf("event %d in pages is %+v, not %+v", got, h, whole[got])
			}
			got++
		}
		if after = page.Next; len(page.Items) == 0 {
			break
		}
	}
	if got != len(whole) {
		t.Errorf("pages hold %d events, not %d", got, len(whole))
	}
	_ = r
}

func TestFeedIsFiltered(t *testing.T) {
	r, ops := searchable(t)
	id := idOf(ops, "A")
	for query, fits := range map[string]func(h Happening) bool{
		"type=interaction.":                       func(h Happening) bool { return strings.HasPrefix(h.Type, "interaction.") },
		"type=interaction.offered,agent.presence": func(h Happening) bool { return h.Type == "interaction.offered" || h.Type == "agent.presence" },
		"agent=BO":          func(h Happening) bool { return h.Agent == "bo" },
		"interaction=" + id: func(h Happening) bool { return h.Interaction.String() == id },
		"interaction=" + id + "&type=interaction.ended&agent=ada": func(h Happening) bool { return h.Type == "interaction.ended" && h.Interaction.String() == id },
	} {
		want := 0
		for _, h := range ops.page("limit=1000").Items {
			if fits(h) {
				want++
			}
		}
		items := ops.page("limit=1000&" + query).Items
		for _, h := range items {
			if !fits(h) {
				t.Errorf("%s lets %+v pass", query, h)
			}
		}
		if len(items) != want || want == 0 {
			t.Errorf("%s has %d events, not %d", query, len(items), want)
		}
	}
	for _, bad := range []string{"after=x", "after=1.x", "interaction=x", "after=9999999"} {
		ops.with("Accept", "application/json").do("GET", "/v1/events?"+bad, "").code(400, switchyard.Malformed)
	}
	_ = r
}

// sse reads a stream until f has seen enough.
func (r *rig) sse(c *caller, path string, f func(id, kind, data string) bool) {
	r.t.Helper()
	server := httptest.NewServer(r.handler)
	defer server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", server.URL+path, nil)
	for name, value := range c.headers {
		req.Header.Set(name, value)
	}
	answer, err := server.Client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer answer.Body.Close()
	if kind := answer.Header.Get("Content-Type"); answer.StatusCode != 200 || kind != "text/event-stream" {
		r.t.Fatalf("%s answers %d %s", path, answer.StatusCode, kind)
	}
	var id, kind, data string
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			id = value
		case "event":
			kind = value
		case "data":
			data = value
		case "":
			if data != "" && f(id, kind, data) {
				return
			}
			kind, data = "", ""
		}
	}
	r.t.Fatalf("the stream of %s ended: %v", path, ctx.Err())
}

// A reader that is cut off again and again and comes back with the last id misses nothing and sees
// nothing twice.
func TestStreamIsResumed(t *testing.T) {
	r, ops := searchable(t)
	whole := ops.page("limit=1000").Items
	seen, last := 0, "0"
	for seen < len(whole) {
		count := 0
		r.sse(ops.with("Last-Event-ID", last).with("Accept", "text/event-stream"), "/v1/events", func(id, kind, data string) bool {
			var h Happening
			if err := json.Unmarshal([]byte(data), &h); err != nil {
				t.Fatal(err)
			}
			want := whole[seen]
			if h.Seq != want.Seq || h.N != want.N || kind != want.Type || id != (switchyard.Cursor{Seq: h.Seq, N: h.N}).String() {
				t.Fatalf("event %d is %s %s, not %+v", seen, id, data, want)
			}
			seen++
			count++
			last = id
			return count == 5 || seen == len(whole)
		})
	}
}

// Without a cursor a stream begins now; what happens while it is open arrives.
func TestStreamIsLive(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	server := httptest.NewServer(r.handler)
	defer server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", server.URL+"/v1/events?type=interaction.", nil)
	req.Header.Set("Authorization", ops.headers["Authorization"])
	answer, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	r.dispatch("now", nil) // the header has arrived, so the place where the stream begins is known
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "data: ") {
			if !strings.Contains(lines.Text(), `"externalid":"now"`) {
				t.Errorf("begins with %s", lines.Text())
			}
			break
		}
	}
	close(r.stop) // the server stops: the stream ends by itself
	for lines.Scan() {
	}
	if ctx.Err() != nil {
		t.Error("the stream did not end when the server stopped")
	}
}

// Nothing the feed shows can be used to sign in, to sign or to read what was sealed.
func TestFeedShowsNoCredentials(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	headers := r.key.Seal([]byte(`{"X-Key":"hush"}`))
	secret := r.key.Seal([]byte("whsec_first"))
	r.must("story", &switchyard.Register{Provider: "crm", Headers: headers, Secret: secret})
	rotated := r.key.Seal([]byte("whsec_second"))
	r.must("story", &switchyard.RotateSecret{Provider: "crm", Secret: rotated})
	r.user("story", "ada")
	r.must("story", &switchyard.SetPassword{User: "ada", Password: "$argon2id$hash", Keep: "keep"})
	shown := ops.with("Accept", "application/json").do("GET", "/v1/events?limit=1000", "").is(200).Body
	for _, secret := range []string{string(headers), string(secret), string(rotated), "sha256:", "$argon2id", `"keep":"keep"`} {
		if contains(shown, secret) {
			t.Errorf("the feed shows %s", secret)
		}
	}
	for _, h := range ops.page("limit=1000&type=token.,session.,provider.,password.").Items {
		if strings.HasPrefix(h.Type, "token.") || strings.HasPrefix(h.Type, "session.") {
			if !strings.Contains(string(h.Data), `"hash":"***"`) {
				t.Errorf("%s shows %s", h.Type, h.Data)
			}
		}
	}
}

// Readers whose place retention has removed are told so, and where what is kept begins; who names no
// place begins there.
func TestExpiredCursor(t *testing.T) {
	r := newRig(t, func(o *engine.Options) { o.Limits.FeedRows = 1 })
	for range 1100 {
		r.ready("ada")
		r.must("story", &switchyard.SetPresence{Agent: "ada", Presence: switchyard.PresenceAway})
	}
	r.advance(36 * switchyard.Day)
	if err := r.engine.Prune(context.Background(), "story"); err != nil {
		t.Fatal(err)
	}
	ops := r.all()
	for _, accept := range []string{"application/json", "text/event-stream"} {
		a := ops.with("Accept", accept).do("GET", "/v1/events?after=0", "").code(410, switchyard.CursorExpired)
		if !contains(a.Body, "read on after=") {
			t.Errorf("%s does not say where to go on", a.Body)
		}
	}
	page := ops.page("")
	if len(page.Items) == 0 || page.Items[0].Seq == 1 {
		t.Errorf("without a place it begins with %+v", page)
	}
}
