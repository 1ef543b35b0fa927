package crash

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"switchyard"
	"switchyard/internal/api/native"
)

// effect is one that the feed asks for.
type effect struct {
	kind    string
	subject subject // of callbacks none
	attempt int     // the one that was asked for last
	waits   bool    // for its next attempt to be due
	over    bool
	ok      bool
	visit   visit
}

// visit is an applet that asks for effects, and the interaction that is there. No plan of the harness
// leads to one twice.
type visit struct {
	work   switchyard.ID
	applet string
}

// waited is what a visit waits for.
type waited struct {
	after           bool // in the after plan
	effects         []switchyard.ID
	left            int
	failed, timeout bool
	owed            bool // all is through, and the interaction was there to go on
	exits           int
	answer, key     string // data sources it was left with
}

// effect follows an event about an effect.
func (m *model) effect(h *native.Happening) {
	if h.Type == "effect.requested" {
		m.requested(h)
		return
	}
	v := data[struct {
		Effect  switchyard.ID `json:"effect"`
		Attempt int           `json:"attempt"`
		OK      bool          `json:"ok"`
		Status  int           `json:"status"`
		Detail  string        `json:"detail"`
		Timeout bool          `json:"timeout"`
	}](m, h)
	e := m.effects[v.Effect]
	if e == nil || e.over {
		m.faults.add(unmadeFault, "%s at %d.%d is about effect %s: %+v", h.Type, h.Seq, h.N, v.Effect, e)
		return
	}
	next := e.attempt
	if e.waits {
		next++
	}
	switch h.Type {
	case "effect.due": // a callback's first attempt, too, when its turn comes
		m.attempts(h, e, v.Attempt, next)
		e.attempt, e.waits = v.Attempt, false
	case "effect.attempted":
		m.attempts(h, e, v.Attempt, e.attempt)
		e.waits = true
	case "effect.finished":
		m.attempts(h, e, v.Attempt, e.attempt)
		if !v.OK && (e.kind == switchyard.EffectCallback || v.Detail == "" && v.Status == 0) {
			m.faults.add(unmadeFault, "%s %s failed at %d.%d: %+v", e.kind, v.Effect, h.Seq, h.N, v)
		}
		m.finished(e, v.OK, v.Timeout)
	}
}

func (m *model) attempts(h *native.Happening, e *effect, is, want int) {
	if is != want {
		m.faults.add(unmadeFault, "%s at %d.%d is about attempt %d of %s, and %d is due", h.Type, h.Seq, h.N, is, e.subject, want)
	}
}

func (m *model) requested(h *native.Happening) {
	asked := data[struct {
		Effect switchyard.Effect `json:"effect"`
	}](m, h).Effect
	if m.effects[asked.ID] != nil {
		m.faults.add(repeatFault, "effect %s was requested twice", asked.ID)
		return
	}
	e := &effect{kind: asked.Kind, attempt: asked.Attempt}
	m.effects[asked.ID] = e
	m.open++
	if e.kind == switchyard.EffectCallback {
		m.callback(h, &asked)
		return
	}
	e.subject = subjectOf(&asked)
	e.visit = visit{asked.Interaction, e.subject.step}
	if e.subject.account != h.Account || e.subject.work != asked.Interaction.String() {
		m.faults.add(strangeFault, "%d.%d asks about interaction %s of %s for %s", h.Seq, h.N, asked.Interaction, h.Account, e.subject)
	}
	w := m.visits[e.visit]
	if w == nil {
		m.faults.add(strangeFault, "%d.%d asks for %s, where the interaction is not", h.Seq, h.N, e.subject)
		return
	}
	w.effects = append(w.effects, asked.ID)
	w.left++
}

// subjectOf is what the requests of an effect are to be about.
func subjectOf(e *switchyard.Effect) subject {
	switch e.Kind {
	case switchyard.EffectConnector:
		_, query, _ := strings.Cut(e.Connector.URL, "?")
		q, _ := url.ParseQuery(query)
		return subject{q.Get("account"), e.Values["CallGuid"], q.Get("step"), ""}
	case switchyard.EffectEmail:
		return message(e.Subject, "")
	}
	return message(e.Message, strings.Join(e.To, ","))
}

// finished ends an effect; with the last of a visit the interaction goes on, unless it was released
// meanwhile.
func (m *model) finished(e *effect, ok, timeout bool) {
	e.over, e.ok = true, ok
	m.open--
	w := m.visits[e.visit]
	if w == nil {
		return
	}
	w.left--
	w.failed, w.timeout = w.failed || !ok, w.timeout || timeout
	i := m.interactions[e.visit.work]
	w.owed = w.left == 0 && i != nil && (i.state == "waiting" || w.after)
}

// stepped follows an interaction into an applet that asks for effects, and out of it.
func (m *model) stepped(h *native.Happening) {
	v := data[step](m, h)
	if v.Type != "dataconnector" && v.Type != "sendsms" && v.Type != "sendemail" {
		return
	}
	at := visit{h.Interaction, v.Applet}
	w := m.visits[at]
	switch {
	case v.Exit == "" && w == nil:
		m.visits[at] = &waited{after: m.interactions[at.work].after}
	case v.Exit == "" || w == nil:
		m.faults.add(unmadeFault, "%d.%d: %s goes through %s by %q: %+v", h.Seq, h.N, at.work, at.applet, v.Exit, w)
	default:
		m.left(h, &v, w)
	}
}

// step is what is wanted of an applet's event.
type step struct {
	Applet string            `json:"applet"`
	Type   string            `json:"type"`
	Exit   string            `json:"exit"`
	Values map[string]string `json:"values"`
}

// left holds the exit that was taken against what became of the effects: each applet is left once,
// when all it asked for is through.
func (m *model) left(h *native.Happening, v *step, w *waited) {
	want := "next"
	switch {
	case w.timeout && v.Type == "dataconnector":
		want = "timeout"
	case w.failed:
		want = "failure"
	}
	w.exits++
	w.answer, w.key = v.Values["Answer"], v.Values["Key"]
	if w.exits > 1 || !w.owed || v.Exit != want {
		m.faults.add(unmadeFault, "%d.%d leaves %s of %s by %s, due is %s of %+v", h.Seq, h.N, v.Applet, h.Interaction, v.Exit, want, *w)
	}
}

// callbacks is how many there are. The lock is held.
func (m *model) callbacks() (n int) {
	for _, e := range m.effects {
		if e.kind == switchyard.EffectCallback {
			n++
		}
	}
	return n
}

// pending is how many effects are not through.
func (m *model) pending() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.open
}

// checkEffects: every effect that was asked for was made and is through, or failed and says why;
// however often it was made, it was under its own id, and no more often than it was decided and the
// server killed; its result was taken once. Nothing else was made.
func (w *world) checkEffects(o *outside) {
	w.model.mu.Lock()
	defer w.model.mu.Unlock()
	o.mu.Lock()
	defer o.mu.Unlock()
	for id, e := range w.model.effects {
		if e.kind == switchyard.EffectCallback {
			continue
		}
		m, other := o.effects[id.String()], o.ids[e.subject]
		switch {
		case !e.over:
			w.faults.add(unmadeFault, "%s %s (%s) was asked for and is not through", e.kind, id, e.subject)
		case m == nil && other != "":
			w.faults.add(repeatFault, "%s %s (%s) came under the id %s", e.kind, id, e.subject, other)
		case e.ok && (m == nil || !m.taken):
			w.faults.add(unmadeFault, "%s %s (%s) is recorded as done, and was never taken: %+v", e.kind, id, e.subject, m)
		case m == nil: // its time was over before there was an attempt; it said so
		case m.subject != e.subject || m.kind != e.kind:
			w.faults.add(repeatFault, "%s %s is %s in the feed and came as %s of %s", e.kind, id, e.subject, m.kind, m.subject)
		case m.count > e.attempt+len(m.lives)-1+m.free:
			w.faults.add(repeatFault, "%s %s (%s) came %d times in %d lives of the server; %d attempts were decided", e.kind, id, e.subject, m.count, len(m.lives), e.attempt)
		}
	}
	for id, m := range o.effects {
		if parsed, err := switchyard.ParseID(id); m.subject.account == w.account && (err != nil || w.model.effects[parsed] == nil) {
			w.faults.add(repeatFault, "%s %s came under id %q, which the feed does not know", m.kind, m.subject, id)
		}
	}
	for at, v := range w.model.visits {
		if v.owed && v.exits == 0 {
			w.faults.add(unmadeFault, "all that %s of %s waited for is through, and it was not left", at.applet, at.work)
		}
		w.checkAnswer(o, at, v)
	}
}

// checkAnswer: what a data connector was left with is what was answered to its request.
func (w *world) checkAnswer(o *outside, at visit, v *waited) {
	if len(v.effects) == 0 {
		w.faults.add(unmadeFault, "%s of %s asked for nothing", at.applet, at.work)
		return
	}
	first := v.effects[0]
	if w.model.effects[first].kind != switchyard.EffectConnector || v.exits == 0 || v.failed {
		return
	}
	if m := o.effects[first.String()]; m != nil && (!m.answers[v.answer] || v.key != first.String()) {
		w.faults.add(unmadeFault, "%s of %s asked as %s and was left with answer %q to %q: %+v", at.applet, at.work, first, v.answer, v.key, m)
	}
}

// tally is what a run had to do in the world, by applet, and whether kills really fell between
// requests and results.
type tally struct {
	done, failed, cutOff, answered map[string]int
	repeats                        int
}

// reaching are the applets whose effects are checked here.
var reaching = []string{"ask", "order", "hurry", "web", "vonage", "messages", "twilio", "mail", "thanks"}

func (h *harness) tally() *tally {
	t := &tally{done: map[string]int{}, failed: map[string]int{}, cutOff: h.outside.cutOff, answered: h.outside.answered}
	for _, w := range h.worlds {
		for _, e := range w.model.effects {
			switch {
			case e.kind == switchyard.EffectCallback:
			case e.ok:
				t.done[e.subject.step]++
			case e.over:
				t.failed[e.subject.step]++
			}
		}
	}
	for _, m := range h.outside.effects {
		t.repeats += m.count - 1
	}
	return t
}

func (t *tally) String() string {
	return fmt.Sprintf("effects done %v, failed with a reason %v; killed before the answer %v, with the answer given and its result not recorded %v; %d requests came again under their id",
		t.done, t.failed, t.cutOff, t.answered, t.repeats)
}

// shows fails a test that proved nothing: effects of every applet must have been made, and kills must
// have fallen between their requests and their results.
func (t *tally) shows(test *testing.T, crashes int) {
	all := 0
	for _, applet := range reaching {
		cut := t.cutOff[applet] + t.answered[applet]
		all += cut
		if t.done[applet] == 0 || cut == 0 && crashes >= 20 {
			test.Errorf("of %s %d were done, %d failed, and %d kills cut %d", applet, t.done[applet], t.failed[applet], crashes, cut)
		}
	}
	if all < crashes {
		test.Errorf("%d kills cut only %d effects between request and result", crashes, all)
	}
}
