package native

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"switchyard"
	"switchyard/internal/core"
)

// History keeps the figures of every account's queues of the last hours, one sample a minute, in
// memory: it begins with the server. Reports are made of the journal; this is for charts that move.
type History struct {
	engine   Engine
	mu       sync.Mutex
	accounts map[string]*samples
}

// HistoryLength is how far back samples are kept, HistoryEvery how far apart they are.
const (
	HistoryLength = 4 * time.Hour
	HistoryEvery  = time.Minute
	historyPoints = int(HistoryLength / HistoryEvery)
)

// samples are those of one account.
type samples struct {
	since  switchyard.Instant
	queues map[string][]Point
}

// Point is what a queue was like at one moment.
type Point struct {
	At           switchyard.Instant `json:"at" format:"date-time"`
	Waiting      int                `json:"waiting"`
	LongestWait  float64            `json:"longestwait" doc:"Seconds."`
	ServiceLevel *float64           `json:"servicelevel,omitempty" doc:"Of the hour before, 0 to 1; absent when there was nothing to count."`
}

// NewHistory makes an empty history.
func NewHistory(e Engine) *History { return &History{engine: e, accounts: map[string]*samples{}} }

// Run samples every minute until ctx ends.
func (h *History) Run(ctx context.Context) {
	tick := time.NewTicker(HistoryEvery)
	defer tick.Stop()
	for {
		h.Sample(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Sample takes one sample of every account. One that cannot be asked now has a gap.
func (h *History) Sample(ctx context.Context) {
	for _, account := range h.engine.Accounts() {
		var queues []core.QueueFigures
		var at switchyard.Instant
		err := h.engine.View(ctx, account, func(s *core.State, now switchyard.Instant) { queues, at = s.Queues(now), now })
		if err == nil {
			h.take(account, at, queues)
		}
	}
}

func (h *History) take(account string, at switchyard.Instant, queues []core.QueueFigures) {
	h.mu.Lock()
	defer h.mu.Unlock()
	kept := h.accounts[account]
	if kept == nil {
		kept = &samples{since: at, queues: map[string][]Point{}}
		h.accounts[account] = kept
	}
	oldest := at.Add(-switchyard.Duration((HistoryLength - HistoryEvery) / time.Millisecond))
	for _, q := range queues {
		stats := showQueue(q)
		points := append(kept.queues[q.Queue], Point{at, stats.Waiting, stats.LongestWait, stats.ServiceLevel})
		for len(points) > historyPoints || points[0].At < oldest {
			points = points[1:]
		}
		kept.queues[q.Queue] = points
	}
	kept.since = max(kept.since, oldest)
}

// QueueHistory is what the queues of an account were like in the last hours.
type QueueHistory struct {
	Since  switchyard.Instant `json:"since,omitzero" format:"date-time" doc:"The first sample; the server keeps four hours, from its start. Absent while there is none."`
	Every  float64            `json:"every" doc:"Seconds from one sample to the next."`
	Queues []QueuePoints      `json:"queues"`
}

// QueuePoints are the samples of one queue, oldest first.
type QueuePoints struct {
	Queue  string  `json:"queue" doc:"plan/applet" example:"Cases/queue"`
	Points []Point `json:"points"`
}

type (
	historyIn struct {
		Queue string `query:"queue" doc:"Only this queue, plan/applet, in any case."`
	}
	historyOut struct{ Body QueueHistory }
)

func (a *api) getHistory(_ context.Context, c *call, in *historyIn) (*historyOut, error) {
	out := &historyOut{QueueHistory{Every: HistoryEvery.Seconds(), Queues: []QueuePoints{}}}
	if a.History != nil {
		a.History.show(c.Account, in.Queue, &out.Body)
	}
	return out, nil
}

func (h *History) show(account, queue string, v *QueueHistory) {
	h.mu.Lock()
	defer h.mu.Unlock()
	kept := h.accounts[account]
	if kept == nil {
		return
	}
	v.Since = kept.since
	for _, name := range slices.Sorted(maps.Keys(kept.queues)) {
		if queue == "" || same(queue, name) {
			v.Queues = append(v.Queues, QueuePoints{name, append([]Point{}, kept.queues[name]...)})
		}
	}
}
