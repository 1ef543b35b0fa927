package app

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"switchyard/internal/engine"
	journalsqlite "switchyard/internal/journal/sqlite"
)

// drafts saves credentials in drafts, valid ones and others, publishes one, and leaves one lying.
func (s *secretStory) drafts() {
	s.t.Helper()
	body := func(change func(doc map[string]any)) map[string]any {
		doc := s.document()
		delete(doc["agents"].([]any)[0].(map[string]any), "password")
		doc["secrets"].(map[string]any)["token"] = s.secret("token of the secrets")
		change(doc)
		return map[string]any{"name": "draft", "document": doc}
	}
	lying := body(func(doc map[string]any) {
		doc["agents"] = append(doc["agents"].([]any), map[string]any{"username": "drafted", "password": s.secret("drafted agent's password")},
			map[string]any{"username": "Drafted", "password": s.secret("password of a name that is there twice")})
		doc["secrets"].(map[string]any)["drafted"] = s.secret("drafted secret")
		doc["providers"] = append(doc["providers"].([]any), map[string]any{"name": "drafted", "headers": map[string]any{"X-Token": s.secret("drafted provider header")}})
		doc["gateways"] = map[string]any{"sms": map[string]any{"drafted": map[string]any{"type": "nothing known", "headers": map[string]any{"X": s.secret("drafted gateway header")},
			"body": s.plain("drafted gateway body")}}}
		doc["clients"] = append(doc["clients"].([]any), map[string]any{"id": "drafted", "secret": s.secret("drafted client's secret")})
		doc["routes"] = []any{map[string]any{"name": "nowhere", "plan": "unknown"}}
	})
	id := fmt.Sprintf("/v1/config/drafts/%v", s.number(s.native("POST", "/v1/config/drafts", lying), "id"))
	for _, read := range []string{"GET ", "POST /check"} {
		method, path, _ := strings.Cut(read, " ")
		s.ok(s.native(method, id+path, nil))
	}
	if a := s.native("POST", id+"/publish", nil); a.status != 422 {
		s.t.Fatalf("a draft full of faults is published: %d %s", a.status, a.body)
	}
	s.ok(s.native("PUT", id, string(s.ok(s.native("GET", id, nil)).body)))
	s.ok(s.native("PUT", id, map[string]any{"document": lying["document"]}))
	good := body(func(doc map[string]any) {
		doc["secrets"].(map[string]any)["literal"] = s.secret("secret that a draft brings")
	})
	next := fmt.Sprintf("/v1/config/drafts/%v", s.number(s.native("POST", "/v1/config/drafts", good), "id"))
	s.ok(s.native("POST", next+"/check", nil))
	s.ok(s.native("POST", next+"/publish", nil))
	s.ok(s.native("GET", "/v1/config/drafts", nil))
	s.ok(s.put(func(map[string]any) {}))
	if a := s.native("POST", id+"/publish", nil); a.status/100 != 4 {
		s.t.Fatalf("%d %s", a.status, a.body)
	}
	secret := s.plain("secret in a broken draft")
	for _, text := range []string{`{"name":"n","document":{"secrets":{"a":"` + secret, `{"name":"n","document":{"agents":[{"pasword":"` + secret + `"}]}}`,
		`{"name":"n","document":{"secrets":"` + secret + `"}}`, `{"name":"n","document":"` + secret + `"}`, `{"name":"n","dokument":{"secrets":{"a":"` + secret + `"}}}`} {
		s.native("POST", "/v1/config/drafts", text)
	}
	for place, change := range misplaced {
		doc := s.document()
		change(doc, s.secret("misplaced: "+place))
		if a := s.native("PUT", id, map[string]any{"document": doc}); a.status/100 == 2 {
			s.native("GET", id, nil)
			s.native("POST", id+"/check", nil)
		}
	}
}

func (s *secretStory) number(a answer, name string) any {
	s.t.Helper()
	var m map[string]any
	if err := json.Unmarshal(s.ok(a).body, &m); err != nil || m[name] == nil {
		s.t.Fatalf("%s: %v", a.body, err)
	}
	return m[name]
}

// What was acknowledged of drafts is there after the process is gone, with and without the tables, and
// deciding everything again comes to the same.
func TestDraftsSurviveACrash(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := &server{t: t, account: contractAccount, tokens: map[string]string{}}
	s.startProcess(data)
	draft := func(name string) string {
		doc := s.read(s.native("GET", "/v1/config", nil))
		doc["skills"] = append(doc["skills"].([]any), name)
		return fmt.Sprintf("/v1/config/drafts/%v", s.read(s.native("POST", "/v1/config/drafts", map[string]any{"name": name, "document": doc}))["id"])
	}
	kept, published, dropped := draft("kept"), draft("published"), draft("dropped")
	s.read(s.native("PUT", kept, map[string]any{"note": "second"}))
	s.read(s.native("POST", published+"/publish", nil))
	s.ok(s.native("DELETE", dropped, nil))
	before := string(s.ok(s.native("GET", "/v1/config/drafts", nil)).body) + string(s.ok(s.native("GET", kept, nil)).body)
	for _, lost := range []string{"", TablesFile} {
		s.kill()
		if lost != "" {
			for _, file := range []string{lost, lost + "-wal", lost + "-shm"} {
				if err := os.Remove(filepath.Join(data, file)); err != nil && !os.IsNotExist(err) {
					t.Fatal(err)
				}
			}
		}
		s.again()
		if after := string(s.ok(s.native("GET", "/v1/config/drafts", nil)).body) + string(s.ok(s.native("GET", kept, nil)).body); after != before {
			t.Fatalf("before\n%s\nafter\n%s", before, after)
		}
	}
	if v := s.read(s.native("GET", "/v1/config/history/2", nil)); v["source"] != "draft 2: published" {
		t.Errorf("%v", v["source"])
	}
	if id := draft("another"); id != "/v1/config/drafts/4" {
		t.Errorf("an id is used again: %s", id)
	}
	s.kill()
	store, err := journalsqlite.Open(t.Context(), data, journalsqlite.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	accounts, err := store.Accounts(t.Context())
	if err != nil || len(accounts) != 1 {
		t.Fatalf("%v, %v", accounts, err)
	}
	report, err := engine.Verify(t.Context(), store, Decider, accounts[0], nil)
	if err != nil || report.Difference != nil || report.Redecided == 0 {
		t.Errorf("%+v, %v", report, err)
	}
}
