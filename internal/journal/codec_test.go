package journal_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard"
	"switchyard/internal/journal"
)

// fill sets every member of v to a value that is not its zero, so that a member that is lost on
// the way shows. n makes values differ from one another.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), n)
			}
		}
		switch l := v.Addr().Interface().(type) { // is one or the other
		case *switchyard.Length:
			if l.Text = "$(" + l.Text + ")"; *n%2 == 0 {
				l.Text = ""
			} else {
				l.Fixed = 0
			}
		case *switchyard.Seconds:
			if l.Text = "$(" + l.Text + ")"; *n%2 == 0 {
				l.Text = ""
			} else {
				l.Fixed = 0
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 3 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, n)
			fill(value, n)
			v.SetMapIndex(key, value)
		}
	case reflect.Array:
		for i := range v.Len() {
			v.Index(i).SetUint(uint64(*n + i))
		}
	case reflect.String:
		v.SetString("text \"" + strings.Repeat("ä<&>", *n%3) + "\u2028" + string(rune('a'+*n%26)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n)*1001 + 7)
	case reflect.Uint64:
		v.SetUint(1<<63 + uint64(*n))
	case reflect.Uint8: // a class or a band
		v.SetUint(1 + uint64(*n%2))
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.25)
	default:
		panic("fill has no value for a " + v.Kind().String())
	}
}

func filledEvent(kind string) switchyard.Event {
	n := len(kind)
	e := switchyard.Placed[kind](switchyard.ID{}, "")
	fill(reflect.ValueOf(e).Elem(), &n)
	return e
}

func TestEveryEventComesBackAsItWas(t *testing.T) {
	var all []switchyard.Event
	for kind := range switchyard.Placed {
		t.Run(kind, func(t *testing.T) {
			want := filledEvent(kind)
			all = append(all, want)
			roundTripEvents(t, []switchyard.Event{want})
			roundTripEvents(t, []switchyard.Event{switchyard.Placed[kind](switchyard.ID{}, "")})
		})
	}
	roundTripEvents(t, all)
	roundTripEvents(t, nil)
}

func roundTripEvents(t *testing.T, want []switchyard.Event) {
	t.Helper()
	b, err := journal.EncodeEvents(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := journal.DecodeEvents(b)
	if err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	same(t, b, got, want)
	again, err := journal.EncodeEvents(got)
	if err != nil || !bytes.Equal(again, b) {
		t.Errorf("encoded again (%v):\n%s\nfirst:\n%s", err, again, b)
	}
}

func TestEveryInputComesBackAsItWas(t *testing.T) {
	for kind, empty := range switchyard.Inputs {
		t.Run(kind, func(t *testing.T) {
			n := len(kind)
			want := &switchyard.Envelope{}
			fill(reflect.ValueOf(want).Elem().FieldByName("Seq"), &n)
			for _, name := range []string{"At", "By", "Correlation", "Entropy", "Key", "Body"} {
				fill(reflect.ValueOf(want).Elem().FieldByName(name), &n)
			}
			want.Input = empty()
			fill(reflect.ValueOf(want.Input).Elem(), &n)
			roundTripInput(t, want)
			roundTripInput(t, &switchyard.Envelope{Input: empty()})
			roundTripInput(t, &switchyard.Envelope{At: switchyard.Never, Input: empty()})
		})
	}
}

func roundTripInput(t *testing.T, want *switchyard.Envelope) {
	t.Helper()
	b, err := journal.EncodeInput(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := journal.DecodeInput(want.Seq, b)
	if err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	same(t, b, got, want)
	again, err := journal.EncodeInput(got)
	if err != nil || !bytes.Equal(again, b) {
		t.Errorf("encoded again (%v):\n%s\nfirst:\n%s", err, again, b)
	}
}

// same compares; an empty list or map and none are the same, for JSON cannot tell them apart.
func same(t *testing.T, b []byte, got, want any) {
	t.Helper()
	empty := cmp.FilterValues(func(x, y any) bool {
		vx, vy := reflect.ValueOf(x), reflect.ValueOf(y)
		return vx.IsValid() && vy.IsValid() && vx.Type() == vy.Type() &&
			(vx.Kind() == reflect.Slice || vx.Kind() == reflect.Map) && vx.Len() == 0 && vy.Len() == 0
	}, cmp.Comparer(func(any, any) bool { return true }))
	ours := cmp.Exporter(func(reflect.Type) bool { return true })
	if diff := cmp.Diff(want, got, empty, ours); diff != "" {
		t.Errorf("(-want +got)\n%s\n%s", diff, b)
	}
}

// TestRowText pins the form of a row: old journals are read for ever.
func TestRowText(t *testing.T) {
	id := switchyard.NewID(1_795_000_000_000, 1, 2)
	env := &switchyard.Envelope{
		Seq: 9, At: 1_795_000_000_000, By: "client:crm", Correlation: id, Entropy: 1<<64 - 1,
		Input: &switchyard.Invoke{Provider: "crm", Requests: []switchyard.Request{{RequestID: "r1", Route: "R"}}},
	}
	got, err := journal.EncodeInput(env)
	want := `{"type":"invoke","at":"2026-11-18T11:06:40.000Z","by":"client:crm","correlation":"` + id.String() +
		`","entropy":"18446744073709551615","data":{"provider":"crm","requests":[{"requestid":"r1","route":"R"}]}}`
	if err != nil || string(got) != want {
		t.Errorf("input %v\n%s\nwant\n%s", err, got, want)
	}
	got, err = journal.EncodeEvents([]switchyard.Event{
		&switchyard.Joined{With: switchyard.With{Interaction: id, Agent: "ada"}, How: "accept"},
		&switchyard.ServerStarted{},
	})
	want = `[{"type":"interaction.connected","interaction":"` + id.String() +
		`","agent":"ada","data":{"how":"accept"}},{"type":"server.started","data":{}}]`
	if err != nil || string(got) != want {
		t.Errorf("events %v\n%s\nwant\n%s", err, got, want)
	}
}

func TestWhatCannotBeReadSaysWhy(t *testing.T) {
	events := map[string]string{
		`[{"type":"interaction.beamed","data":{}}]`: `event type "interaction.beamed" is not known`,
		`[{"data":{},"type":"server.started"}]`:     `"type" must stand before "data"`,
		`[{"type":"server.started"}]`:               `"data" is missing`,
		`[{"type":"server.started","data":{}}`:      `EOF`,
		`[{"type":"server.started","data":{}}] []`:  `more follows`,
		`{}`:                     `found { where [ belongs`,
		`[{"type":7,"data":{}}]`: `found number where a string belongs`,
		`[{"type":"interaction.held","interaction":"x","data":1}]`: `"x" is no id`,
	}
	for text, want := range events {
		if _, err := journal.DecodeEvents([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	_, err := journal.DecodeInput(5, []byte(`{"type":"teleport","at":"","data":{}}`))
	if !errors.Is(err, journal.ErrNewer) || !strings.Contains(err.Error(), `row 5: input type "teleport"`) {
		t.Errorf("unknown input: %v", err)
	}
}

// TestLaterMembersAreLeftOut: a row may hold members a later version added.
func TestLaterMembersAreLeftOut(t *testing.T) {
	got, err := journal.DecodeEvents([]byte(
		`[{"type":"server.started","trace":{"a":[1]},"data":{"later":[1,{}]},"more":null}]`))
	if err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestTextThatIsNoUTF8IsRepaired(t *testing.T) {
	b, err := journal.EncodeEvents([]switchyard.Event{&switchyard.EffectFinished{Detail: "bad \xff byte"}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := journal.DecodeEvents(b)
	if err != nil || got[0].(*switchyard.EffectFinished).Detail != "bad \ufffd byte" {
		t.Errorf("%v, %v", got, err)
	}
}

func FuzzDecode(f *testing.F) {
	for kind := range switchyard.Placed {
		b, _ := journal.EncodeEvents([]switchyard.Event{filledEvent(kind)})
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if events, err := journal.DecodeEvents(b); err == nil {
			if _, err := journal.EncodeEvents(events); err != nil {
				t.Errorf("decoded, but cannot be encoded: %v", err)
			}
		}
		if env, err := journal.DecodeInput(1, b); err == nil {
			if _, err := journal.EncodeInput(env); err != nil {
				t.Errorf("decoded, but cannot be encoded: %v", err)
			}
		}
	})
}

func typicalRow() (*switchyard.Envelope, []switchyard.Event) {
	at := switchyard.Instant(1_795_000_000_000)
	id, hour := switchyard.NewID(at, 7, 9), int64(3600)
	linked := []switchyard.Linked{
		{Type: "property", Label: "Team", Value: "EMEA"}, {Type: "name", Value: "Grace Hopper"},
		{Type: "clid", Value: "+441632960961"}, {Type: "url", Label: "Case", Value: "https://crm.example/case/5001"},
	}
	env := &switchyard.Envelope{At: at, By: "client:crm", Correlation: id, Entropy: 88172645463325252,
		Input: &switchyard.Invoke{Provider: "crm", Requests: []switchyard.Request{{
			RequestID: "c3a1f5b2-req", ExternalID: "5001x00000AbCdE", Route: "CrmCallRouting", Linked: linked,
			Skills: []switchyard.Skill{{Name: "skillMandatory"}, {Name: "skillExpiring", ExpiryAfter: &hour}},
		}}}}
	on, with := switchyard.On{Interaction: id}, switchyard.With{Interaction: id, Agent: "ada"}
	return env, []switchyard.Event{
		&switchyard.Dispatched{On: on, RequestID: "c3a1f5b2-req", ExternalID: "5001x00000AbCdE", Provider: "crm",
			Route: "CrmCallRouting", Version: 3, Linked: linked,
			Demands: []switchyard.Demand{{Skill: "skillMandatory", Until: switchyard.Never}, {Skill: "skillExpiring", Until: at + 3_600_000}}},
		&switchyard.Enqueued{On: on, Plan: "Cases", Applet: "queue", Version: 3, Since: at},
		&switchyard.OfferMade{With: with, Size: 20, Until: at + 20_000, Reason: switchyard.Reason{
			At: at, Order: switchyard.OrderKey{Band: 3, WaitingSince: at, Place: 1}, Requires: []string{"skillMandatory"},
			Considered: 4, Chosen: switchyard.Standing{Agent: "ada", Prefers: 1, Level: 9, IdleSince: at},
			Next: []switchyard.Standing{{Agent: "bo", Level: 5, IdleSince: at, Lost: "prefers"}}}},
		&switchyard.Processed{Provider: "crm", Results: []switchyard.RequestResult{
			{RequestID: "c3a1f5b2-req", ExternalID: "5001x00000AbCdE", Status: "accepted", Interaction: id}}},
	}
}

func BenchmarkEncodeRow(b *testing.B) {
	env, events := typicalRow()
	b.ReportAllocs()
	for b.Loop() {
		in, err1 := journal.EncodeInput(env)
		ev, err2 := journal.EncodeEvents(events)
		if err1 != nil || err2 != nil {
			b.Fatal(err1, err2)
		}
		b.SetBytes(int64(len(in) + len(ev)))
	}
}

func BenchmarkDecodeRow(b *testing.B) {
	env, events := typicalRow()
	in, _ := journal.EncodeInput(env)
	ev, _ := journal.EncodeEvents(events)
	b.SetBytes(int64(len(in) + len(ev)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := journal.DecodeInput(1, in); err != nil {
			b.Fatal(err)
		}
		if _, err := journal.DecodeEvents(ev); err != nil {
			b.Fatal(err)
		}
	}
}
