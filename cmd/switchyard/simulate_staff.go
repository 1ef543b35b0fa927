package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"switchyard"
	"switchyard/internal/config"
	"switchyard/internal/simulate"
)

// SimulateGroup are the commands that simulate; without the name of one, a scenario is played.
type SimulateGroup struct {
	Run   SimulateCmd `cmd:"" default:"withargs" help:"Play a scenario; the word run may be left out."`
	Staff StaffCmd    `cmd:"" help:"Find the smallest staffing per interval that reaches goals, by simulation."`
}

// StaffCmd finds staffing.
type StaffCmd struct {
	File         string   `short:"f" help:"Scenario (YAML); its head-counts are left out of account." type:"existingfile" required:"" placeholder:"FILE"`
	Target       []string `help:"Service level to reach, such as 80/20: 80 % within 20 s; or phone=80/20 for one stream. May be repeated." placeholder:"[STREAM=]PERCENT/SECONDS"`
	ASA          []string `help:"Mean wait of the answered not to be exceeded, such as 15s." name:"asa" placeholder:"[STREAM=]LENGTH"`
	Abandoned    []string `help:"Share of customers giving up not to be exceeded, such as 5%." placeholder:"[STREAM=]PERCENT"`
	Occupancy    string   `help:"Occupancy of all agents together not to be exceeded, such as 85%." placeholder:"PERCENT"`
	Confident    bool     `help:"Goals must be met by the worse end of the 95 % interval, not only by the mean."`
	Replications int      `help:"How often each staffing is simulated; overrides the scenario's." placeholder:"N"`
	Seed         int64    `help:"Where random numbers begin; overrides the scenario's." placeholder:"N"`
	JSON         bool     `help:"Print the staffing as JSON." name:"json"`
}

// Help is what --help says beneath the summary.
func (*StaffCmd) Help() string {
	return `Every staffing is simulated with the same customers, work and patience. The search begins with the load and
its square root, adds agents where the earliest interval that misses a goal gains most, and then takes agents
away until one less of any group in any interval breaks a goal somewhere; which one is printed. With several
groups this is a local minimum: another mix of them may need fewer.

Groups with hire may grow as needed; those without have the account's agents and no more.

    switchyard simulate staff -f scenario.yaml --target 80/20 --abandoned 5% --occupancy 85%`
}

// Run finds staffing.
func (c *StaffCmd) Run(g *Globals) error {
	goals, err := c.goals()
	if err != nil {
		return usageError{err}
	}
	setup, err := c.setup(g)
	if err != nil {
		return err
	}
	for _, goal := range goals {
		if goal.Stream != "" && !setup.HasStream(goal.Stream) {
			return usageError{fmt.Errorf("the scenario has no stream %q", goal.Stream)}
		}
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectingPercent)
	}
	meter, began := new(simulate.Meter), time.Now()
	stop := showProgress(g.Err, meter)
	staffing, err := simulate.Staff(g.Context, setup, simulate.StaffOptions{Goals: goals, Confident: c.Confident, Workers: runtime.GOMAXPROCS(0)}, meter)
	stop()
	if errors.Is(err, context.Canceled) {
		return errors.New("interrupted; no staffing was found yet")
	}
	if err != nil {
		return err
	}
	if c.JSON {
		err = staffing.WriteJSON(g.Out)
	} else {
		err = staffing.WriteText(g.Out)
	}
	fmt.Fprintf(g.Err, "%d interactions simulated in %.2f s\n", meter.Interactions.Load(), time.Since(began).Seconds())
	return err
}

// setup prepares the scenario twice: without agents, to learn how many there may be, and with all of these.
func (c *StaffCmd) setup(g *Globals) (*simulate.Setup, error) {
	play := SimulateCmd{File: c.File, Replications: c.Replications, Seed: c.Seed}
	var most []int
	play.change = func(s *simulate.Scenario) {
		for n := range s.Agents {
			s.Agents[n].HeadCount = config.Series[int]{0}
			if most != nil {
				s.Agents[n].HeadCount[0] = most[n]
			}
		}
	}
	setup, err := play.setup(g)
	if err != nil {
		return nil, err
	}
	most = setup.Most()
	warned := *g
	warned.Err = io.Discard // it has been told already
	return play.setup(&warned)
}

// goals reads the flags.
func (c *StaffCmd) goals() (goals []simulate.Goal, err error) {
	add := func(figure, flag string, texts []string, read func(string, *simulate.Goal) error) {
		for _, text := range texts {
			goal := simulate.Goal{Figure: figure}
			value := text
			if at := strings.LastIndex(text, "="); at >= 0 {
				goal.Stream, value = text[:at], text[at+1:]
			}
			if bad := read(value, &goal); bad != nil && err == nil {
				err = fmt.Errorf("--%s %s: %w", flag, text, bad)
			}
			goals = append(goals, goal)
		}
	}
	add("service_level", "target", c.Target, readTarget)
	add("asa_seconds", "asa", c.ASA, func(text string, goal *simulate.Goal) error {
		d, err := switchyard.ParseDuration(text)
		if err == nil && d <= 0 {
			err = errors.New("must be above 0")
		}
		goal.Level = float64(d) / 1000
		return err
	})
	add("abandoned", "abandoned", c.Abandoned, readPercent)
	if c.Occupancy != "" {
		add("occupancy", "occupancy", []string{c.Occupancy}, func(text string, goal *simulate.Goal) error {
			if goal.Stream != "" {
				return errors.New("is of all agents together; leave out the stream")
			}
			return readPercent(text, goal)
		})
	}
	if err == nil && len(goals) == 0 {
		err = errors.New("say what is to be reached, such as --target 80/20, --asa 15s, --abandoned 5% or --occupancy 85%")
	}
	if err == nil {
		err = oneWait(goals)
	}
	return goals, err
}

// oneWait refuses service levels that count one stream by two different waits.
func oneWait(goals []simulate.Goal) error {
	for n, a := range goals {
		for _, b := range goals[:n] {
			shared := a.Stream == b.Stream || a.Stream == "" || b.Stream == ""
			if a.Figure == "service_level" && b.Figure == a.Figure && shared && a.Within != b.Within {
				return errors.New("--target counts the same customers within two different times; give one time, or a --target for each stream")
			}
		}
	}
	return nil
}

func readTarget(text string, goal *simulate.Goal) error {
	percent, within, is := strings.Cut(text, "/")
	if !is {
		return errors.New("must be percent and seconds, such as 80/20")
	}
	var err error
	if goal.Within, err = switchyard.ParseDuration(within); err != nil {
		return err
	}
	return readPercent(percent, goal)
}

func readPercent(text string, goal *simulate.Goal) error {
	x, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(text), "%"), 64)
	if err != nil || !(x > 0 && x <= 100) {
		return errors.New("must be a percentage above 0 and at most 100")
	}
	goal.Level = x / 100
	return nil
}
