package crash

import (
	"net"
	"sync"
)

// wire is a listener that knows when everything a killed server sent has arrived.
type wire struct {
	net.Listener

	mu      sync.Mutex
	changed *sync.Cond
	open    int    // connections
	probe   string // the address of a connection that is waited for; "" = it was accepted
}

func newWire() (*wire, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &wire{Listener: l}
	w.changed = sync.NewCond(&w.mu)
	return w, nil
}

// Accept implements net.Listener.
func (w *wire) Accept() (net.Conn, error) {
	c, err := w.Listener.Accept()
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open++
	if c.RemoteAddr().String() == w.probe {
		w.probe = ""
	}
	w.changed.Broadcast()
	return &strand{Conn: c, wire: w}, nil
}

// strand is one connection of a wire.
type strand struct {
	net.Conn
	wire *wire
	once sync.Once
}

// Close implements net.Conn.
func (s *strand) Close() error {
	s.once.Do(func() {
		s.wire.mu.Lock()
		defer s.wire.mu.Unlock()
		s.wire.open--
		s.wire.changed.Broadcast()
	})
	return s.Conn.Close()
}

// silence waits, when the server is dead, until all of its connections are at their end: what comes
// afterwards comes from its successor. Connections are accepted in turn, so that none of the dead
// server's is still to come when one that was made after its death is there.
func (w *wire) silence() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	last, err := net.Dial("tcp", w.Addr().String()) // Accept waits for the lock
	if err != nil {
		return err
	}
	for w.probe = last.LocalAddr().String(); w.probe != ""; {
		w.changed.Wait()
	}
	err = last.Close()
	for w.open > 0 {
		w.changed.Wait()
	}
	return err
}
