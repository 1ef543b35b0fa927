package native

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/core"
)

// Stats are the figures of an account now. They mean what docs/reference says of them everywhere.
type Stats struct {
	At     switchyard.Instant `json:"at" format:"date-time"`
	Window string             `json:"window" doc:"What the counts of queues are over." example:"1h"`
	Live   int                `json:"live" doc:"Interactions that have not ended."`
	Queues []QueueStats       `json:"queues"`
	Agents []AgentStats       `json:"agents"`
}

// QueueStats are the figures of one queue; times are seconds.
type QueueStats struct {
	Queue           string   `json:"queue" doc:"plan/applet" example:"Cases/queue"`
	Waiting         int      `json:"waiting"`
	LongestWait     float64  `json:"longestwait" doc:"Seconds the oldest waiting interaction has waited."`
	Target          float64  `json:"target" doc:"Seconds within which work is to be answered; of a queue whose target is read from data sources the default, while each answer counts by its own."`
	Offered         int      `json:"offered" doc:"Entered the queue."`
	Answered        int      `json:"answered" doc:"First connected."`
	InTarget        int      `json:"intarget" doc:"Answered within the target."`
	Abandoned       int      `json:"abandoned" doc:"Ended by the API while queued or offered."`
	Breakouts       int      `json:"breakouts" doc:"Left by an exit of the queue."`
	AverageWait     *float64 `json:"averagewait,omitempty" doc:"Seconds, of those answered."`
	ServiceLevel    *float64 `json:"servicelevel,omitempty" doc:"In target ÷ (answered + abandoned after the target), 0 to 1; absent when there were none."`
	ServiceLevelAll *float64 `json:"servicelevelall,omitempty" doc:"In target ÷ (answered + abandoned + breakouts)."`
	EstimatedWait   *float64 `json:"estimatedwait,omitempty" doc:"Seconds, of work that enters now; absent while unknown."`
	EstimatedError  *float64 `json:"estimatederror,omitempty" doc:"Seconds the estimate was off on average over the window."`
}

// AgentStats are the figures of one agent.
type AgentStats struct {
	Username    string              `json:"username"`
	State       string              `json:"state" doc:"Its presence."`
	Category    switchyard.Category `json:"category" enum:"Ready,Away,ExtendedAway,LoggedOut"`
	Load        int                 `json:"load"`
	TimeInState float64             `json:"timeinstate" doc:"Seconds."`
	Lost        bool                `json:"lost"`
}

type statsOut struct {
	Body func(huma.Context)
}

// getStats answers once, or, to who accepts text/event-stream, every second.
func (a *api) getStats(ctx context.Context, c *call, _ *struct{}) (*statsOut, error) {
	first, err := a.stats(ctx, c)
	if err != nil {
		return nil, err
	}
	return &statsOut{func(hc huma.Context) {
		r, w := humago.Unwrap(hc)
		if strings.Contains(c.accept, "text/event-stream") {
			a.streamStats(r.Context(), c, first, w)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.MarshalWrite(w, first) // the caller has gone: nobody is left to be told
	}}, nil
}

func (a *api) streamStats(ctx context.Context, c *call, now *Stats, w http.ResponseWriter) {
	s := openStream(w)
	defer s.close()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		data, err := json.Marshal(now, json.Deterministic(true))
		if err != nil || s.send("", "stats", data) != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-a.closing():
			return
		case <-tick.C:
		}
		a.alive(c)
		if now, err = a.sharedStats(ctx, c); err != nil {
			return
		}
	}
}

// figures are an account's stats as its streams share them: however many watch, the account's owner
// is asked once a second.
type figures struct {
	mu    sync.Mutex
	at    time.Time
	stats *Stats
}

func (a *api) sharedStats(ctx context.Context, c *call) (*Stats, error) {
	kept, _ := a.figures.LoadOrStore(c.Account, new(figures))
	f := kept.(*figures)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stats != nil && time.Since(f.at) < 900*time.Millisecond {
		return f.stats, nil
	}
	stats, err := a.stats(ctx, c)
	if err == nil {
		f.at, f.stats = time.Now(), stats
	}
	return stats, err
}

func (a *api) stats(ctx context.Context, c *call) (*Stats, error) {
	v := &Stats{Window: "1h", Queues: []QueueStats{}, Agents: []AgentStats{}}
	err := a.Engine.View(ctx, c.Account, func(s *core.State, now switchyard.Instant) {
		v.At, v.Live = now, s.Live()
		for _, q := range s.Queues(now) {
			v.Queues = append(v.Queues, showQueue(q))
		}
		for _, r := range s.Agents() {
			v.Agents = append(v.Agents, AgentStats{
				Username: r.Username, State: r.Presence, Category: r.Category, Load: r.Load,
				TimeInState: seconds(now.Sub(r.Since)), Lost: r.Lost,
			})
		}
	})
	return v, err
}

func showQueue(q core.QueueFigures) QueueStats {
	return QueueStats{
		Queue: q.Queue, Waiting: q.Waiting, LongestWait: seconds(q.LongestWait),
		Target: seconds(q.Target), Offered: q.Offered, Answered: q.Answered, InTarget: q.InTarget,
		Abandoned: q.Abandoned, Breakouts: q.Breakouts,
		AverageWait:     share(seconds(q.WaitSum), q.Answered),
		ServiceLevel:    share(float64(q.InTarget), q.Answered+q.AbandonedLate),
		ServiceLevelAll: share(float64(q.InTarget), q.Answered+q.Abandoned+q.Breakouts),
		EstimatedWait:   unlessUnknown(q.EstimatedWait),
		EstimatedError:  unlessUnknown(q.EstimateError),
	}
}

func seconds(d switchyard.Duration) float64 { return float64(d) / float64(switchyard.Second) }

func share(part float64, whole int) *float64 {
	if whole == 0 {
		return nil
	}
	v := part / float64(whole)
	return &v
}

func unlessUnknown(d switchyard.Duration) *float64 {
	if d < 0 {
		return nil
	}
	v := seconds(d)
	return &v
}
