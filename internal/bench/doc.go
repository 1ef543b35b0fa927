// Package bench measures servers: it starts them as processes of their own, loads them through the
// public HTTP API as clients would, and reports figures beside what is wanted of them.
//
// It may import package client, the root package for its words, the JSON library and the standard
// library, and nothing of the server: what it measures it sees from outside only.
package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Env is what every measurement needs.
type Env struct {
	Executable string    // the binary that serves
	Name       string    // what the binary was called as
	Progress   io.Writer // what is going on, for people
}

// Target is a running server to measure instead of one of our own. It must have the account that
// `switchyard bench account` prints.
type Target struct {
	URL, ClientID, ClientSecret string
}

// Report is what a measurement came to.
type Report struct {
	Command string   `json:"command"`
	Machine string   `json:"machine"` // cores and load: figures of a busy machine say little
	Figures []Figure `json:"figures"`
}

// Figure is one number of a report.
type Figure struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Target string  `json:"target,omitempty"` // what is wanted, in words
	Met    bool    `json:"met"`              // true without a target
}

func newReport(command string) *Report {
	return &Report{Command: command, Machine: fmt.Sprintf("%d cores, load %s at the start", runtime.NumCPU(), loadAverage())}
}

// loadAverage is the machine's load over the last minute, in words where it cannot be known.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

func (r *Report) add(name string, value float64, unit string) {
	r.Figures = append(r.Figures, Figure{Name: name, Value: value, Unit: unit, Met: true})
}

func (r *Report) atMost(name string, value float64, unit string, limit float64) {
	r.Figures = append(r.Figures, Figure{name, value, unit, fmt.Sprintf("at most %g", limit), value <= limit})
}

func (r *Report) atLeast(name string, value float64, unit string, limit float64) {
	r.Figures = append(r.Figures, Figure{name, value, unit, fmt.Sprintf("at least %g", limit), value >= limit})
}

// Met reports whether every target is met.
func (r *Report) Met() bool {
	return !slices.ContainsFunc(r.Figures, func(f Figure) bool { return !f.Met })
}

// WriteTable writes the report for people.
func (r *Report) WriteTable(w io.Writer) error {
	fmt.Fprintf(w, "%s (%s)\n", r.Command, r.Machine)
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, f := range r.Figures {
		verdict := ""
		if f.Target != "" {
			verdict = f.Target + ": met"
			if !f.Met {
				verdict = f.Target + ": MISSED"
			}
		}
		fmt.Fprintf(table, "  %s\t%s %s\t%s\n", f.Name, number(f.Value), f.Unit, verdict)
	}
	return table.Flush()
}

// number writes a value with as many digits as say something.
func number(v float64) string {
	switch {
	case v >= 100 || v == float64(int64(v)):
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// WriteJSON writes the report for programs.
func (r *Report) WriteJSON(w io.Writer) error {
	if err := json.MarshalWrite(w, r, jsontext.WithIndent("  ")); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}

// say tells people what goes on.
func (e *Env) say(format string, args ...any) { fmt.Fprintf(e.Progress, format+"\n", args...) }

// spread is a set of measured durations.
type spread []time.Duration

// at returns the quantile q of a sorted spread by the nearest-rank method; 0 of an empty one.
func (s spread) at(q float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	rank := int(q*float64(len(s))+0.999999) - 1
	return s[min(max(rank, 0), len(s)-1)]
}

func sorted(s spread) spread {
	slices.Sort(s)
	return s
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}

// every calls f at once and then once a period until ctx ends or f says it is done or failed.
func every(ctx context.Context, period time.Duration, f func() (done bool, err error)) error {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		if done, err := f(); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
