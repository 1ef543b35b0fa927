package app

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/core"
	"switchyard/internal/journal"
	"switchyard/internal/tables/sqlite"
)

// erase takes names, clid, properties and urls, and what plans made of them, out of what the tables
// keep of an ended interaction (RULINGS 8). The journal forgets by its retention.
func erase(kind string, document []byte) ([]byte, error) {
	if kind == sqlite.KindTimeline {
		return eraseTimeline(document)
	}
	var r core.Record
	if err := json.Unmarshal(document, &r); err != nil {
		return nil, fmt.Errorf("erase personal data: %w", err)
	}
	r.Linked, r.Values, r.Fault = impersonal(r.Linked), nil, ""
	return json.Marshal(&r)
}

func eraseTimeline(document []byte) ([]byte, error) {
	events, err := journal.DecodeEvents(document)
	if err != nil {
		return nil, fmt.Errorf("erase personal data: %w", err)
	}
	for _, e := range events {
		switch e := e.(type) {
		case *switchyard.Dispatched:
			e.Linked = impersonal(e.Linked)
		case *switchyard.Stepped:
			e.Values, e.Fault = nil, "" // a fault may quote a value
		case *switchyard.EffectRequested:
			e.Effect.From, e.Effect.To, e.Effect.Message, e.Effect.Values = "", nil, "", nil
			e.Effect.Subject, e.Effect.HTML = "", ""
		case *switchyard.EffectAttempted:
			e.Exchange = nil
		case *switchyard.EffectFinished:
			e.Exchange = nil
		case *switchyard.EffectReported:
			e.To = ""
		}
	}
	return journal.EncodeEvents(events)
}

// impersonal keeps the linkeddata that names nobody.
func impersonal(linked []switchyard.Linked) []switchyard.Linked {
	var kept []switchyard.Linked
	for _, l := range linked {
		if l.Type == "mediatype" {
			kept = append(kept, l)
		}
	}
	return kept
}
