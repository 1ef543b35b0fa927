package vcc

import (
	"bytes"
	stdjson "encoding/json"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"switchyard"
	"switchyard/internal/journal"
)

// seeds are bodies the fuzzers start from: the tables of the tests beside the contract's examples.
func seeds(f *testing.F) {
	f.Add([]byte(presetSkills))
	f.Add([]byte(`{"Provider":"P","Requests":[{"Action":"Release","externalId":7}]}`))
	f.Add([]byte(`{"provider":"P","endpoint":"https://e/x","headers":{"X-A":"1"},"agentactionspermitted":{"release":1,"hold":true}}`))
	for _, c := range malformed {
		f.Add([]byte(c.body))
	}
	for _, body := range contractBodies(f) {
		f.Add([]byte(body))
	}
}

func FuzzDecodeInvoke(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		kept := bytes.Clone(body)
		first, err := decodeInvoke(body)
		second, again := decodeInvoke(body)
		if !bytes.Equal(kept, body) {
			t.Fatal("the body was changed")
		}
		if diff := cmp.Diff(first, second); diff != "" || (err == nil) != (again == nil) {
			t.Fatalf("decoded twice, differently: %s; %v; %v", diff, err, again)
		}
		if err == nil {
			mustBeStrict(t, body)
			if len(first.Requests) == 0 {
				t.Fatal("a call without requests was accepted")
			}
			mustKeep(t, first)
		}
	})
}

func FuzzDecodeRegister(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		first, err := decodeRegister(body)
		second, again := decodeRegister(body)
		if diff := cmp.Diff(first, second); diff != "" || (err == nil) != (again == nil) {
			t.Fatalf("decoded twice, differently: %s; %v; %v", diff, err, again)
		}
		if err == nil {
			mustBeStrict(t, body)
		}
	})
}

// Whatever a caller sends, the endpoints answer with a refusal that says why and hand nothing over, or
// take the call whole; they never fail, and answer with little.
func FuzzEndpoints(f *testing.F) {
	for _, path := range []string{"/interactions/invoke", "/interactions/register"} {
		for _, body := range contractBodies(f) {
			f.Add(path == "/interactions/invoke", []byte(body), "application/json", "application/vnd.newvoicemedia.v1+json")
		}
	}
	f.Add(true, []byte(goodCall), "application/json; charset=utf-8", "*/*")
	f.Add(true, []byte(goodCall), "text/plain; x", "application/vnd.newvoicemedia.v2+json, ;q=")
	f.Fuzz(func(t *testing.T, invoke bool, body []byte, media, accept string) {
		path := "/interactions/register"
		if invoke {
			path = "/interactions/invoke"
		}
		b := newBench()
		h := rightHeaders()
		h.Set("Content-Type", media)
		h.Set("Accept", accept)
		w := b.call("POST", path, h, bytes.NewReader(body))
		switch {
		case w.Code >= 200 && w.Code <= 299:
			if len(b.taken) != 1 {
				t.Fatalf("%d, and %d calls were handed over", w.Code, len(b.taken))
			}
		case w.Code >= 400 && w.Code <= 499:
			var answer struct{ Message string }
			if err := stdjson.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.Message == "" || len(b.taken) != 0 {
				t.Fatalf("%d %q (%v), and %d calls were handed over", w.Code, w.Body, err, len(b.taken))
			}
		default:
			t.Fatalf("%d %q for %q", w.Code, w.Body, body)
		}
		if w.Body.Len() > len(body)+2_000 {
			t.Fatalf("%d bytes answer %d", w.Body.Len(), len(body))
		}
		for _, one := range b.taken {
			mustKeep(t, one.in)
		}
	})
}

// mustKeep fails when what is handed over is another call once it was journaled.
func mustKeep(t *testing.T, in switchyard.Input) {
	t.Helper()
	text, err := journal.EncodeInput(&switchyard.Envelope{Input: in})
	if err != nil {
		t.Fatalf("it cannot be journaled: %v: %+v", err, in)
	}
	back, err := journal.DecodeInput(1, text)
	if err != nil {
		t.Fatalf("it cannot be read from the journal: %v: %s", err, text)
	}
	if diff := cmp.Diff(in, back.Input); diff != "" {
		t.Fatalf("journaled it is another: %s", diff)
	}
}

// A number that is taken is the whole number its text says.
func FuzzWhole(f *testing.F) {
	for _, text := range []string{"0", "60", "-1", "+1", "1.0", "1.5", "1e3", "1e400", "9007199254740993", "9007199254740993.0", "9223372036854775807", "9223372036854775808", "00", "-0", "1E-0", "", " 1", "0x10", "1_000", "Inf", "NaN", "4503599627370497.50000000000000001"} {
		f.Add(text, true)
		f.Add(text, false)
	}
	f.Fuzz(func(t *testing.T, text string, isString bool) {
		n, ok := parseWhole(text, isString)
		if !ok {
			if n != 0 && isString == false && jsontext.Value(text).IsValid() {
				t.Fatalf("%q is refused with %d", text, n)
			}
			return
		}
		if len(text) > 30 || !isString && !jsontext.Value(text).IsValid() {
			return // the reader brings only what is JSON
		}
		if small := strings.ToLower(text); strings.Contains(small, "e-") && n == 0 {
			return // in floating point it is nothing, and its exponent may be more than math/big reads
		}
		if exact, is := new(big.Rat).SetString(text); is && !exact.IsInt() && !isString {
			// In floating point it is whole: only what is beyond a number's precision may be lost.
			near, _ := exact.Float64()
			if near != float64(n) {
				t.Fatalf("%q was read as %d", text, n)
			}
		} else if !is || exact.Cmp(new(big.Rat).SetInt64(n)) != 0 && (n < 1<<52 && n > -1<<52) {
			t.Fatalf("%q was read as %d", text, n)
		}
	})
}

// contractBodies are the bodies of calls in the cases of the contract.
func contractBodies(f *testing.F) (bodies []string) {
	f.Helper()
	text, err := os.ReadFile("../../../testdata/contract/invoke.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		for _, member := range []string{"invoke: '", "register: '"} {
			if body, is := strings.CutPrefix(strings.TrimSpace(line), member); is {
				bodies = append(bodies, strings.ReplaceAll(strings.TrimSuffix(body, "'"), "''", "'"))
			}
		}
	}
	if len(bodies) < 20 {
		f.Fatalf("the contract's cases hold %d bodies", len(bodies))
	}
	return bodies
}

// mustBeStrict fails when a body that was accepted is no single JSON value, or holds an object with
// two names that are equal after folding. It shares no code with the decoder.
func mustBeStrict(t *testing.T, body []byte) {
	t.Helper()
	if !stdjson.Valid(body) || !jsontext.Value(body).IsValid() && !onlyDuplicates(body) {
		t.Fatal("accepted, though it is not valid JSON")
	}
	if name, twice := foldedTwice(body); twice {
		t.Fatalf("accepted, though %q stands twice in one object", name)
	}
}

// onlyDuplicates reports whether a body is valid but for repeated names.
func onlyDuplicates(body []byte) bool {
	return jsontext.Value(body).IsValid(jsontext.AllowDuplicateNames(true))
}

// foldedTwice looks for an object with two names that differ at most by the case of ASCII letters.
func foldedTwice(body []byte) (string, bool) {
	dec := stdjson.NewDecoder(bytes.NewReader(body))
	type level struct {
		names map[string]bool // nil for an array
		value bool            // in an object: a value is next
	}
	var levels []level
	for {
		token, err := dec.Token()
		if err != nil {
			return "", false
		}
		var top *level
		if len(levels) > 0 {
			top = &levels[len(levels)-1]
		}
		if name, ok := token.(string); ok && top != nil && top.names != nil && !top.value {
			folded := strings.Map(lower, name)
			if top.names[folded] {
				return name, true
			}
			top.names[folded], top.value = true, true
			continue
		}
		if top != nil {
			top.value = false
		}
		switch token {
		case stdjson.Delim('{'):
			levels = append(levels, level{names: map[string]bool{}})
		case stdjson.Delim('['):
			levels = append(levels, level{})
		case stdjson.Delim('}'), stdjson.Delim(']'):
			levels = levels[:len(levels)-1]
		}
	}
}

func lower(c rune) rune {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// TestFoldedTwice is the canary of the fuzzers' judge.
func TestFoldedTwice(t *testing.T) {
	for body, want := range map[string]bool{
		`{"a":{"B":1,"c":[{"b":1}],"b":2}}`:   true,
		`{"a":1,"b":{"a":"a"},"c":["a","a"]}`: false,
		`[{"x":"y","y":{}},{"x":1}]`:          false,
		`[{"x":{"y":[]},"X":1}]`:              true,
	} {
		if _, got := foldedTwice([]byte(body)); got != want {
			t.Errorf("%s: %t, want %t", body, got, want)
		}
	}
}
