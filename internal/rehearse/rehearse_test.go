package rehearse

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"switchyard"
)

var update = flag.Bool("update", false, "write the reports of testdata anew")

func at(text string) (i switchyard.Instant) {
	if err := i.UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
	return i
}

// account has a plan with every kind of applet that a run goes through, and one for the night.
func account() *switchyard.Account {
	length := func(d switchyard.Duration) switchyard.Length { return switchyard.Length{Fixed: d} }
	minute, hours, wrap := switchyard.Seconds{Fixed: 60}, length(4*switchyard.Hour), length(30*switchyard.Second)
	five := length(5 * switchyard.Minute)
	return &switchyard.Account{Account: "acme", Skills: []string{"billing", "german"}, Groups: []string{"support"},
		Agents: []switchyard.AgentEntry{
			{Username: "ada", Skills: map[string]int{"billing": 9, "german": 5}, Groups: []string{"support"}},
			{Username: "bo", Skills: map[string]int{"billing": 5}, Groups: []string{"support"}}},
		Secrets: map[string]string{"token": "never-shown"},
		Gateways: switchyard.Gateways{SMS: map[string]switchyard.Gateway{"default": {Type: "log"}},
			Email: map[string]switchyard.Gateway{"office": {Type: "log", From: "desk@example.com"}}},
		Plans: []switchyard.Plan{
			{Name: "Cases", Start: "team", Applets: map[string]switchyard.Applet{
				"team": {Type: "datarouter", Rules: []switchyard.Rule{{Source: "Team", Operator: "equals", Value: "EMEA", Next: "tag"}}, On: map[string]string{"nomatch": "night"}},
				"tag": {Type: "skilltagger", Skills: []switchyard.TagSkill{{Name: "billing"}, {Name: "german", ExpiryAfter: &minute}},
					PersonalQueue: &switchyard.TagPersonal{Agent: "ada", LoggedInTimeout: switchyard.Seconds{Fixed: 30}, LoggedOutTimeout: switchyard.Seconds{Fixed: 10}}, Next: "prio"},
				"prio":  {Type: "setpriority", Band: "Higher", Next: "note"},
				"note":  {Type: "setdatasource", Values: map[string]string{"Text": "Hello $(DisplayName)"}, Next: "tell"},
				"tell":  {Type: "sendsms", Gateway: "default", From: "Acme", To: "$(CLID)", Message: "$(Text)\ncase $(Ref)", Next: "queue", On: map[string]string{"failure": "pause"}},
				"pause": {Type: "wait", For: &five, Next: "queue"},
				"queue": {Type: "queue", Groups: []string{"support"}, Wrap: &wrap, Duration: &hours, Disposition: true, On: map[string]string{"duration": "late", "declined": "late"}},
				"late":  {Type: "end"},
				"night": {Type: "goto", Plan: "Night"},
			}},
			{Name: "Ask", Start: "crm", Applets: map[string]switchyard.Applet{
				"crm": {Type: "dataconnector", Method: "POST", URL: "https://crm.example.com/$(Ref:URL)?key=#(token)", Body: `{"who":"$(DisplayName:JSON)"}`,
					Headers: map[string]string{"X-Api-Key": "#(token)", "Accept": "application/json"},
					Result:  map[string]string{"Tier": "$.tier"}, Next: "tier", On: map[string]string{"timeout": "late"}},
				"tier": {Type: "datarouter", Rules: []switchyard.Rule{{Source: "Tier", Operator: "equals", Value: "gold", Next: "mail"}}, On: map[string]string{"nomatch": "late"}},
				"mail": {Type: "sendemail", Gateway: "office", To: "vip@example.com", Subject: "Gold: $(DisplayName)", Text: "Call back.", Next: "late"},
				"late": {Type: "end", Outcome: "Asked"},
			}},
			{Name: "Night", Start: "bye", Applets: map[string]switchyard.Applet{"bye": {Type: "end", Outcome: "Closed"}}},
			{Name: "Survey", Start: "ask", Applets: map[string]switchyard.Applet{
				"ask": {Type: "sendsms", Gateway: "default", To: "$(CLID)", Message: "How was it? ($(InteractionOutcome))"}}},
		},
		Dispositions: []string{"Solved"},
		Routes: []switchyard.Route{{Name: "Cases", Plan: "Cases", After: "Survey", DataSources: map[string]string{"Team": "EMEA"}},
			{Name: "Plain", Plan: "Cases"}, {Name: "Ask", Plan: "Ask"}},
	}
}

func options(route string) Options {
	return Options{Document: account(), At: at("2026-11-23T12:00:00Z"),
		Providers: []switchyard.Register{{Provider: "Crm", Endpoint: "https://crm.example.com/", Permitted: switchyard.Permissions{Release: true}}},
		Call: &switchyard.Invoke{Provider: "Crm", Requests: []switchyard.Request{{RequestID: "r", ExternalID: "case-17", Route: route,
			Linked: []switchyard.Linked{{Type: "clid", Value: "+447700900123"}, {Type: "name", Value: "Ada"},
				{Type: "interactionproperty", Key: "Ref", Value: "17"}}}}}}
}

// Each run is held against the report it gave before, which a person has read.
func TestRuns(t *testing.T) {
	for name, change := range map[string]func(o *Options){
		"waits":    func(*Options) {},
		"night":    func(o *Options) { o.Call.Requests[0].Route = "Plain" },
		"failure":  func(o *Options) { o.Answers = map[string]Answer{"cases/TELL": {Detail: "no such number"}} },
		"duration": func(o *Options) { o.For = 5 * switchyard.Hour },
		"time":     func(o *Options) { o.For = switchyard.Minute },
		"agents": func(o *Options) {
			o.Presences = []switchyard.SetPresence{{Agent: "ada", Presence: "Ready"}, {Agent: "bo", Presence: "Away"}}
		},
		"kept": func(o *Options) {
			o.Providers[0].Permitted.Release = false
			o.Presences = []switchyard.SetPresence{{Agent: "ada", Presence: "Ready"}}
		},
		"connector": func(o *Options) {
			o.Call.Requests[0].Route = "Ask"
			o.Answers = map[string]Answer{"crm": {OK: true, Status: 200, Values: map[string]string{"Tier": "gold"}}}
		},
		"answer": func(o *Options) {
			o.Call.Requests[0].Route = "Ask"
			o.Answers = map[string]Answer{"crm": {Headers: map[string]string{"Content-Type": "application/json"}, Body: json.RawMessage(`{"tier":"gold"}`)}}
		},
		"refused": func(o *Options) {
			o.Call.Requests[0].Route = "Ask"
			o.Answers = map[string]Answer{"crm": {Status: 404, Body: json.RawMessage(`"no such customer"`)}}
		},
		"silence": func(o *Options) {
			o.Call.Requests[0].Route = "Ask"
			o.Answers = map[string]Answer{"Ask/crm": {Timeout: true}}
		},
		"after": func(o *Options) {
			o.Presences = []switchyard.SetPresence{{Agent: "ada", Presence: "Ready"}}
			o.Answers = map[string]Answer{"ask": {Detail: "gateway is away"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := options("Cases")
			change(&o)
			r, err := Run(o)
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if err := r.WriteText(&got); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(got.String(), "never-shown") {
				t.Error("a secret shows")
			}
			path := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil || got.String() != string(want) {
				t.Errorf("the report is\n%s\nnot\n%s (%v)", &got, want, err)
			}
		})
	}
}

func TestRefusedRequest(t *testing.T) {
	r, err := Run(options("Nowhere"))
	if err != nil || r.Result.Status != switchyard.StatusFailed || r.Result.Code != switchyard.RouteUnknown || len(r.Steps) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestWhatCannotBeRun(t *testing.T) {
	for name, change := range map[string]func(o *Options){
		"requests": func(o *Options) { o.Call.Requests = append(o.Call.Requests, o.Call.Requests[0]) },
		"presence": func(o *Options) { o.Presences = []switchyard.SetPresence{{Agent: "ada", Presence: "Asleep"}} },
		"agent":    func(o *Options) { o.Presences = []switchyard.SetPresence{{Agent: "zoe", Presence: "Ready"}} },
		"document": func(o *Options) { o.Document.Routes[0].Plan = "Nothing" },
	} {
		o := options("Cases")
		change(&o)
		if r, err := Run(o); err == nil {
			t.Errorf("%s: ran to %+v", name, r)
		}
	}
}
