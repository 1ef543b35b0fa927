package sim

import (
	"context"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"switchyard"
)

// Search lives many lives and looks for one in which a promise is broken.
type Search struct {
	First   uint64        // seed of the first life; those after it follow
	Seeds   int           // how many; 0 = as many as there is time for
	For     time.Duration // no life begins after so long; 0 = no bound
	Steps   int           // of each, before the faults end
	Without []Fault
	Trace   io.Writer // of one life at a time
	// Progress is told now and then; nil = nobody is.
	Progress func(lives int, took time.Duration)
}

// Report is what a search came to.
type Report struct {
	Lives          int                 `json:"lives"`
	Steps          int                 `json:"steps"`
	Rows           int                 `json:"rows"` // of their journals
	Lived          switchyard.Duration `json:"-"`    // virtual time
	LivedSeconds   float64             `json:"livedseconds"`
	TookSeconds    float64             `json:"tookseconds"`
	StepsPerSecond float64             `json:"stepspersecond"`
	Faults         map[Fault]int       `json:"faults"` // made, by kind
	Checks         map[string]int      `json:"checks"` // passed, by name
	Failure        *Found              `json:"failure,omitempty"`
}

// Found is a broken promise, in the shortest life with the fewest kinds of faults it was found in.
type Found struct {
	Check   string `json:"check"`
	Detail  string `json:"detail"`
	Command string `json:"command"` // plays it again
	Seed    uint64 `json:"seed"`
}

// Run searches until a promise is broken, all lives are lived, the time is over or ctx ends.
func (s Search) Run(ctx context.Context) *Report {
	began := time.Now()
	report := &Report{Faults: map[Fault]int{}, Checks: map[string]int{}}
	failed := s.liveAll(ctx, report, began)
	took := time.Since(began)
	report.TookSeconds = took.Seconds()
	report.LivedSeconds = report.Lived.Std().Seconds()
	report.StepsPerSecond = float64(report.Steps) / max(took.Seconds(), 1e-9)
	if failed != nil {
		report.Failure = s.found(failed)
	}
	return report
}

// liveAll lives lives on every core, and returns the failed one with the lowest seed.
func (s Search) liveAll(ctx context.Context, report *Report, began time.Time) (failed *Result) {
	workers := runtime.GOMAXPROCS(0)
	if s.Trace != nil {
		workers = 1
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	next := s.First
	take := func() (uint64, bool) {
		mu.Lock()
		defer mu.Unlock()
		over := s.Seeds > 0 && next-s.First >= uint64(s.Seeds) || s.For > 0 && time.Since(began) >= s.For
		if over || failed != nil || ctx.Err() != nil {
			return 0, false
		}
		next++
		return next - 1, true
	}
	for range workers {
		all.Go(func() {
			for seed, more := take(); more; seed, more = take() {
				r := Run(s.options(seed))
				mu.Lock()
				report.add(r)
				if r.Failure != nil && (failed == nil || r.Seed < failed.Seed) {
					failed = r
				}
				lives := report.Lives
				mu.Unlock()
				if s.Progress != nil {
					s.Progress(lives, time.Since(began))
				}
			}
		})
	}
	all.Wait()
	return failed
}

func (s Search) options(seed uint64) Options {
	return Options{Seed: seed, Steps: s.Steps, Without: s.Without, Trace: s.Trace}
}

func (r *Report) add(one *Result) {
	r.Lives++
	r.Steps += one.Steps
	r.Rows += one.Rows
	r.Lived += one.Lived
	for kind, n := range one.Faults {
		r.Faults[kind] += n
	}
	for check, n := range one.Checks {
		r.Checks[check] += n
	}
}

func (s Search) found(failed *Result) *Found {
	o := s.options(failed.Seed)
	o.Trace = nil
	o, failure := Minimise(o, failed)
	return &Found{Check: failure.Check, Detail: failure.String(), Command: o.Command(), Seed: o.Seed}
}

// Minimise looks for a shorter life with fewer kinds of faults in which the same check fails.
func Minimise(o Options, failed *Result) (Options, *Failure) {
	failure := failed.Failure
	try := func(shorter Options) bool {
		r := Run(shorter)
		if r.Failure == nil || r.Failure.Check != failure.Check {
			return false
		}
		o, failure, failed = shorter, r.Failure, r
		o.Steps = min(o.Steps, failure.Step)
		return true
	}
	o.Steps = min(o.Steps, failure.Step)
	for again := true; again; {
		again = false
		for _, kind := range slices.Sorted(maps.Keys(failed.Faults)) {
			less := o
			less.Without = append(slices.Clip(o.Without), kind)
			again = try(less) || again
		}
		for cut := o.Steps / 2; cut > 0; cut /= 2 {
			shorter := o
			shorter.Steps -= cut
			again = try(shorter) || again
		}
	}
	return o, failure
}

// WriteTable writes the report for people.
func (r *Report) WriteTable(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%d lives of a server, %d steps, %d rows of the journal, %v of virtual time\n%.1f s, %.0f steps a second\n\n",
		r.Lives, r.Steps, r.Rows, r.Lived.Std().Round(time.Second), r.TookSeconds, r.StepsPerSecond)
	if err == nil {
		err = writeCounts(w, "faults made", r.Faults)
	}
	if err == nil {
		err = writeCounts(w, "checks passed", r.Checks)
	}
	if err != nil {
		return err
	}
	if r.Failure == nil {
		_, err = fmt.Fprintln(w, "Every promise was kept.")
		return err
	}
	_, err = fmt.Fprintf(w, "A promise was broken. %s\n\nPlay it again:\n  %s\n", r.Failure.Detail, r.Failure.Command)
	return err
}

func writeCounts[K ~string](w io.Writer, title string, counts map[K]int) error {
	if _, err := fmt.Fprintln(w, title); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if _, err := fmt.Fprintf(w, "  %-20s %9d\n", string(name), counts[name]); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w)
	return err
}
