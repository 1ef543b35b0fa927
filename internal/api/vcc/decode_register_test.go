package vcc

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard"
)

func TestDecodeRegister(t *testing.T) {
	cases := []struct {
		name, body string
		want       switchyard.ProviderEntry
	}{
		{"everything", `{"provider":"P","endpoint":"https://e/x","headers":{"X-A":"1","x-b":"2"},"agentactionspermitted":{"release":1,"hold":0,"transferToAgent":1,"TRANSFERTOROUTE":1}}`,
			switchyard.ProviderEntry{Name: "P", Endpoint: "https://e/x", Headers: map[string]string{"X-A": "1", "x-b": "2"},
				AgentActionsPermitted: map[string]int{"release": 1, "hold": 0, "transfertoagent": 1, "transfertoroute": 1}}},
		{"names in any case", `{"Provider":"P","EndPoint":"e"}`, switchyard.ProviderEntry{Name: "P", Endpoint: "e"}},
		{"null is absent", `{"provider":"P","endpoint":null,"headers":null,"agentactionspermitted":null}`, switchyard.ProviderEntry{Name: "P"}},
		{"null is absent deeper", `{"headers":{"X":null},"agentactionspermitted":{"hold":null}}`,
			switchyard.ProviderEntry{Headers: map[string]string{}, AgentActionsPermitted: map[string]int{}}},
		{"booleans and texts", `{"agentactionspermitted":{"release":true,"hold":false,"transferToAgent":"1","transferToRoute":"0"}}`,
			switchyard.ProviderEntry{AgentActionsPermitted: map[string]int{"release": 1, "hold": 0, "transfertoagent": 1, "transfertoroute": 0}}},
		{"unknown members", `{"x":{"a":[1]},"provider":"P"}`, switchyard.ProviderEntry{Name: "P"}},
	}
	for _, c := range cases {
		got, err := decodeRegister([]byte(c.body))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestDecodeRegisterRefuses(t *testing.T) {
	cases := []struct{ name, body, has string }{
		{"no body", ``, "empty"},
		{"an array", `[]`, "must be an object"},
		{"provider a number", `{"provider":1}`, "provider must be a string"},
		{"endpoint an object", `{"endpoint":{}}`, "endpoint must be a string"},
		{"headers an array", `{"headers":[]}`, "headers must be an object"},
		{"a header that is a number", `{"headers":{"X-A":1}}`, "headers.X-A must be a string"},
		{"a header twice but for case", `{"headers":{"X-A":"1","x-a":"2"}}`, "twice"},
		{"permissions no object", `{"agentactionspermitted":1}`, "agentactionspermitted must be an object"},
		{"an unknown operation", `{"agentactionspermitted":{"consult":1}}`, "consult"},
		{"two", `{"agentactionspermitted":{"release":2}}`, "release must be 0 or 1"},
		{"minus one", `{"agentactionspermitted":{"release":-1}}`, "0 or 1"},
		{"a half", `{"agentactionspermitted":{"release":0.5}}`, "0 or 1"},
		{"another text", `{"agentactionspermitted":{"release":"yes"}}`, "0 or 1"},
		{"an array", `{"agentactionspermitted":{"release":[1]}}`, "not an array"},
		{"an operation twice", `{"agentactionspermitted":{"release":1,"Release":0}}`, "twice"},
		{"a member twice", `{"provider":"a","PROVIDER":"b"}`, "twice"},
		{"something after", `{"provider":"a"}{}`, "follows"},
		{"cut short", `{"headers":{"a"`, "before it is complete"},
		{"nonsense", `{"headers":{"a" "b"}}`, "not valid JSON"},
		{"a missing value", `{"agentactionspermitted":{"release":}}`, "not valid JSON"},
	}
	for _, c := range cases {
		got, err := decodeRegister([]byte(c.body))
		if err == nil || !strings.Contains(err.Error(), c.has) {
			t.Errorf("%s: %+v, %v; want a refusal with %q", c.name, got, err, c.has)
		}
	}
}
