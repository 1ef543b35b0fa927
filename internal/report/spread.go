package report

import (
	"slices"

	"switchyard"
)

// Spread says how some times are spread. A percentile is the least time that so many percent of all
// are not longer than: one that occurred.
type Spread struct {
	Count int     `json:"count" doc:"How many times these are."`
	Mean  float64 `json:"mean" doc:"Seconds."`
	P50   float64 `json:"p50" doc:"Seconds that half of all are not longer than."`
	P90   float64 `json:"p90"`
	P95   float64 `json:"p95"`
	Max   float64 `json:"max"`
}

// times are lengths of time whose spread is asked for.
type times []switchyard.Duration

// spread is nil when there are none.
func (t times) spread() *Spread {
	if len(t) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(t))
	var sum switchyard.Duration
	for _, d := range sorted {
		sum += d
	}
	at := func(percent int) float64 { return seconds(sorted[(len(sorted)*percent+99)/100-1]) }
	return &Spread{
		Count: len(sorted), Mean: seconds(sum) / float64(len(sorted)),
		P50: at(50), P90: at(90), P95: at(95), Max: at(100),
	}
}

func seconds(d switchyard.Duration) float64 { return float64(d) / float64(switchyard.Second) }

// share is a part of a whole, 0 to 1; nil when the whole is nothing.
func share(part, whole float64) *float64 {
	if whole == 0 {
		return nil
	}
	v := part / whole
	return &v
}
