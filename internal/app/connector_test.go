package app

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"
)

// customers is a CRM that plans ask.
type customers struct {
	*httptest.Server
	closing chan struct{}

	mu    sync.Mutex
	calls map[string]int
	keys  map[string][]string // Idempotency-Keys by path
	seen  []string            // what was asked
}

func newCustomers(t *testing.T) *customers {
	c := &customers{closing: make(chan struct{}), calls: map[string]int{}, keys: map[string][]string{}}
	c.Server = httptest.NewServer(http.HandlerFunc(c.serve))
	t.Cleanup(func() {
		close(c.closing)
		c.Close()
	})
	return c
}

func (c *customers) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	n := c.calls[r.URL.Path]
	c.calls[r.URL.Path]++
	c.keys[r.URL.Path] = append(c.keys[r.URL.Path], r.Header.Get("Idempotency-Key"))
	c.seen = append(c.seen, fmt.Sprint(r.Method, " ", r.URL, " ", r.Header.Get("Authorization"), " ", string(body)))
	c.mu.Unlock()
	switch {
	case r.URL.Path == "/customers/hangs":
		select {
		case <-c.closing:
		case <-r.Context().Done():
		}
	case r.URL.Path == "/customers/flaky" && n == 0:
		w.Header().Set("Retry-After", "2")
		w.WriteHeader(503)
	case r.URL.Path == "/customers/nobody":
		http.Error(w, `{"error":"no such customer"}`, 404)
	default:
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"customer":{"tier":"gold","name":"Grüße %s"},"got":%q}`, r.Header.Get("Authorization"), body)
	}
}

const askingAccount = `
account: asking
settings: {connectors: {allow: ["127.0.0.1"]}}
skills: [vip]
secrets: {key: "crm-key-for-tests", base: "%[1]s"}
agents: [{username: ada, skills: {vip: 5}}]
plans:
  - name: Ask
    start: ask
    applets:
      ask:
        type: dataconnector
        method: PUT
        url: "#(base)/customers/$(CLID:URL)"
        headers: {Authorization: "Bearer #(key)", Content-Type: application/json}
        body: '{"note":"$(Note:JSON)","key":"#(key)"}'
        timeout: 10s
        result: {"Customer Tier": "$.customer.tier", Name: "$.customer.name", Code: status}
        next: tier
        on: {failure: failed, timeout: late}
      tier:
        type: datarouter
        rules: [{source: Customer Tier, operator: equals, value: gold, next: vip}]
        on: {nomatch: queue}
      vip: {type: skilltagger, skills: [{name: vip}], next: queue}
      queue: {type: queue}
      failed:
        type: datarouter
        rules: [{source: Code, operator: equals, value: "404", next: unknown}]
      unknown: {type: end, outcome: Unknown}
      late: {type: end, outcome: Late}
  - name: Short
    start: ask
    applets:
      ask: {type: dataconnector, url: "%[1]s/customers/$(CLID)", timeout: 300ms, retries: 0, on: {failure: failed, timeout: late}, next: queue}
      queue: {type: queue}
      failed: {type: end, outcome: Failed}
      late: {type: end, outcome: Late}
routes: [{name: Ask, plan: Ask}, {name: Short, plan: Short}]
clients:
  - {id: crm, secret: crm-secret-for-tests, scopes: ["interactions:write"]}
  - id: ops
    secret: ops-secret-for-tests
    scopes: ["interactions:read", "agents:read", "agents:write", "config:read", "config:write", "stats:read", "events:read"]
`

// TestDataConnector plays plans that ask a CRM over HTTP, under the manual clock, with restarts.
func TestDataConnector(t *testing.T) {
	for _, store := range []string{Memory, "sqlite"} {
		t.Run(store, func(t *testing.T) {
			crm := newCustomers(t)
			file := filepath.Join(t.TempDir(), "account.yaml")
			if err := os.WriteFile(file, fmt.Appendf(nil, askingAccount, crm.URL), 0o600); err != nil {
				t.Fatal(err)
			}
			st := &story{server: newServer(t, store, file), ids: map[string]string{}}
			st.ask("Ask", "ada", "ada")
			st.advance("0s")
			st.is("ada", "state", "queued")
			timeline := st.timeline("ada")
			for _, want := range []string{`"Customer Tier":"gold"`, `"Name":"Grüße Bearer ***"`, `"Code":"200"`, `"exit":"next"`,
				`"url":"***/customers/ada"`, `"Authorization":"***"`, `"method":"PUT"`, `Grüße Bearer ***`, `"Content-Type":"application/json"`,
				`\"note\":\"#(key) \\\"$(CLID)\\\"\",\"key\":\"***\"`} {
				if !strings.Contains(timeline, want) {
					t.Errorf("the timeline lacks %s", want)
				}
			}
			if strings.Contains(timeline, "crm-key-for-tests") || strings.Contains(timeline, crm.URL) {
				t.Errorf("the timeline shows a secret")
			}
			if t.Failed() {
				t.Fatal(timeline)
			}
			crm.mu.Lock()
			if got, want := crm.seen[0], `PUT /customers/ada Bearer crm-key-for-tests {"note":"#(key) \"$(CLID)\"","key":"crm-key-for-tests"}`; got != want {
				t.Errorf("asked %s\nwant  %s", got, want)
			}
			crm.mu.Unlock()

			st.ask("Ask", "nobody", "nobody")
			st.advance("0s")
			st.is("nobody", "outcome", "Unknown")

			st.ask("Ask", "flaky", "flaky")
			st.advance("1s")
			st.is("flaky", "state", "planned")
			st.kill()
			st.again()
			st.tokens = map[string]string{}
			st.advance("2s")
			st.is("flaky", "state", "queued")
			crm.mu.Lock()
			if keys := crm.keys["/customers/flaky"]; len(keys) != 2 || keys[0] != keys[1] || keys[0] == "" {
				t.Errorf("idempotency keys of a repeated request: %q", keys)
			}
			crm.mu.Unlock()

			// A host that hangs: the clock waits for the attempt, the plan goes on by timeout.
			st.ask("Short", "hangs", "hangs")
			st.advance("1h")
			st.is("hangs", "outcome", "Late")
			if timeline := st.timeline("hangs"); !strings.Contains(timeline, `"timeout":true`) || !strings.Contains(timeline, `"exit":"timeout"`) {
				t.Error(timeline)
			}
			// A host that the account may not reach any more fails at the attempt.
			st.configure([]byte(`{"settings":{"connectors":{"allow":["crm.example.com"]}},"plans":[{"name":"Ask","start":"ask","applets":{
				"ask":{"type":"dataconnector","url":"#(base)/x"}}}],"routes":[{"name":"Ask","plan":"Ask"}]}`))
			st.ask("Ask", "away", "away")
			st.advance("0s")
			st.is("away", "outcome", "Other")
			if timeline := st.timeline("away"); !strings.Contains(timeline, "may not reach ***") {
				t.Error(timeline)
			}
			// Personal data goes from what was sent and came back, too.
			st.want(st.native("DELETE", "/v1/interactions/"+st.id("nobody")+"/personal", nil), 204)
			st.kill()
			st.again()
			st.tokens = map[string]string{}
			if timeline := st.timeline("nobody"); strings.Contains(timeline, "no such customer") || strings.Contains(timeline, "$(CLID)") {
				t.Error(timeline)
			}
		})
	}
}

func (st *story) ask(route, externalID, clid string) {
	st.t.Helper()
	st.invoke(map[string]any{"requests": []any{map[string]any{"route": route, "externalid": externalID, "linkeddata": []any{
		map[string]any{"type": "clid", "value": clid}, property("Note", `#(key) "$(CLID)"`)}}}})
}

func (st *story) advance(d string) {
	st.t.Helper()
	st.want(st.native("POST", "/v1/clock", map[string]any{"advance": d}), 200)
}

func (st *story) id(externalID string) string {
	st.t.Helper()
	found := st.interaction(externalID)
	if found == nil {
		st.t.Fatalf("there is no interaction %s", externalID)
	}
	return found["id"].(string)
}

func (st *story) is(externalID, member string, want any) {
	st.t.Helper()
	if found := st.interaction(externalID); found == nil || found[member] != want {
		st.t.Fatalf("%s: %s is %v, want %v\n%s", externalID, member, found[member], want, st.timeline(externalID))
	}
}

// timeline is an interaction's timeline as it is answered, but for the escapes that HTML would need.
func (st *story) timeline(externalID string) string {
	st.t.Helper()
	a := st.native("GET", "/v1/interactions/"+st.id(externalID)+"/timeline", nil)
	st.want(a, 200)
	var v any
	if err := json.Unmarshal(a.body, &v); err != nil {
		st.t.Fatal(err)
	}
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		st.t.Fatal(err)
	}
	return string(text)
}
