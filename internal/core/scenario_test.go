package core

import (
	"fmt"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"os"

	"switchyard"
)

// The routing scenarios, played on the core alone; internal/app plays them over HTTP.
func TestScenarios(t *testing.T) {
	var file struct {
		Account   string `json:"account"`
		Scenarios []struct {
			Name  string                      `json:"name"`
			Steps []map[string]jsontext.Value `json:"steps"`
		} `json:"scenarios"`
	}
	const dir = "../../testdata/scenarios"
	text, err := os.ReadFile(filepath.Join(dir, "routing.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	decodeYAML(t, text, &file)
	for _, sc := range file.Scenarios {
		t.Run(sc.Name, func(t *testing.T) {
			p := player{world: newWorld(t, readAccount(t, filepath.Join(dir, file.Account))), ids: map[string]switchyard.ID{}}
			for n, step := range sc.Steps {
				p.step(n, step)
			}
			p.checkRebuilt()
		})
	}
}

// player plays the steps of a scenario.
type player struct {
	*world
	ids    map[string]switchyard.ID
	status int
	n      int
}

func decode[T any](t testing.TB, text jsontext.Value) (v T) {
	t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func (p *player) step(n int, step map[string]jsontext.Value) {
	p.t.Helper()
	p.n, p.status = n, 200
	if s, ok := step["status"]; ok {
		p.status = decode[int](p.t, s)
	}
	provider := ""
	if s, ok := step["provider"]; ok {
		provider = decode[string](p.t, s)
	}
	for verb, arg := range step {
		switch verb {
		case "status", "provider":
		case "presence":
			d := jsontext.NewDecoder(newReader(arg))
			_, _ = d.ReadToken()
			for d.PeekKind() != '}' {
				agent, _ := d.ReadToken()
				name := agent.String()
				presence, _ := d.ReadToken()
				p.must(&switchyard.SetPresence{Agent: name, Presence: presence.String()})
			}
		case "dispatch":
			p.dispatch(arg)
		case "release":
			p.must(&switchyard.Invoke{Provider: provider, Requests: []switchyard.Request{{Action: "release",
				ExternalID: decode[string](p.t, arg)}}})
		case "register":
			r := decode[struct {
				Provider  string         `json:"provider"`
				Permitted map[string]int `json:"agentactionspermitted"`
			}](p.t, arg)
			p.must(&switchyard.Register{Provider: r.Provider, Permitted: switchyard.Permissions{
				Release: r.Permitted["release"] == 1, Hold: r.Permitted["hold"] == 1}})
		case "advance":
			p.advance(decode[switchyard.Duration](p.t, arg))
		case "config":
			doc := p.doc
			if err := json.Unmarshal(arg, &doc); err != nil {
				p.t.Fatal(err)
			}
			p.must(&switchyard.Publish{Document: doc, Source: "test"})
		case "restart":
			p.restart(len(p.rows) / 2)
		case "expect":
			p.expect(arg)
		default:
			p.act(verb, arg)
		}
	}
}

func (p *player) dispatch(arg jsontext.Value) {
	d := decode[struct {
		ID       string         `json:"id"`
		Route    string         `json:"route"`
		Type     string         `json:"type"`
		Provider string         `json:"provider"`
		Skills   map[string]any `json:"skills"`
		Personal []any          `json:"personal"`
	}](p.t, arg)
	r := switchyard.Request{ExternalID: d.ID, RequestID: fmt.Sprint("request-", p.n), Route: d.Route, Class: d.Type}
	if r.Route == "" {
		r.Route = "Cases"
	}
	for name, how := range d.Skills {
		skill := switchyard.Skill{Name: name}
		switch how := how.(type) {
		case float64:
			n := int64(how)
			skill.ExpiryAfter = &n
		case string:
			if how == "optional" {
				skill.ExpiryAfter = new(int64)
			}
		}
		r.Skills = append(r.Skills, skill)
	}
	if len(d.Personal) == 3 {
		r.PersonalQueue = &switchyard.Personal{Agent: d.Personal[0].(string),
			LoggedInTimeout: int64(d.Personal[1].(float64)), LoggedOutTimeout: int64(d.Personal[2].(float64))}
	}
	results := p.must(&switchyard.Invoke{Provider: d.Provider, Requests: []switchyard.Request{r}}).([]switchyard.RequestResult)
	if results[0].Status != switchyard.StatusAccepted {
		p.t.Fatalf("step %d: %+v", p.n, results[0])
	}
	p.ids[d.ID] = results[0].Interaction
}

func (p *player) act(verb string, arg jsontext.Value) {
	p.t.Helper()
	args := decode[[]any](p.t, arg)
	in := &switchyard.Act{Agent: args[0].(string), Interaction: p.ids[args[1].(string)], Action: switchyard.Action(verb)}
	switch verb {
	case "finish":
		in.Action = switchyard.ActRelease
	case "wrapup":
		in.Action = switchyard.ActComplete
	case "transfer":
		to := args[2].(map[string]any)
		in.ToAgent, _ = to["toagent"].(string)
		in.ToRoute, _ = to["toroute"].(string)
	}
	d := p.do(in)
	status := 200
	if d.Refused != nil {
		status = map[switchyard.Kind]int{switchyard.KindConflict: 409, switchyard.KindForbidden: 403,
			switchyard.KindUnprocessable: 422, switchyard.KindNotFound: 409}[d.Refused.Kind()]
	}
	if status != p.status {
		p.t.Fatalf("step %d: %s: status %d (%v), want %d", p.n, verb, status, d.Refused, p.status)
	}
}

func (p *player) expect(arg jsontext.Value) {
	p.t.Helper()
	for name, want := range decode[map[string]map[string]any](p.t, arg) {
		if name == "agents" {
			for agent, want := range decode[map[string]map[string]any](p.t, mustMarshal(want)) {
				a := p.s.Agent(agent)
				p.compare(agent, want, map[string]any{"presence": a.Presence, "load": float64(a.Load)})
			}
			continue
		}
		found := p.s.FindAnyExternal(name)
		if want == nil {
			if len(found) > 0 {
				p.t.Fatalf("step %d: %s is live: %+v", p.n, name, found[0])
			}
			continue
		}
		r := p.s.Find(p.ids[name])
		if r == nil {
			p.t.Fatalf("step %d: %s is not live", p.n, name)
		}
		p.compare(name, want, map[string]any{"state": string(r.State), "agent": r.Agent, "unserveable": r.Unserveable(p.s.now)})
	}
}

func (p *player) compare(name string, want, got map[string]any) {
	p.t.Helper()
	for member, v := range want {
		if !reflect.DeepEqual(v, got[member]) {
			p.t.Fatalf("step %d: %s.%s is %v, want %v", p.n, name, member, got[member], v)
		}
	}
}

func mustMarshal(v any) jsontext.Value {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}
