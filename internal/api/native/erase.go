package native

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"switchyard"
	"switchyard/internal/core"
)

// Erase takes names, clid, properties, urls and what plans made of them out of a document of the
// tables (RULINGS 8): of kind "ended" an interaction, of kind "timeline" a list of events.
func Erase(kind string, document []byte) ([]byte, error) {
	switch kind {
	case "ended":
		return eraseEnded(document)
	case "timeline":
		return eraseTimeline(document)
	}
	return nil, fmt.Errorf("erase: documents of kind %q are not known", kind)
}

func eraseEnded(document []byte) ([]byte, error) {
	r := new(core.Record)
	if err := json.Unmarshal(document, r); err != nil {
		return nil, fmt.Errorf("erase ended interaction: %w", err)
	}
	r.Linked, r.Values = impersonal(r.Linked), nil
	return json.Marshal(r, json.Deterministic(true))
}

// impersonal keeps the entries that say nothing about a person.
func impersonal(linked []switchyard.Linked) (kept []switchyard.Linked) {
	for _, l := range linked {
		switch l.Type {
		case "clid", "name", "url", "interactionproperty":
		default:
			kept = append(kept, l)
		}
	}
	return kept
}

// members is a JSON object some members of which are changed.
type members map[string]jsontext.Value

func eraseTimeline(document []byte) ([]byte, error) {
	var events []members
	if err := json.Unmarshal(document, &events); err != nil {
		return nil, fmt.Errorf("erase timeline: %w", err)
	}
	for _, e := range events {
		if err := eraseEvent(e); err != nil {
			return nil, fmt.Errorf("erase timeline: %w", err)
		}
	}
	return json.Marshal(events, json.Deterministic(true))
}

func eraseEvent(e members) error {
	var kind string
	if err := json.Unmarshal(e["type"], &kind); err != nil {
		return err
	}
	switch kind {
	case "interaction.dispatched":
		return e.change("data", func(data members) error {
			return data.eraseLinked()
		})
	case "interaction.stepped":
		return e.change("data", func(data members) error {
			delete(data, "values")
			return nil
		})
	case "effect.requested":
		return e.change("data", func(data members) error {
			return data.change("effect", func(effect members) error {
				delete(effect, "from")
				delete(effect, "to")
				delete(effect, "message")
				return nil
			})
		})
	}
	return nil
}

func (m members) eraseLinked() error {
	if m["linkeddata"] == nil {
		return nil
	}
	var linked []switchyard.Linked
	if err := json.Unmarshal(m["linkeddata"], &linked); err != nil {
		return err
	}
	text, err := json.Marshal(impersonal(linked))
	m["linkeddata"] = text
	return err
}

// change lets f change the object that is a member.
func (m members) change(name string, f func(members) error) error {
	var inner members
	if err := json.Unmarshal(m[name], &inner); err != nil {
		return err
	}
	if err := f(inner); err != nil {
		return err
	}
	text, err := json.Marshal(inner, json.Deterministic(true))
	m[name] = text
	return err
}
