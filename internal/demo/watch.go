package demo

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/client"
)

// watch is what is seen of the centre: figures of the moment and the latest decisions.
type watch struct {
	mu        sync.Mutex
	started   time.Time
	now       stats
	names     map[switchyard.ID]string
	decisions []decision
	counts    counts
}

// counts since the demo began.
type counts struct{ sent, offered, answered, ended, callbacks int }

// decision is one offer, in words.
type decision struct {
	at   time.Time
	text string
	why  string
}

// stats is the part of GET /v1/stats that is shown.
type stats struct {
	Queues []struct {
		Queue        string   `json:"queue"`
		Waiting      int      `json:"waiting"`
		LongestWait  float64  `json:"longestwait"`
		ServiceLevel *float64 `json:"servicelevel"`
		Offered      int      `json:"offered"`
		Answered     int      `json:"answered"`
		InTarget     int      `json:"intarget"`
		Abandoned    int      `json:"abandoned"`
	} `json:"queues"`
	Agents []struct {
		Username string              `json:"username"`
		State    string              `json:"state"`
		Category switchyard.Category `json:"category"`
		Load     int                 `json:"load"`
	} `json:"agents"`
}

// keepDecisions is how many decisions are remembered for the picture.
const keepDecisions = 12

func newWatch() *watch { return &watch{started: time.Now(), names: map[switchyard.ID]string{}} }

func (w *watch) sent()     { w.add(func(c *counts) { c.sent++ }) }
func (w *watch) callback() { w.add(func(c *counts) { c.callbacks++ }) }

func (w *watch) add(f func(c *counts)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(&w.counts)
}

func (w *watch) figures(now *stats) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = *now
}

// see follows the feed.
func (w *watch) see(h *client.Happening) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch h.Type {
	case "interaction.dispatched":
		w.names[h.Interaction] = nameOf(h)
	case "interaction.offered":
		w.counts.offered++
		w.decide(h)
	case "interaction.connected":
		w.counts.answered++
	case "interaction.ended":
		w.counts.ended++
		delete(w.names, h.Interaction)
	}
}

// nameOf is what people call a dispatched interaction.
func nameOf(h *client.Happening) string {
	var e struct {
		Route  string              `json:"route"`
		Linked []switchyard.Linked `json:"linkeddata"`
	}
	if json.Unmarshal(h.Data, &e) != nil {
		return ""
	}
	for _, l := range e.Linked {
		if l.Type == "name" {
			return l.Value
		}
	}
	return e.Route
}

func (w *watch) decide(h *client.Happening) {
	var e struct {
		Reason switchyard.Reason `json:"reason"`
	}
	if json.Unmarshal(h.Data, &e) != nil {
		return
	}
	w.decisions = append(w.decisions, decision{h.At.Time().Local(), fmt.Sprintf("%q → %s", w.names[h.Interaction], h.Agent), inWords(&e.Reason)})
	if len(w.decisions) > keepDecisions {
		w.decisions = slices.Delete(w.decisions, 0, len(w.decisions)-keepDecisions)
	}
}

// inWords says why an agent was chosen and others were not.
func inWords(r *switchyard.Reason) string {
	var parts []string
	if len(r.Requires) > 0 {
		parts = append(parts, "needs "+strings.Join(r.Requires, "+"))
	}
	if len(r.Prefers) > 0 {
		parts = append(parts, "prefers "+strings.Join(r.Prefers, "+"))
	}
	if len(r.Next) > 0 {
		parts = append(parts, fmt.Sprintf("best of %d, before %s by %s", r.Considered, r.Next[0].Agent, lostBy[r.Next[0].Lost]))
	} else {
		parts = append(parts, "the only one who fits")
	}
	var out []string
	for _, x := range []struct {
		n    int
		text string
	}{{r.Excluded.NotReady, "not ready"}, {r.Excluded.Group, "in other groups"}, {r.Excluded.Skill, "without the skill"}, {r.Excluded.Room, "full"}, {r.Excluded.Cooldown, "declined it"}} {
		if x.n > 0 {
			out = append(out, fmt.Sprintf("%d %s", x.n, x.text))
		}
	}
	if len(out) > 0 {
		parts = append(parts, strings.Join(out, ", "))
	}
	return strings.Join(parts, "; ")
}

var lostBy = map[string]string{"prefers": "preferred skills", "level": "skill level", "idlesince": "idle time", "username": "name"}

// crew counts the agents by what they do.
func (s *stats) crew() (ready, busy, away, out int) {
	for _, a := range s.Agents {
		switch {
		case a.Category == switchyard.LoggedOut:
			out++
		case a.Category != switchyard.Ready:
			away++
		case a.Load > 0:
			busy++
		default:
			ready++
		}
	}
	return ready, busy, away, out
}

// totals sums the queues.
func (s *stats) totals() (waiting int, longest time.Duration, level string) {
	answered, in := 0, 0
	for _, q := range s.Queues {
		waiting += q.Waiting
		longest = max(longest, time.Duration(q.LongestWait*float64(time.Second)))
		answered += q.Answered + q.Abandoned
		in += q.InTarget
	}
	return waiting, longest.Round(time.Second), percent(in, answered)
}

func percent(part, whole int) string {
	if whole == 0 {
		return "–"
	}
	return fmt.Sprintf("%d %%", (100*part+whole/2)/whole)
}

// Line is the picture in one line, for terminals that are none.
func (d *Demo) Line() string {
	w := d.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	waiting, longest, level := w.now.totals()
	ready, busy, away, _ := w.now.crew()
	line := fmt.Sprintf("sent %d, answered %d, finished %d, callbacks %d; waiting %d, longest wait %v, service level %s; agents: %d ready, %d busy, %d away",
		w.counts.sent, w.counts.answered, w.counts.ended, w.counts.callbacks, waiting, longest, level, ready, busy, away)
	if n := len(w.decisions); n > 0 {
		line += "; last: " + w.decisions[n-1].text
	}
	return line
}
