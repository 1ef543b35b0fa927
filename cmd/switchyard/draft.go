package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/goccy/go-yaml"

	"switchyard"
	"switchyard/internal/app"
	"switchyard/internal/config"
)

// ConfigDraftCmd prepares changes of the config.
type ConfigDraftCmd struct {
	List    DraftListCmd    `cmd:"" help:"List the drafts: id, revision, the version each was begun from, who saved it when, its name."`
	Save    DraftSaveCmd    `cmd:"" help:"Keep an account file as a draft, or as a new revision of one. It need not be valid yet: what is wrong is told, and kept all the same. Without a file a new draft begins as the config in force, to be shown, edited and saved again."`
	Show    DraftShowCmd    `cmd:"" help:"Print the document of a draft, credentials masked: edit it and save it again; what is masked stays what it is."`
	Diff    DraftDiffCmd    `cmd:"" help:"Say in words what publishing a draft would change, what live work that concerns, and what came into force since the draft was begun."`
	Check   DraftCheckCmd   `cmd:"" help:"Say what is wrong with a draft. Fails when it could not be published."`
	Publish DraftPublishCmd `cmd:"" help:"Make a draft the config; the draft goes with it. Refused when another version came into force since the draft was begun: take that in, save with --base, or --force."`
	Drop    DraftDropCmd    `cmd:"" help:"Throw a draft away."`
}

const draftsPath = "/v1/config/drafts"

// draftRef names a draft on the command line.
type draftRef struct {
	ID int `arg:"" help:"Id of the draft; see config draft list."`
}

func (r draftRef) path() string { return draftsPath + "/" + strconv.Itoa(r.ID) }

// revisionFlag guards against what others saved meanwhile.
type revisionFlag struct {
	Revision int `help:"Only when the draft is still at this revision, so that nobody else's save is lost." placeholder:"N"`
}

func (f revisionFlag) header() http.Header {
	if f.Revision == 0 {
		return nil
	}
	return http.Header{"If-Match": {strconv.Quote(strconv.Itoa(f.Revision))}}
}

// draft is what a server shows of a draft.
type draft struct {
	ID       int            `json:"id"`
	Revision int            `json:"revision"`
	Name     string         `json:"name"`
	Note     string         `json:"note"`
	Base     int            `json:"base"`
	Outdated bool           `json:"outdated"`
	Saved    string         `json:"saved"`
	SavedBy  string         `json:"savedby"`
	Document jsontext.Value `json:"document"`
	Problems []fault        `json:"problems"`
}

// fault is something wrong with a document, as a server tells it.
type fault struct {
	Path    string `json:"path"`
	Text    string `json:"text"`
	Warning bool   `json:"warning"`
}

// draftPreview is what publishing a draft would do.
type draftPreview struct {
	preview
	Base    int      `json:"base"`
	Version int      `json:"version"`
	Since   []string `json:"since"`
}

// DraftListCmd lists.
type DraftListCmd struct{ targetFlags }

// Run lists.
func (c *DraftListCmd) Run(g *Globals) error {
	return c.using(g, func(t *target) error {
		return each(g, t, draftsPath, func(item jsontext.Value) error {
			var d draft
			if err := json.Unmarshal(item, &d); err != nil {
				return err
			}
			base := "from version " + strconv.Itoa(d.Base)
			if d.Outdated {
				base += ", outdated"
			}
			_, err := fmt.Fprintf(g.Out, "%4d  revision %-3d %-26s %s  %-20s %s\n", d.ID, d.Revision, base, d.Saved, d.SavedBy, d.Name)
			return err
		})
	}, switchyard.ScopeConfigRead)
}

// DraftSaveCmd saves.
type DraftSaveCmd struct {
	ID   int     `arg:"" optional:"" help:"Id of the draft to save again; left out, a new one is made."`
	File string  `short:"f" help:"Account file (YAML), or one that is to become one." type:"existingfile" placeholder:"FILE"`
	Name string  `help:"What the draft is about; a new one needs it." placeholder:"TEXT"`
	Note *string `help:"Why it is made, for whoever publishes it." placeholder:"TEXT"`
	Base *int    `help:"Version of the config it stands on; default the one in force when it was begun." placeholder:"N"`
	revisionFlag
	targetFlags
}

// Run saves.
func (c *DraftSaveCmd) Run(g *Globals) error {
	body := map[string]any{}
	if c.Name != "" {
		body["name"] = c.Name
	} else if c.ID == 0 {
		return usageError{errors.New("a new draft needs a name: --name 'Christmas hours'")}
	}
	if c.Note != nil {
		body["note"] = *c.Note
	}
	if c.Base != nil {
		body["base"] = *c.Base
	}
	file, warnings, err := c.read()
	if err != nil {
		return fileFaults(g, err)
	}
	printProblems(g.Err, warnings)
	if file != nil {
		body["document"] = file.Document
	}
	method, path := http.MethodPost, draftsPath
	if c.ID != 0 {
		method, path = http.MethodPut, draftRef{c.ID}.path()
	}
	return c.using(g, func(t *target) error {
		var d draft
		if err := t.callWith(g.Context, method, path, c.header(), body, &d); err != nil {
			return err
		}
		printProblems(g.Err, located(file, d.Problems))
		_, err := fmt.Fprintf(g.Out, "draft %d is saved as revision %d; it was begun from version %d\nsee what it would change: switchyard config draft diff %[1]d\n",
			d.ID, d.Revision, d.Base)
		return err
	}, switchyard.ScopeConfigRead, switchyard.ScopeConfigWrite)
}

// read reads the file, as far as it must be right to be kept; nil when there is none.
func (c *DraftSaveCmd) read() (*config.File, []config.Problem, error) {
	if c.File == "" {
		return nil, nil, nil
	}
	text, err := os.ReadFile(c.File)
	if err != nil {
		return nil, nil, fmt.Errorf("read account file: %w", err)
	}
	file, problems := config.Read(c.File, text)
	if file == nil {
		return nil, nil, config.Problems(problems)
	}
	if problems = file.Resolve(config.FromSystem(filepath.Dir(c.File))); config.Refused(problems) {
		return nil, nil, config.Problems(problems)
	}
	return file, problems, nil
}

// located puts what a server says of a document into the file it came from.
func located(file *config.File, faults []fault) []config.Problem {
	var out []config.Problem
	for _, f := range faults {
		p := config.Problem{Path: f.Path, Text: f.Text, Warning: f.Warning}
		if file != nil {
			p.File = file.Name
			p.Line, p.Column = file.Locate(f.Path)
		}
		out = append(out, p)
	}
	return out
}

// DraftShowCmd shows.
type DraftShowCmd struct {
	draftRef
	JSON bool `help:"Print everything known of the draft, as JSON." name:"json"`
	targetFlags
}

// Run shows.
func (c *DraftShowCmd) Run(g *Globals) error {
	return c.using(g, func(t *target) error {
		var all jsontext.Value
		if err := t.call(g.Context, http.MethodGet, c.path(), nil, &all); err != nil {
			return err
		}
		if c.JSON {
			if err := all.Indent(); err != nil {
				return err
			}
			_, err := fmt.Fprintf(g.Out, "%s\n", all)
			return err
		}
		var d draft
		if err := json.Unmarshal(all, &d); err != nil {
			return err
		}
		text, err := yaml.JSONToYAML(d.Document)
		if err != nil {
			return err
		}
		note := ""
		for line := range strings.Lines(d.Note) {
			note += "# " + strings.TrimRight(line, "\n") + "\n"
		}
		_, err = fmt.Fprintf(g.Out, "# Draft %d: %s\n# Revision %d, saved by %s at %s; begun from version %d.\n%s%s",
			d.ID, d.Name, d.Revision, d.SavedBy, d.Saved, d.Base, note, text)
		return err
	}, switchyard.ScopeConfigRead)
}

// DraftDiffCmd compares.
type DraftDiffCmd struct {
	draftRef
	targetFlags
}

// Run compares.
func (c *DraftDiffCmd) Run(g *Globals) error {
	return c.usingFor(g, app.Read, func(t *target) error {
		p, err := t.checkDraft(g, c.draftRef)
		if err != nil {
			return err
		}
		if !p.Valid {
			return p.refused(g.Err, c.draftRef)
		}
		if len(p.Since) > 0 {
			fmt.Fprintf(g.Out, "since version %d, from which draft %d was begun, version %d brought:\n", p.Base, c.ID, p.Version)
			printLines(g.Out, p.Since)
		}
		if len(p.Changes) == 0 {
			_, err = fmt.Fprintf(g.Out, "draft %d says what version %d says\n", c.ID, p.Version)
			return err
		}
		fmt.Fprintf(g.Out, "draft %d would change of version %d:\n", c.ID, p.Version)
		printLines(g.Out, p.Changes)
		return p.printAffected(g.Out)
	}, switchyard.ScopeConfigWrite)
}

// DraftCheckCmd checks.
type DraftCheckCmd struct {
	draftRef
	targetFlags
}

// Run checks.
func (c *DraftCheckCmd) Run(g *Globals) error {
	return c.usingFor(g, app.Read, func(t *target) error {
		p, err := t.checkDraft(g, c.draftRef)
		if err != nil {
			return err
		}
		if !p.Valid {
			return p.refused(g.Err, c.draftRef)
		}
		printProblems(g.Err, located(nil, p.Problems))
		if p.Base != p.Version {
			_, err = fmt.Fprintf(g.Out, "draft %d is good, but outdated: it was begun from version %d, and version %d is in force\n", c.ID, p.Base, p.Version)
			return err
		}
		_, err = fmt.Fprintf(g.Out, "draft %d is good: %s\n", c.ID, count(len(p.Changes), "change"))
		return err
	}, switchyard.ScopeConfigWrite)
}

func (t *target) checkDraft(g *Globals, ref draftRef) (*draftPreview, error) {
	p := &draftPreview{}
	return p, t.call(g.Context, http.MethodPost, ref.path()+"/check", nil, p)
}

// refused tells why a draft cannot be published.
func (p *draftPreview) refused(w io.Writer, ref draftRef) error {
	printProblems(w, located(nil, p.Problems))
	faults := 0
	for _, f := range p.Problems {
		if !f.Warning {
			faults++
		}
	}
	return fmt.Errorf("draft %d has %s and cannot be published; mend them and save it again", ref.ID, count(faults, "fault"))
}

func (p *draftPreview) printAffected(w io.Writer) error {
	for _, a := range p.Affected {
		fmt.Fprintf(w, "  %d: %s\n", a.Count, a.Text)
	}
	if p.Summary == "" {
		return nil
	}
	_, err := fmt.Fprintln(w, p.Summary)
	return err
}

func printLines(w io.Writer, lines []string) {
	for _, line := range lines {
		fmt.Fprintln(w, " ", line)
	}
}

// DraftPublishCmd publishes.
type DraftPublishCmd struct {
	draftRef
	Force bool `help:"Also when another version came into force since the draft was begun; what that brought is undone where the draft does not say it."`
	revisionFlag
	targetFlags
}

// Run publishes, after it has said what that changes.
func (c *DraftPublishCmd) Run(g *Globals) error {
	return c.using(g, func(t *target) error {
		p, err := t.checkDraft(g, c.draftRef)
		if err != nil {
			return err
		}
		if !p.Valid {
			return p.refused(g.Err, c.draftRef)
		}
		var out struct {
			Version int  `json:"version"`
			Changed bool `json:"changed"`
		}
		path := fmt.Sprintf("%s/publish?force=%t", c.path(), c.Force)
		if err := t.callWith(g.Context, http.MethodPost, path, c.header(), nil, &out); err != nil {
			return err
		}
		if !out.Changed {
			_, err = fmt.Fprintf(g.Out, "draft %d said what version %d says, which stays in force; the draft is gone\n", c.ID, out.Version)
			return err
		}
		printLines(g.Out, p.Changes)
		if err := p.printAffected(g.Out); err != nil {
			return err
		}
		_, err = fmt.Fprintf(g.Out, "draft %d is published: version %d is in force\n", c.ID, out.Version)
		return err
	}, switchyard.ScopeConfigWrite)
}

// DraftDropCmd drops.
type DraftDropCmd struct {
	draftRef
	revisionFlag
	targetFlags
}

// Run drops.
func (c *DraftDropCmd) Run(g *Globals) error {
	return c.using(g, func(t *target) error {
		if err := t.callWith(g.Context, http.MethodDelete, c.path(), c.header(), nil, nil); err != nil {
			return err
		}
		_, err := fmt.Fprintf(g.Out, "draft %d is dropped\n", c.ID)
		return err
	}, switchyard.ScopeConfigWrite)
}
