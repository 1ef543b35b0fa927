package config

import (
	"reflect"
	"strings"

	"switchyard"
)

// nouns are what messages, the JSON Schema and the reference call the parts of a document.
var nouns = map[reflect.Type]string{
	reflect.TypeFor[switchyard.Account]():   "account",
	reflect.TypeFor[switchyard.Settings]():  "settings",
	reflect.TypeFor[switchyard.Capacity]():  "capacity",
	reflect.TypeFor[switchyard.Retention](): "retention",
	reflect.TypeFor[switchyard.FairUse]():   "fairuse",

	reflect.TypeFor[switchyard.ConnectorSettings](): "connectors",
	reflect.TypeFor[switchyard.OIDC]():              "oidc",
	reflect.TypeFor[switchyard.Presence]():          "presence",
	reflect.TypeFor[switchyard.AgentEntry]():        "agent",
	reflect.TypeFor[switchyard.Schedule]():          "schedule",
	reflect.TypeFor[switchyard.Holiday]():           "holiday",
	reflect.TypeFor[switchyard.Exception]():         "exception",
	reflect.TypeFor[switchyard.Gateways]():          "gateways",
	reflect.TypeFor[switchyard.Gateway]():           "gateway",
	reflect.TypeFor[switchyard.Breaker]():           "breaker",
	reflect.TypeFor[switchyard.Plan]():              "plan",
	reflect.TypeFor[switchyard.Applet]():            "applet",
	reflect.TypeFor[switchyard.Reaction]():          "reaction",
	reflect.TypeFor[switchyard.TagSkill]():          "skill",
	reflect.TypeFor[switchyard.TagPersonal]():       "personalqueue",
	reflect.TypeFor[switchyard.Rule]():              "rule",
	reflect.TypeFor[switchyard.Branch]():            "branch",
	reflect.TypeFor[switchyard.Route]():             "route",
	reflect.TypeFor[switchyard.RouteTest]():         "test",
	reflect.TypeFor[switchyard.ProviderEntry]():     "provider",
	reflect.TypeFor[switchyard.ClientEntry]():       "client",
}

// manner is another way than its Go type's in which a member may be written.
type manner uint8

const (
	asLevels   manner = 1 + iota // skill → level, or a list of skills
	asSwitches                   // 0, 1, false, true
	asID                         // text, or a number taken as text
)

var written = map[string]manner{
	"agent.skills":                   asLevels,
	"agent.displayid":                asID,
	"provider.agentactionspermitted": asSwitches,
}

// memberKey is the key under which the tables of this package know a member: agent.skills.
func memberKey(t reflect.Type, name string) string { return nouns[t] + "." + name }

// memberNames lists the keys of a struct in the order of the document.
func memberNames(t reflect.Type) []string {
	names := make([]string, 0, t.NumField())
	for f := range t.Fields() {
		names = append(names, keyOf(f))
	}
	return names
}

func fieldOf(t reflect.Type, key string) reflect.StructField {
	for f := range t.Fields() {
		if keyOf(f) == key {
			return f
		}
	}
	panic("no member " + key + " in " + t.String())
}

func keyOf(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}
