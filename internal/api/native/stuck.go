package native

import (
	"context"

	"switchyard"
	"switchyard/internal/core"
)

// StuckList is the work that gets nowhere by itself.
type StuckList struct {
	Items []StuckWork `json:"items"`
	More  bool        `json:"more" doc:"There is more than is listed."`
}

// StuckWork is work that somebody has to look at.
type StuckWork struct {
	Why         core.StuckWhy      `json:"why" enum:"lost,unserveable,unstaffed,noprogress" doc:"lost: with an agent whose desktop is not heard. unserveable: no agent of the account could ever take it. unstaffed: nobody who may take it is logged in. noprogress: its plan has waited for the world for five minutes."`
	Text        string             `json:"text" doc:"The same as a sentence."`
	Since       switchyard.Instant `json:"since" format:"date-time" doc:"Of its state; of what is queued, waiting since."`
	Interaction Interaction        `json:"interaction"`
}

type stuckOut struct{ Body StuckList }

// maxStuck is how much of each why is listed.
const maxStuck = 100

func (a *api) listStuck(ctx context.Context, c *call, _ *struct{}) (*stuckOut, error) {
	out := &stuckOut{StuckList{Items: []StuckWork{}}}
	err := a.Engine.View(ctx, c.Account, func(s *core.State, now switchyard.Instant) {
		all, more := s.Stuck(now, maxStuck)
		for _, x := range all {
			out.Body.Items = append(out.Body.Items, StuckWork{x.Why, x.Text, x.Since, showInteraction(x.Record, now)})
		}
		out.Body.More = more
	})
	return out, err
}
