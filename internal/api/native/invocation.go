package native

import (
	"context"

	"switchyard"
)

// Invocation is a call of POST /interactions/invoke: what was asked and what became of it.
type Invocation struct {
	Correlation switchyard.ID              `json:"correlation"`
	Seq         switchyard.Seq             `json:"seq" doc:"Its journal row."`
	At          switchyard.Instant         `json:"at" format:"date-time"`
	By          string                     `json:"by" example:"client:crm"`
	Provider    string                     `json:"provider,omitempty"`
	Requests    []switchyard.Request       `json:"requests" doc:"As they were read."`
	Results     []switchyard.RequestResult `json:"results"`
}

type (
	byCorrelation struct {
		ID string `path:"correlation" doc:"The X-Correlation-ID of the call's answer." example:"0193f6a0-7c1e-7000-8000-0000a1b2c3d4"`
	}
	invocationOut struct{ Body Invocation }
)

// getInvocation shows a call. A client always reads its own; others' need interactions:read.
func (a *api) getInvocation(ctx context.Context, c *call, in *byCorrelation) (*invocationOut, error) {
	id, err := switchyard.ParseID(in.ID)
	if err != nil {
		return nil, problem(switchyard.NotFound, "%v", err)
	}
	row, err := a.Engine.Invocation(ctx, c.Account, id)
	if err != nil {
		return nil, err
	}
	mine := row != nil && row.By == c.By()
	if row != nil && !mine && c.ownCalls {
		return nil, problem(switchyard.Forbidden, "a client without scope interactions:read sees its own invocations only")
	}
	if row == nil {
		return nil, problem(switchyard.NotFound, "no invocation %s is known; they are kept for settings.retention.invocations", id)
	}
	v := Invocation{Correlation: id, Seq: row.Seq, At: row.At, By: row.By,
		Requests: []switchyard.Request{}, Results: []switchyard.RequestResult{}}
	if row.Invoke != nil {
		v.Provider, v.Requests = row.Invoke.Provider, row.Invoke.Requests
	}
	for _, e := range row.Events {
		if processed, is := e.(*switchyard.Processed); is {
			v.Results = append(v.Results, processed.Results...)
		}
	}
	return &invocationOut{v}, nil
}
