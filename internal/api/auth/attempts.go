package auth

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"switchyard"
	"switchyard/internal/api/httpx"
)

// Limits of guessing: this many failures in this time by one address on one name, then no more.
const (
	maxFailures  = 10
	failureSpan  = time.Minute
	maxSuspects  = 65_536 // pairs of name and address watched at a time
	maxNameBytes = 255    // longer names are nobody's
)

// suspect is a pair of a name and an address that a secret was shown for.
type suspect struct{ name, address string }

// attempts counts failures to show the right secret. Those of one suspect are verified one after
// another, so that guessing in parallel gains nothing.
type attempts struct {
	now func() time.Time

	mu     sync.Mutex
	recent map[suspect]*record
}

// record is one suspect's failures since began. turn is held while a secret is verified; waiting
// counts who holds or wants it, so that the record is not forgotten meanwhile.
type record struct {
	turn     chan struct{}
	waiting  int
	failures int
	began    time.Time
}

func newAttempts(now func() time.Time) *attempts {
	return &attempts{now: now, recent: map[suspect]*record{}}
}

// try verifies a secret for a suspect, unless it has failed too often: then it is
// refused with *httpx.RetryLater.
func (a *attempts) try(ctx context.Context, s suspect, verify func() (bool, error)) (bool, error) {
	r := a.join(s)
	defer a.part(s, r)
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	defer func() { <-r.turn }()
	if after := a.barred(r); after > 0 {
		return false, tooMany(after)
	}
	ok, err := verify()
	if err == nil && !ok {
		a.failed(r)
	}
	return ok, err
}

func (a *attempts) join(s suspect) *record {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.recent[s]
	if r == nil {
		if len(a.recent) >= maxSuspects {
			a.forget()
		}
		r = &record{turn: make(chan struct{}, 1)}
		a.recent[s] = r
	}
	r.waiting++
	return r
}

func (a *attempts) part(s suspect, r *record) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.waiting--; r.waiting == 0 && r.failures == 0 && a.recent[s] == r {
		delete(a.recent, s)
	}
}

// barred answers how long the suspect must wait still; 0 when it may try.
func (a *attempts) barred(r *record) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	left := failureSpan - a.now().Sub(r.began)
	if left <= 0 {
		r.failures = 0
	}
	if r.failures < maxFailures {
		return 0
	}
	return left
}

func (a *attempts) failed(r *record) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.failures++; r.failures == 1 {
		r.began = a.now()
	}
}

// forget makes room: what is over goes; when that is too little, arbitrary ones go, so that memory
// and time are bounded whoever attacks.
func (a *attempts) forget() {
	now := a.now()
	for s, r := range a.recent {
		if r.waiting == 0 && now.Sub(r.began) >= failureSpan {
			delete(a.recent, s)
		}
	}
	for s := range a.recent {
		if len(a.recent) <= maxSuspects*3/4 {
			return
		}
		delete(a.recent, s)
	}
}

// suspectOf pairs a name with the address a request comes from. Headers that claim another address
// are not believed.
func suspectOf(name, remoteAddr string) suspect {
	return suspect{name: name[:min(len(name), maxNameBytes)], address: hostOf(remoteAddr)}
}

func hostOf(remoteAddr string) string {
	if host, _, err := net.SplitHostPort(remoteAddr); err == nil {
		return host
	}
	return remoteAddr
}

// Local reports whether a request comes from this machine itself, and not from a proxy on it that
// asks for somebody else.
func Local(r *http.Request) bool {
	if r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" {
		return false
	}
	ip, err := netip.ParseAddr(hostOf(r.RemoteAddr))
	return err == nil && ip.Unmap().IsLoopback()
}

// tooMany refuses a suspect who has failed too often, and says when to come back.
func tooMany(after time.Duration) error {
	return &httpx.RetryLater{After: after, Refusal: switchyard.Refuse(switchyard.TooManyRequests,
		"there were %d failures within a minute; wait %d seconds", maxFailures, httpx.Seconds(after))}
}
