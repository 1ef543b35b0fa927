package sim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"switchyard"
	"switchyard/internal/effects/callback"
)

// network carries notifications to the providers' receivers, and knows what each must be.
type network struct {
	w      *World
	flying *flight // the attempt that is being made
	bodies map[switchyard.ID]string
	got    map[switchyard.ID]bool // receivers have it
	dead   map[string]switchyard.Instant
	broken map[string]switchyard.Instant
	slow   time.Duration
}

func newNetwork(w *World) *network {
	return &network{w: w, bodies: map[switchyard.ID]string{}, got: map[switchyard.ID]bool{},
		dead: map[string]switchyard.Instant{}, broken: map[string]switchyard.Instant{}}
}

func (n *network) client() *http.Client {
	return &http.Client{Transport: n, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// fly makes an attempt. Its result is known after a while.
func (n *network) fly(f *flight) {
	w := n.w
	w.note("attempt %s %s %d", f.account, f.effect.ID, f.effect.Attempt)
	n.flying, n.slow = f, 0
	if !f.late {
		n.permitted(f)
	}
	f.report = f.attempt()
	took := time.Duration(w.rng.IntN(200)) * time.Millisecond
	f.ready = w.now.Add(switchyard.Duration((took + n.slow).Milliseconds()))
	n.flying = nil
}

// permitted checks that the attempt may be made: what asks for it is durable, and what goes before it
// is through.
func (n *network) permitted(f *flight) {
	a := n.w.account(f.account)
	a.read()
	e := a.model.effects[f.effect.ID]
	if e == nil {
		n.w.fail("acknowledged", "effect %s is performed, and nothing durable asks for it", f.effect.ID)
		return
	}
	n.w.checked("callback")
	if other := a.model.early(e); other != nil && e.Kind == switchyard.EffectCallback && !e.finished {
		n.w.fail("callback", "%v is attempted before %v is through", e, other)
	}
}

var errTorn = errors.New("connection reset by peer")

// RoundTrip implements http.RoundTripper.
func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	account, w := strings.TrimSuffix(r.URL.Host, ".example.com"), n.w
	if w.fault(ReceiverSlow, 6) {
		n.slow = time.Duration(w.rng.IntN(9900)) * time.Millisecond
	}
	if w.fault(ReceiverDead, 40) {
		n.dead[account] = w.now.Add(switchyard.Duration(w.rng.IntN(120_000)))
	}
	if w.fault(ReceiverFails, 25) {
		n.broken[account] = w.now.Add(switchyard.Duration(w.rng.IntN(60_000)))
	}
	switch {
	case !w.calm && n.dead[account] > w.now:
		n.slow = callback.Timeout
		return nil, context.DeadlineExceeded
	case !w.calm && n.broken[account] > w.now:
		return n.refuse(), nil
	}
	n.receive(account, r.Header, body)
	if w.fault(DeliveryTwice, 10) {
		n.receive(account, r.Header, body)
	}
	if w.fault(ReceiptLost, 10) {
		return nil, errTorn
	}
	return answer(http.StatusNoContent), nil
}

func answer(status int) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(nil)), ProtoMajor: 1, ProtoMinor: 1}
}

func (n *network) refuse() *http.Response {
	a := answer([]int{500, 503, 404, 302, 429}[n.w.rng.IntN(5)])
	if n.w.rng.IntN(3) == 0 {
		a.Header.Set("Retry-After", "20")
	}
	return a
}

// receive is the provider taking a notification: it holds it against what was asked for, and checks
// the signature as a receiver would.
func (n *network) receive(account string, h http.Header, body []byte) {
	w, f := n.w, n.flying
	w.checked("callback")
	id, err := switchyard.ParseID(h.Get("webhook-id"))
	if err != nil || id != f.effect.ID || account != f.account {
		w.fail("callback", "the receiver of %s gets notification %q instead of %s of %s", account, h.Get("webhook-id"), f.effect.ID, f.account)
		return
	}
	if before, again := n.bodies[id]; again && before != string(body) {
		w.fail("callback", "notification %s had the body %s and now has %s", id, before, body)
	}
	if want := callback.Body(account, &f.effect); !bytes.Equal(want, body) {
		w.fail("callback", "notification %s has the body %s, not %s", id, body, want)
	}
	seconds, _ := strconv.ParseInt(h.Get("webhook-timestamp"), 10, 64)
	signature, err := callback.Sign([]string{signingSecret}, id, time.Unix(seconds, 0), body)
	if err != nil || signature != h.Get("webhook-signature") {
		w.fail("callback", "notification %s has the signature %q, not %q", id, h.Get("webhook-signature"), signature)
	}
	n.bodies[id] = string(body)
	n.got[id] = true
}

// signingSecret is the same for every provider; in a world of one thread nobody steals it.
const signingSecret = "whsec_c3dpdGNoeWFyZC1zaW0tc2lnbmluZy1zZWNyZXQ="
