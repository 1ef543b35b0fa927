package core

import (
	"bytes"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"switchyard"
)

func newReader(text []byte) io.Reader { return bytes.NewReader(text) }

// checkRebuilt holds the state against the one folded from all rows, the one loaded from a
// checkpoint at every second row and folded on, and the rows against deciding their inputs again.
func (p *player) checkRebuilt() {
	p.t.Helper()
	want := texts(p.s)
	cuts := []int{0, 1, len(p.rows) / 3, len(p.rows) / 2, len(p.rows)}
	for _, cut := range cuts {
		w := &world{t: p.t, clock: p.clock, rows: p.rows, doc: p.doc}
		w.load(cut)
		if diff := cmp.Diff(want, texts(w.s)); diff != "" {
			p.t.Fatalf("loaded at row %d and folded on, the state differs (- lived, + rebuilt):\n%s", cut, diff)
		}
	}
	p.checkRedecided()
}

func texts(s *State) (out []string) {
	for _, c := range everything(s) {
		out = append(out, c.Kind+" "+c.Key+" "+string(c.text))
	}
	return out
}

// checkRedecided decides every recorded input again on a state of its own.
func (p *player) checkRedecided() {
	p.t.Helper()
	s := New(p.doc.Account)
	for _, r := range p.rows {
		env := r.env
		d := s.Decide(&env)
		got, want := encode(d.Events), encode(r.events)
		if got != want {
			p.t.Fatalf("row %d (%s) decided again gives\n%s\nnot\n%s", env.Seq, env.Input.InputType(), got, want)
		}
	}
}

func encode(events []switchyard.Event) string {
	var out bytes.Buffer
	for _, e := range events {
		id, agent := e.About()
		text, err := json.Marshal(e, json.Deterministic(true))
		if err != nil {
			panic(err)
		}
		out.WriteString(e.EventType() + " " + id.String() + " " + agent + " " + string(text) + "\n")
	}
	return out.String()
}
