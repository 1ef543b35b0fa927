package core

import (
	"testing"

	"switchyard"
)

// keyed gives the account an input that came with an Idempotency-Key.
func (w *world) keyed(key, body string, in switchyard.Input) Decision {
	w.ticks()
	env := switchyard.Envelope{Seq: w.s.Seq() + 1, At: w.clock, By: "test", Key: key, Body: body, Input: in}
	d := w.s.Decide(&env)
	if len(d.Events) > 0 {
		w.rows = append(w.rows, row{env, d.Events})
	}
	return d
}

// An answer to an Idempotency-Key is remembered for 24 hours, though nothing removes it then.
func TestAnswersAreForgottenByAge(t *testing.T) {
	w := newWorld(t, lifeAccount())
	doc := w.doc
	doc.Skills = append(doc.Skills[:len(doc.Skills):len(doc.Skills)], "new")
	first := w.keyed("k", "body", &switchyard.Publish{Document: doc})
	if !first.Answer.(Published).Changed {
		t.Fatalf("%+v", first)
	}
	w.advance(24*switchyard.Hour - 1)
	if again := w.keyed("k", "body", &switchyard.Publish{}); !w.s.Answered("k", w.clock) || again.Answer != first.Answer {
		t.Errorf("within the day: %+v", again)
	}
	w.advance(1)
	if w.s.Answered("k", w.clock) {
		t.Error("after a day the key still has its answer")
	}
	if late := w.keyed("k", "body", &switchyard.Publish{}); late.Refused == nil || late.Refused.Code != switchyard.AccountMismatch {
		t.Errorf("a document that says nothing was used: %+v", late)
	}
}
