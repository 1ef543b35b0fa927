package report

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/journal"
)

func TestEachEvent(t *testing.T) {
	id := switchyard.NewID(1, 2, 3)
	on, with := switchyard.On{Interaction: id}, switchyard.With{Interaction: id, Agent: "a\"\\\\{\u00e4}"}
	events := []switchyard.Event{
		&switchyard.Dispatched{On: on, Route: `"}]{[\"`, Linked: []switchyard.Linked{{Type: "name", Value: `\`}}},
		&switchyard.Enqueued{On: on, Plan: "P", Applet: "q", Since: 5},
		&switchyard.PersonalEnded{On: on, Why: "declined"}, // nothing counts it
		&switchyard.OfferMade{With: with, Size: 20},
		&switchyard.HeldEvent{With: with},
	}
	encoded, err := journal.EncodeEvents(events)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	err = eachEvent(encoded, func(kind, agent string, data []byte) error {
		got = append(got, fmt.Sprint(kind, " ", agent))
		var any map[string]any
		return json.Unmarshal(data, &any)
	})
	want := []string{"interaction.dispatched ", "interaction.queued ", " ", "interaction.offered " + with.Agent, "interaction.held " + with.Agent}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%q, want %q; %v", got, want, err)
	}
	if err := eachEvent([]byte("[]"), nil); err != nil {
		t.Error(err)
	}
}

// FuzzEachEvent holds the reading of events against the journal's own.
func FuzzEachEvent(f *testing.F) {
	f.Add([]byte(`[{"type":"interaction.held","interaction":"0193f6a0-7c1e-7000-8000-0000a1b2c3d4","agent":"a\"b","data":{}},` +
		`{"type":"interaction.left","interaction":"0193f6a0-7c1e-7000-8000-0000a1b2c3d4","data":{"plan":"}","applet":"\\","exit":""}}]`))
	for _, bad := range []string{"", "[", "{}", `[{]`, `[{"type"}]`, `[{"type":1,"data":{}}]`, `[{"data":"}`, `[{}]`, `[{"a":"b"}]`, `[{"type":"\`} {
		f.Add([]byte(bad))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		err := eachEvent(b, func(kind, agent string, data []byte) error { n++; return nil })
		events, its := journal.DecodeEvents(b)
		if its != nil {
			return // it need not find every fault
		}
		if again, _ := journal.EncodeEvents(events); !bytes.Equal(again, b) {
			return // it need not read what our encoder would not write
		}
		if err != nil || n != len(events) {
			t.Errorf("%s: %d events, not %d: %v", b, n, len(events), err)
		}
	})
}
