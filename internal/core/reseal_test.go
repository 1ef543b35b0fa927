package core

import (
	"strings"
	"testing"

	"switchyard"
)

// A reseal replaces every place a text stands at, makes no version, and survives a rebuild and being
// decided again.
func TestReseal(t *testing.T) {
	ring := switchyard.Duration(90 * switchyard.Second)
	doc := switchyard.Account{Account: "acme", Secrets: map[string]string{"a": "s1:one", "b": "s1:two"},
		Settings: switchyard.Settings{NoAnswer: &ring, FairUse: &switchyard.FairUse{Rate: 1.5}},
		Gateways: switchyard.Gateways{SMS: map[string]switchyard.Gateway{"g": {Type: "http", URL: "https://x.example/", Body: "s1:one", Timeout: &ring}}},
		Plans:    []switchyard.Plan{{Name: "P", Start: "q", Applets: map[string]switchyard.Applet{"q": {Type: "queue", Ring: &switchyard.Length{Fixed: ring}}}}},
		Routes:   []switchyard.Route{{Name: "R", Plan: "P"}}}
	p := &player{world: newWorld(t, doc)}
	p.must(&switchyard.Invoke{Requests: []switchyard.Request{{Route: "R"}}}) // holds version 1
	doc.Secrets = map[string]string{"a": "s1:three", "b": "s1:two"}
	p.must(&switchyard.Publish{Document: doc, Source: "test"})
	p.must(&switchyard.Register{Provider: "Crm", Headers: "s1:headers", Secret: "s1:four"})
	p.must(&switchyard.RotateSecret{Provider: "Crm", Secret: "s1:five"})
	p.must(&switchyard.SaveDraft{Name: "next", Document: doc})
	before := p.s.Config()
	was := before.Document
	p.must(&switchyard.Reseal{Key: "k", Texts: []switchyard.Resealed{
		{Old: "s1:one", New: "s2:k:1"}, {Old: "s1:three", New: "s2:k:3"}, {Old: "s1:headers", New: "s2:k:h"},
		{Old: "s1:four", New: "s2:k:4"}, {Old: "s1:five", New: "s2:k:5"}, {Old: "s1:gone", New: "s2:k:g"}}})
	var all []string
	p.s.EachSealed(func(text switchyard.Sealed) { all = append(all, string(text)) })
	if n := strings.Count(strings.Join(all, " "), "s1:"); n != 4 || len(all) != 3+3+3+3+3 { // s1:two, which was not named
		t.Errorf("sealed texts %v", all)
	}
	now := p.s.Config()
	if now != before || now.Version != 2 || now.Document == was || was.Secrets["a"] != "s1:three" {
		t.Errorf("the document that others may read was changed, or a version made: %v", was.Secrets)
	}
	if now.Document.Gateways.SMS["g"].Body != "s2:k:1" || *now.Document.Gateways.SMS["g"].Timeout != ring || now.Document.Settings.FairUse.Rate != 1.5 {
		t.Errorf("document %+v", now.Document)
	}
	c := p.s.Provider("Crm")
	if c.Headers != "s2:k:h" || c.Secret != "s2:k:5" || c.Old != "s2:k:4" {
		t.Errorf("provider %+v", c)
	}
	if d := p.do(&switchyard.Reseal{Key: "k"}); len(d.Events) != 0 {
		t.Errorf("nothing to seal anew, yet %d events", len(d.Events))
	}
	p.checkRebuilt()
}
