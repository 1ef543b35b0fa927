package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"switchyard"
	"switchyard/internal/app"
	"switchyard/internal/engine"
	journalsqlite "switchyard/internal/journal/sqlite"
)

// JournalCmd reads and proves the journal.
type JournalCmd struct {
	Tail   JournalTailCmd   `cmd:"" help:"Print events, one JSON object a line; credentials masked."`
	Verify JournalVerifyCmd `cmd:"" help:"Decide every recorded input again and compare, byte for byte."`
}

// JournalTailCmd prints events.
type JournalTailCmd struct {
	After       string `help:"Cursor to begin after, such as 1234.0; default the beginning." placeholder:"CURSOR" default:"0"`
	Type        string `help:"Only events of this type, such as interaction.offered, or of a subject: interaction." placeholder:"TYPE"`
	Agent       string `help:"Only events about this agent." placeholder:"USERNAME"`
	Interaction string `help:"Only events about this interaction." placeholder:"ID"`
	Follow      bool   `short:"f" help:"Go on with new events as they come, until interrupted."`
	targetFlags
}

// Run prints.
func (c *JournalTailCmd) Run(g *Globals) error {
	return c.using(g, func(t *target) error {
		query := url.Values{"after": {c.After}, "limit": {"1000"}}
		for name, value := range map[string]string{"type": c.Type, "agent": c.Agent, "interaction": c.Interaction} {
			if value != "" {
				query.Set(name, value)
			}
		}
		if c.Follow {
			return c.follow(g, t, query)
		}
		return c.pages(g, t, query)
	}, switchyard.ScopeEventsRead)
}

// pages prints what there is.
func (c *JournalTailCmd) pages(g *Globals, t *target, query url.Values) error {
	for {
		var page struct {
			Items []jsontext.Value `json:"items"`
			Next  string           `json:"next"`
		}
		if err := t.call(g.Context, http.MethodGet, "/v1/events?"+query.Encode(), nil, &page); err != nil {
			return err
		}
		for _, item := range page.Items {
			if _, err := fmt.Fprintf(g.Out, "%s\n", item); err != nil {
				return err
			}
		}
		if page.Next == "" || page.Next == query.Get("after") {
			return nil
		}
		query.Set("after", page.Next)
	}
}

// follow prints the feed as it comes.
func (c *JournalTailCmd) follow(g *Globals, t *target, query url.Values) error {
	r, err := http.NewRequestWithContext(g.Context, http.MethodGet, t.base+"/v1/events?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+t.token)
	r.Header.Set("Accept", "text/event-stream")
	response, err := (&http.Client{}).Do(r)
	if err != nil {
		return fmt.Errorf("reach %s: %w", t.base, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET /v1/events: status %d", response.StatusCode)
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		if data, is := strings.CutPrefix(lines.Text(), "data: "); is {
			fmt.Fprintln(g.Out, data)
		}
	}
	if errors.Is(g.Context.Err(), context.Canceled) {
		return nil
	}
	return lines.Err()
}

// JournalVerifyCmd proves the journal.
type JournalVerifyCmd struct {
	Data string `help:"Data folder; no server may hold it (default ${default})." default:"./switchyard-data" env:"SWITCHYARD_DATA" placeholder:"DIR"`
	JSON bool   `help:"Print the reports as JSON." name:"json"`
}

// Run proves every account of the folder.
func (c *JournalVerifyCmd) Run(g *Globals) error {
	if err := app.CheckFolder(c.Data); err != nil {
		return err
	}
	store, err := journalsqlite.Open(g.Context, c.Data, journalsqlite.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	accounts, err := store.Accounts(g.Context)
	if err != nil {
		return err
	}
	different, rows := 0, 0
	for _, account := range accounts {
		report, err := engine.Verify(g.Context, store, app.Decider, account, func(done, total int) {
			fmt.Fprintf(g.Err, "\r%s: %d of %d rows", account, done, total)
		})
		fmt.Fprintln(g.Err)
		if err != nil {
			return err
		}
		rows += report.Rows
		if report.Difference != nil {
			different++
		}
		if err := c.print(g, report); err != nil {
			return err
		}
	}
	if different > 0 {
		return fmt.Errorf("%s of %d came out differently: keep the folder as it is and report it", count(different, "account"), len(accounts))
	}
	summary := g.Out
	if c.JSON {
		summary = g.Err
	}
	_, err = fmt.Fprintf(summary, "%s of %s verified\n", count(rows, "row"), count(len(accounts), "account"))
	return err
}

func (c *JournalVerifyCmd) print(g *Globals, r engine.Report) error {
	if c.JSON {
		text, err := json.Marshal(map[string]any{"account": r.Account, "from": uint64(r.From), "to": uint64(r.To), "rows": r.Rows,
			"redecided": r.Redecided, "folded": r.Folded, "same": r.Difference == nil}, json.Deterministic(true))
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(g.Out, "%s\n", text)
		return err
	}
	if r.Difference != nil {
		_, err := fmt.Fprintf(g.Out, "%s: row %d differs:\n%s\n", r.Account, r.Difference.Seq, r.Difference)
		return err
	}
	_, err := fmt.Fprintf(g.Out, "%s: rows %d to %d: %s decided again, %s of other versions taken as facts; all the same\n",
		r.Account, r.From, r.To, strconv.Itoa(r.Redecided), strconv.Itoa(r.Folded))
	return err
}

// BackupCmd copies a data folder.
type BackupCmd struct {
	Data string `help:"Data folder; a server may be working on it (default ${default})." default:"./switchyard-data" env:"SWITCHYARD_DATA" placeholder:"DIR"`
	To   string `arg:"" help:"Folder to write the backup to; it must not exist yet. It holds the sealing key too: keep it safe."`
}

// Run copies.
func (c *BackupCmd) Run(g *Globals) error {
	if err := app.Backup(g.Context, c.Data, c.To, progressTo(g)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(g.Out, "backup of %s is in %s\n", c.Data, c.To)
	return err
}

// RestoreCmd makes a data folder from a backup.
type RestoreCmd struct {
	From string `arg:"" help:"Folder of the backup." type:"existingdir"`
	Data string `help:"Data folder to make (default ${default})." default:"./switchyard-data" env:"SWITCHYARD_DATA" placeholder:"DIR"`
}

// Run restores.
func (c *RestoreCmd) Run(g *Globals) error {
	if err := app.Restore(g.Context, c.From, c.Data, progressTo(g)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(g.Out, "%s is restored; start it with `switchyard serve --data %s`\n", c.Data, c.Data)
	return err
}

func progressTo(g *Globals) func(string, int64) {
	return func(file string, bytes int64) {
		fmt.Fprintf(g.Err, "%s: %.1f MB\n", file, float64(bytes)/1e6)
	}
}
