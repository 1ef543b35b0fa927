package native

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/core/plan/zone"
	"switchyard/internal/report"
	"switchyard/internal/tables"
)

// Reports read much. So many are worked out at once by a server, and another waits so long for its
// turn.
const (
	reportsAtOnce = 2
	reportTurn    = 20 * time.Second
)

// Range is the time a report is about, and how it is answered.
type Range struct {
	From   string `query:"from" required:"true" maxLength:"40" doc:"The first moment, RFC 3339, or a date: then the day's beginning in the time zone." example:"2026-11-23"`
	To     string `query:"to" maxLength:"40" doc:"The first moment after the report, or a date; now when it is left out." example:"2026-11-24T00:00:00Z"`
	Zone   string `query:"zone" maxLength:"60" default:"UTC" doc:"Time zone of the IANA list, in which days and other intervals begin." example:"Europe/Berlin"`
	Format string `query:"format" enum:"json,csv" doc:"Beats the Accept header, which may ask for text/csv too."`

	zone     *time.Location
	from, to switchyard.Instant
	csv      bool
}

// Every is how a report is cut into intervals.
type Every struct {
	Interval string `query:"interval" enum:"15m,30m,1h,1d" doc:"One for the whole range when it is left out. The first begins with the range, the others at midnight in the time zone or a whole number of intervals later; a day is one of the calendar, of 23 or 25 hours where clocks change."`
}

// Report is what happened in a range of time.
type Report[T any] struct {
	From     switchyard.Instant `json:"from" format:"date-time"`
	To       switchyard.Instant `json:"to" format:"date-time" doc:"The first moment after."`
	Zone     string             `json:"zone"`
	Interval string             `json:"interval,omitempty"`
	Items    []T                `json:"items" doc:"By name, then by interval. Whoever has one row has one for every interval."`
	Totals   []T                `json:"totals" doc:"Of the whole range, by name. Not in CSV: leave interval out for it."`
}

// InteractionReport is a page of what became of interactions.
type InteractionReport struct {
	From  switchyard.Instant      `json:"from" format:"date-time"`
	To    switchyard.Instant      `json:"to" format:"date-time" doc:"The first moment after."`
	Zone  string                  `json:"zone"`
	Items []report.InteractionRow `json:"items"`
	Next  string                  `json:"next,omitempty" doc:"Cursor of the next page; absent when this is the last."`
}

type reportOut struct{ Body func(huma.Context) }

type queuesIn struct {
	Range
	Every
	By    string `query:"by" enum:"queue,route,all" default:"queue" doc:"What figures are told apart by; all for those of everything together."`
	Queue string `query:"queue" maxLength:"200" doc:"Only this queue, plan/applet in any case." example:"Cases/queue"`
	Route string `query:"route" maxLength:"200" doc:"Only what came by this route, or was transferred to it; in any case."`
}

func (a *api) reportQueues(ctx context.Context, c *call, in *queuesIn) (*reportOut, error) {
	grid, done, err := a.begin(ctx, c, &in.Range, in.Interval)
	if err != nil {
		return nil, err
	}
	defer done()
	q := report.NewQueues(grid, report.By(in.By), in.Queue, in.Route)
	if err := a.facts(ctx, c, &in.Range, q.Add); err != nil {
		return nil, err
	}
	rows, totals := q.Rows()
	return answerReport(&in.Range, in.Interval, "queues", rows, totals, queueColumns), nil
}

type agentsIn struct {
	Range
	Every
	Agent string `query:"agent" maxLength:"200" doc:"Only this agent, by username in any case."`
}

func (a *api) reportAgents(ctx context.Context, c *call, in *agentsIn) (*reportOut, error) {
	grid, done, err := a.begin(ctx, c, &in.Range, in.Interval)
	if err != nil {
		return nil, err
	}
	defer done()
	agents := report.NewAgents(grid, in.Agent)
	if err := a.present(ctx, c, &in.Range, agents); err != nil {
		return nil, err
	}
	if err := a.facts(ctx, c, &in.Range, agents.Add); err != nil {
		return nil, err
	}
	rows, totals := agents.Rows()
	return answerReport(&in.Range, in.Interval, "agents", rows, totals, agentColumns(totals)), nil
}

// begin reads what every report is asked for and waits for its turn; done ends the turn.
func (a *api) begin(ctx context.Context, c *call, in *Range, interval string) (grid *report.Grid, done func(), err error) {
	if err := in.read(c, a.Engine.Now()); err != nil {
		return nil, nil, err
	}
	if grid, err = report.NewGrid(in.from, in.to, report.Interval(interval), in.zone); err != nil {
		return nil, nil, problem(switchyard.ReportTooLarge, "%v; ask for a shorter range or longer intervals", err)
	}
	done, err = a.turn(ctx)
	return grid, done, err
}

// turn waits until no more reports than there may be are worked out.
func (a *api) turn(ctx context.Context) (done func(), err error) {
	patience := time.NewTimer(reportTurn)
	defer patience.Stop()
	select {
	case a.reports <- struct{}{}:
		return func() { <-a.reports }, nil
	case <-patience.C:
		return nil, problem(switchyard.Busy, "%d reports are being worked out, and that is as many as there may be; try again", reportsAtOnce)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// read takes the parameters apart.
func (in *Range) read(c *call, now switchyard.Instant) error {
	location, known := zone.Load(in.Zone)
	if !known {
		p := problem(switchyard.ZoneUnknown, "zone: there is no time zone %q", in.Zone)
		if meant := zone.Meant(in.Zone); meant != "" {
			p.Detail += "; is it " + meant + "?"
		}
		return p
	}
	in.zone, in.to = location, now
	var err error
	if in.from, err = in.moment("from", in.From); err != nil {
		return err
	}
	if in.To != "" {
		if in.to, err = in.moment("to", in.To); err != nil {
			return err
		}
	}
	if in.from >= in.to {
		return problem(switchyard.Malformed, "from %s is not before to %s", in.from, in.to)
	}
	in.csv = in.Format == "csv" || in.Format == "" && strings.Contains(c.accept, "text/csv") &&
		!strings.Contains(c.accept, "application/json")
	return nil
}

// The moments a range may have: those that a time of four digits for the year has.
const (
	firstMoment = switchyard.Instant(0)
	lastMoment  = switchyard.Instant(253_402_300_799_999)
)

func (in *Range) moment(name, text string) (switchyard.Instant, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return within(name, text, report.DayStart(day.Year(), day.Month(), day.Day(), in.zone))
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return 0, problem(switchyard.Malformed, "%s: %q is neither a moment such as 2026-11-23T12:04:05Z nor a date such as 2026-11-23", name, text)
	}
	return within(name, text, switchyard.InstantOf(at))
}

func within(name, text string, at switchyard.Instant) (switchyard.Instant, error) {
	if at < firstMoment || at > lastMoment {
		return 0, problem(switchyard.Malformed, "%s: %s is not between 1970 and 9999", name, text)
	}
	return at, nil
}

// facts calls add with everything that happened in a range.
func (a *api) facts(ctx context.Context, c *call, in *Range, add func(*report.Fact) error) error {
	targets := &targets{a: a, ctx: ctx, account: c.Account, docs: map[int]*switchyard.Account{}}
	until := min(in.to, a.Engine.Now())
	interactions := 0
	return a.Engine.Histories(ctx, c.Account, in.from, in.to, func(id switchyard.ID, rows []tables.TimelineRow) error {
		if interactions++; interactions > report.MaxInteractions {
			return problem(switchyard.ReportTooLarge, "something happened to more than %d interactions; ask for a shorter range", report.MaxInteractions)
		}
		life := report.NewLife(targets.of)
		for n := range rows {
			if rows[n].At >= in.to {
				break
			}
			facts, err := life.Take(rows[n].At, rows[n].Events)
			if err == nil {
				err = targets.err
			}
			if err != nil {
				return fmt.Errorf("read row %d of interaction %s: %w", rows[n].Seq, id, err)
			}
			if err := addAll(facts, add); err != nil {
				return err
			}
		}
		if err := addAll(life.Until(until), add); err != nil {
			return err
		}
		runtime.Gosched() // a report takes seconds: those who wait for milliseconds go first
		return ctx.Err()
	})
}

func addAll(facts []report.Fact, add func(*report.Fact) error) error {
	for n := range facts {
		if err := add(&facts[n]); err != nil {
			return problem(switchyard.ReportTooLarge, "%v; ask for a shorter range, longer intervals, or for one of them alone", err)
		}
	}
	return nil
}

// present tells agents what their presences were in a range.
func (a *api) present(ctx context.Context, c *call, in *Range, agents *report.Agents) error {
	changes, err := a.Engine.Presences(ctx, c.Account, in.from, in.to)
	if err != nil {
		return err
	}
	now := a.Engine.Now()
	for n, p := range changes {
		end := min(in.to, now)
		if n+1 < len(changes) && same(changes[n+1].Agent, p.Agent) {
			end = changes[n+1].At
		}
		if err := agents.Present(p.Agent, p.Presence, p.Category, p.At, end); err != nil {
			return problem(switchyard.ReportTooLarge, "%v; ask for a shorter range, longer intervals, or for one agent alone", err)
		}
	}
	return nil
}

// targets finds the targets of queues in the versions of the config.
type targets struct {
	a       *api
	ctx     context.Context
	account string
	docs    map[int]*switchyard.Account
	err     error // the first
}

func (t *targets) of(version int, plan, applet string) switchyard.Duration {
	doc, read := t.docs[version]
	if !read {
		_, past, err := t.a.pastConfig(t.ctx, t.account, version)
		if err != nil && t.err == nil {
			t.err = err
		}
		if doc = past; doc == nil {
			doc = new(switchyard.Account) // a version that is not kept: the default target
		}
		t.docs[version] = doc
	}
	return report.TargetIn(doc, plan, applet)
}

// answerReport answers with rows as JSON or CSV.
func answerReport[T any](in *Range, interval, name string, rows, totals []T, columns []column[T]) *reportOut {
	return &reportOut{func(hc huma.Context) {
		_, w := humago.Unwrap(hc)
		if in.csv {
			t := openTable(w, in, name, columns)
			t.rows(rows)
			return
		}
		writeReport(w, &Report[T]{in.from, in.to, in.zone.String(), interval, rows, totals})
	}}
}

func writeReport(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.MarshalWrite(w, v, json.Deterministic(true)) // the caller has gone: nobody is left to be told
}

type interactionsIn struct {
	Range
	Page
	Queue string `query:"queue" maxLength:"200" doc:"Only what entered this queue last, plan/applet in any case."`
	Route string `query:"route" maxLength:"200" doc:"Only of this route, in any case."`
	Agent string `query:"agent" maxLength:"200" doc:"Only what this agent had last, in any case."`
}

// reportInteractions answers one page as JSON, and as CSV everything from the cursor on.
func (a *api) reportInteractions(ctx context.Context, c *call, in *interactionsIn) (*reportOut, error) {
	if err := in.read(c, a.Engine.Now()); err != nil {
		return nil, err
	}
	var before switchyard.ID
	if in.Cursor != "" {
		var err error
		if before, err = switchyard.ParseID(in.Cursor); err != nil {
			return nil, badCursor(in.Cursor)
		}
	}
	done, err := a.turn(ctx)
	if err != nil {
		return nil, err
	}
	if in.csv {
		return a.streamInteractions(ctx, c, in, before, done), nil
	}
	defer done()
	rows, next, err := a.ended(ctx, c, in, before, in.limit())
	if err != nil {
		return nil, err
	}
	return &reportOut{func(hc huma.Context) {
		_, w := humago.Unwrap(hc)
		writeReport(w, &InteractionReport{in.from, in.to, in.zone.String(), rows, next})
	}}, nil
}

// csvPage is how many interactions are read before they are written.
const csvPage = 500

// streamInteractions writes page after page. What fails after the first row cuts the connection, so
// that nobody takes half a table for a whole one.
func (a *api) streamInteractions(ctx context.Context, c *call, in *interactionsIn, before switchyard.ID, done func()) *reportOut {
	return &reportOut{func(hc huma.Context) {
		defer done()
		_, w := humago.Unwrap(hc)
		t := openTable(w, &in.Range, "interactions", interactionColumns)
		for {
			rows, next, err := a.ended(ctx, c, in, before, csvPage)
			if err == nil {
				err = t.rows(rows)
			}
			if err != nil || next != "" && a.isClosing() {
				panic(http.ErrAbortHandler)
			}
			if next == "" {
				return
			}
			before, _ = switchyard.ParseID(next)
		}
	}}
}

// ended returns what became of up to limit interactions before an id, fewer when not all of them are
// of the queue asked for.
func (a *api) ended(ctx context.Context, c *call, in *interactionsIn, before switchyard.ID, limit int) (rows []report.InteractionRow, next string, err error) {
	found, err := a.Engine.SearchEnded(ctx, c.Account, tables.Query{
		Route: in.Route, Agent: in.Agent, Since: in.from, Until: in.to, Before: before, Limit: limit,
	})
	if err != nil {
		return nil, "", err
	}
	targets := &targets{a: a, ctx: ctx, account: c.Account, docs: map[int]*switchyard.Account{}}
	rows = []report.InteractionRow{}
	for n := range found {
		row, err := a.became(ctx, c, &found[n], targets)
		if err != nil {
			return nil, "", err
		}
		if in.Queue == "" || same(in.Queue, row.Queue) {
			rows = append(rows, row)
		}
	}
	if len(found) == limit {
		next = found[len(found)-1].ID.String()
	}
	return rows, next, nil
}

// became follows an interaction to its end.
func (a *api) became(ctx context.Context, c *call, e *tables.Ended, targets *targets) (row report.InteractionRow, err error) {
	timeline, err := a.Engine.Timeline(ctx, c.Account, e.ID)
	if err != nil {
		return row, err
	}
	life := report.NewLife(targets.of)
	for n := range timeline {
		_, err = life.Take(timeline[n].At, timeline[n].Events)
		if err == nil {
			err = targets.err
		}
		if err != nil {
			return row, fmt.Errorf("read row %d of interaction %s: %w", timeline[n].Seq, e.ID, err)
		}
	}
	row = life.Row(e.ID)
	row.ExternalID, row.Provider, row.Route, row.Agent = e.ExternalID, e.Provider, e.Route, e.Agent
	row.InteractionType, row.Created, row.Ended, row.Outcome = e.Class, e.Created, e.Ended, e.Outcome
	return row, nil
}
