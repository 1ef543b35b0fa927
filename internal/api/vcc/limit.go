package vcc

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"switchyard"
	"switchyard/internal/api/auth"
)

// limits keeps the fair use of each client. There is one limiter for each client that was ever
// limited, and clients are few: they stand in account documents.
type limits struct {
	mu      sync.Mutex
	clients map[clientKey]*limiter
}

type clientKey struct{ account, client string }

// limiter is one client's, with the settings it was made for.
type limiter struct {
	*rate.Limiter
	settings switchyard.FairUse
}

// admit reports whether a client may call now; when not, it says in the header when. The settings
// are nil for unlimited use.
func (l *limits) admit(h http.Header, who *auth.Principal, settings *switchyard.FairUse) bool {
	if settings == nil {
		return true
	}
	now := time.Now()
	reservation := l.of(clientKey{who.Account, who.Client}, *settings).ReserveN(now, 1)
	if !reservation.OK() {
		h.Set("Retry-After", "60") // a rate of nothing: only other settings help
		return false
	}
	wait := reservation.DelayFrom(now)
	if wait == 0 {
		return true
	}
	reservation.CancelAt(now)
	h.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	return false
}

// of finds a client's limiter; a client whose settings changed begins anew.
func (l *limits) of(key clientKey, settings switchyard.FairUse) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if found := l.clients[key]; found != nil && found.settings == settings {
		return found.Limiter
	}
	if l.clients == nil {
		l.clients = map[clientKey]*limiter{}
	}
	burst := settings.Burst
	if burst == 0 {
		burst = max(1, int(settings.Rate))
	}
	made := &limiter{rate.NewLimiter(rate.Limit(settings.Rate), burst), settings}
	l.clients[key] = made
	return made.Limiter
}
