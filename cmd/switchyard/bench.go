package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"switchyard/internal/bench"
)

// BenchCmd measures servers. The ones it starts are processes of their own on a temporary folder,
// with everything durable as in earnest.
type BenchCmd struct {
	Latency    BenchLatencyCmd    `cmd:"" help:"From a dispatch to its offer, on a quiet server."`
	Invoke     BenchInvokeCmd     `cmd:"" help:"Durable calls a second, beside those of a bare handler."`
	Backlog    BenchBacklogCmd    `cmd:"" help:"A large backlog: memory, restart after a kill, a new skill, skills that expire."`
	Isolation  BenchIsolationCmd  `cmd:"" help:"One account beside another that is flooded."`
	Connectors BenchConnectorsCmd `cmd:"" help:"Data connectors and invoke beside thousands of data connectors that get no answer."`
	Account    BenchAccountCmd    `cmd:"" help:"Print the account file that a server measured with --server needs."`
	Bare       BenchBareCmd       `cmd:"" hidden:"" help:"Serve the bare handler that invoke is compared with."`
	Flood      BenchFloodCmd      `cmd:"" hidden:"" help:"Send calls as fast as they are answered."`
}

// Flags of every measurement.
type benchFlags struct {
	JSON   bool `help:"Print the report as JSON." name:"json"`
	Strict bool `help:"Exit with 1 when a target is missed."`
}

// env is where a measurement runs.
func (benchFlags) env(g *Globals) (bench.Env, error) {
	self, err := os.Executable()
	if err != nil {
		return bench.Env{}, fmt.Errorf("find the binary to start servers with: %w", err)
	}
	return bench.Env{Executable: self, Name: os.Args[0], Progress: g.Err}, nil
}

// print shows a report.
func (f benchFlags) print(g *Globals, report *bench.Report, err error) error {
	if err != nil {
		return err
	}
	if f.JSON {
		err = report.WriteJSON(g.Out)
	} else {
		err = report.WriteTable(g.Out)
	}
	if err == nil && f.Strict && !report.Met() {
		err = errors.New("a target was missed")
	}
	return err
}

// Flags that name a server which runs already.
type benchTarget struct {
	Server       string `help:"Measure this server instead of one of our own; it serves the account of 'bench account'." placeholder:"URL"`
	ClientID     string `help:"API client on that server." default:"bench-load" placeholder:"ID"`
	ClientSecret string `help:"Its secret." placeholder:"SECRET" env:"SWITCHYARD_CLIENT_SECRET"`
}

func (t benchTarget) target() (bench.Target, error) {
	if t.Server != "" && t.ClientSecret == "" {
		return bench.Target{}, usageError{errors.New("--server needs --client-secret; 'switchyard bench account' prints an account file with one")}
	}
	return bench.Target{URL: t.Server, ClientID: t.ClientID, ClientSecret: t.ClientSecret}, nil
}

// BenchLatencyCmd measures a quiet server.
type BenchLatencyCmd struct {
	Count int     `help:"Dispatches (default ${default})." default:"1000"`
	Rate  float64 `help:"Dispatches a second (default ${default})." default:"25"`
	benchTarget
	benchFlags
}

// Run measures.
func (c *BenchLatencyCmd) Run(g *Globals) error {
	if c.Count < 1 || c.Rate <= 0 {
		return usageError{errors.New("--count and --rate are more than 0")}
	}
	env, err := c.env(g)
	if err != nil {
		return err
	}
	target, err := c.target()
	if err != nil {
		return err
	}
	report, err := (&bench.Latency{Env: env, Target: target, Count: c.Count, Rate: c.Rate}).Run(g.Context)
	return c.print(g, report, err)
}

// BenchInvokeCmd measures durable calls.
type BenchInvokeCmd struct {
	Seconds     int  `help:"Seconds of load on the server (default ${default})." default:"60"`
	Slice       int  `help:"Seconds of load in a turn (default ${default})." default:"5"`
	Connections int  `help:"Connections, each one call at a time (default ${default})." default:"64"`
	Batch       bool `help:"Send bodies of 100 KB instead of one interaction a call, and compare with nothing."`
	benchTarget
	benchFlags
}

// Run measures.
func (c *BenchInvokeCmd) Run(g *Globals) error {
	if c.Seconds < 1 || c.Slice < 1 || c.Connections < 1 {
		return usageError{errors.New("--seconds, --slice and --connections are more than 0")}
	}
	env, err := c.env(g)
	if err != nil {
		return err
	}
	target, err := c.target()
	if err != nil {
		return err
	}
	report, err := (&bench.Invoke{Env: env, Target: target, Connections: c.Connections,
		Seconds: c.Seconds, Slice: c.Slice, Batch: c.Batch}).Run(g.Context)
	return c.print(g, report, err)
}

// BenchBacklogCmd measures a large backlog.
type BenchBacklogCmd struct {
	Waiting     int           `help:"Interactions that wait (default ${default})." default:"1000000"`
	Agents      int           `help:"Agents that are ready (default ${default})." default:"5000"`
	Connections int           `help:"Connections that fill the server (default ${default})." default:"16"`
	Expiring    bool          `help:"Measure skills that all expire within one second instead."`
	Probes      int           `help:"With --expiring: interactions whose offer is watched (default ${default})." default:"5000"`
	Load        time.Duration `help:"With --expiring: how long sending may take (default ${default})." default:"150s"`
	benchFlags
}

// Run measures.
func (c *BenchBacklogCmd) Run(g *Globals) error {
	if c.Waiting < 1 || c.Agents < 1 || c.Connections < 1 || c.Probes < 1 {
		return usageError{errors.New("--waiting, --agents, --connections and --probes are more than 0")}
	}
	if c.Expiring && c.Probes > min(c.Waiting, c.Agents*bench.OffersAnAgent) {
		return usageError{fmt.Errorf("--probes is at most --waiting and %d times --agents: all are offered at once", bench.OffersAnAgent)}
	}
	env, err := c.env(g)
	if err != nil {
		return err
	}
	if c.Expiring {
		report, err := (&bench.Expiring{Env: env, Waiting: c.Waiting, Probes: c.Probes, Agents: c.Agents,
			Connections: c.Connections, Load: c.Load}).Run(g.Context)
		return c.print(g, report, err)
	}
	report, err := (&bench.Backlog{Env: env, Waiting: c.Waiting, Agents: c.Agents, Connections: c.Connections}).Run(g.Context)
	return c.print(g, report, err)
}

// BenchIsolationCmd measures two accounts.
type BenchIsolationCmd struct {
	Seconds     int     `help:"Seconds with the flood, and as many without (default ${default})." default:"30"`
	Slice       int     `help:"Seconds in a turn (default ${default})." default:"5"`
	Rate        float64 `help:"Calls a second to the account that is measured (default ${default})." default:"100"`
	Connections int     `help:"Connections of the flood (default ${default})." default:"64"`
	benchFlags
}

// Run measures.
func (c *BenchIsolationCmd) Run(g *Globals) error {
	if c.Seconds < 1 || c.Slice < 1 || c.Connections < 1 || c.Rate <= 0 {
		return usageError{errors.New("--seconds, --slice, --rate and --connections are more than 0")}
	}
	env, err := c.env(g)
	if err != nil {
		return err
	}
	report, err := (&bench.Isolation{Env: env, Seconds: c.Seconds, Slice: c.Slice, Rate: c.Rate, Connections: c.Connections}).Run(g.Context)
	return c.print(g, report, err)
}

// BenchConnectorsCmd measures data connectors beside those of another account that hang.
type BenchConnectorsCmd struct {
	InFlight    int           `help:"Data connectors that are wanted and get no answer, all at once (default ${default})." default:"10000"`
	Hosts       int           `help:"Hosts that are asked by them and never answer (default ${default})." default:"1"`
	Seconds     int           `help:"Seconds of load beside them, and as many without (default ${default})." default:"30"`
	Slice       int           `help:"Seconds in a turn (default ${default})." default:"5"`
	Connections int           `help:"Connections of invoke, and as many interactions that ask a host that answers (default ${default})." default:"32"`
	Answer      time.Duration `help:"What that host takes for an answer, 1s at most (default ${default})." default:"5ms"`
	benchFlags
}

// Run measures.
func (c *BenchConnectorsCmd) Run(g *Globals) error {
	if c.InFlight < 1 || c.Hosts < 1 || c.Seconds < 1 || c.Slice < 1 || c.Connections < 1 {
		return usageError{errors.New("--in-flight, --hosts, --seconds, --slice and --connections are more than 0")}
	}
	switch most := bench.MaxConnectorSlice(c.InFlight); {
	case c.InFlight > bench.MaxInFlight:
		return usageError{fmt.Errorf("--in-flight is %d at most", bench.MaxInFlight)}
	case c.Slice > most:
		return usageError{fmt.Errorf("--slice is %d at most with --in-flight %d: a data connector waits for an answer for a minute", most, c.InFlight)}
	case c.Hosts > min(c.InFlight, bench.MaxHangingHosts):
		return usageError{fmt.Errorf("--hosts is at most --in-flight and %d", bench.MaxHangingHosts)}
	case c.Answer < 0 || c.Answer > bench.MaxAnswer:
		return usageError{fmt.Errorf("--answer is from 0s to %s", bench.MaxAnswer)}
	}
	env, err := c.env(g)
	if err != nil {
		return err
	}
	report, err := (&bench.Connectors{Env: env, InFlight: c.InFlight, Hosts: c.Hosts, Seconds: c.Seconds, Slice: c.Slice,
		Connections: c.Connections, Answer: c.Answer}).Run(g.Context)
	return c.print(g, report, err)
}

// BenchAccountCmd prints an account file.
type BenchAccountCmd struct {
	Secret string `help:"Secret of the API client bench-load." required:"" placeholder:"SECRET"`
}

// Run prints.
func (c *BenchAccountCmd) Run(g *Globals) error {
	_, err := fmt.Fprint(g.Out, bench.SharedWorld(c.Secret).YAML())
	return err
}

// BenchBareCmd serves the bare handler.
type BenchBareCmd struct {
	Listen string `help:"Address to listen on." required:""`
}

// Run serves.
func (c *BenchBareCmd) Run(g *Globals) error { return bench.ServeBare(g.Context, c.Listen) }

// BenchFloodCmd floods an account.
type BenchFloodCmd struct {
	Addr        string `help:"Host and port of the server." required:""`
	Token       string `help:"Bearer token." required:""`
	Seconds     int    `help:"How long." required:""`
	Connections int    `help:"How many." required:""`
}

// Run floods.
func (c *BenchFloodCmd) Run(g *Globals) error {
	return bench.Flood(g.Context, c.Addr, c.Token, c.Seconds, c.Connections, g.Out)
}
