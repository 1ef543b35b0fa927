package egress

import (
	"net/http"
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, " 120 ": 2 * time.Minute, "-5": 0, "soon": 0, "1.5": 0, "999999999": 24 * time.Hour,
		"99999999999999999999": 0, "Mon, 23 Nov 2026 12:00:30 GMT": 30 * time.Second, "Mon, 23 Nov 2026 11:00:00 GMT": 0,
		"Mon, 23 Nov 2099 11:00:00 GMT": 24 * time.Hour,
	} {
		a := &Answer{Header: http.Header{"Retry-After": {text}}}
		if got := a.RetryAfter(now); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
