package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"switchyard"
	"switchyard/internal/api/vcc"
	"switchyard/internal/config"
	"switchyard/internal/core/plan"
	"switchyard/internal/draw"
	"switchyard/internal/rehearse"
)

// PlanCmd shows plans and tries them out.
type PlanCmd struct {
	Draw PlanDrawCmd `cmd:"" help:"Draw the plans of an account file as Mermaid or SVG."`
	Run  PlanRunCmd  `cmd:"" help:"Run a plan on a payload in virtual time, without a server; nothing is sent."`
}

// readDocument reads and checks an account file, with the calendars it names. What env: and file: stand for
// of credentials is not looked up: none is needed to look at plans.
func readDocument(g *Globals, path string) (*switchyard.Account, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read account file: %w", err)
	}
	file, problems := config.Read(path, text)
	if file != nil {
		problems = append(file.Calendars(config.FromSystem(filepath.Dir(path))),
			file.Check(config.Rules{AllowInsecure: true})...) // a server has its own rules
	}
	if config.Refused(problems) {
		return nil, fileFaults(g, config.Problems(problems))
	}
	printProblems(g.Err, problems)
	return file.Document, nil
}

// PlanDrawCmd draws.
type PlanDrawCmd struct {
	File   string   `short:"f" help:"Account file (YAML)." type:"existingfile" required:"" placeholder:"FILE"`
	Plan   []string `help:"Plan to draw; may be repeated. Without it, all." placeholder:"NAME"`
	Format string   `help:"mermaid, or svg (default ${default})." enum:"mermaid,svg" default:"mermaid"`
	Output string   `short:"o" help:"File to write to, instead of standard output." placeholder:"FILE"`
}

// Run draws.
func (c *PlanDrawCmd) Run(g *Globals) error {
	doc, err := readDocument(g, c.File)
	if err != nil {
		return err
	}
	set, _ := plan.Compile(doc)
	plans := set.Plans()
	if len(c.Plan) > 0 {
		plans = nil
		for _, name := range c.Plan {
			p := set.Plan(name)
			if p == nil {
				return fmt.Errorf("%s has no plan %q; it has %s", c.File, name, planNames(set))
			}
			plans = append(plans, p)
		}
	}
	picture := []byte(draw.Mermaid(plans))
	if c.Format == "svg" {
		if picture, err = draw.SVG(g.Context, plans); err != nil {
			return err
		}
	}
	if c.Output == "" {
		_, err = g.Out.Write(picture)
		return err
	}
	if err := os.WriteFile(c.Output, picture, 0o644); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	return nil
}

func planNames(set *plan.Set) string {
	var names []string
	for _, p := range set.Plans() {
		names = append(names, p.Name)
	}
	return strings.Join(names, ", ")
}

// PlanRunCmd runs a plan.
type PlanRunCmd struct {
	File   string              `short:"f" help:"Account file (YAML)." type:"existingfile" required:"" placeholder:"FILE"`
	Route  string              `help:"Route the work comes in by; takes the place of the body's." placeholder:"NAME"`
	Body   string              `help:"Body of an invoke call (JSON), or one of its requests alone." type:"existingfile" placeholder:"FILE"`
	Answer map[string]string   `help:"What becomes of the effect of an applet: APPLET=FILE with JSON such as {\"ok\":false,\"status\":500,\"detail\":\"…\"}; may be repeated. Others succeed." mapsep:"none" placeholder:"APPLET=FILE"`
	Agent  map[string]string   `help:"Presence of an agent: NAME=Ready; may be repeated. Ready agents take and release what they are offered at once." mapsep:"none" placeholder:"NAME=PRESENCE"`
	At     string              `help:"When the work comes in, such as 2026-11-23T12:00:00Z (default now)." placeholder:"TIME"`
	For    switchyard.Duration `help:"How long to go on, such as 4h. Without it the run ends as soon as people are needed." placeholder:"DURATION"`
	JSON   bool                `help:"Print the report as JSON." name:"json"`
}

// Run runs.
func (c *PlanRunCmd) Run(g *Globals) error {
	doc, err := readDocument(g, c.File)
	if err != nil {
		return err
	}
	o := rehearse.Options{Document: doc, For: c.For, At: switchyard.InstantOf(time.Now())}
	if c.At != "" {
		if err := o.At.UnmarshalText([]byte(c.At)); err != nil {
			return usageError{fmt.Errorf("--at: %w", err)}
		}
	}
	if o.Call, err = c.call(); err != nil {
		return err
	}
	if o.Answers, err = c.answers(); err != nil {
		return err
	}
	o.Providers = c.providers(g, doc, o.Call.Provider)
	for _, name := range slices.Sorted(maps.Keys(c.Agent)) {
		o.Presences = append(o.Presences, switchyard.SetPresence{Agent: name, Presence: c.Agent[name]})
	}
	report, err := rehearse.Run(o)
	if err != nil {
		return err
	}
	if err := c.print(g.Out, report); err != nil {
		return err
	}
	if r := report.Result; r.Status != switchyard.StatusAccepted {
		return fmt.Errorf("the request would be refused: %s (%s)", r.Detail, r.Code)
	}
	return nil
}

// call reads the body as the server would.
func (c *PlanRunCmd) call() (*switchyard.Invoke, error) {
	var body []byte
	if c.Body != "" {
		text, err := os.ReadFile(c.Body)
		if err != nil {
			return nil, fmt.Errorf("read body: %w", err)
		}
		body = text
	}
	call, err := vcc.ReadDispatch(body, c.Route)
	if err != nil {
		return nil, fmt.Errorf("%s: the call would be refused: %w", c.Body, err)
	}
	return call, nil
}

func (c *PlanRunCmd) answers() (map[string]rehearse.Answer, error) {
	answers := map[string]rehearse.Answer{}
	for applet, path := range c.Answer {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read answer of %s: %w", applet, err)
		}
		var a rehearse.Answer
		if err := json.Unmarshal(bytes.TrimSpace(text), &a, json.RejectUnknownMembers(true)); err != nil {
			return nil, fmt.Errorf("%s is no answer such as {\"ok\":false,\"status\":500,\"detail\":\"…\"}: %w", path, err)
		}
		answers[applet] = a
	}
	return answers, nil
}

// providers registers those of the file. One that only the body names counts as registered, with
// everything permitted: it may have been by the API.
func (c *PlanRunCmd) providers(g *Globals, doc *switchyard.Account, named string) (all []switchyard.Register) {
	known := named == ""
	for _, p := range doc.Providers {
		all = append(all, switchyard.Register{Provider: p.Name, Endpoint: p.Endpoint, Permitted: config.PermissionsOf(p.AgentActionsPermitted)})
		known = known || switchyard.CaseKey(p.Name) == switchyard.CaseKey(named)
	}
	if !known {
		fmt.Fprintf(g.Err, "provider %s is not in %s; it is taken as registered, without an endpoint and with every action permitted\n", named, c.File)
		all = append(all, switchyard.Register{Provider: named,
			Permitted: switchyard.Permissions{Release: true, Hold: true, TransferToAgent: true, TransferToRoute: true}})
	}
	return all
}

func (c *PlanRunCmd) print(w io.Writer, r *rehearse.Report) error {
	if !c.JSON {
		return r.WriteText(w)
	}
	text, err := json.Marshal(r, json.Deterministic(true), jsontext.WithIndent("  "))
	return errors.Join(err, write(w, append(text, '\n')))
}

func write(w io.Writer, text []byte) error {
	_, err := w.Write(text)
	return err
}
