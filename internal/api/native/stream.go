package native

import (
	"bytes"
	"net/http"
	"time"
)

// streamWrite is how long a reader of a stream may take for one event; a slower one is dropped and
// comes back with the cursor it has.
const streamWrite = 10 * time.Second

// stream writes server-sent events.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	buf     bytes.Buffer
}

func openStream(w http.ResponseWriter) *stream {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies must not hold events back
	s := &stream{w: w, control: http.NewResponseController(w)}
	_ = s.control.SetReadDeadline(time.Time{}) // the server's deadline is for requests that end
	w.WriteHeader(http.StatusOK)
	_ = s.control.Flush() // the reader learns that it is connected, or the first send fails
	return s
}

// close leaves the connection as a request that ended would.
func (s *stream) close() { _ = s.control.SetWriteDeadline(time.Time{}) }

// send writes one event; without data and type it only moves the reader's Last-Event-ID on.
func (s *stream) send(id, kind string, data []byte) error {
	s.add(id, kind, data)
	return s.flush()
}

// add keeps an event until flush.
func (s *stream) add(id, kind string, data []byte) {
	if id != "" {
		s.buf.WriteString("id: " + id + "\n")
	}
	if kind != "" {
		s.buf.WriteString("event: " + kind + "\n")
	}
	if data != nil {
		s.buf.WriteString("data: ")
		s.buf.Write(data)
		s.buf.WriteByte('\n')
	}
	s.buf.WriteByte('\n')
}

// comment keeps the connection and whoever watches it awake.
func (s *stream) comment(text string) { s.buf.WriteString(": " + text + "\n") }

// longStream is how much is kept before it is sent although more is to come: the events of one input
// may be megabytes, and their reader can go on meanwhile.
const longStream = 64 << 10

func (s *stream) flushLong() error {
	if s.buf.Len() < longStream {
		return nil
	}
	return s.flush()
}

func (s *stream) flush() error {
	if s.buf.Len() == 0 {
		return nil
	}
	_ = s.control.SetWriteDeadline(time.Now().Add(streamWrite)) // not every writer has deadlines
	if _, err := s.w.Write(s.buf.Bytes()); err != nil {
		return err
	}
	s.buf.Reset()
	return s.control.Flush()
}
