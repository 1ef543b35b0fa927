package bench

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// hanging is the other side of data connectors that accepts every connection and never answers.
type hanging struct {
	listeners []net.Listener // one for each host
}

// newHanging listens as so many hosts.
func newHanging(hosts int) (*hanging, error) {
	h := &hanging{}
	for range hosts {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, errors.Join(fmt.Errorf("listen as a host that hangs: %w", err), h.close())
		}
		h.listeners = append(h.listeners, l)
		go h.accept(l)
	}
	return h, nil
}

func (h *hanging) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return // the measurement is over
		}
		go func() {
			_, _ = io.Copy(io.Discard, conn) // until the other side gives up
			_ = conn.Close()
		}()
	}
}

// url is the address of one of its hosts.
func (h *hanging) url(host int) string { return "http://" + h.listeners[host].Addr().String() }

func (h *hanging) close() error {
	var failed []error
	for _, l := range h.listeners {
		failed = append(failed, l.Close())
	}
	return errors.Join(failed...)
}

// quick is the other side of data connectors that answers, as soon as such a host does, and tells
// whoever waits for it that an interaction asked for the second time.
type quick struct {
	listener net.Listener
	server   *http.Server

	mu      sync.Mutex
	waiting map[uint64]chan struct{} // by number of the interaction
}

// The paths of a quick target, each followed by the number of the interaction. The second is asked
// when the answer to the first has come to the plan.
const (
	firstQuestion  = "/first/"
	secondQuestion = "/second/"
)

// newQuick listens as a host that takes so long for an answer.
func newQuick(takes time.Duration) (*quick, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen as a host that answers: %w", err)
	}
	q := &quick{listener: l, waiting: map[uint64]chan struct{}{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+firstQuestion+"{number}", func(w http.ResponseWriter, _ *http.Request) { tell(w, takes) })
	mux.HandleFunc("GET "+secondQuestion+"{number}", func(w http.ResponseWriter, r *http.Request) {
		tell(w, takes)
		if number, err := strconv.ParseUint(r.PathValue("number"), 10, 64); err == nil {
			q.arrived(number)
		}
	})
	q.server = &http.Server{Handler: mux}
	go func() { _ = q.server.Serve(l) }() // it ends with close
	return q, nil
}

func tell(w http.ResponseWriter, takes time.Duration) {
	time.Sleep(takes)
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"customer":{"tier":"gold"}}`) // the caller has gone: nobody is left to be told
}

// seen is where it is told that an interaction asked for the second time.
func (q *quick) seen(number uint64) chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	seen := q.waiting[number]
	if seen == nil {
		seen = make(chan struct{}, 1)
		q.waiting[number] = seen
	}
	return seen
}

// arrived passes on that an interaction asked for the second time.
func (q *quick) arrived(number uint64) {
	select {
	case q.seen(number) <- struct{}{}:
	default: // a request may be made twice
	}
}

// await waits until an interaction asked for the second time.
func (q *quick) await(number uint64, limit time.Duration) error {
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case <-q.seen(number):
	case <-late.C:
		return fmt.Errorf("the data connectors of interaction %d did not come within %s", number, limit)
	}
	q.mu.Lock()
	delete(q.waiting, number)
	q.mu.Unlock()
	return nil
}

func (q *quick) url() string { return "http://" + q.listener.Addr().String() }

func (q *quick) close() error { return q.server.Close() }
