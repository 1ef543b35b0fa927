package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/mattn/go-isatty"

	"switchyard/internal/config"
	"switchyard/internal/simulate"
)

// SimulateCmd simulates a contact centre.
type SimulateCmd struct {
	File         string `short:"f" help:"Scenario (YAML)." type:"existingfile" required:"" placeholder:"FILE"`
	Replications int    `help:"How often it is simulated, each time with other random numbers; overrides the scenario's." placeholder:"N"`
	Seed         int64  `help:"Where random numbers begin; overrides the scenario's. The same seed gives the same figures." placeholder:"N"`
	All          bool   `help:"Print every figure of every stream, queue and group, and each by interval."`
	JSON         bool   `help:"Print the figures as JSON." name:"json"`
	CSV          string `help:"Also write the figures to a CSV file." name:"csv" placeholder:"FILE"`
	HTML         string `help:"Also write a page with charts to a file; it needs nothing else." name:"html" placeholder:"FILE"`

	change func(*simulate.Scenario) // what a command does to a scenario before it is checked
}

// Help is what --help says beneath the summary.
func (*SimulateGroup) Help() string {
	return `Customers arrive, wait, give up and try again; agents have shifts, breaks and after-work; every decision
is made by the code that decides on a server, with the plans, skills and settings of an account file.
Nothing is sent or stored, and no server is needed. A scenario:

    account: account.yaml
    start: 2026-11-23T08:00:00Z
    length: 10h
    interval: 1h
    streams:
      - route: Cases
        type: live
        arrivals: [60, 90, 120, 120, 90, 90, 110, 110, 80, 50]   # expected in each interval
        handle: {lognormal: {mean: 4m, sd: 3m}}
        patience: {exp: 3m}
    agents:
      - {group: support, headcount: [5, 7, 10, 10, 8, 8, 9, 9, 7, 5], hire: {skills: {billing: 5}}}

Distributions: {exp: MEAN}, {lognormal: {mean, sd}}, {gamma: {mean, sd}}, {uniform: {from, to}},
{constant: LENGTH}, {empirical: {values: […]}} or {empirical: {file, column}}.

Figures are means over the replications with 95 % intervals. docs/guides/simulate.md tells all of a scenario
and every figure.`
}

// collectingPercent is how far the heap may grow over what is live before it is collected: little lives
// long in a simulation, and much is made. GOGC overrides it.
const collectingPercent = 400

// Run simulates.
func (c *SimulateCmd) Run(g *Globals) error {
	setup, err := c.setup(g)
	if err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectingPercent)
	}
	meter, began := new(simulate.Meter), time.Now()
	stop := showProgress(g.Err, meter)
	report, err := simulate.Run(g.Context, setup, runtime.GOMAXPROCS(0), meter)
	stop()
	if errors.Is(err, context.Canceled) {
		return errors.New("interrupted; there are no figures of a part of a simulation")
	}
	if err != nil {
		return err
	}
	took, count := time.Since(began).Seconds(), meter.Interactions.Load()
	if err := c.write(g.Out, report); err != nil {
		return err
	}
	_, err = fmt.Fprintf(g.Err, "%d interactions simulated in %.2f s: %.0f a second\n", count, took, float64(count)/took)
	return err
}

// setup reads the scenario and the account file it names, which lies beside it unless its path says
// otherwise.
func (c *SimulateCmd) setup(g *Globals) (*simulate.Setup, error) {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return nil, fmt.Errorf("read scenario: %w", err)
	}
	scenario, sheet, problems := simulate.Read(c.File, text)
	if sheet == nil {
		return nil, scenarioFaults(g, problems)
	}
	beside := func(path string) string {
		if filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(filepath.Dir(c.File), path)
	}
	if c.change != nil {
		c.change(scenario)
	}
	if scenario.Account == "" {
		return nil, scenarioFaults(g, sheet.Place([]config.Problem{{Path: "account", Text: "is missing: name the account file, such as account.yaml"}}))
	}
	account, err := readDocument(g, beside(scenario.Account))
	if err != nil {
		return nil, err
	}
	setup, problems := simulate.Prepare(scenario, sheet, account, func(path string) ([]byte, error) { return os.ReadFile(beside(path)) })
	if setup == nil {
		return nil, scenarioFaults(g, problems)
	}
	printProblems(g.Err, problems)
	if c.Replications < 0 || c.Replications > simulate.MaxReplications {
		return nil, usageError{fmt.Errorf("--replications must be from 1 to %d", simulate.MaxReplications)}
	}
	if c.Replications > 0 {
		setup.Replications = c.Replications
	}
	if c.Seed != 0 {
		setup.Seed = c.Seed
	}
	return setup, nil
}

func scenarioFaults(g *Globals, problems []config.Problem) error {
	printProblems(g.Err, problems)
	return fmt.Errorf("the scenario has %s; nothing was simulated", count(len(problems), "fault"))
}

func (c *SimulateCmd) write(w io.Writer, report *simulate.Report) error {
	err := errors.Join(export(c.CSV, report.WriteCSV), export(c.HTML, report.WriteHTML))
	if c.JSON {
		return errors.Join(err, report.WriteJSON(w))
	}
	return errors.Join(err, report.WriteText(w, c.All))
}

// export writes to a file, if one is named.
func export(path string, write func(io.Writer) error) error {
	if path == "" {
		return nil
	}
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write figures: %w", err)
	}
	return nil
}

// showProgress draws how far a simulation is, when w is a terminal, until stop is called.
func showProgress(w io.Writer, m *simulate.Meter) (stop func()) {
	file, is := w.(*os.File)
	if !is || !isatty.IsTerminal(file.Fd()) {
		return func() {}
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				fmt.Fprint(w, "\r\x1b[K")
				return
			case <-tick.C:
				fmt.Fprint(w, "\r\x1b[K"+progress(m.Share(), m.Interactions.Load()))
			}
		}
	}()
	return func() { close(done); <-ended }
}

// progress is the bar.
func progress(share float64, interactions int64) string {
	const width = 40
	full := int(share * width)
	return fmt.Sprintf("%s%s %3.0f %%  %d interactions", strings.Repeat("█", full), strings.Repeat("░", width-full), share*100, interactions)
}
