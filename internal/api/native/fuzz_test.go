package native

import (
	"net/url"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"switchyard"
)

// Whatever is asked of the feed and of the timelines, the answer is a page of what comes after the
// cursor and fits, which its own cursor goes on from, or a refusal with a code.
func FuzzFeedQuery(f *testing.F) {
	r := newRig(f)
	ops := r.all()
	r.must("story", &switchyard.Invoke{Requests: []switchyard.Request{{ExternalID: "A", Route: "Cases"}, {ExternalID: "B", Route: "Short"}}})
	for _, c := range [][5]string{{"", "", "", "", ""}, {"0", "", "interaction.", "", "1"}, {"1234.0", "", "", "ADA", "1000"}, {"1.0", "2", "interaction.offered,agent.presence", "", "7"}, {"-1", "", "", "", "0"},
		{"1.2 3", "", "", "", ""}, {"18446744073709551615.0", "", "", "", ""}, {"18446744073709551615", "", "", "", ""}, {"9223372036854775808.0", "", "", "", ""}, {"9223372036854775807", "", "", "", ""}, {"1.9223372036854775807", "", "", "", ""},
		{"0", "", ",", "", "1e3"}, {"0", "", ".", "nobody", "9223372036854775808"}, {"0", "\xff", "", "\x00", ""}, {"0.0", "3.0", "", "", "2"}} {
		f.Add(c[0], c[1], c[2], c[3], "", c[4])
	}
	f.Add("0", "", "", "", "0193f6a0-7c1e-7000-8000-0000a1b2c3d4", "5")
	f.Add("0", "", "", "", "no id", "5")
	f.Fuzz(func(t *testing.T, after, last, kinds, agent, interaction, limit string) {
		r.t = t
		query := url.Values{}
		for name, value := range map[string]string{"after": after, "type": kinds, "agent": agent, "interaction": interaction, "limit": limit} {
			if value != "" {
				query.Set(name, value)
			}
		}
		a := ops.with("Accept", "application/json").with("Last-Event-ID", last).do("GET", "/v1/events?"+query.Encode(), "")
		if a.Status != 200 {
			var p Problem
			if err := json.Unmarshal(a.Body, &p); err != nil || p.Code == "" || p.Status != a.Status || a.Status < 400 || a.Status > 499 {
				t.Fatalf("%q answers %d %s (%v)", query, a.Status, a.Body, err)
			}
			return
		}
		page := as[List[Happening]](a)
		from, err := switchyard.ParseCursor(page.Next)
		if err != nil {
			t.Fatalf("%q goes on from %q: %v", query, page.Next, err)
		}
		place := last
		if place == "" {
			place = after
		}
		if place != "" {
			begin, err := switchyard.ParseCursor(place)
			if err != nil {
				t.Fatalf("%q was taken for a cursor", place)
			}
			for _, h := range page.Items {
				if h.Seq < begin.Seq || h.Seq == begin.Seq && h.N <= begin.N {
					t.Fatalf("%d.%d is not after %v", h.Seq, h.N, begin)
				}
			}
		}
		for _, h := range page.Items {
			if h.Seq > from.Seq || h.Seq == from.Seq && h.N > from.N || agent != "" && !same(agent, h.Agent) || interaction != "" && !strings.EqualFold(h.Interaction.String(), interaction) {
				t.Fatalf("%+v in the page of %q that ends at %v", h, query, from)
			}
		}
	})
}
