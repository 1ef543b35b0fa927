package native

import (
	"fmt"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"switchyard"
	"switchyard/internal/engine"
)

func TestLineIsAsMarshalled(t *testing.T) {
	id, correlation := switchyard.NewID(1_795_000_000_000, 7, 9), switchyard.NewID(1_795_000_000_001, 8, 9)
	for _, h := range []Happening{
		{Data: jsontext.Value("{}")},
		{Seq: 1 << 39, N: 12, At: 1_795_000_000_123, Type: "interaction.offered", Account: "acme", Interaction: id, Agent: "ada",
			By: "client:crm", Correlation: correlation, Data: jsontext.Value(`{"size":20}`)},
		{Type: `quo"te`, Account: "a\\b\n", Agent: "Zoë <&> \u2028", By: "user:\x7f", Data: jsontext.Value(`{"name":"Zoë"}`)},
	} {
		want, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.appendTo(nil); string(got) != string(want) {
			t.Errorf("\n%s\nshould be\n%s", got, want)
		}
	}
}

// BenchmarkFeed writes a row of a thousand offers for a reader of the stream.
func BenchmarkFeed(b *testing.B) {
	row := engine.FeedRow{Seq: 7, At: 1_795_000_000_000, By: "system"}
	reason := switchyard.Reason{At: row.At, Order: switchyard.OrderKey{Band: switchyard.Normal, WaitingSince: row.At - 65_000, Place: 1},
		Requires: []string{"billing"}, Prefers: []string{"german"}, Considered: 2,
		Chosen: switchyard.Standing{Agent: "ada", Prefers: 1, Level: 9, IdleSince: row.At - 12_000}}
	for n := range 5 {
		reason.Next = append(reason.Next, switchyard.Standing{Agent: fmt.Sprint("bo", n), Level: 5, IdleSince: row.At - 90_000, Lost: "prefers"})
	}
	for n := range 1000 {
		with := switchyard.With{Interaction: switchyard.NewID(row.At, uint64(n), 9), Agent: "ada"}
		row.Events = append(row.Events, &switchyard.OfferMade{With: with, Size: 20, Until: row.At + 20_000, Reason: reason})
	}
	filter := feedFilter{types: []string{"interaction.offered"}}
	var line []byte
	b.ReportAllocs()
	for b.Loop() {
		found, err := filter.show("acme", row, switchyard.Cursor{})
		if err != nil || len(found) != 1000 {
			b.Fatal(len(found), err)
		}
		for n := range found {
			line = found[n].appendTo(line[:0])
		}
	}
}
