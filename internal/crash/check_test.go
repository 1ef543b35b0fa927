package crash

import (
	"context"
	"fmt"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"switchyard/internal/app"
	"switchyard/internal/engine"
	journalsqlite "switchyard/internal/journal/sqlite"
)

// check holds what is there, when all is quiet, against what was acknowledged.
func (w *world) check(ctx context.Context, r *receiver, o *outside) error {
	if err := w.reader.compare(ctx); err != nil {
		return err
	}
	found, err := w.search(ctx)
	if err != nil {
		return err
	}
	w.checkRequests(found)
	w.checkActs()
	w.checkCallbacks(r)
	w.checkEffects(o)
	return w.checkInvocations(ctx)
}

// shown is an interaction as the search shows it.
type shown struct {
	ID         string `json:"id"`
	RequestID  string `json:"requestid"`
	ExternalID string `json:"externalid"`
	Provider   string `json:"provider"`
	State      string `json:"state"`
}

// search lists every interaction of the account.
func (w *world) search(ctx context.Context) (map[string]shown, error) {
	found := map[string]shown{}
	return found, w.ops.all(ctx, "/v1/interactions?limit=1000", func(text jsontext.Value) error {
		var s shown
		if err := json.Unmarshal(text, &s); err != nil {
			return err
		}
		if other, twice := found[s.RequestID]; twice {
			w.faults.add(twiceFault, "request %s is there as %s and as %s", s.RequestID, other.ID, s.ID)
		}
		found[s.RequestID] = s
		return nil
	})
}

// checkRequests: every acknowledged dispatch is there once, under the id that was answered, in the
// feed as in the search; nothing else is. Every acknowledged release released something.
func (w *world) checkRequests(found map[string]shown) {
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	w.model.mu.Lock()
	defer w.model.mu.Unlock()
	releases := 0
	for id, r := range w.ledger.requests {
		if r.release {
			if r.accepted {
				releases++
			}
			continue
		}
		w.checkRequest(r, found[id])
	}
	for id, s := range found {
		if r := w.ledger.requests[id]; r == nil || !r.accepted {
			w.faults.add(strangeFault, "interaction %s with request %q was never acknowledged", s.ID, id)
		}
	}
	for id := range w.model.byRequest {
		if r := w.ledger.requests[id]; r == nil || !r.accepted {
			w.faults.add(strangeFault, "the feed has request %q, which was never acknowledged", id)
		}
	}
	byAPI := 0
	for _, i := range w.model.interactions {
		byAPI += i.byAPI
		if i.state != "ended" {
			w.faults.add(feedFault, "interaction %s is %s by the feed", i.id, i.state)
		}
	}
	if releases > byAPI {
		w.faults.add(lostFault, "%d releases were acknowledged, %d happened", releases, byAPI)
	} else if releases < byAPI {
		w.faults.add(strangeFault, "%d releases were acknowledged, %d happened", releases, byAPI)
	}
}

func (w *world) checkRequest(r *request, s shown) {
	in, known := w.model.byRequest[r.id]
	switch {
	case !r.accepted:
		return
	case s.ID == "":
		w.faults.add(lostFault, "request %s was acknowledged with interaction %q, which is not there", r.id, r.interaction)
	case r.interaction != "" && s.ID != r.interaction:
		w.faults.add(lostFault, "request %s was acknowledged with interaction %s; it is there as %s", r.id, r.interaction, s.ID)
	case s.ExternalID != r.externalID || s.Provider != r.provider || s.State != "ended":
		w.faults.add(strangeFault, "request %+v is there as %+v", *r, s)
	case !known || in.String() != s.ID:
		w.faults.add(feedFault, "request %s is there as %s; the feed says %s", r.id, s.ID, in)
	}
}

// checkActs: what agents were told they had done happened, as often and to the same work; nothing
// else was done in their name.
func (w *world) checkActs() {
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	w.model.mu.Lock()
	defer w.model.mu.Unlock()
	for a, n := range w.ledger.acts {
		if w.model.acts[a] < n {
			w.faults.add(lostFault, "%d × %+v was acknowledged, %d happened", n, a, w.model.acts[a])
		}
	}
	for a, n := range w.model.acts {
		if w.ledger.acts[a] < n {
			w.faults.add(strangeFault, "%+v happened %d ×, %d were acknowledged", a, n, w.ledger.acts[a])
		}
	}
}

// checkCallbacks: the provider got what the feed says it must get, in that order, and took each.
func (w *world) checkCallbacks(r *receiver) {
	w.model.mu.Lock()
	defer w.model.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	for at, due := range w.model.lanes {
		got := r.lanes[lane{w.account, at}]
		if got == nil || len(got.ids) != len(due) {
			w.faults.add(callbackFault, "of %s %d callbacks were due, came: %+v", at.externalID, len(due), got)
			continue
		}
		for n, id := range got.ids {
			if c, want := got.texts[id], due[n]; id != want.id || c.Notification != want.kind || c.Params.Agent != want.agent || !got.taken[id] {
				w.faults.add(callbackFault, "callback %d of %s: due was %+v, came %+v, taken %v", n, at.externalID, *want, c, got.taken[id])
			}
		}
	}
	for l := range r.lanes {
		if l.account == w.account && w.model.lanes[l.address] == nil {
			w.faults.add(callbackFault, "callbacks came for %q, which is unknown", l.externalID)
		}
	}
}

// checkInvocations: what was asked in a call, and what became of it, is kept under the id of its
// answer.
func (w *world) checkInvocations(ctx context.Context) error {
	for _, c := range w.ledger.calls {
		a, _, err := w.crm.call(ctx, "GET", "/v1/invocations/"+c.correlation, nil, nil)
		if err != nil {
			return err
		}
		var kept struct {
			Results []result `json:"results"`
		}
		if err := json.Unmarshal(a.body, &kept); err != nil || a.status != 200 {
			w.faults.add(lostFault, "the call %s was acknowledged; its invocation is answered %d %s", c.correlation, a.status, a.body)
			continue
		}
		there := map[string]bool{}
		for _, r := range kept.Results {
			there[r.RequestID] = there[r.RequestID] || r.Status == "accepted"
		}
		for _, id := range c.requests {
			if !there[id] {
				w.faults.add(lostFault, "the call %s had request %s accepted; its invocation has not: %s", c.correlation, id, a.body)
			}
		}
	}
	return nil
}

// verify decides every recorded input again.
func verify(ctx context.Context, t *testing.T, data string, f *faults) error {
	store, err := journalsqlite.Open(ctx, data, journalsqlite.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	for _, account := range accounts {
		report, err := engine.Verify(ctx, store, app.Decider, account, nil)
		if err != nil {
			return fmt.Errorf("verify %s: %w", account, err)
		}
		if report.Difference != nil {
			f.add(verifyFault, "account %s: %s", account, report.Difference)
		}
		if report.Rows == 0 || report.Redecided != report.Rows {
			f.add(verifyFault, "account %s: of %d rows %d were decided again", account, report.Rows, report.Redecided)
		}
		t.Logf("%s: %d rows decided again", account, report.Rows)
	}
	return nil
}
