package crash

import (
	"context"
	"math/rand/v2"
	"time"

	"switchyard"
	"switchyard/internal/effects"
)

// careless makes effects with the bugs that their checks exist for, one an account. Callbacks have
// checks of their own.
type careless struct{ effects.Performer }

// Attempt implements effects.Performer.
func (c careless) Attempt(ctx context.Context, account string, e *switchyard.Effect) effects.Outcome {
	switch {
	case e.Kind == switchyard.EffectCallback:
	case account == accounts[0]:
		return c.rename(ctx, account, *e)
	case e.Kind != switchyard.EffectConnector: // which has an answer to give
		return c.report(account, *e)
	}
	return c.Performer.Attempt(ctx, account, e)
}

// rename makes each attempt under an id of its own: whoever gets it cannot tell that it is a repeat.
func (c careless) rename(ctx context.Context, account string, e switchyard.Effect) effects.Outcome {
	e.ID = switchyard.NewID(e.ID.At(), e.ID.Counter(), rand.Uint64())
	return c.Performer.Attempt(ctx, account, &e)
}

// report says that an effect is done and makes it a moment later: a killed process takes recorded
// ones with it.
func (c careless) report(account string, e switchyard.Effect) effects.Outcome {
	time.AfterFunc(hastyLag, func() { c.Performer.Attempt(context.Background(), account, &e) })
	return effects.Outcome{OK: true}
}
