package app

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const scenarioDir = "../../testdata/scenarios"

// step is one step of a scenario: verb → argument, in the order written.
type step map[string]jsontext.Value

func TestScenarios(t *testing.T) {
	var file struct {
		Account   string `json:"account"`
		Scenarios []struct {
			Name  string `json:"name"`
			Steps []step `json:"steps"`
		} `json:"scenarios"`
	}
	readYAML(t, filepath.Join(scenarioDir, "routing.yaml"), &file)
	for _, store := range []string{Memory, "sqlite"} {
		for _, sc := range file.Scenarios {
			t.Run(store+"/"+sc.Name, func(t *testing.T) {
				account := filepath.Join(scenarioDir, file.Account)
				st := &story{server: newServer(t, store, account), ids: map[string]string{}}
				for n, steps := range sc.Steps {
					st.play(n, steps)
				}
			})
		}
	}
}

// story is a scenario being played.
type story struct {
	*server
	ids map[string]string
	n   int
}

func value[T any](st *story, text jsontext.Value) (v T) {
	st.t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		st.t.Fatalf("step %d: %s: %v", st.n, text, err)
	}
	return v
}

func (st *story) play(n int, s step) {
	st.t.Helper()
	st.n = n
	status, provider := 200, ""
	if text, ok := s["status"]; ok {
		status = value[int](st, text)
	}
	if text, ok := s["provider"]; ok {
		provider = value[string](st, text)
	}
	for verb, arg := range s {
		switch verb {
		case "status", "provider":
		case "presence":
			st.presences(arg)
		case "dispatch":
			st.dispatch(arg)
		case "release":
			st.invoke(map[string]any{"provider": provider, "requests": []any{map[string]any{"action": "release", "externalid": value[string](st, arg)}}})
		case "register":
			st.want(st.contract("/interactions/register", string(arg)), 200)
		case "advance":
			st.want(st.native("POST", "/v1/clock", map[string]any{"advance": value[string](st, arg)}), 200)
		case "config":
			st.configure(arg)
		case "restart":
			st.kill()
			st.again()
		case "expect":
			st.expectAll(arg)
		default:
			st.act(verb, arg, status)
		}
	}
}

func (st *story) want(a answer, status int) {
	st.t.Helper()
	if a.status != status && (status != 200 || a.status/100 != 2) {
		st.t.Fatalf("step %d: status %d, want %d: %s", st.n, a.status, status, a.body)
	}
}

// presences sets presences in the order written.
func (st *story) presences(arg jsontext.Value) {
	st.t.Helper()
	d := jsontext.NewDecoder(bytes.NewReader(arg))
	_, _ = d.ReadToken()
	for d.PeekKind() == '"' {
		token, _ := d.ReadToken()
		agent := token.String()
		token, _ = d.ReadToken()
		st.want(st.native("PUT", "/v1/agents/"+agent+"/presence", map[string]string{"presence": token.String()}), 200)
	}
}

func (st *story) dispatch(arg jsontext.Value) {
	st.t.Helper()
	d := value[struct {
		ID       string         `json:"id"`
		Route    string         `json:"route"`
		Type     string         `json:"type"`
		Provider string         `json:"provider"`
		Skills   map[string]any `json:"skills"`
		Personal []any          `json:"personal"`
	}](st, arg)
	if d.Route == "" {
		d.Route = "Cases"
	}
	routing := map[string]any{}
	if d.Type != "" {
		routing["interactiontype"] = d.Type
	}
	var skills []any
	for name, how := range d.Skills {
		skill := map[string]any{"name": name}
		if how == "optional" {
			skill["expiryafter"] = 0
		} else if how != "mandatory" {
			skill["expiryafter"] = how
		}
		skills = append(skills, skill)
	}
	if skills != nil {
		routing["skills"] = skills
	}
	if d.Personal != nil {
		routing["personalqueue"] = map[string]any{"agent": d.Personal[0], "loggedintimeout": d.Personal[1], "loggedouttimeout": d.Personal[2]}
	}
	st.invoke(map[string]any{"provider": d.Provider, "requests": []any{map[string]any{"requestid": fmt.Sprint("step-", st.n),
		"externalid": d.ID, "route": d.Route, "routingdata": routing}}})
	if found := st.interaction(d.ID); found != nil {
		st.ids[d.ID] = found["id"].(string)
	}
}

func (st *story) invoke(call map[string]any) {
	st.t.Helper()
	text, err := json.Marshal(call)
	if err != nil {
		st.t.Fatal(err)
	}
	a := st.contract("/interactions/invoke", string(text))
	if a.status != 200 || string(a.body) != "[]" {
		st.t.Fatalf("step %d: %d %s", st.n, a.status, a.body)
	}
}

// configure applies the account file with some top-level keys replaced.
func (st *story) configure(arg jsontext.Value) {
	st.t.Helper()
	var doc map[string]any
	readYAML(st.t, st.account, &doc)
	for key, part := range value[map[string]any](st, arg) {
		doc[key] = part
	}
	st.want(st.native("PUT", "/v1/config", doc), 200)
}

func (st *story) act(verb string, arg jsontext.Value, status int) {
	st.t.Helper()
	args := value[[]any](st, arg)
	body := map[string]any{"agent": args[0]}
	switch verb {
	case "finish":
		verb = "release"
	case "wrapup":
		verb = "complete"
	case "transfer":
		for key, to := range args[2].(map[string]any) {
			body[key] = to
		}
	}
	id := st.ids[args[1].(string)]
	st.want(st.native(http.MethodPost, "/v1/interactions/"+id+"/"+verb, body), status)
}

func (st *story) expectAll(arg jsontext.Value) {
	st.t.Helper()
	for name, want := range value[map[string]map[string]any](st, arg) {
		if name != "agents" {
			st.expect(name, want)
			continue
		}
		for agent, members := range want {
			var got map[string]any
			if a := st.native("GET", "/v1/agents/"+url.PathEscape(agent), nil); json.Unmarshal(a.body, &got) != nil || a.status != 200 {
				st.t.Fatalf("step %d: agent %s: %d %s", st.n, agent, a.status, a.body)
			}
			for member, v := range members.(map[string]any) {
				if !reflect.DeepEqual(got[member], v) {
					st.t.Fatalf("step %d: agent %s: %s is %v, want %v", st.n, agent, member, got[member], v)
				}
			}
		}
	}
}
