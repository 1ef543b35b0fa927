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

// A member that cannot be read is named, in words that know nothing of Go.
func TestUnreadableMembersAreNamed(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	extend := "/v1/interactions/" + r.dispatch("A", nil).String() + "/extend"
	const noDuration = ` is no duration: write 20s, 1h30m, 35d or a number of seconds`
	for _, c := range []struct {
		method, path, body string
		status             int
		want               Fault
	}{
		{"POST", "/v1/clock", `{"advance":"soon"}`, 400, Fault{Path: "body.advance", Text: `"soon"` + noDuration}},
		{"POST", "/v1/clock", `{"advance":-5}`, 400, Fault{Path: "body.advance", Text: `"-5"` + noDuration}},
		{"POST", "/v1/clock", `{"advance":true}`, 400, Fault{Path: "body.advance", Text: "must be a duration such as 20s, 1h30m, 35d or a number of seconds"}},
		{"POST", extend, `{"agent":"ada","by":"soon"}`, 400, Fault{Path: "body.by", Text: `"soon"` + noDuration}},
		{"PUT", "/v1/config", "{\"account\":\"story\",\n\"settings\":{\"noanswer\":\"soon\"}}", 422,
			Fault{Path: "settings.noanswer", Text: `"soon"` + noDuration, Line: 2, Column: 24}},
		{"PUT", "/v1/config", "{\"account\":\"story\",\n\"clients\":[{\"id\":\"new\",\"scopes\":[\"stats:read\"]}]}", 422,
			Fault{Path: "clients[0].secret", Text: `client "new" is new here, so it needs a secret`, Line: 2, Column: 12}},
	} {
		a := ops.do(c.method, c.path, c.body).is(c.status)
		if got := as[Problem](a).Errors; len(got) != 1 || got[0] != c.want {
			t.Errorf("%s %s %s: %s", c.method, c.path, c.body, a.Body)
		}
		if c.want.Line == 0 && contains(a.Body, `"line"`) {
			t.Errorf("%s speaks of a line: %s", c.body, a.Body)
		}
	}
}
