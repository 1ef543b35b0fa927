package core

import (
	"maps"
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

// Request ids are known for as long as the settings in force say, also while they are in memory, and
// are known again once they were used again (CONTRACT.md §3).
func TestRequestIDsAreForgottenByAge(t *testing.T) {
	w := newWorld(t, lifeAccount())
	retain := func(d switchyard.Duration) {
		doc := w.doc
		doc.Settings.Retention = &switchyard.Retention{RequestIDs: &d}
		w.must(&switchyard.Publish{Document: doc})
	}
	calls := 0
	check := func(step, requestID string, want string) {
		t.Helper()
		calls++
		r := switchyard.Request{RequestID: requestID, ExternalID: requestID, Action: "release"}
		if calls == 1 || want == switchyard.StatusAccepted {
			w.must(&switchyard.Invoke{Requests: []switchyard.Request{{Route: "Plain", ExternalID: requestID}}})
		}
		got := w.must(&switchyard.Invoke{Requests: []switchyard.Request{r}}).([]switchyard.RequestResult)
		if got[0].Status != want {
			t.Errorf("%s: request %s is %s, not %s: %s", step, requestID, got[0].Status, want, got[0].Detail)
		}
	}
	check("first", "a", switchyard.StatusAccepted)
	w.advance(31 * switchyard.Day)
	check("second", "b", switchyard.StatusAccepted)
	check("after 31 days", "a", switchyard.StatusDuplicate)
	w.load(len(w.rows) / 2)
	w.advance(1)
	check("past 31 days", "a", switchyard.StatusAccepted)
	check("used again", "a", switchyard.StatusDuplicate)
	w.do(&switchyard.FlushRequestIDs{Through: 4})
	check("its first use flushed", "a", switchyard.StatusDuplicate)
	retain(switchyard.Day)
	w.load(0)
	w.advance(switchyard.Day)
	check("after a day", "a", switchyard.StatusDuplicate)
	check("past a day", "b", switchyard.StatusAccepted)
	w.do(&switchyard.FlushRequestIDs{Through: w.s.Seq()})
	if n := w.s.RecentCount(); n != 0 || len(w.s.requests.place) != 0 {
		t.Errorf("%d request ids are left", n)
	}
}

// The table of request ids is told when they were accepted, which of a release is not when its
// interaction came.
func TestRequestIDsLeaveWithTheirAge(t *testing.T) {
	w := newWorld(t, lifeAccount())
	w.must(&switchyard.Invoke{Requests: []switchyard.Request{{RequestID: "dispatch", ExternalID: "1", Route: "Auto"}}})
	w.advance(switchyard.Hour)
	through := w.s.Seq()
	w.must(&switchyard.Invoke{Requests: []switchyard.Request{{RequestID: "release", ExternalID: "1", Action: "release"}}})
	want := map[[16]byte]switchyard.Instant{RequestDigest("dispatch"): epoch}
	for range 2 {
		got := map[[16]byte]switchyard.Instant{}
		w.s.RecentThrough(through, func(digest [16]byte, _ switchyard.ID, at switchyard.Instant) { got[digest] = at })
		if !maps.Equal(got, want) {
			t.Errorf("through row %d: %v", through, got)
		}
		through, want[RequestDigest("release")] = w.s.Seq(), w.clock
	}
}

// A checkpoint that does not say when a row was accepted is read as if as late as is known.
func TestRequestIDsOfOlderCheckpoints(t *testing.T) {
	s := newWorld(t, lifeAccount()).s
	day := func(n int) switchyard.Instant { return epoch.Add(switchyard.Duration(n) * switchyard.Day) }
	one := func(seq switchyard.Seq, requestID string, made switchyard.Instant) RequestRow {
		return RequestRow{Seq: seq, Digests: [][16]byte{RequestDigest(requestID)}, Interactions: []switchyard.ID{switchyard.NewID(made, 1, 1)}}
	}
	s.Restore(KindRequestIDs, "", &RequestIDsRecord{Rows: []RequestRow{one(7, "dispatched", day(5)), one(8, "released", day(1)), one(9, "later", day(6))}})
	for requestID, at := range map[string]switchyard.Instant{"dispatched": day(5), "released": day(5), "later": day(6)} {
		if _, known := s.requests.find(requestID, at); !known {
			t.Errorf("%s is forgotten at %v", requestID, at)
		}
		if _, known := s.requests.find(requestID, at+1); known {
			t.Errorf("%s is known after %v", requestID, at)
		}
	}
}
