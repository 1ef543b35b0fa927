package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/goccy/go-yaml"

	"switchyard"
	"switchyard/internal/app"
	"switchyard/internal/config"
)

// CheckCmd checks an account file.
type CheckCmd struct {
	File                   string `short:"f" help:"Account file (YAML)." type:"existingfile" required:"" placeholder:"FILE"`
	AllowInsecureEndpoints bool   `help:"Check as a server with this flag would."`
}

// Run checks.
func (c *CheckCmd) Run(g *Globals) error {
	file, warnings, err := app.ReadFile(c.File, config.Rules{AllowInsecure: c.AllowInsecureEndpoints})
	if err != nil {
		return fileFaults(g, err)
	}
	printProblems(g.Err, append(warnings, file.Unkept()...))
	doc := file.Document
	_, err = fmt.Fprintf(g.Out, "%s: account %s is good: %s, %s, %s, %s\n", c.File, doc.Account,
		count(len(doc.Agents), "agent"), count(len(doc.Skills), "skill"), count(len(doc.Plans), "plan"), count(len(doc.Routes), "route"))
	return err
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// fileFaults prints every problem of a file on a line of its own.
func fileFaults(g *Globals, err error) error {
	var problems config.Problems
	if !errors.As(err, &problems) {
		return err
	}
	printProblems(g.Err, problems)
	faults := 0
	for _, p := range problems {
		if !p.Warning {
			faults++
		}
	}
	return fmt.Errorf("the account file has %s; nothing was changed", count(faults, "fault"))
}

func printProblems(w io.Writer, problems []config.Problem) {
	for _, p := range problems {
		fmt.Fprintln(w, p)
		if p.Excerpt != "" {
			fmt.Fprintln(w, p.Excerpt)
		}
	}
}

// ApplyCmd makes a file the config of its account.
type ApplyCmd struct {
	File   string `short:"f" help:"Account file (YAML)." type:"existingfile" required:"" placeholder:"FILE"`
	DryRun bool   `help:"Only say what would change, and what live work that concerns."`
	targetFlags
}

// Run applies.
func (c *ApplyCmd) Run(g *Globals) error {
	if c.onFolder() && !c.DryRun {
		return c.applyToFolder(g)
	}
	file, warnings, err := app.ReadFile(c.File, config.Rules{AllowInsecure: true}) // the server has its own rules
	if err != nil {
		return fileFaults(g, err)
	}
	printProblems(g.Err, warnings)
	if c.DryRun {
		return c.preview(g, file.Document)
	}
	return c.using(g, func(t *target) error {
		if _, err := t.preview(g, file.Document); err != nil {
			return err
		}
		var out struct {
			Version int  `json:"version"`
			Changed bool `json:"changed"`
		}
		if err := t.call(g.Context, http.MethodPut, "/v1/config", file.Document, &out); err != nil {
			return err
		}
		return printApplied(g.Out, file.Document.Account, out.Version, out.Changed)
	}, switchyard.ScopeConfigWrite)
}

// preview says what the document would change.
func (c *ApplyCmd) preview(g *Globals, doc *switchyard.Account) error {
	c.AccountName = doc.Account
	return c.usingFor(g, app.Read, func(t *target) error {
		p, err := t.preview(g, doc)
		if err == nil {
			err = p.refused()
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(g.Out, "account %s: %s; nothing was done\n", doc.Account, count(len(p.Changes), "change"))
		return err
	}, switchyard.ScopeConfigWrite)
}

// preview is what a document would do to an account.
type preview struct {
	Valid    bool     `json:"valid"`
	Changes  []string `json:"changes"`
	Problems []fault  `json:"problems"`
	Affected []struct {
		Text  string `json:"text"`
		Count int    `json:"count"`
	} `json:"affected"`
	Summary string `json:"summary"`
}

// preview asks what a document would do, says so, and warns of the live work that is concerned
// (RULINGS 32).
func (t *target) preview(g *Globals, doc *switchyard.Account) (p preview, err error) {
	if err := t.call(g.Context, http.MethodPost, "/v1/config/check", doc, &p); err != nil {
		return p, err
	}
	printLines(g.Out, p.Changes)
	for _, a := range p.Affected {
		fmt.Fprintf(g.Err, "warning: %s (%d)\n", a.Text, a.Count)
	}
	if p.Summary != "" {
		fmt.Fprintln(g.Err, "warning:", p.Summary)
	}
	return p, nil
}

// refused is why the server would not take the document.
func (p *preview) refused() error {
	if p.Valid {
		return nil
	}
	text := "the server would refuse the document:"
	for _, f := range p.Problems {
		if !f.Warning {
			text += "\n  " + strings.TrimPrefix(f.Path+": "+f.Text, ": ")
		}
	}
	return errors.New(text)
}

func (c *ApplyCmd) applyToFolder(g *Globals) error {
	a, err := c.open(g, app.Change)
	if err != nil {
		return err
	}
	applied, err := c.applyTo(g, a)
	if err = errors.Join(err, a.Stop(g.Context)); err != nil {
		return fileFaults(g, err)
	}
	printProblems(g.Err, applied.Warnings)
	return printApplied(g.Out, applied.Account, applied.Version, applied.Changed)
}

func (c *ApplyCmd) applyTo(g *Globals, a *app.App) (*app.Applied, error) {
	file, _, err := app.ReadFile(c.File, config.Rules{AllowInsecure: true})
	if err != nil {
		return nil, err
	}
	name := file.Document.Account
	there := slices.Contains(a.Engine().Accounts(), name)
	if there {
		if _, err := inFolder(a, name).preview(g, file.Document); err != nil {
			return nil, err
		}
	}
	applied, err := a.ApplyFile(g.Context, c.File, false)
	if err == nil && !there {
		printLines(g.Out, applied.Changes)
	}
	return applied, err
}

func printApplied(w io.Writer, account string, version int, changed bool) error {
	if !changed {
		_, err := fmt.Fprintf(w, "account %s: nothing to change, version %d stays in force\n", account, version)
		return err
	}
	_, err := fmt.Fprintf(w, "account %s: version %d is in force\n", account, version)
	return err
}

// ConfigCmd reads and restores configs.
type ConfigCmd struct {
	Get      ConfigGetCmd      `cmd:"" help:"Print the config in force, credentials masked."`
	History  ConfigHistoryCmd  `cmd:"" help:"List the versions there were."`
	Draft    ConfigDraftCmd    `cmd:"" help:"Prepare a change before it is in force: save it, see what it would change, publish it."`
	Rollback ConfigRollbackCmd `cmd:"" help:"Make an earlier version the config again."`
	Schema   ConfigSchemaCmd   `cmd:"" help:"Print the JSON Schema of account files, for your editor."`
}

// ConfigGetCmd prints the config.
type ConfigGetCmd struct {
	JSON bool `help:"Print JSON instead of YAML." name:"json"`
	targetFlags
}

// Run prints.
func (c *ConfigGetCmd) Run(g *Globals) error {
	return c.using(g, func(t *target) error {
		var doc jsontext.Value
		if err := t.call(g.Context, http.MethodGet, "/v1/config", nil, &doc); err != nil {
			return err
		}
		if c.JSON {
			if err := doc.Indent(); err != nil {
				return err
			}
			_, err := fmt.Fprintf(g.Out, "%s\n", doc)
			return err
		}
		text, err := yaml.JSONToYAML(doc)
		if err != nil {
			return err
		}
		_, err = g.Out.Write(text)
		return err
	}, switchyard.ScopeConfigRead)
}

// ConfigHistoryCmd lists versions.
type ConfigHistoryCmd struct{ targetFlags }

// Run lists.
func (c *ConfigHistoryCmd) Run(g *Globals) error {
	return c.using(g, func(t *target) error {
		return each(g, t, "/v1/config/history", func(item jsontext.Value) error {
			var v struct {
				Version int    `json:"version"`
				At      string `json:"at"`
				By      string `json:"by"`
				Source  string `json:"source"`
			}
			if err := json.Unmarshal(item, &v); err != nil {
				return err
			}
			_, err := fmt.Fprintf(g.Out, "%5d  %s  %-20s %s\n", v.Version, v.At, v.By, v.Source)
			return err
		})
	}, switchyard.ScopeConfigRead)
}

// each walks all pages of a list.
func each(g *Globals, t *target, path string, f func(item jsontext.Value) error) error {
	cursor := ""
	for {
		var page struct {
			Items []jsontext.Value `json:"items"`
			Next  string           `json:"next"`
		}
		query := "?limit=1000"
		if cursor != "" {
			query += "&cursor=" + url.QueryEscape(cursor)
		}
		if err := t.call(g.Context, http.MethodGet, path+query, nil, &page); err != nil {
			return err
		}
		for _, item := range page.Items {
			if err := f(item); err != nil {
				return err
			}
		}
		if cursor = page.Next; cursor == "" {
			return nil
		}
	}
}

// ConfigRollbackCmd goes back.
type ConfigRollbackCmd struct {
	To int `arg:"" name:"version" help:"Version to go back to; see config history."`
	targetFlags
}

// Run goes back.
func (c *ConfigRollbackCmd) Run(g *Globals) error {
	return c.using(g, func(t *target) error {
		var out struct {
			Version int  `json:"version"`
			Changed bool `json:"changed"`
		}
		if err := t.call(g.Context, http.MethodPost, "/v1/config/rollback", map[string]int{"version": c.To}, &out); err != nil {
			return err
		}
		text := "version %d is in force; it says what version " + strconv.Itoa(c.To) + " said\n"
		if !out.Changed {
			text = "nothing to change: version %d says the same\n"
		}
		_, err := fmt.Fprintf(g.Out, text, out.Version)
		return err
	}, switchyard.ScopeConfigWrite)
}

// ConfigSchemaCmd prints the schema.
type ConfigSchemaCmd struct{}

// Run prints.
func (ConfigSchemaCmd) Run(g *Globals) error {
	_, err := g.Out.Write(config.Schema())
	return err
}
