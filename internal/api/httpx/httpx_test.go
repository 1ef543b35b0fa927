package httpx

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"switchyard"
)

// rig is a wrapped set of routes with what it leaves behind.
type rig struct {
	handler  http.Handler
	log      bytes.Buffer
	metrics  *Metrics
	registry *prometheus.Registry
	clock    time.Time
}

func newRig(routes http.Handler) *rig {
	r := &rig{registry: prometheus.NewRegistry(), clock: time.UnixMilli(1_000_000)}
	r.metrics = NewMetrics(r.registry)
	now := func() time.Time { r.clock = r.clock.Add(5 * time.Millisecond); return r.clock }
	r.handler = Wrap(routes, Options{Log: slog.New(slog.NewJSONHandler(&r.log, nil)), IDs: NewIDs(now),
		Metrics: r.metrics, Now: now})
	return r
}

func (r *rig) get(method, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	q := httptest.NewRequest(method, target, strings.NewReader("body-secret"))
	q.Header.Set("Authorization", "Bearer header-secret")
	q.Header.Set(CorrelationHeader, "theirs")
	r.handler.ServeHTTP(w, q)
	return w
}

func TestWrapLogsOneLine(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /things/{name}", func(w http.ResponseWriter, r *http.Request) {
		call := CallOf(r.Context())
		call.Account, call.By = "acme", "client:crm"
		WriteJSON(w, http.StatusAccepted, map[string]int{"a": 1})
	})
	rig := newRig(mux)
	w := rig.get("GET", "/things/path-secret?query-secret")
	if id, err := switchyard.ParseID(w.Header().Get(CorrelationHeader)); err != nil || id.IsZero() {
		t.Errorf("the correlation id is not ours: %v", w.Header())
	}
	var line map[string]any
	if err := stdjson.Unmarshal(rig.log.Bytes(), &line); err != nil {
		t.Fatalf("not one line: %v: %s", err, rig.log.String())
	}
	want := map[string]any{"method": "GET", "route": "/things/{name}", "status": 202.0, "account": "acme",
		"by": "client:crm", "correlation": w.Header().Get(CorrelationHeader), "level": "INFO"}
	for key, value := range want {
		if line[key] != value {
			t.Errorf("%s is %v, want %v", key, line[key], value)
		}
	}
	if ms, ok := line["ms"].(float64); !ok || ms <= 0 {
		t.Errorf("ms is %v", line["ms"])
	}
	if strings.Contains(rig.log.String(), "secret") {
		t.Errorf("the log says too much: %s", rig.log.String())
	}
}

func TestCorrelationIDsDiffer(t *testing.T) {
	ids, others := NewIDs(time.Now), NewIDs(time.Now)
	met := map[switchyard.ID]bool{}
	for range 1000 {
		for _, id := range []switchyard.ID{ids.New(), others.New()} {
			if met[id] {
				t.Fatalf("%s was made twice", id)
			}
			met[id] = true
		}
	}
}

func TestWrapLowersContractPathsOnly(t *testing.T) {
	var got string
	rig := newRig(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got = r.URL.Path }))
	for path, want := range map[string]string{
		"/Interactions/INVOKE":      "/interactions/invoke",
		"/AUTH/Connect/Token":       "/auth/connect/token",
		"/interactions/inv%4Fke":    "/interactions/invoke",
		"/v1/Agents/Ada":            "/v1/Agents/Ada",
		"/Interactionsx/A":          "/Interactionsx/A",
		"/interactions/İnvo\u212ae": "/interactions/İnvo\u212ae",
	} {
		rig.get("POST", path)
		if got != want {
			t.Errorf("%s arrives as %s, want %s", path, got, want)
		}
	}
}

func TestWrapRecovers(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) { panic("the cause") })
	mux.HandleFunc("/late", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "half")
		panic("the cause")
	})
	rig := newRig(mux)
	for path, kind := range map[string]string{
		"/interactions/x": `{"message":`, "/v1/x": `"code":"internal"`,
	} {
		rig.log.Reset()
		w := rig.get("POST", path)
		if w.Code != 500 || !strings.Contains(w.Body.String(), kind) || strings.Contains(w.Body.String(), "the cause") {
			t.Errorf("%s: answered %d %s", path, w.Code, w.Body)
		}
		if text := rig.log.String(); !strings.Contains(text, "the cause") || !strings.Contains(text, `"status":500`) {
			t.Errorf("%s: the log lacks the cause or the request: %s", path, text)
		}
	}
	if got := rig.samples(t)["switchyard_http_panics_total"]; got != 2 {
		t.Errorf("%v panics counted, want 2", got)
	}
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("half an answer was not cut off")
		}
		if got := rig.samples(t)["switchyard_http_in_flight_requests"]; got != 0 {
			t.Errorf("%v requests in flight, want none", got)
		}
	}()
	rig.get("GET", "/late")
}

func TestMetricsHaveFewLabels(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/agents/{username}", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) })
	rig := newRig(mux)
	for _, target := range []string{"/v1/agents/a", "/v1/agents/b", "/nowhere/1", "/nowhere/2"} {
		rig.get("GET", target)
	}
	rig.get("BREW", "/v1/agents/a")
	rig.get("INVENTED", "/v1/agents/a")
	got := rig.samples(t)
	for sample, want := range map[string]float64{
		"switchyard_http_requests_total class=2xx method=GET route=/v1/agents/{username}": 2,
		"switchyard_http_requests_total class=4xx method=GET route=none":                  2,
		"switchyard_http_requests_total class=4xx method=other route=none":                2,
		"switchyard_http_request_seconds method=GET route=/v1/agents/{username}":          2,
		"switchyard_http_request_seconds method=GET route=none":                           2,
		"switchyard_http_request_seconds method=other route=none":                         2,
		"switchyard_http_in_flight_requests":                                              0,
		"switchyard_http_panics_total":                                                    0,
	} {
		if value, there := got[sample]; !there || value != want {
			t.Errorf("%s is %v, want %v", sample, value, want)
		}
		delete(got, sample)
	}
	if len(got) > 0 {
		t.Errorf("also counted: %v", got)
	}
}

// samples reads the metrics: name and labels to value, or to the number of observations.
func (r *rig) samples(t *testing.T) map[string]float64 {
	t.Helper()
	families, err := r.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	samples := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetName() + "=" + l.GetValue()
			}
			samples[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return samples
}

func TestFlushReachesTheConnection(t *testing.T) {
	rig := newRig(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "a")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
	}))
	if w := rig.get("GET", "/"); !w.Flushed {
		t.Error("not flushed")
	}
}

// TestEveryCodeHasAStatus holds the table of statuses against the native API's table (DESIGN.md §6).
func TestEveryCodeHasAStatus(t *testing.T) {
	for code := range switchyard.Codes {
		if status := Status(switchyard.Refuse(code, "x")); status < 400 || status > 599 {
			t.Errorf("%s has status %d", code, status)
		}
	}
	for code, want := range map[switchyard.Code]int{
		switchyard.Malformed: 400, switchyard.Unauthorized: 401, switchyard.Forbidden: 403, switchyard.NotFound: 404,
		switchyard.MethodNotAllowed: 405, switchyard.WrongState: 409, switchyard.CursorExpired: 410,
		switchyard.AgentUnknown: 422, switchyard.TooManyRequests: 429, switchyard.Internal: 500, switchyard.Busy: 503,
	} {
		if got := Status(switchyard.Refuse(code, "x")); got != want {
			t.Errorf("%s: %d, want %d", code, got, want)
		}
	}
}

func TestWriteProblem(t *testing.T) {
	cases := []struct {
		err           error
		status        int
		header, value string
		has           string
	}{
		{switchyard.Refuse(switchyard.NoRoom, "ada is full"), 409, "Retry-After", "", `"detail":"ada is full","code":"no_room"`},
		{switchyard.Refuse(switchyard.Busy, "x"), 503, "Retry-After", "1", `"type":"urn:switchyard:error:busy"`},
		{&RetryLater{switchyard.Refuse(switchyard.TooManyRequests, "x"), 1500 * time.Millisecond}, 429, "Retry-After", "2", `"status":429`},
		{switchyard.Refuse(switchyard.Unauthorized, "x"), 401, "WWW-Authenticate", "Bearer", `"title":"No valid token`},
		{errors.New("hidden"), 500, "Retry-After", "", `"code":"internal"`},
	}
	for _, c := range cases {
		call := &Call{Correlation: switchyard.NewID(1, 2, 3)}
		r := httptest.NewRequest("GET", "/", nil)
		w := httptest.NewRecorder()
		WriteProblem(w, r.WithContext(WithCall(r.Context(), call)), c.err, ProblemItem{"query.limit", "is too large"})
		body := w.Body.String()
		if w.Code != c.status || w.Header().Get(c.header) != c.value || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%v: %d %v", c.err, w.Code, w.Header())
		}
		for _, has := range []string{c.has, `"correlation":"` + call.Correlation.String() + `"`, `"errors":[{"where":"query.limit"`} {
			if !strings.Contains(body, has) {
				t.Errorf("%v: %s lacks %s", c.err, body, has)
			}
		}
		if strings.Contains(body, "hidden") {
			t.Errorf("the cause is answered: %s", body)
		}
	}
}

func TestReadBody(t *testing.T) {
	for _, c := range []struct {
		size, limit int
		declared    bool
		tooLarge    bool
	}{
		{0, 10, true, false}, {10, 10, true, false}, {11, 10, true, true},
		{10, 10, false, false}, {11, 10, false, true}, {300_000, 1 << 20, true, false},
	} {
		r := httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader(strings.Repeat("x", c.size))))
		r.ContentLength = -1
		if c.declared {
			r.ContentLength = int64(c.size)
		}
		body, err := ReadBody(r, int64(c.limit))
		if c.tooLarge != errors.Is(err, ErrTooLarge) {
			t.Errorf("%+v: %v", c, err)
		} else if err == nil {
			if len(body.Bytes) != c.size {
				t.Errorf("%+v: %d bytes read", c, len(body.Bytes))
			}
			body.Close()
		}
	}
}

// TestReadBodyRefusesUnread: a body that says it is too large is not waited for.
func TestReadBodyRefusesUnread(t *testing.T) {
	r := httptest.NewRequest("POST", "/", mustNotBeRead{t})
	r.ContentLength = 11
	if _, err := ReadBody(r, 10); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
}

type mustNotBeRead struct{ t *testing.T }

func (m mustNotBeRead) Read([]byte) (int, error) {
	m.t.Error("the body was read")
	return 0, io.EOF
}

func TestIdempotencyKey(t *testing.T) {
	read := func(method, target, key, by, body string) (string, string) {
		r := httptest.NewRequest(method, target, nil)
		r.Header.Set(IdempotencyHeader, key)
		k, digest, refused := IdempotencyKey(r, by, []byte(body))
		if refused != nil {
			return "refused", refused.Detail
		}
		return k, digest
	}
	key, digest := read("POST", "/a?x=1", "k", "user:ada", "b")
	if key != "user:ada k" || len(digest) != 64 {
		t.Errorf("key %q, digest %q", key, digest)
	}
	if _, same := read("POST", "/a?x=1", "k", "user:bob", "b"); same != digest {
		t.Error("the same request has two digests")
	}
	for _, other := range [][3]string{{"PUT", "/a?x=1", "b"}, {"POST", "/a?x=2", "b"}, {"POST", "/b?x=1", "b"}, {"POST", "/a?x=1", "c"}} {
		if _, d := read(other[0], other[1], "k", "user:ada", other[2]); d == digest {
			t.Errorf("%v has the digest of another request", other)
		}
	}
	if key, digest := read("POST", "/a", "", "user:ada", "b"); key != "" || digest != "" {
		t.Errorf("without the header: %q, %q", key, digest)
	}
	if key, _ := read("POST", "/a", strings.Repeat("k", 256), "user:ada", "b"); key != "refused" {
		t.Error("a key of 256 bytes is taken")
	}
}
