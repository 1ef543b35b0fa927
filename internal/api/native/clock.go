package native

import (
	"context"

	"switchyard"
)

// Clock is the server's time.
type Clock struct {
	Now    switchyard.Instant `json:"now" format:"date-time"`
	Manual bool               `json:"manual" doc:"Time stands still until it is advanced."`
}

// Advance is the body that moves a manual clock.
type Advance struct {
	Advance switchyard.Duration `json:"advance" doc:"How far: a duration such as 2h or 90s, or a number of seconds." example:"\"2h\""`
}

type (
	clockOut  struct{ Body Clock }
	advanceIn struct{ Body Advance }
)

func (a *api) getClock(context.Context, *call, *struct{}) (*clockOut, error) {
	return &clockOut{Clock{a.Engine.Now(), a.Engine.Manual()}}, nil
}

// advanceClock answers when everything that the time brings has happened and is durable.
func (a *api) advanceClock(ctx context.Context, c *call, in *advanceIn) (*clockOut, error) {
	if !a.Engine.Manual() {
		return nil, problem(switchyard.ManualClockOnly, "the server runs on the real clock; start it with --clock manual to move time by hand")
	}
	if err := a.Engine.AdvanceClock(ctx, in.Body.Advance); err != nil {
		return nil, err
	}
	return a.getClock(ctx, c, nil)
}
