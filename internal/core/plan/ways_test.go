package plan

import (
	"slices"
	"testing"

	"switchyard"
)

func TestWaysOfAnApplet(t *testing.T) {
	doc := &switchyard.Account{Account: "acme", Gateways: switchyard.Gateways{SMS: map[string]switchyard.Gateway{"g": {Type: "log"}}},
		Plans: []switchyard.Plan{{Name: "P", Start: "Zed", Applets: map[string]switchyard.Applet{
			"Zed": {Type: TypeDataRouter, Rules: []switchyard.Rule{{Source: "Team", Operator: "equals", Value: "EMEA", Next: "SPLIT"},
				{Source: "Note", Operator: "isnull", Next: "sms"}, {When: `data.Team == "X"`, Next: "sms"}}},
			"split": {Type: TypeSplit, Branches: []switchyard.Branch{{Weight: 1, Next: "q"}, {Weight: 2, Next: "q"}}},
			"sms":   {Type: TypeSendSMS, Gateway: "g", To: "447700900123", Message: "m", Next: "q"},
			"q":     {Type: TypeQueue, On: map[string]string{"noagents": "e"}},
			"e":     {Type: TypeEnd, Outcome: "Sent"},
		}}}}
	set, faults := Compile(doc)
	for _, f := range faults {
		if !f.Warning {
			t.Fatal(f)
		}
	}
	p := set.Plan("p")
	if names := p.Names(); !slices.Equal(names, []string{"Zed", "e", "q", "sms", "split"}) {
		t.Errorf("names %v", names)
	}
	for name, want := range map[string][]Way{
		"Zed": {{"rule 1", "split", "", "Team equals EMEA"}, {"rule 2", "sms", "", "Note isnull"}, {"rule 3", "sms", "", `data.Team == "X"`},
			{"nomatch", "", switchyard.OutcomeOther, ""}},
		"split": {{"branch 1", "q", "", "33.3 %"}, {"branch 2", "q", "", "66.7 %"}},
		"sms":   {{"next", "q", "", ""}, {"failure", "", switchyard.OutcomeOther, ""}},
		"q":     {{"noagents", "e", "", ""}},
		"e":     nil,
	} {
		if got := p.Applets[name].Ways(); !slices.Equal(got, want) {
			t.Errorf("%s has the ways %v, want %v", name, got, want)
		}
	}
	if w, ok := p.Applets["Zed"].WayOf("rule 2"); !ok || w.Next != "sms" || p.Applets["Zed"].Source("rule 2") != "Note" {
		t.Errorf("rule 2 is %v, %v", w, ok)
	}
}
