package httpx

import (
	"crypto/rand"
	"encoding/binary"
	"sync/atomic"
	"time"

	"switchyard"
)

// CorrelationHeader carries the id that finds a call in the log, the feed and the web UI.
const CorrelationHeader = "X-Correlation-ID"

// IDs makes correlation ids. One source serves a whole process; ids of one source never repeat, and
// those of two processes differ by their random start.
type IDs struct {
	now     func() time.Time
	counter atomic.Uint64
	entropy uint64
}

// NewIDs makes a source that takes the real time from now.
func NewIDs(now func() time.Time) *IDs {
	var start [16]byte
	rand.Read(start[:]) // never fails
	ids := &IDs{now: now, entropy: binary.BigEndian.Uint64(start[:8])}
	ids.counter.Store(binary.BigEndian.Uint64(start[8:]) >> 24) // leaves room to count up in 42 bits
	return ids
}

// New makes an id.
func (s *IDs) New() switchyard.ID {
	return switchyard.NewID(switchyard.InstantOf(s.now()), s.counter.Add(1), s.entropy)
}
