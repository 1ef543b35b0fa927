package crash

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"

	"github.com/go-json-experiment/json"
)

// accounts are made of testdata/account.yaml; each has these agents.
var (
	accounts = []string{"acme", "beta"}
	agents   = []string{"ada", "bo", "cy", "di"}
)

// world is one account and everybody who deals with it.
type world struct {
	account  string
	server   *server
	faults   *faults
	ledger   *ledger
	model    *model
	reader   *reader
	crm, ops *client
	callers  []*caller
	desks    []*desk
}

// callersPerAccount post at the same time.
const callersPerAccount = 3

func newWorld(account string, s *server, f *faults, seed uint64) *world {
	w := &world{account: account, server: s, faults: f, ledger: newLedger(f)}
	transport := &http.Transport{MaxIdleConnsPerHost: 32}
	connect := func(id, scopes string) *client {
		return &client{server: s, http: &http.Client{Transport: transport}, id: id + "-" + account, scopes: scopes}
	}
	w.crm = connect("crm", "interactions:write")
	w.ops = connect("ops", "interactions:read agents:read agents:write config:read events:read")
	w.model = newModel(f, w.poke)
	w.reader = newReader(w, chance(seed, account+" reader"))
	for n := range callersPerAccount {
		name := fmt.Sprintf("%s-%d", account, n)
		w.callers = append(w.callers, &caller{w: w, name: name, rnd: chance(seed, name)})
	}
	for _, agent := range agents {
		w.desks = append(w.desks, newDesk(w, agent, chance(seed, account+agent)))
	}
	return w
}

// chance is a source of its own for each part of the harness, so that a seed says what each does
// however they are scheduled.
func chance(seed uint64, name string) *rand.Rand { return rand.New(rand.NewPCG(seed, seedOf(name))) }

func seedOf(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return h.Sum64()
}

func (w *world) poke(agent string) {
	for _, d := range w.desks {
		if d.agent == agent {
			d.poke()
		}
	}
}

// register makes the account's providers known.
func (w *world) register(ctx context.Context, endpoint string) error {
	for _, p := range []map[string]any{
		{"provider": "crm", "endpoint": endpoint + "/" + w.account, "headers": map[string]string{"X-Test": "yes"}},
		{"provider": "mute"},
	} {
		p["agentactionspermitted"] = map[string]int{"release": 1, "hold": 1, "transferToAgent": 1, "transferToRoute": 1}
		text, err := json.Marshal(p)
		if err != nil {
			return err
		}
		a, _, err := w.crm.call(ctx, "POST", "/interactions/register", map[string]string{"Accept": "application/vnd.newvoicemedia.v1+json"}, text)
		if err != nil {
			return err
		}
		if a.status != http.StatusOK {
			return fmt.Errorf("register: %d %s", a.status, a.body)
		}
	}
	return nil
}

// idle reports whether all work has ended and every callback and other effect is through. Of these the
// feed tells; that of a server that loses rows may tell of some that are no more.
func (w *world) idle(ctx context.Context) (bool, error) {
	for _, path := range []string{"/v1/interactions?state=planned,queued,offered,connected,held,parked,wrap&limit=1",
		"/v1/notifications?state=pending&limit=1"} {
		var page struct {
			Items []struct{} `json:"items"`
		}
		if err := w.ops.get(ctx, path, &page); err != nil || len(page.Items) > 0 {
			return false, err
		}
	}
	return w.server.bug == hastyBug || w.model.pending() == 0, nil
}
