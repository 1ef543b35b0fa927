package effects

import (
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/time/rate"
)

// Manners are how a target is treated. Zero members ask for nothing.
type Manners struct {
	Rate     float64       // attempts a second
	Failures int           // in a row, after which attempts fail at once
	Pause    time.Duration // for so long; then one attempt tries again
}

// manners of a target at this moment.
func (w *Worker) manners(t Target) Manners {
	if w.options.Manners == nil {
		return Manners{}
	}
	return w.options.Manners(t)
}

// mayGo reports whether the pace of a target lets it make an attempt now, and takes the place in it.
// Otherwise the target rests, without holding a place of the worker's, until it does.
func (w *Worker) mayGo(t *target) bool {
	wait := w.pace(t.name)
	if wait <= 0 {
		return true
	}
	t.resting = time.AfterFunc(wait, func() {
		w.mu.Lock()
		t.resting = nil
		w.enrol(t)
		w.serve()
		w.unlock()
	})
	return false
}

// pace is how long the next attempt at a target has to wait; 0 takes its turn. What a breaker refuses
// needs no turn.
func (w *Worker) pace(name Target) time.Duration {
	most, now := w.manners(name).Rate, w.options.Now()
	if most <= 0 || w.breakers[name].holds(now) {
		return 0
	}
	limiter := w.paces[name]
	if limiter == nil {
		w.forgetPaces(now)
		limiter = rate.NewLimiter(rate.Limit(most), 1)
		w.paces[name] = limiter
	}
	if limiter.Limit() != rate.Limit(most) {
		limiter.SetLimitAt(now, rate.Limit(most))
	}
	turn := limiter.ReserveN(now, 1)
	wait := turn.DelayFrom(now)
	if wait > 0 {
		turn.CancelAt(now)
	}
	return wait
}

// maxPaces is how many paces are kept before those that hold nothing back are forgotten.
const maxPaces = 1024

func (w *Worker) forgetPaces(now time.Time) {
	if len(w.paces) < maxPaces {
		return
	}
	for name, limiter := range w.paces {
		if limiter.TokensAt(now) >= 1 {
			delete(w.paces, name)
		}
	}
}

// breaker is what is known of a target whose latest attempts failed. One that works has none.
type breaker struct {
	failures int       // in a row
	since    time.Time // the first of them
	until    time.Time // attempts fail at once before; zero = they are made
	trying   bool      // an attempt is under way to see whether the target is back
}

// holds reports whether attempts fail at once.
func (b *breaker) holds(now time.Time) bool {
	return b != nil && !b.until.IsZero() && (b.trying || now.Before(b.until))
}

// brake refuses an attempt at a target that is down; trial is the attempt that looks whether it
// still is.
func (w *Worker) brake(t Target) (refused *Outcome, trial bool) {
	now := w.options.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	b := w.breakers[t]
	if b.holds(now) {
		w.metrics.refusals.WithLabelValues(t.Kind).Inc()
		return &Outcome{Detail: fmt.Sprintf("not tried: the %d latest attempts at %s failed, the first at %s; it is tried again from %s on",
			b.failures, t.Name, clockTime(b.since), clockTime(b.until))}, false
	}
	if b != nil && !b.until.IsZero() {
		b.trying, trial = true, true
	}
	return nil, trial
}

func clockTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// down reports whether an outcome says that the other side is down, rather than that it refuses.
// Others say nothing: the attempt was not made.
func (o *Outcome) down() (down, known bool) {
	switch {
	case o.Silent, o.Timeout && !o.GiveUp, !o.OK && !o.GiveUp && o.Status == 0, !o.OK && !o.GiveUp && o.Status >= 500:
		return true, true
	case o.OK, o.Status != 0:
		return false, true
	}
	return false, false
}

// judge learns from an outcome whether a target is down. The lock is held.
func (w *Worker) judge(t Target, o *Outcome, trial bool) {
	m, b, now := w.manners(t), w.breakers[t], w.options.Now()
	down, known := o.down()
	switch {
	case m.Failures <= 0 || known && !down:
		if b != nil {
			w.mend(t, b)
		}
		return
	case !known:
		if trial && b != nil {
			b.trying = false // the next attempt is the trial
		}
		return
	case b == nil:
		b = &breaker{since: now}
		w.breakers[t] = b
	}
	b.failures++
	if trial {
		b.trying = false
	} else if b.failures < m.Failures || !b.until.IsZero() {
		return
	}
	if b.until.IsZero() {
		w.metrics.breakers.WithLabelValues(t.Kind).Inc()
		w.options.Log.Warn("target is down: attempts fail at once", slog.String("account", t.Account), slog.String("kind", t.Kind),
			slog.String("target", t.Name), slog.Int("failures", b.failures), slog.Duration("pause", m.Pause))
	}
	b.until = now.Add(m.Pause)
}

// mend forgets the failures of a target that is back.
func (w *Worker) mend(t Target, b *breaker) {
	delete(w.breakers, t)
	if b.until.IsZero() {
		return
	}
	w.metrics.breakers.WithLabelValues(t.Kind).Dec()
	w.options.Log.Info("target is back", slog.String("account", t.Account), slog.String("kind", t.Kind), slog.String("target", t.Name))
}
