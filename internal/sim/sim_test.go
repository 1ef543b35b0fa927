package sim

import (
	"bytes"
	"context"
	"flag"
	"io"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

var (
	seedFlag  = flag.Uint64("seed", 1, "of the first life")
	seedsFlag = flag.Int("seeds", 200, "how many lives")
	stepsFlag = flag.Int("steps", 600, "steps of each before the faults end")
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestLives lives many short lives. Together they meet every fault and make every check.
func TestLives(t *testing.T) {
	report := Search{First: *seedFlag, Seeds: *seedsFlag, Steps: *stepsFlag}.Run(context.Background())
	var out bytes.Buffer
	if err := report.WriteTable(&out); err != nil {
		t.Fatal(err)
	}
	if report.Failure != nil {
		t.Fatal(out.String())
	}
	t.Log(out.String())
	if *seedsFlag < 100 {
		return
	}
	for _, kind := range Faults {
		if report.Faults[kind] == 0 {
			t.Errorf("no life met the fault %s", kind)
		}
	}
	for _, check := range strings.Fields(checks) {
		if report.Checks[check] == 0 {
			t.Errorf("no life made the check %s", check)
		}
	}
}

// checks are those that count; assert and liveness only ever fail.
const checks = "acknowledged once booked lifecycle age routing reason waiting explained timer feed rebuilt callback tables decided linear"

// TestSameSeedSameLife lives some lives twice. A life is everything that happened: each step and fault,
// each row of the journals, byte for byte.
func TestSameSeedSameLife(t *testing.T) {
	seen := map[string]uint64{}
	for seed := range uint64(8) {
		o := Options{Seed: 1000 + seed, Steps: 800}
		one, other := Run(o), Run(o)
		if one.Failure != nil {
			t.Fatal(one.Failure)
		}
		if one.History != other.History || one.Rows == 0 {
			t.Errorf("seed %d has the history %s, and then %s", o.Seed, one.History, other.History)
		}
		if before, again := seen[one.History]; again {
			t.Errorf("seeds %d and %d have the same history", before, o.Seed)
		}
		seen[one.History] = o.Seed
		o.Trace = io.Discard
		if traced := Run(o); traced.History != one.History {
			t.Errorf("seed %d has another history when it is watched", o.Seed)
		}
	}
}

// TestMinimise lets two kinds of faults together break a promise, and finds a short life with these alone.
func TestMinimise(t *testing.T) {
	o := Options{Steps: 2000, broken: func(w *World) bool {
		return w.result.Faults[AppendFails] >= 2 && w.result.Faults[ConfigPublished] >= 1
	}}
	long := &Result{}
	for long.Failure == nil {
		o.Seed++
		long = Run(o)
	}
	short, failure := Minimise(o, long)
	again := Run(short)
	if again.Failure == nil || *again.Failure != *failure {
		t.Errorf("played again it gives %v, not %v", again.Failure, failure)
	}
	if short.Steps > long.Failure.Step || slices.Contains(short.Without, AppendFails) || slices.Contains(short.Without, ConfigPublished) {
		t.Errorf("it came to %s", short.Command())
	}
	for kind := range again.Faults {
		if kind != AppendFails && kind != ConfigPublished && Run(without(short, kind)).Failure != nil {
			t.Errorf("%s was not left out: %s", kind, short.Command())
		}
	}
	kinds, unknown := ParseFaults(strings.Fields(short.Command())[9])
	if unknown != "" || !slices.Equal(kinds, short.Without) {
		t.Errorf("the command line %q is not understood", short.Command())
	}
}

func without(o Options, kind Fault) Options {
	o.Without = append(slices.Clip(o.Without), kind)
	return o
}
