package native

import (
	"fmt"
	"testing"
	"time"

	"switchyard"
	"switchyard/internal/api/httpx"
)

// Who is told to come later is told when it helps, also when the refusal came wrapped.
func TestProblemsSayWhenToComeBack(t *testing.T) {
	c := &call{http: &httpx.Call{}}
	busy := switchyard.Refuse(switchyard.TooManyRequests, "wait")
	for want, err := range map[string]error{
		"1":  busy,
		"42": fmt.Errorf("sign in: %w", &httpx.RetryLater{Refusal: busy, After: 41500 * time.Millisecond}),
		"":   switchyard.Refuse(switchyard.NotFound, "nothing"),
	} {
		if got := (&api{}).asProblem(c, err).GetHeaders().Get("Retry-After"); got != want {
			t.Errorf("%v: Retry-After is %q, want %q", err, got, want)
		}
	}
}
