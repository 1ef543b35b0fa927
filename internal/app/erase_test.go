package app

import (
	"strings"
	"testing"

	"switchyard"
	"switchyard/internal/journal"
	"switchyard/internal/tables/sqlite"
)

// What a timeline keeps of a person goes when it is erased: from the interaction, from what plans made
// of it, and from what was sent and answered.
func TestErasedTimelines(t *testing.T) {
	const person = "Grace-Hopper"
	values := map[string]string{"Name": person}
	exchange := &switchyard.Exchange{Method: "GET", URL: "https://h/" + person, RequestBody: person, AnswerBody: person}
	document, err := journal.EncodeEvents([]switchyard.Event{
		&switchyard.Dispatched{Route: "kept", Linked: []switchyard.Linked{{Type: "name", Value: person}, {Type: "url", Value: person}}},
		&switchyard.Stepped{Applet: "kept", Values: values},
		&switchyard.EffectRequested{Effect: switchyard.Effect{Gateway: "kept", From: person, To: []string{person}, Message: person,
			Subject: person, HTML: person, Values: values}},
		&switchyard.EffectAttempted{Status: 503, Exchange: exchange},
		&switchyard.EffectFinished{Status: 200, Exchange: exchange},
	})
	if err != nil {
		t.Fatal(err)
	}
	erased, err := erase(sqlite.KindTimeline, document)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(erased), person) || strings.Count(string(erased), "kept") != 3 {
		t.Errorf("erased: %s", erased)
	}
}
