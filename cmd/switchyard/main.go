// Command switchyard is the interaction router: the server and everything an operator, an admin or
// an integrator does to it from a shell.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"switchyard"
)

// CLI is the command line: every command, with its flags and help. docs/reference/cli.md is made
// from it.
type CLI struct {
	Demo     DemoCmd       `cmd:"" help:"Start a server with a sample account, simulated agents and traffic, and watch it live."`
	Serve    ServeCmd      `cmd:"" help:"Run the server."`
	Check    CheckCmd      `cmd:"" help:"Check an account file without a server: every fault with its line and column."`
	Apply    ApplyCmd      `cmd:"" help:"Make an account file the config of its account."`
	Config   ConfigCmd     `cmd:"" help:"Read the config, its history, or go back to an earlier version."`
	Plan     PlanCmd       `cmd:"" help:"Draw plans, or run one on a payload before it is published."`
	Simulate SimulateGroup `cmd:"" help:"Simulate a contact centre in virtual time: waiting, service level, occupancy with confidence intervals."`
	Client   ClientCmd     `cmd:"" help:"List, add, rotate and remove API clients."`
	Provider ProviderCmd   `cmd:"" help:"List providers, rotate their signing secrets, remove them."`
	Token    TokenCmd      `cmd:"" help:"Get a bearer token for an API client."`
	Key      KeyCmd        `cmd:"" help:"List, rotate and prune the keys that seal credentials."`
	Journal  JournalCmd    `cmd:"" help:"Read the journal, or prove it by deciding it again."`
	Bench    BenchCmd      `cmd:"" help:"Measure a server on this machine."`
	Sim      SimCmd        `cmd:"" help:"Prove the promises: lives of a server with faults, in virtual time, each chosen by a seed."`
	Backup   BackupCmd     `cmd:"" help:"Write a consistent copy of a data folder while the server runs or rests."`
	Restore  RestoreCmd    `cmd:"" help:"Make a data folder from a backup."`
	Version  VersionCmd    `cmd:"" help:"Print the version."`

	LogLevel  string `help:"Least level that is logged: debug, info, warn or error." enum:"debug,info,warn,error" default:"info" env:"SWITCHYARD_LOG_LEVEL"`
	LogFormat string `help:"Form of log lines: text or json." enum:"text,json" default:"text" env:"SWITCHYARD_LOG_FORMAT"`
}

// Globals is what every command gets.
type Globals struct {
	Context context.Context
	Out     io.Writer
	Err     io.Writer
	Log     *slog.Logger
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// usageError is a wrong way to call a command: exit code 2.
type usageError struct{ error }

// run executes a command line and returns the exit code: 0 done, 1 failed, 2 wrongly called.
func run(args []string, out, errOut io.Writer) (code int) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case exited:
			code = int(v)
		default:
			panic(v)
		}
	}()
	cli := &CLI{}
	parser, err := newParser(cli, kong.Writers(out, errOut), kong.Exit(func(code int) { panic(exited(code)) }))
	if err != nil {
		fmt.Fprintln(errOut, "switchyard:", err)
		return 1
	}
	return execute(parser, cli, args, out, errOut)
}

// exited unwinds from kong's own exit, after --help has been printed.
type exited int

func newParser(cli *CLI, options ...kong.Option) (*kong.Kong, error) {
	return kong.New(cli, append([]kong.Option{
		kong.Name("switchyard"),
		kong.Description("Routes interactions to the right agent. `switchyard demo` shows it in a minute."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Vars{"scopes": scopeList(), "faults": faultList()},
	}, options...)...)
}

// scopeList names every scope, for help texts.
func scopeList() string {
	words := make([]string, len(switchyard.Scopes))
	for n, scope := range switchyard.Scopes {
		words[n] = string(scope)
	}
	return strings.Join(words, ", ")
}

func execute(parser *kong.Kong, cli *CLI, args []string, out, errOut io.Writer) int {
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(errOut, "switchyard: %v\nsee `switchyard --help`, or `switchyard COMMAND --help`\n", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err = parsed.Run(&Globals{Context: ctx, Out: out, Err: errOut, Log: newLog(cli, errOut)})
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		fmt.Fprintln(errOut, "switchyard:", err)
		return 2
	}
	fmt.Fprintln(errOut, "switchyard:", err)
	return 1
}

func newLog(cli *CLI, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cli.LogLevel))
	options := &slog.HandlerOptions{Level: level}
	if cli.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
