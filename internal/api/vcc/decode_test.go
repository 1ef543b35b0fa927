package vcc

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard"
)

// presetSkills is the contract's example of a full dispatch.
const presetSkills = `{"provider":"ProviderName","requests":[{"action":"dispatch","requestid":"13141f79-79bb-4e4f-a7bc-a96f3a08d1bb","externalid":"40a4b50f","route":"APIRouting","linkeddata":[{"type":"clid","value":"Cases 40a4b50f"},{"type":"url","label":"40a4b50f","value":"https://vonage.com"},{"type":"name","value":"Case Friendly Name"},{"type":"mediatype","value":"Case-External"}],"routingdata":{"interactiontype":"nonlive","personalqueue":{"agent":"AgentUsername","loggedintimeout":20,"loggedouttimeout":30},"skills":[{"name":"skillOptional","expiryafter":0},{"name":"skillExpiring","expiryafter":60},{"name":"skillMandatory"}]}}]}`

// batch is a body of about the largest size, of requests like the contract's example.
func batch() []byte {
	first := strings.Index(presetSkills, "[") + 1
	element := presetSkills[first : len(presetSkills)-2]
	var b bytes.Buffer
	b.WriteString(presetSkills[:first] + element)
	for n := 1; b.Len()+len(element)+20 < switchyard.MaxBodyBytes; n++ {
		b.WriteString("," + strings.ReplaceAll(element, "40a4b50f", fmt.Sprintf("%08x", n)))
	}
	b.WriteString("]}")
	return b.Bytes()
}

func TestDecodeFullDispatch(t *testing.T) {
	want := &switchyard.Invoke{Provider: "ProviderName", Requests: []switchyard.Request{{
		Action: "dispatch", RequestID: "13141f79-79bb-4e4f-a7bc-a96f3a08d1bb", ExternalID: "40a4b50f", Route: "APIRouting",
		Linked: []switchyard.Linked{
			{Type: "clid", Value: "Cases 40a4b50f"},
			{Type: "url", Label: "40a4b50f", Value: "https://vonage.com"},
			{Type: "name", Value: "Case Friendly Name"},
			{Type: "mediatype", Value: "Case-External"},
		},
		Class: "nonlive",
		Skills: []switchyard.Skill{{Name: "skillOptional", ExpiryAfter: new(int64(0))},
			{Name: "skillExpiring", ExpiryAfter: new(int64(60))}, {Name: "skillMandatory"}},
		PersonalQueue: &switchyard.Personal{Agent: "AgentUsername", LoggedInTimeout: 20, LoggedOutTimeout: 30},
	}}}
	got, err := decodeInvoke([]byte(presetSkills))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestDecodeSharesNothing shows that what was decoded survives the body's buffer and later calls.
func TestDecodeSharesNothing(t *testing.T) {
	body := []byte(presetSkills)
	in, err := decodeInvoke(body)
	if err != nil {
		t.Fatal(err)
	}
	before, _ := stdjson.Marshal(in)
	clear(body)
	if _, err := decodeInvoke([]byte(`{"requests":[{"linkeddata":[{"type":"x","value":"other"}],"routingdata":{"skills":[{"name":"other"}]}}]}`)); err != nil {
		t.Fatal(err)
	}
	if after, _ := stdjson.Marshal(in); !bytes.Equal(before, after) {
		t.Errorf("was %s, is %s", before, after)
	}
}

// request decodes a call of one request.
func request(t *testing.T, element string) switchyard.Request {
	t.Helper()
	in, err := decodeInvoke([]byte(`{"requests":[` + element + `]}`))
	if err != nil {
		t.Fatalf("%s: the whole call is refused: %v", element, err)
	}
	return in.Requests[0]
}

func TestDecodeTolerates(t *testing.T) {
	cases := []struct {
		name, element string
		want          switchyard.Request
	}{
		{"nothing", `{}`, switchyard.Request{}},
		{"names in any case", `{"ACTION":"Release","ExternalId":"x","rOUTE":"r"}`,
			switchyard.Request{Action: "release", ExternalID: "x", Route: "r"}},
		{"names with escapes", `{"\u0072oute":"r"}`, switchyard.Request{Route: "r"}},
		{"texts with escapes", `{"route":"a\u00e9\n\ud83d\ude00"}`, switchyard.Request{Route: "aé\n😀"}},
		{"names with more than case are others", `{"route_":"x","request_id":1,"ıd":2,"Route ":3}`, switchyard.Request{}},
		{"null is absent", `{"action":null,"requestid":null,"externalid":null,"route":null,"linkeddata":null,"routingdata":null}`,
			switchyard.Request{}},
		{"null is absent deeper", `{"linkeddata":[{"type":"url","label":"l","value":null}],"routingdata":{"skills":[{"name":"s","expiryafter":null}],"personalqueue":null,"interactiontype":null}}`,
			switchyard.Request{Linked: []switchyard.Linked{{Type: "url", Label: "l"}}, Skills: []switchyard.Skill{{Name: "s"}}}},
		{"unknown members", `{"a":[{"b":{"c":[1,2,{"d":null}]}}],"route":"r","e":"f"}`, switchyard.Request{Route: "r"}},
		{"numbers as ids keep their text", `{"requestid":42,"externalid":-0.50E+3}`,
			switchyard.Request{RequestID: "42", ExternalID: "-0.50E+3"}},
		{"numbers as text", `{"routingdata":{"skills":[{"name":"s","expiryafter":"60"}],"personalqueue":{"agent":"a","loggedintimeout":"0","loggedouttimeout":2678399}}}`,
			switchyard.Request{Skills: []switchyard.Skill{{Name: "s", ExpiryAfter: new(int64(60))}},
				PersonalQueue: &switchyard.Personal{Agent: "a", LoggedOutTimeout: 2678399}}},
		{"whole numbers however written", `{"routingdata":{"skills":[{"name":"a","expiryafter":60.0},{"name":"b","expiryafter":6e1}]}}`,
			switchyard.Request{Skills: []switchyard.Skill{{Name: "a", ExpiryAfter: new(int64(60))}, {Name: "b", ExpiryAfter: new(int64(60))}}}},
		{"types in any case, others kept", `{"linkeddata":[{"type":"CLID","value":""},{"Type":"UnHeard-Of","Value":"x"},{"type":"object","owner":"o","key":"k","value":"v"}]}`,
			switchyard.Request{Linked: []switchyard.Linked{{Type: "clid"}, {Type: "unheard-of", Value: "x"},
				{Type: "object", Owner: "o", Key: "k", Value: "v"}}}},
		{"fifty characters", `{"linkeddata":[{"type":"clid","value":"` + strings.Repeat("é", 50) + `"}]}`,
			switchyard.Request{Linked: []switchyard.Linked{{Type: "clid", Value: strings.Repeat("é", 50)}}}},
		{"a property of any length", `{"linkeddata":[{"type":"interactionproperty","key":"k","value":"` + strings.Repeat("x", 60) + `"}]}`,
			switchyard.Request{Linked: []switchyard.Linked{{Type: "interactionproperty", Key: "k", Value: strings.Repeat("x", 60)}}}},
		{"an id of 255 bytes", `{"requestid":"` + strings.Repeat("x", 255) + `"}`, switchyard.Request{RequestID: strings.Repeat("x", 255)}},
		{"empty ids", `{"requestid":"","externalid":"","route":""}`, switchyard.Request{}},
	}
	for _, c := range cases {
		if diff := cmp.Diff(c.want, request(t, c.element)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestDecodeFaults(t *testing.T) {
	long := strings.Repeat("x", 256)
	cases := []struct {
		element string
		code    switchyard.Code
		rank    int
		detail  string
	}{
		{`{"action":"hold"}`, switchyard.ActionInvalid, switchyard.RankAction, `requests[0].action is "hold"`},
		{`{"action":""}`, switchyard.ActionInvalid, switchyard.RankAction, "dispatch or release"},
		{`{"action":1}`, switchyard.MemberInvalid, switchyard.RankAction, "requests[0].action must be a string, not a number"},
		{`{"requestid":true}`, switchyard.RequestIDInvalid, switchyard.RankRequestID, "requests[0].requestid"},
		{`{"requestid":{"a":1}}`, switchyard.RequestIDInvalid, switchyard.RankRequestID, "not an object"},
		{`{"requestid":"` + long + `"}`, switchyard.RequestIDInvalid, switchyard.RankRequestID, "256 bytes"},
		{`{"externalid":[]}`, switchyard.ExternalIDInvalid, switchyard.RankExternalID, "not an array"},
		{`{"externalid":"` + long + `"}`, switchyard.ExternalIDInvalid, switchyard.RankExternalID, "256 bytes"},
		{`{"route":["r"]}`, switchyard.MemberInvalid, switchyard.RankRoute, "requests[0].route"},
		{`{"routingdata":{"skills":[],"interactiontype":"live"},"route":7}`, switchyard.MemberInvalid, switchyard.RankRoute, "requests[0].route must"},
		{`{"linkeddata":[{"type":"x"}],"externalid":true}`, switchyard.ExternalIDInvalid, switchyard.RankExternalID, "requests[0].externalid must"},
		{`{"route":7}`, switchyard.MemberInvalid, switchyard.RankRoute, "requests[0].route"},
		{`{"linkeddata":{"type":"clid"}}`, switchyard.MemberInvalid, switchyard.RankLinked, "requests[0].linkeddata must be an array"},
		{`{"linkeddata":[{"type":"x"},3]}`, switchyard.MemberInvalid, switchyard.RankLinked, "requests[0].linkeddata[1] must be an object"},
		{`{"linkeddata":[null]}`, switchyard.MemberInvalid, switchyard.RankLinked, "requests[0].linkeddata[0] must be an object, not null"},
		{`{"linkeddata":[{"type":"clid","value":5}]}`, switchyard.MemberInvalid, switchyard.RankLinked, "requests[0].linkeddata[0].value must be a string"},
		{`{"linkeddata":[{"value":"5"}]}`, switchyard.LinkedDataInvalid, switchyard.RankLinked, "linkeddata[0].type is missing"},
		{`{"linkeddata":[{"type":"clid"}]}`, switchyard.LinkedDataInvalid, switchyard.RankLinked, "linkeddata[0].value is missing"},
		{`{"linkeddata":[{"type":"name","value":null}]}`, switchyard.LinkedDataInvalid, switchyard.RankLinked, "linkeddata[0].value is missing"},
		{`{"linkeddata":[{"type":"mediatype"}]}`, switchyard.LinkedDataInvalid, switchyard.RankLinked, "linkeddata[0].value is missing"},
		{`{"linkeddata":[{"type":"clid","value":"` + strings.Repeat("é", 51) + `"}]}`, switchyard.ValueTooLong, switchyard.RankLinked, "51 characters"},
		{`{"linkeddata":[{"type":"url","value":"v"}]}`, switchyard.LinkedDataInvalid, switchyard.RankLinked, "linkeddata[0].label is missing"},
		{`{"linkeddata":[{"type":"interactionproperty","key":"k"}]}`, switchyard.LinkedDataInvalid, switchyard.RankLinked, "value is missing"},
		{`{"linkeddata":[{"type":"interactionproperty","value":"k"}]}`, switchyard.LinkedDataInvalid, switchyard.RankLinked, "key is missing"},
		{`{"linkeddata":[{"type":"interactionproperty","key":"","value":"k"}]}`, switchyard.LinkedDataInvalid, switchyard.RankLinked, "key is empty"},
		{`{"routingdata":[]}`, switchyard.MemberInvalid, switchyard.RankClass, "requests[0].routingdata must be an object"},
		{`{"routingdata":{"interactiontype":"fax"}}`, switchyard.InteractionTypeInvalid, switchyard.RankClass, `routingdata.interactiontype is "fax"`},
		{`{"routingdata":{"interactiontype":{}}}`, switchyard.MemberInvalid, switchyard.RankClass, "routingdata.interactiontype"},
		{`{"routingdata":{"skills":{}}}`, switchyard.MemberInvalid, switchyard.RankSkills, "requests[0].routingdata.skills must be an array"},
		{`{"routingdata":{"skills":["s"]}}`, switchyard.MemberInvalid, switchyard.RankSkills, "routingdata.skills[0] must be an object"},
		{`{"routingdata":{"skills":[{"expiryafter":1}]}}`, switchyard.MemberInvalid, switchyard.RankSkills, "skills[0].name is missing"},
		{`{"routingdata":{"skills":[{"name":4}]}}`, switchyard.MemberInvalid, switchyard.RankSkills, "skills[0].name must be a string"},
		{`{"routingdata":{"skills":[{"name":"s","expiryafter":2678400}]}}`, switchyard.ExpiryAfterInvalid, switchyard.RankSkills, "2678400"},
		{`{"routingdata":{"skills":[{"name":"s","expiryafter":-1}]}}`, switchyard.ExpiryAfterInvalid, switchyard.RankSkills, "-1"},
		{`{"routingdata":{"skills":[{"name":"s","expiryafter":1.5}]}}`, switchyard.ExpiryAfterInvalid, switchyard.RankSkills, "1.5"},
		{`{"routingdata":{"skills":[{"name":"s","expiryafter":"1.0"}]}}`, switchyard.ExpiryAfterInvalid, switchyard.RankSkills, "1.0"},
		{`{"routingdata":{"skills":[{"name":"s","expiryafter":"+1"}]}}`, switchyard.ExpiryAfterInvalid, switchyard.RankSkills, "+1"},
		{`{"routingdata":{"skills":[{"name":"s","expiryafter":" 1"}]}}`, switchyard.ExpiryAfterInvalid, switchyard.RankSkills, "skills[0].expiryafter"},
		{`{"routingdata":{"skills":[{"name":"s","expiryafter":""}]}}`, switchyard.ExpiryAfterInvalid, switchyard.RankSkills, "skills[0].expiryafter"},
		{`{"routingdata":{"skills":[{"name":"s","expiryafter":1e400}]}}`, switchyard.ExpiryAfterInvalid, switchyard.RankSkills, "1e400"},
		{`{"routingdata":{"skills":[{"name":"s","expiryafter":true}]}}`, switchyard.MemberInvalid, switchyard.RankSkills, "not a boolean"},
		{`{"routingdata":{"personalqueue":"bob"}}`, switchyard.MemberInvalid, switchyard.RankPersonal, "requests[0].routingdata.personalqueue must be an object"},
		{`{"routingdata":{"personalqueue":{"agent":"bob","loggedintimeout":1}}}`, switchyard.PersonalQueueIncomplete, switchyard.RankPersonal, "personalqueue.loggedouttimeout is missing"},
		{`{"routingdata":{"personalqueue":{"agent":"bob","loggedouttimeout":1}}}`, switchyard.PersonalQueueIncomplete, switchyard.RankPersonal, "loggedintimeout is missing"},
		{`{"routingdata":{"personalqueue":{"agent":"","loggedintimeout":1,"loggedouttimeout":1}}}`, switchyard.PersonalQueueIncomplete, switchyard.RankPersonal, "agent is missing"},
		{`{"routingdata":{"personalqueue":{"agent":"bob","loggedintimeout":1,"loggedouttimeout":2678400}}}`, switchyard.TimeoutInvalid, switchyard.RankPersonal, "personalqueue.loggedouttimeout is 2678400"},
		{`{"routingdata":{"personalqueue":{"agent":"bob","loggedintimeout":-1,"loggedouttimeout":1}}}`, switchyard.TimeoutInvalid, switchyard.RankPersonal, "loggedintimeout is -1"},
		{`{"routingdata":{"personalqueue":{"agent":3,"loggedintimeout":1,"loggedouttimeout":1}}}`, switchyard.MemberInvalid, switchyard.RankPersonal, "personalqueue.agent must be a string"},

		// Several faults: the first row of the contract's table counts, however they are written.
		{`{"routingdata":{"interactiontype":"fax"},"linkeddata":[{"type":"clid"}],"externalid":true,"action":"hold"}`,
			switchyard.ActionInvalid, switchyard.RankAction, "action"},
		{`{"routingdata":{"personalqueue":1,"skills":1,"interactiontype":1},"route":1}`, switchyard.MemberInvalid, switchyard.RankRoute, "route"},
		{`{"routingdata":{"personalqueue":1,"skills":1}}`, switchyard.MemberInvalid, switchyard.RankSkills, "routingdata.skills"},
	}
	for _, c := range cases {
		f := request(t, c.element).Fault
		if f == nil || f.Code != c.code || f.Rank != c.rank || !strings.Contains(f.Detail, c.detail) {
			t.Errorf("%s: fault %+v, want %s of rank %d with %q", c.element, f, c.code, c.rank, c.detail)
		}
	}
}

// A wrong type fails a release too, wherever it is, so it is noted also when a fault that concerns only
// a dispatch comes first (RULINGS 3).
func TestDecodeNotesTheFirstWrongType(t *testing.T) {
	for _, c := range []struct{ element, mistyped string }{
		{`{"linkeddata":[{"type":"clid"}],"routingdata":[]}`, "requests[0].routingdata must be an object, not an array"},
		{`{"routingdata":[],"linkeddata":[{"type":"clid"}]}`, "requests[0].routingdata must be an object, not an array"},
		{`{"linkeddata":[{"type":"clid"},7]}`, "requests[0].linkeddata[1] must be an object, not a number"},
		{`{"action":"hold","route":1,"linkeddata":1}`, "requests[0].route must be a string, not a number"},
		{`{"routingdata":{"interactiontype":"fax","skills":{},"personalqueue":1}}`, "requests[0].routingdata.skills must be an array of objects, not an object"},
		{`{"linkeddata":[{"type":"clid"}],"routingdata":{"interactiontype":"fax"}}`, ""},
		{`{"route":1,"linkeddata":[{"type":"clid"}],"routingdata":[]}`, ""}, // it is the first fault itself
	} {
		if f := request(t, c.element).Fault; f == nil || f.Mistyped != c.mistyped {
			t.Errorf("%s: fault %+v, want the wrong type %q", c.element, f, c.mistyped)
		}
	}
	if f := request(t, `{"route":"a"}`).Fault; f != nil {
		t.Errorf("the faults of one request are those of the next: %+v", f)
	}
}

func TestDecodeFaultsAreOfTheirElement(t *testing.T) {
	in, err := decodeInvoke([]byte(`{"requests":[{"route":"a"},{"route":1},{"requestid":"r","linkeddata":[{"type":"clid"}]},{"route":"b"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for n, wantFault := range []bool{false, true, true, false} {
		if got := in.Requests[n].Fault; (got != nil) != wantFault {
			t.Errorf("request %d: fault %+v, want one: %t", n, got, wantFault)
		} else if got != nil && !strings.HasPrefix(got.Detail, fmt.Sprintf("requests[%d].", n)) {
			t.Errorf("request %d: the detail names another: %s", n, got.Detail)
		}
	}
	if id := in.Requests[2].RequestID; id != "r" {
		t.Errorf("a request with a fault keeps its id; got %q", id)
	}
}

func TestDecodeInvalidRequestIDIsAbsent(t *testing.T) {
	for _, id := range []string{`true`, `[]`, `"` + strings.Repeat("x", 256) + `"`} {
		if got := request(t, `{"requestid":`+id+`}`).RequestID; got != "" {
			t.Errorf("requestid %s is answered as %q; want null", id, got)
		}
	}
}

// malformed are bodies that refuse the whole call, and words their refusal must hold.
var malformed = []struct{ name, body, has string }{
	{"no body", ``, "empty"},
	{"spaces only", " \n", "empty"},
	{"an array", `[]`, "the body must be an object, not an array"},
	{"a string", `"x"`, "not a string"},
	{"requests missing", `{}`, "requests"},
	{"requests null", `{"requests":null}`, "requests"},
	{"requests empty", `{"requests":[]}`, "requests"},
	{"requests no array", `{"requests":{}}`, "requests must be an array"},
	{"provider a number", `{"provider":7,"requests":[{}]}`, "provider must be a string"},
	{"provider an array", `{"provider":[],"requests":[{}]}`, "provider must be a string"},
	{"an element that is a number", `{"requests":[{},3]}`, "requests[1] must be an object"},
	{"an element that is null", `{"requests":[null]}`, "requests[0] must be an object, not null"},
	{"cut short", `{"requests":[`, "ends before it is complete (line 1, column 14)"},
	{"cut in a name", "{\n  \"requests\":[{\"rou", "ends before it is complete (line 2"},
	{"something after", `{"requests":[{}]} true`, "follows"},
	{"garbage after", `{"requests":[{}]}}`, "not valid JSON"},
	{"a trailing comma in the array", `{"requests":[{},]}`, "not valid JSON"},
	{"a trailing comma in an object", `{"requests":[{"route":"x",}]}`, "not valid JSON"},
	{"two commas", `{"requests":[{},,{}]}`, "not valid JSON"},
	{"a colon for a comma", `{"requests":[{}:{}]}`, "not valid JSON"},
	{"a comma for a colon", `{"requests",[{}]}`, "not valid JSON"},
	{"no value", `{"requests":}`, "not valid JSON"},
	{"no value in an element", `{"requests":[{"route":}]}`, "not valid JSON"},
	{"no comma", `{"requests":[{"route":"r" "action":"release"}]}`, "not valid JSON"},
	{"a name that is no string", `{"requests":[{1:2}]}`, "not valid JSON"},
	{"the wrong bracket", `{"requests":[{]}`, "not valid JSON"},
	{"the wrong end", `{"requests":[{}}`, "not valid JSON"},
	{"single quotes", `{'requests':[{}]}`, "not valid JSON"},
	{"a comment", `{"requests":[{}] /* x */}`, "not valid JSON"},
	{"a leading zero", `{"requests":[{"requestid":01}]}`, "not valid JSON"},
	{"an unknown word", `{"requests":[{"a":nul}]}`, "not valid JSON"},
	{"a raw control character", "{\"requests\":[{\"route\":\"a\nb\"}]}", "not valid JSON"},
	{"half a surrogate pair", `{"requests":[{"route":"\ud800"}]}`, "not valid JSON"},
	{"invalid UTF-8", "{\"requests\":[{\"route\":\"\xff\"}]}", "UTF-8"},
	{"invalid UTF-8 in an unknown name", "{\"requests\":[{\"\xff\":1}]}", "UTF-8"},
	{"a byte order mark", "\xef\xbb\xbf{\"requests\":[{}]}", "not valid JSON"},
	{"a member twice", `{"requests":[{"requestid":"a","requestid":"b"}]}`, `"requestid" stands twice`},
	{"a member twice but for case", `{"requests":[{"requestid":"a","requestId":"b"}]}`, `"requestId" stands twice`},
	{"a member twice but for escapes", `{"requests":[{"route":"a","\u0052oute":"b"}]}`, "twice"},
	{"a member twice, once null", `{"requests":[{"route":null,"Route":"b"}]}`, "twice"},
	{"requests twice", `{"requests":[{}],"Requests":[{}]}`, "twice"},
	{"twice in linkeddata", `{"requests":[{"linkeddata":[{"type":"x","Type":"y"}]}]}`, "twice"},
	{"twice in routingdata", `{"requests":[{"routingdata":{"skills":[],"SKILLS":[]}}]}`, "twice"},
	{"twice in a skill", `{"requests":[{"routingdata":{"skills":[{"name":"a","Name":"b"}]}}]}`, "twice"},
	{"twice in a personal queue", `{"requests":[{"routingdata":{"personalqueue":{"agent":"a","AGENT":"b"}}}]}`, "twice"},
	{"an unknown member twice", `{"requests":[{"x-y":1,"X-Y":2}]}`, "twice"},
	{"twice inside an unknown member", `{"requests":[{"x":[{"a":{"b":1,"B":2}}]}]}`, "twice"},
	{"twice inside a mistyped member", `{"requests":[{"route":{"b":1,"B":2}}]}`, "twice"},
	{"twice inside an unknown top member", `{"x":{"b":1,"B":2},"requests":[{}]}`, "twice"},
	{"twice among many", `{"x":{` + manyNames(40) + `,"N7":1},"requests":[{}]}`, "twice"},
	{"nested too deep", `{"requests":[{"x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}]}`, "deeper than 64"},
	{"nested too deep in objects", `{"requests":[{"x":` + strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100) + `}]}`, "deeper than 64"},
}

// manyNames writes members n0 to n(count-1).
func manyNames(count int) string {
	var b strings.Builder
	for n := range count {
		fmt.Fprintf(&b, `"n%d":%d,`, n, n)
	}
	return strings.TrimSuffix(b.String(), ",")
}

func TestDecodeRefusesTheCall(t *testing.T) {
	for _, c := range malformed {
		in, err := decodeInvoke([]byte(c.body))
		var refusal *switchyard.Error
		if !errors.As(err, &refusal) || refusal.Code != switchyard.Malformed {
			t.Errorf("%s: %+v, %v; want a refusal", c.name, in, err)
		} else if !strings.Contains(refusal.Detail, c.has) {
			t.Errorf("%s: %q does not say %q", c.name, refusal.Detail, c.has)
		}
	}
}

func TestDecodeManyUnknownNames(t *testing.T) {
	if _, err := decodeInvoke([]byte(`{"x":{` + manyNames(5000) + `},"requests":[{}]}`)); err != nil {
		t.Error(err)
	}
}

func TestDecodeDepthIsNotSpentByNeighbours(t *testing.T) {
	body := `{"requests":[{"x":[` + strings.TrimSuffix(strings.Repeat(`[[{}]],`, 200), ",") + `]}]}`
	if _, err := decodeInvoke([]byte(body)); err != nil {
		t.Error(err)
	}
}

func BenchmarkDecodePresetSkills(b *testing.B) { benchmarkDecode(b, []byte(presetSkills)) }

func BenchmarkDecodeBatch(b *testing.B) { benchmarkDecode(b, batch()) }

func benchmarkDecode(b *testing.B, body []byte) {
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := decodeInvoke(body); err != nil {
			b.Fatal(err)
		}
	}
}
