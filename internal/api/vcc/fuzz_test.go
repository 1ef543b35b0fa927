package vcc

import (
	"bytes"
	stdjson "encoding/json"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

// seeds are bodies the fuzzers start from: the tables of the tests beside the contract's examples.
func seeds(f *testing.F) {
	f.Add([]byte(presetSkills))
	f.Add([]byte(`{"Provider":"P","Requests":[{"Action":"Release","externalId":7}]}`))
	f.Add([]byte(`{"provider":"P","endpoint":"https://e/x","headers":{"X-A":"1"},"agentactionspermitted":{"release":1,"hold":true}}`))
	for _, c := range malformed {
		f.Add([]byte(c.body))
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
