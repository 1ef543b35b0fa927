package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"switchyard/internal/sim"
)

// SimCmd lives lives of a server with faults.
type SimCmd struct {
	Seed    uint64        `help:"Seed of the first life; those after it count up (default ${default})." default:"1" placeholder:"N"`
	Seeds   int           `help:"How many lives (default 200, or with --for as many as there is time for)." placeholder:"K"`
	For     time.Duration `help:"Go on with new lives for so long, by the clock on the wall." placeholder:"DURATION"`
	Steps   int           `help:"Steps of each life before its faults end (default ${default})." default:"600" placeholder:"S"`
	Without string        `help:"Kinds of faults to leave out, separated by commas: ${faults}." placeholder:"KINDS"`
	Trace   string        `help:"Write everything that happens in the lives to this file, line by line." placeholder:"FILE"`
	JSON    bool          `help:"Print the report as JSON." name:"json"`
}

// faultList names every kind of fault, for help texts.
func faultList() string {
	words := make([]string, len(sim.Faults))
	for n, kind := range sim.Faults {
		words[n] = string(kind)
	}
	return strings.Join(words, ", ")
}

// Run searches.
func (c *SimCmd) Run(g *Globals) error {
	if c.Seeds < 0 || c.For < 0 || c.Steps < 1 {
		return usageError{errors.New("--seeds and --for are not negative, --steps is at least 1")}
	}
	without, unknown := sim.ParseFaults(c.Without)
	if unknown != "" {
		return usageError{fmt.Errorf("--without: there is no kind of fault %q; there are %s", unknown, faultList())}
	}
	search := sim.Search{First: c.Seed, Seeds: c.Seeds, For: c.For, Steps: c.Steps, Without: without}
	if c.Seeds == 0 && c.For == 0 {
		search.Seeds = 200
	}
	if c.Trace != "" {
		file, err := os.Create(c.Trace)
		if err != nil {
			return fmt.Errorf("write the trace: %w", err)
		}
		defer file.Close()
		search.Trace = file
	}
	search.Progress = tenSeconds(g.Err)
	report := search.Run(g.Context)
	if err := c.print(g.Out, report); err != nil {
		return err
	}
	if report.Failure != nil {
		return errors.New("a promise was broken: check " + report.Failure.Check)
	}
	return nil
}

// tenSeconds says every ten seconds how far a search is.
func tenSeconds(w io.Writer) func(lives int, took time.Duration) {
	var mu sync.Mutex
	next := 10 * time.Second
	return func(lives int, took time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		if took >= next {
			next = took.Truncate(10*time.Second) + 10*time.Second
			fmt.Fprintf(w, "%d lives in %v\n", lives, took.Round(time.Second))
		}
	}
}

func (c *SimCmd) print(w io.Writer, report *sim.Report) error {
	if !c.JSON {
		return report.WriteTable(w)
	}
	if err := json.MarshalWrite(w, report, json.Deterministic(true), jsontext.WithIndent("  ")); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}
