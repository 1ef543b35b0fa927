package switchyard_test

import (
	"encoding/json"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"

	. "switchyard"
)

// What was written before lengths could be read from data sources is read and written as it was.
func TestLengthsInJSON(t *testing.T) {
	type document struct {
		Ring   *Length  `json:"ring,omitempty"`
		Expiry *Seconds `json:"expiryafter,omitempty"`
		In     Seconds  `json:"in"`
	}
	for _, test := range []struct {
		text, written string
		ring          Length
		expiry, in    Seconds
	}{
		{`{"ring":"1m30s","expiryafter":60,"in":0}`, "", Length{Fixed: 90 * Second}, Seconds{Fixed: 60}, Seconds{}},
		{`{"ring":20,"expiryafter":0,"in":2678399}`, `{"ring":"20s","expiryafter":0,"in":2678399}`, Length{Fixed: 20 * Second}, Seconds{}, Seconds{Fixed: 2678399}},
		{`{"ring":"$(Ring)","expiryafter":"$(A \"<b>\")s","in":"1$(C)"}`, "", Length{Text: "$(Ring)"}, Seconds{Text: `$(A "<b>")s`}, Seconds{Text: "1$(C)"}},
	} {
		var a, b document
		if err := json.Unmarshal([]byte(test.text), &a); err != nil {
			t.Errorf("%s: %v", test.text, err)
			continue
		}
		if err := jsonv2.Unmarshal([]byte(test.text), &b); err != nil || *a.Ring != *b.Ring || *a.Expiry != *b.Expiry || a.In != b.In {
			t.Errorf("%s: %v, %+v and %+v", test.text, err, a, b)
		}
		if *a.Ring != test.ring || *a.Expiry != test.expiry || a.In != test.in {
			t.Errorf("%s: %+v %+v %+v", test.text, a.Ring, a.Expiry, a.In)
		}
		if test.written == "" {
			test.written = test.text
		}
		if got, err := jsonv2.Marshal(a); err != nil || string(got) != test.written {
			t.Errorf("written %s, %v", got, err)
		}
	}
	for _, text := range []string{`{"ring":"soon"}`, `{"ring":"$(open"}`, `{"ring":true}`, `{"ring":{}}`, `{"in":"60"}`, `{"in":1.5}`, `{"in":[]}`} {
		var d document
		if err := jsonv2.Unmarshal([]byte(text), &d); err == nil {
			t.Errorf("%s was read as %+v", text, d)
		}
	}
}

func TestParseSeconds(t *testing.T) {
	for text, want := range map[string]int64{"60": 60, "2m": 120, "0": 0, "31d": -1, "2678399": 2678399, "1.5": -1, "500ms": -1, "": -1, "-1": -1, "x": -1} {
		got, err := ParseSeconds(text)
		if (err != nil) != (want < 0) || err == nil && got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
}
