package core

import (
	"testing"

	"switchyard"
)

// invoke makes a call and returns its results.
func (w *world) invoke(provider string, requests ...switchyard.Request) []switchyard.RequestResult {
	w.t.Helper()
	return w.must(&switchyard.Invoke{Provider: provider, Requests: requests}).([]switchyard.RequestResult)
}

// An account that has all the live interactions it may have takes no more, but ends those it has and
// answers repeats (RULINGS 35).
func TestFullAccountsReleaseAndRepeat(t *testing.T) {
	doc := lifeAccount()
	most := 2
	doc.Settings.MaxLive = &most
	w := newWorld(t, doc)
	one := func(requestID, externalID string) switchyard.Request {
		return switchyard.Request{RequestID: requestID, ExternalID: externalID, Route: "Auto"}
	}
	full := func(requests ...switchyard.Request) {
		t.Helper()
		if d := w.do(&switchyard.Invoke{Requests: requests}); d.Refused == nil || d.Refused.Code != switchyard.TooManyLive {
			t.Errorf("not refused: %+v", d)
		}
	}
	release := switchyard.Request{ExternalID: "1", Action: "Release"}
	full(one("1", "1"), one("2", "2"), one("3", "3"))
	w.invoke("", one("1", "1"), one("2", "2"), one("2", "2"))
	full(one("3", "3"))
	full(one("", "3"), one("1", "1"))
	if got := w.invoke("", one("1", "1"), one("2", "2")); got[0].Status != switchyard.StatusDuplicate || got[1].Status != switchyard.StatusDuplicate {
		t.Errorf("repeats: %+v", got)
	}
	if got := w.invoke("", release); got[0].Status != switchyard.StatusAccepted {
		t.Errorf("release: %+v", got)
	}
	if got := w.invoke("", one("3", "3")); got[0].Status != switchyard.StatusAccepted {
		t.Errorf("with room again: %+v", got)
	}
	most = 1
	w.must(&switchyard.Publish{Document: doc})
	if got := w.invoke("", switchyard.Request{ExternalID: "2", Action: "release"}); got[0].Status != switchyard.StatusAccepted {
		t.Errorf("with more than may be: %+v", got)
	}
}
