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
	for n := range doc.Routes {
		doc.Routes[n].After = "" // what runs after the end is live still
	}
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

// What comes before the requestid in the contract's table fails a request also when its id was
// accepted before; what comes after does not (RULINGS 1).
func TestRepeatsAreCheckedInOrder(t *testing.T) {
	w := newWorld(t, lifeAccount())
	w.must(&switchyard.Register{Provider: "Crm", Secret: "sealed"})
	w.invoke("Crm", switchyard.Request{RequestID: "1", Route: "Auto"})
	fault := func(rank int, code switchyard.Code) switchyard.Request {
		return switchyard.Request{RequestID: "1", Route: "Auto", Fault: &switchyard.FaultNote{Rank: rank, Code: code}}
	}
	for _, c := range []struct {
		name, provider string
		request        switchyard.Request
		status         string
		code           switchyard.Code
	}{
		{"unregistered", "zzz", switchyard.Request{RequestID: "1", Route: "Auto"}, switchyard.StatusFailed, switchyard.ProviderUnknown},
		{"action", "crm", switchyard.Request{RequestID: "1", Action: "foo"}, switchyard.StatusFailed, switchyard.ActionInvalid},
		{"mistyped action", "crm", fault(switchyard.RankAction, switchyard.MemberInvalid), switchyard.StatusFailed, switchyard.MemberInvalid},
		{"externalid", "crm", fault(switchyard.RankExternalID, switchyard.ExternalIDInvalid), switchyard.StatusDuplicate, ""},
		{"route", "crm", switchyard.Request{RequestID: "1", Route: "none"}, switchyard.StatusDuplicate, ""},
		{"another provider", "", switchyard.Request{RequestID: "1", Route: "Auto"}, switchyard.StatusDuplicate, ""},
	} {
		got := w.invoke(c.provider, c.request, c.request)
		if got[0].Status != c.status || got[0].Code != c.code || got[1].Status != c.status || !got[1].Repeat {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// A wrong type fails a release; other faults of what only a dispatch reads do not (RULINGS 3).
func TestReleasesWithFaults(t *testing.T) {
	w := newWorld(t, lifeAccount())
	w.invoke("", switchyard.Request{ExternalID: "1", Route: "Auto"})
	release := switchyard.Request{ExternalID: "1", Action: "release",
		Fault: &switchyard.FaultNote{Rank: switchyard.RankLinked, Code: switchyard.LinkedDataInvalid, Mistyped: "requests[0].routingdata must be an object"}}
	if got := w.invoke("", release); got[0].Code != switchyard.MemberInvalid || got[0].Detail != release.Fault.Mistyped {
		t.Errorf("with a wrong type: %+v", got)
	}
	release.Fault.Mistyped = ""
	if got := w.invoke("", release); got[0].Status != switchyard.StatusAccepted {
		t.Errorf("without: %+v", got)
	}
}
