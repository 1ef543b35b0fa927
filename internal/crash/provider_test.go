package crash

import (
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/go-json-experiment/json"
)

// receiver is where the providers of all accounts get their callbacks. It fails a few of the first
// attempts, in every way an endpoint may.
type receiver struct {
	*httptest.Server
	faults *faults
	wire   *wire

	mu      sync.Mutex
	rnd     *rand.Rand
	lanes   map[lane]*arrivals
	repeats int
}

// lane is what callbacks are in order for.
type lane struct {
	account string
	address
}

// arrivals are the callbacks of a lane, each once, in the order of their first attempts.
type arrivals struct {
	ids    []string
	bodies map[string][sha256.Size]byte
	texts  map[string]notification
	taken  map[string]bool // answered with success
}

// notification is a callback's body.
type notification struct {
	Notification string `json:"notification"`
	ObjectID     string `json:"objectid"`
	ID           string `json:"notificationid"`
	Params       struct {
		AccountName string `json:"AccountName"`
		Agent       string `json:"Agent"`
		AgentID     string `json:"AgentId"`
	} `json:"params"`
}

func newReceiver(f *faults, rnd *rand.Rand) (*receiver, error) {
	r := &receiver{faults: f, rnd: rnd, lanes: map[lane]*arrivals{}}
	var err error
	if r.wire, err = newWire(); err != nil {
		return nil, err
	}
	r.Server = serveOn(r.wire, r.receive)
	return r, nil
}

// serveOn starts an HTTP server on a listener.
func serveOn(l net.Listener, handle http.HandlerFunc) *httptest.Server {
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: handle}}
	s.Start()
	return s
}

func (r *receiver) receive(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return // the server was killed as it wrote
	}
	var all []notification
	if err := json.Unmarshal(body, &all); err != nil || len(all) != 1 {
		r.faults.add(callbackFault, "a callback's body is %.300s (%v)", body, err)
		return
	}
	n := all[0]
	if n.ID != request.Header.Get("webhook-id") || "/"+n.Params.AccountName != request.URL.Path {
		r.faults.add(callbackFault, "callback %+v came to %s as %s", n, request.URL.Path, request.Header.Get("webhook-id"))
	}
	switch r.note(lane{n.Params.AccountName, address{"crm", n.ObjectID}}, n, sha256.Sum256(body)) {
	case failing:
		w.WriteHeader(http.StatusInternalServerError)
	case breaking:
		panic(http.ErrAbortHandler)
	case taking:
		w.WriteHeader(http.StatusNoContent)
	}
}

// note checks that an attempt is in order: the one before it of its lane succeeded.
func (r *receiver) note(l lane, n notification, body [sha256.Size]byte) fate {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.lanes[l]
	if a == nil {
		a = &arrivals{bodies: map[string][sha256.Size]byte{}, texts: map[string]notification{}, taken: map[string]bool{}}
		r.lanes[l] = a
	}
	last := len(a.ids) - 1
	before, repeat := a.bodies[n.ID]
	switch {
	case repeat:
		r.repeats++
		if before != body {
			r.faults.add(callbackFault, "callback %s was repeated with another body", n.ID)
		}
		if a.ids[last] != n.ID {
			r.faults.add(callbackFault, "callback %s (%s of %s) was repeated after %s", n.ID, n.Notification, n.ObjectID, a.ids[last])
		}
	case last >= 0 && !a.taken[a.ids[last]]:
		r.faults.add(callbackFault, "callback %s (%s of %s) came before %s had succeeded", n.ID, n.Notification, n.ObjectID, a.ids[last])
		fallthrough
	default:
		a.ids = append(a.ids, n.ID)
		a.bodies[n.ID], a.texts[n.ID] = body, n
		if chance := r.rnd.IntN(100); chance < 2 {
			return failing
		} else if chance < 3 {
			return breaking
		}
	}
	a.taken[n.ID] = true
	return taking
}
