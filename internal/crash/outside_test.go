package crash

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/effects/sms/vendortest"
)

// outside is what the plans of all accounts reach: a system they ask, gateways of messages and a mail
// server. It outlives the servers and knows every request they made, by the id it came under. It
// fails a few of the first requests in every way the other side may, answers some slowly, and answers
// nothing for a moment before some of the kills.
type outside struct {
	http   *httptest.Server
	web    *wire
	mail   *wire
	vendor *vendortest.Vendor // its handler only
	faults *faults
	talks  sync.WaitGroup // with the mail server

	mu       sync.Mutex
	rnd      *rand.Rand
	effects  map[string]*made   // by id
	ids      map[subject]string // the id each came under first
	answers  int
	life     int            // how many servers were killed before
	held     chan struct{}  // nothing is answered before it is closed; nil = answers are given
	killed   chan struct{}  // closed when the server of this life is dead; another in each
	cutOff   map[string]int // requests by applet that a kill left without an answer
	answered map[string]int // requests by applet that came again after a kill, though they were answered before
}

// subject is what a request is about, read from what it says and not from its id.
type subject struct{ account, work, step, to string }

func (s subject) String() string {
	return fmt.Sprintf("%s of interaction %s (%s) to %q", s.step, s.work, s.account, s.to)
}

// made is the requests made for one effect.
type made struct {
	kind    string
	subject subject
	text    [sha256.Size]byte // what it says
	lives   map[int]bool      // in which it came
	last    int               // life
	count   int
	free    int             // times the transport may have sent it again by itself
	taken   bool            // it was answered with success
	answers map[string]bool // given to it
}

func newOutside(t *testing.T, f *faults, rnd *rand.Rand) (*outside, error) {
	o := &outside{faults: f, rnd: rnd, vendor: vendortest.New(t), effects: map[string]*made{}, ids: map[subject]string{},
		killed: make(chan struct{}), cutOff: map[string]int{}, answered: map[string]int{}}
	var err error
	if o.web, err = newWire(); err != nil {
		return nil, err
	}
	if o.mail, err = newWire(); err != nil {
		return nil, err
	}
	o.http = serveOn(o.web, o.handler())
	o.talks.Go(o.mailServer)
	return o, nil
}

func (o *outside) close() {
	o.http.Close()
	_ = o.mail.Close()
	o.talks.Wait()
}

// hold leaves everything unanswered from now on, until free or the server's end.
func (o *outside) hold() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held = make(chan struct{})
}

// free gives all answers that were held back.
func (o *outside) free() {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.held)
	o.held = nil
}

// silence ends a life: everything the dead server sent has arrived, and belongs to it.
func (o *outside) silence() error {
	o.mu.Lock()
	close(o.killed)
	o.mu.Unlock()
	for _, w := range []*wire{o.web, o.mail} {
		if err := w.silence(); err != nil {
			return err
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.life++
	o.held, o.killed = nil, make(chan struct{})
	return nil
}

// fate is what becomes of a request or of a callback.
type fate int

const (
	taking   fate = iota
	failing       // another attempt may help
	refusing      // none can
	breaking      // the connection
)

// arrive enters a request and decides what becomes of it. Only an effect's first request meets
// anything but success: then every effect is through within a few seconds.
func (o *outside) arrive(kind, id string, s subject, text []byte, repeatable bool) (fate fate, wait time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	m := o.effects[id]
	if m == nil {
		m = &made{kind: kind, subject: s, text: sha256.Sum256(text), lives: map[int]bool{}, last: o.life, answers: map[string]bool{}}
		o.effects[id] = m
		if other, twice := o.ids[s]; twice {
			o.faults.add(repeatFault, "%s came under the ids %s and %s", s, other, id)
		} else {
			o.ids[s] = id
		}
	}
	if m.subject != s || m.kind != kind {
		o.faults.add(repeatFault, "%s %s came under id %s, which is that of %s", kind, s, id, m.subject)
	} else if m.text != sha256.Sum256(text) {
		o.faults.add(repeatFault, "%s came again under id %s and says something else: %.300s", s, id, text)
	}
	if m.taken && m.last != o.life {
		o.answered[s.step]++
	}
	m.count++
	m.lives[o.life], m.last = true, o.life
	if m.count == 1 {
		switch chance := o.rnd.IntN(100); {
		case chance < 2:
			fate = failing
		case chance < 3:
			fate = refusing
		case chance < 4:
			fate = breaking
			if repeatable {
				m.free++
			}
		}
	}
	if o.rnd.IntN(10) == 0 {
		wait = time.Duration(20+o.rnd.IntN(400)) * time.Millisecond
	}
	return fate, wait
}

// answer returns when a request is to be answered; false when nobody waits for it any more.
func (o *outside) answer(ctx context.Context, id string, fate fate, wait time.Duration) bool {
	o.mu.Lock()
	killed, m := o.killed, o.effects[id]
	o.mu.Unlock()
	select {
	case <-time.After(wait):
	case <-killed:
	case <-ctx.Done():
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for killed == o.killed && o.held != nil {
		held := o.held
		o.mu.Unlock()
		dead := false
		select {
		case <-held:
		case <-killed:
			dead = true
		}
		o.mu.Lock()
		if dead {
			o.cutOff[m.subject.step]++
			return false
		}
	}
	switch {
	case killed != o.killed:
		o.cutOff[m.subject.step]++
		return false
	case ctx.Err() != nil: // the server has waited for as long as the plan lets it
		return false
	case fate == taking:
		m.taken = true
	}
	return true
}

// handler is what is asked over HTTP.
func (o *outside) handler() http.HandlerFunc {
	mux := http.NewServeMux()
	mux.HandleFunc("/ask", o.ask)
	mux.HandleFunc("/sms", o.sms)
	mux.HandleFunc("/sms/json", o.vonageSMS)
	mux.HandleFunc("/v1/messages", o.vonageMessages)
	mux.HandleFunc("/2010-04-01/", o.twilio)
	return mux.ServeHTTP
}

// come is a request that arrived over HTTP.
type come struct {
	*outside
	w    http.ResponseWriter
	r    *http.Request
	kind string
	id   string
	text []byte
}

// read takes a request in; nil when the server was killed as it wrote.
func (o *outside) read(w http.ResponseWriter, r *http.Request, kind string) *come {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil
	}
	return &come{o, w, r, kind, r.Header.Get("Idempotency-Key"), text}
}

// deliver answers a request about s, by take when it is to succeed.
func (c *come) deliver(s subject, take func()) {
	repeatable := c.r.Method == http.MethodGet
	fate, wait := c.arrive(c.kind, c.id, s, append([]byte(c.r.URL.String()), c.text...), repeatable)
	if !c.answer(c.r.Context(), c.id, fate, wait) || fate == breaking {
		panic(http.ErrAbortHandler)
	}
	switch fate {
	case failing:
		c.w.Header().Set("Retry-After", "1")
		http.Error(c.w, "busy", []int{http.StatusTooManyRequests, http.StatusBadGateway}[len(c.text)%2])
	case refusing:
		http.Error(c.w, "never", http.StatusBadRequest)
	default:
		take()
	}
}

// ask is what data connectors ask. No two answers are alike.
func (o *outside) ask(w http.ResponseWriter, r *http.Request) {
	c := o.read(w, r, switchyard.EffectConnector)
	if c == nil {
		return
	}
	q := r.URL.Query()
	c.deliver(subject{q.Get("account"), q.Get("work"), q.Get("step"), ""}, func() {
		o.mu.Lock()
		o.answers++
		answer := strconv.Itoa(o.answers)
		o.effects[c.id].answers[answer] = true
		o.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"answer":%q,"key":%q}`, answer, c.id)
	})
}

// sms is a gateway of type http.
func (o *outside) sms(w http.ResponseWriter, r *http.Request) {
	c := o.read(w, r, switchyard.EffectSMS)
	if c == nil {
		return
	}
	var v struct{ ID, To, Text string }
	if err := json.Unmarshal(c.text, &v, json.MatchCaseInsensitiveNames(true)); err != nil {
		o.faults.add(repeatFault, "a message is %.300s (%v)", c.text, err)
		return
	}
	c.same(v.ID)
	c.deliver(message(v.Text, v.To), func() { w.WriteHeader(http.StatusAccepted) })
}

func (o *outside) vonageSMS(w http.ResponseWriter, r *http.Request) {
	c := o.read(w, r, switchyard.EffectSMS)
	if c == nil {
		return
	}
	f, _ := url.ParseQuery(string(c.text))
	c.same(f.Get("client-ref"))
	c.same(f.Get("callback"))
	c.deliver(message(f.Get("text"), f.Get("to")), c.toVendor)
}

func (o *outside) vonageMessages(w http.ResponseWriter, r *http.Request) {
	c := o.read(w, r, switchyard.EffectSMS)
	if c == nil {
		return
	}
	var v struct {
		To, Text string
		Ref      string `json:"client_ref"`
	}
	if err := json.Unmarshal(c.text, &v, json.MatchCaseInsensitiveNames(true)); err != nil {
		o.faults.add(repeatFault, "a message is %.300s (%v)", c.text, err)
		return
	}
	c.same(v.Ref)
	c.deliver(message(v.Text, v.To), c.toVendor)
}

func (o *outside) twilio(w http.ResponseWriter, r *http.Request) {
	c := o.read(w, r, switchyard.EffectSMS)
	if c == nil {
		return
	}
	f, _ := url.ParseQuery(string(c.text))
	c.same(f.Get("StatusCallback"))
	c.deliver(message(f.Get("Body"), f.Get("To")), c.toVendor)
}

// same holds the other places that carry an effect's id against its key: a text that ends with it.
func (c *come) same(text string) {
	if c.id == "" || !strings.HasSuffix(text, c.id) {
		c.faults.add(repeatFault, "%s has the key %q and calls itself %q", c.r.URL.Path, c.id, text)
	}
}

// toVendor has a vendor's fake look at a message and answer.
func (c *come) toVendor() {
	c.r.Body = io.NopCloser(bytes.NewReader(c.text))
	c.vendor.Config.Handler.ServeHTTP(c.w, c.r)
}

// message reads what a message is about: its text begins with account, interaction and applet.
func message(text, to string) subject {
	words := strings.Fields(text + " ? ? ?")
	return subject{words[0], words[1], strings.TrimSuffix(words[2], ":"), strings.ReplaceAll(to, "+", "")}
}
