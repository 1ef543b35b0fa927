package core

import (
	"os"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/goccy/go-yaml"

	"switchyard"
)

// world drives one account as the engine does, without storage: it stamps inputs, ticks at every
// alarm and sweeps, and keeps the rows.
type world struct {
	t     testing.TB
	s     *State
	clock switchyard.Instant
	rows  []row
	doc   switchyard.Account
}

// row is a journal row in memory.
type row struct {
	env    switchyard.Envelope
	events []switchyard.Event
}

var epoch = mustInstant("2026-11-23T12:00:00Z")

func mustInstant(text string) (at switchyard.Instant) {
	if err := at.UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
	return at
}

func newWorld(t testing.TB, doc switchyard.Account) *world {
	w := &world{t: t, s: New(doc.Account), clock: epoch, doc: doc}
	w.must(&switchyard.Publish{Document: doc, Source: "test"})
	return w
}

// readAccount reads an account file of the test data.
func readAccount(t testing.TB, path string) (doc switchyard.Account) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decodeYAML(t, text, &doc)
	return doc
}

func decodeYAML(t testing.TB, text []byte, into any) {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON(text)
	if err == nil {
		err = json.Unmarshal(asJSON, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// do gives the account an input, after what time brings before it.
func (w *world) do(in switchyard.Input) Decision {
	w.ticks()
	return w.decide(in, w.clock)
}

func (w *world) must(in switchyard.Input) any {
	w.t.Helper()
	d := w.do(in)
	if d.Refused != nil {
		w.t.Fatalf("%s was refused: %v", in.InputType(), d.Refused)
	}
	return d.Answer
}

func (w *world) decide(in switchyard.Input, at switchyard.Instant) Decision {
	env := switchyard.Envelope{Seq: w.s.Seq() + 1, At: max(at, w.s.Now()), By: "test", Entropy: uint64(len(w.rows)) + 7, Input: in}
	d := w.s.Decide(&env)
	if len(d.Events) > 0 {
		w.rows = append(w.rows, row{env, d.Events})
	}
	for w.s.Unfinished() {
		w.decide(&switchyard.Sweep{}, w.s.Now())
	}
	return d
}

// ticks lets everything happen that time has brought, each at its own instant.
func (w *world) ticks() {
	for w.s.Alarm() <= w.clock {
		w.decide(&switchyard.Tick{}, w.s.Alarm())
	}
}

func (w *world) advance(d switchyard.Duration) {
	w.clock = w.clock.Add(d)
	w.ticks()
}

// restart builds the state anew, as a server that starts again does.
func (w *world) restart(cut int) {
	w.load(cut)
	w.decide(&switchyard.Started{}, w.clock)
}

// load builds the state from the rows alone, or from a checkpoint after cut rows and the tail.
func (w *world) load(cut int) {
	s := New(w.doc.Account)
	if cut > 0 {
		at := New(w.doc.Account)
		for _, r := range w.rows[:cut] {
			at.Fold(r.env.Seq, r.env.At, r.events)
		}
		for _, c := range everything(at) {
			value := NewValue(c.Kind)
			if err := json.Unmarshal(c.text, value); err != nil {
				w.t.Fatal(err)
			}
			s.Restore(c.Kind, c.Key, value)
		}
		s.Restored(at.Seq(), at.Now())
	}
	for _, r := range w.rows[cut:] {
		s.Fold(r.env.Seq, r.env.At, r.events)
	}
	w.s = s
}

// saved is a change in the form a store keeps it.
type saved struct {
	Kind, Key string
	text      []byte
}

func everything(s *State) (out []saved) {
	s.Everything(func(c Change) {
		text, err := json.Marshal(c.Value, json.Deterministic(true))
		if err != nil {
			panic(err)
		}
		out = append(out, saved{c.Kind, c.Key, text})
	})
	return out
}
