package native

import (
	"encoding/csv"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"switchyard"
	"switchyard/internal/report"
)

// column is a column of a table of T: its name is that of the JSON member.
type column[T any] struct {
	name string
	cell func(in *Range, row *T) string
}

// table writes CSV (RFC 4180) as it comes.
type table[T any] struct {
	w       *csv.Writer
	control *http.ResponseController
	in      *Range
	columns []column[T]
	cells   []string
}

func openTable[T any](w http.ResponseWriter, in *Range, name string, columns []column[T]) *table[T] {
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Disposition", `attachment; filename="`+name+"-"+in.from.Time().In(in.zone).Format("20060102")+`.csv"`)
	t := &table[T]{w: csv.NewWriter(w), control: http.NewResponseController(w), in: in, columns: columns,
		cells: make([]string, len(columns))}
	t.w.UseCRLF = true
	for n, c := range columns {
		t.cells[n] = safe(c.name)
	}
	_ = t.w.Write(t.cells) // what fails is seen with the rows
	return t
}

// rows writes some more. A reader that takes longer for them than one of a stream may is dropped.
func (t *table[T]) rows(rows []T) error {
	for n := range rows {
		if n%csvPage == 0 {
			_ = t.control.SetWriteDeadline(time.Now().Add(streamWrite)) // not every writer has deadlines
		}
		for i, c := range t.columns {
			t.cells[i] = c.cell(t.in, &rows[n])
		}
		if err := t.w.Write(t.cells); err != nil {
			return err
		}
	}
	t.w.Flush()
	_ = t.control.SetWriteDeadline(time.Time{})
	return t.w.Error()
}

// safe is a text that no spreadsheet takes for a formula.
func safe(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) {
		return "'" + text
	}
	return text
}

// Cells of each kind.
func textCell[T any](name string, of func(*T) string) column[T] {
	return column[T]{name, func(_ *Range, row *T) string { return safe(of(row)) }}
}

func countCell[T any](name string, of func(*T) int) column[T] {
	return column[T]{name, func(_ *Range, row *T) string { return strconv.Itoa(of(row)) }}
}

// figureCell has up to three digits behind the point: milliseconds, or a tenth of a percent of a share.
func figureCell[T any](name string, of func(*T) *float64) column[T] {
	return column[T]{name, func(_ *Range, row *T) string {
		v := of(row)
		if v == nil {
			return ""
		}
		s := strconv.FormatFloat(*v, 'f', 3, 64)
		return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	}}
}

// momentCell is written in the time zone asked for.
func momentCell[T any](name string, of func(*T) switchyard.Instant) column[T] {
	return column[T]{name, func(in *Range, row *T) string {
		at := of(row)
		if at == 0 {
			return ""
		}
		return at.Time().In(in.zone).Format("2006-01-02T15:04:05.000Z07:00")
	}}
}

func yesCell[T any](name string, of func(*T) bool) column[T] {
	return column[T]{name, func(_ *Range, row *T) string { return strconv.FormatBool(of(row)) }}
}

func spreadCells[T any](name string, of func(*T) *report.Spread) []column[T] {
	part := func(what string, of2 func(*report.Spread) float64) column[T] {
		return figureCell(name+"."+what, func(row *T) *float64 {
			s := of(row)
			if s == nil {
				return nil
			}
			v := of2(s)
			return &v
		})
	}
	return []column[T]{
		part("count", func(s *report.Spread) float64 { return float64(s.Count) }),
		part("mean", func(s *report.Spread) float64 { return s.Mean }),
		part("p50", func(s *report.Spread) float64 { return s.P50 }),
		part("p90", func(s *report.Spread) float64 { return s.P90 }),
		part("p95", func(s *report.Spread) float64 { return s.P95 }),
		part("max", func(s *report.Spread) float64 { return s.Max }),
	}
}

type (
	queueRow       = report.QueueRow
	agentRow       = report.AgentRow
	interactionRow = report.InteractionRow
)

var queueColumns = slices.Concat([]column[queueRow]{
	momentCell("start", func(r *queueRow) switchyard.Instant { return r.Start }),
	momentCell("end", func(r *queueRow) switchyard.Instant { return r.End }),
	textCell("queue", func(r *queueRow) string { return r.Queue }),
	textCell("route", func(r *queueRow) string { return r.Route }),
	countCell("offered", func(r *queueRow) int { return r.Offered }),
	countCell("answered", func(r *queueRow) int { return r.Answered }),
	countCell("intarget", func(r *queueRow) int { return r.InTarget }),
	countCell("abandoned", func(r *queueRow) int { return r.Abandoned }),
	countCell("abandonedlate", func(r *queueRow) int { return r.AbandonedLate }),
	countCell("breakouts", func(r *queueRow) int { return r.Breakouts }),
	figureCell("servicelevel", func(r *queueRow) *float64 { return r.ServiceLevel }),
	figureCell("servicelevelall", func(r *queueRow) *float64 { return r.ServiceLevelAll }),
},
	spreadCells("wait", func(r *queueRow) *report.Spread { return r.Wait }),
	spreadCells("abandonedwait", func(r *queueRow) *report.Spread { return r.AbandonedWait }),
	[]column[queueRow]{countCell("handled", func(r *queueRow) int { return r.Handled })},
	spreadCells("handle", func(r *queueRow) *report.Spread { return r.Handle }),
	spreadCells("wrap", func(r *queueRow) *report.Spread { return r.Wrap }),
)

// agentColumns has a column for every presence that occurs.
func agentColumns(totals []agentRow) []column[agentRow] {
	columns := slices.Concat([]column[agentRow]{
		momentCell("start", func(r *agentRow) switchyard.Instant { return r.Start }),
		momentCell("end", func(r *agentRow) switchyard.Instant { return r.End }),
		textCell("agent", func(r *agentRow) string { return r.Agent }),
		countCell("offers", func(r *agentRow) int { return r.Offers }),
		countCell("connected", func(r *agentRow) int { return r.Connected }),
		countCell("declined", func(r *agentRow) int { return r.Declined }),
		countCell("noanswer", func(r *agentRow) int { return r.NoAnswer }),
		countCell("handled", func(r *agentRow) int { return r.Handled }),
	},
		spreadCells("handle", func(r *agentRow) *report.Spread { return r.Handle }),
		spreadCells("wrap", func(r *agentRow) *report.Spread { return r.Wrap }),
		[]column[agentRow]{
			figureCell("loggedin", func(r *agentRow) *float64 { return &r.LoggedIn }),
			figureCell("ready", func(r *agentRow) *float64 { return &r.Ready }),
			figureCell("away", func(r *agentRow) *float64 { return &r.Away }),
			figureCell("extendedaway", func(r *agentRow) *float64 { return &r.ExtendedAway }),
			figureCell("busy", func(r *agentRow) *float64 { return &r.Busy }),
			figureCell("occupancy", func(r *agentRow) *float64 { return r.Occupancy }),
		})
	names := map[string]bool{}
	for n := range totals {
		for name := range totals[n].Presences {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		columns = append(columns, figureCell("presences."+name, func(r *agentRow) *float64 {
			seconds := r.Presences[name]
			return &seconds
		}))
	}
	return columns
}

var interactionColumns = []column[interactionRow]{
	textCell("id", func(r *interactionRow) string { return r.ID.String() }),
	textCell("externalid", func(r *interactionRow) string { return r.ExternalID }),
	textCell("provider", func(r *interactionRow) string { return r.Provider }),
	textCell("route", func(r *interactionRow) string { return r.Route }),
	textCell("interactiontype", func(r *interactionRow) string { return r.InteractionType.String() }),
	textCell("queue", func(r *interactionRow) string { return r.Queue }),
	textCell("agent", func(r *interactionRow) string { return r.Agent }),
	momentCell("created", func(r *interactionRow) switchyard.Instant { return r.Created }),
	momentCell("waitingsince", func(r *interactionRow) switchyard.Instant { return r.WaitingSince }),
	momentCell("answered", func(r *interactionRow) switchyard.Instant { return r.Answered }),
	momentCell("ended", func(r *interactionRow) switchyard.Instant { return r.Ended }),
	textCell("outcome", func(r *interactionRow) string { return r.Outcome }),
	textCell("detail", func(r *interactionRow) string { return r.Detail }),
	textCell("disposition", func(r *interactionRow) string { return r.Disposition }),
	yesCell("intarget", func(r *interactionRow) bool { return r.InTarget }),
	yesCell("abandoned", func(r *interactionRow) bool { return r.Abandoned }),
	countCell("breakouts", func(r *interactionRow) int { return r.Breakouts }),
	countCell("offers", func(r *interactionRow) int { return r.Offers }),
	countCell("declined", func(r *interactionRow) int { return r.Declined }),
	countCell("noanswer", func(r *interactionRow) int { return r.NoAnswer }),
	countCell("transfers", func(r *interactionRow) int { return r.Transfers }),
	figureCell("wait", func(r *interactionRow) *float64 { return r.Wait }),
	figureCell("handle", func(r *interactionRow) *float64 { return &r.Handle }),
	figureCell("wrap", func(r *interactionRow) *float64 { return &r.Wrap }),
}
