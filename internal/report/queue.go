package report

import (
	"fmt"
	"maps"
	"slices"

	"switchyard"
)

// By says what queue figures are told apart by.
type By string

// What there is to tell figures apart by.
const (
	ByQueue By = "queue"
	ByRoute By = "route"
	ByAll   By = "all" // nothing: one row an interval
)

// QueueRow are the figures of one queue, or of what came by one route, in one interval.
type QueueRow struct {
	Start           switchyard.Instant `json:"start" format:"date-time"`
	End             switchyard.Instant `json:"end" format:"date-time" doc:"The first instant after."`
	Queue           string             `json:"queue,omitempty" doc:"By=queue: plan/applet." example:"Cases/queue"`
	Route           string             `json:"route,omitempty" doc:"By=route: the route the work came by, or was transferred to last."`
	Offered         int                `json:"offered" doc:"Entered the queue."`
	Answered        int                `json:"answered" doc:"First connected."`
	InTarget        int                `json:"intarget" doc:"Answered within the target."`
	Abandoned       int                `json:"abandoned" doc:"Ended by the API while queued or offered."`
	AbandonedLate   int                `json:"abandonedlate" doc:"Of these, after the target."`
	Breakouts       int                `json:"breakouts" doc:"Left by an exit of the queue."`
	ServiceLevel    *float64           `json:"servicelevel,omitempty" doc:"In target ÷ (answered + abandoned after the target), 0 to 1; absent when there were none."`
	ServiceLevelAll *float64           `json:"servicelevelall,omitempty" doc:"In target ÷ (answered + abandoned + breakouts)."`
	Wait            *Spread            `json:"wait,omitempty" doc:"From waiting since to first connected, of those answered."`
	AbandonedWait   *Spread            `json:"abandonedwait,omitempty" doc:"From waiting since to the end, of those abandoned."`
	Handled         int                `json:"handled" doc:"Times that an agent's work on an interaction was over: it ended, or was given on."`
	Handle          *Spread            `json:"handle,omitempty" doc:"Connected, held and wrap of those handled."`
	Wrap            *Spread            `json:"wrap,omitempty" doc:"Wrap of those handled that had one."`
}

// Queues adds up the figures of queues, or of routes.
type Queues struct {
	grid  *Grid
	by    By
	queue string // of CaseKey; only this one
	route string // of CaseKey; only what came by this one
	cells map[string][]queueCell
	rows  int
}

type queueCell struct {
	QueueRow
	wait, abandonedWait, handle, wrap times
}

// NewQueues begins a report on every queue and route, or on one: names are in any case.
func NewQueues(grid *Grid, by By, queue, route string) *Queues {
	return &Queues{grid: grid, by: by, queue: switchyard.CaseKey(queue), route: switchyard.CaseKey(route),
		cells: make(map[string][]queueCell)}
}

// Add counts a fact. The error says that there are too many queues.
func (q *Queues) Add(f *Fact) error {
	if f.Kind > Handled || f.Queue == "" || q.queue != "" && switchyard.CaseKey(f.Queue) != q.queue ||
		q.route != "" && switchyard.CaseKey(f.Route) != q.route {
		return nil
	}
	n := q.grid.At(f.At)
	if n < 0 {
		return nil
	}
	name := map[By]string{ByQueue: f.Queue, ByRoute: f.Route}[q.by]
	cells := q.cells[name]
	if cells == nil {
		if q.rows += q.grid.Len(); q.rows > MaxRows {
			return fmt.Errorf("the report would have more than %d rows", MaxRows)
		}
		cells = make([]queueCell, q.grid.Len())
		q.cells[name] = cells
	}
	cells[n].add(f)
	return nil
}

func (c *queueCell) add(f *Fact) {
	switch f.Kind {
	case Offered:
		c.Offered++
	case Answered:
		c.Answered++
		if f.InTarget {
			c.InTarget++
		}
		c.wait = append(c.wait, f.Wait)
	case Abandoned:
		c.Abandoned++
		if !f.InTarget {
			c.AbandonedLate++
		}
		c.abandonedWait = append(c.abandonedWait, f.Wait)
	case Breakout:
		c.Breakouts++
	case Handled:
		c.Handled++
		c.handle = append(c.handle, f.Handle)
		if f.Wrap > 0 {
			c.wrap = append(c.wrap, f.Wrap)
		}
	}
}

// join adds the figures of another interval of the same queue.
func (c *queueCell) join(other *queueCell) {
	c.Offered += other.Offered
	c.Answered += other.Answered
	c.InTarget += other.InTarget
	c.Abandoned += other.Abandoned
	c.AbandonedLate += other.AbandonedLate
	c.Breakouts += other.Breakouts
	c.Handled += other.Handled
	c.wait = append(c.wait, other.wait...)
	c.abandonedWait = append(c.abandonedWait, other.abandonedWait...)
	c.handle = append(c.handle, other.handle...)
	c.wrap = append(c.wrap, other.wrap...)
}

func (q *Queues) row(c *queueCell, name string, from, to switchyard.Instant) QueueRow {
	r := c.QueueRow
	r.Start, r.End = from, to
	switch q.by {
	case ByQueue:
		r.Queue = name
	case ByRoute:
		r.Route = name
	}
	r.ServiceLevel = share(float64(r.InTarget), float64(r.Answered+r.AbandonedLate))
	r.ServiceLevelAll = share(float64(r.InTarget), float64(r.Answered+r.Abandoned+r.Breakouts))
	r.Wait, r.AbandonedWait = c.wait.spread(), c.abandonedWait.spread()
	r.Handle, r.Wrap = c.handle.spread(), c.wrap.spread()
	return r
}

// Rows are the figures by name and interval, and those of the whole range by name. A name in which
// something happened has a row for every interval.
func (q *Queues) Rows() (rows, totals []QueueRow) {
	rows, totals = []QueueRow{}, []QueueRow{}
	for _, name := range slices.Sorted(maps.Keys(q.cells)) {
		var whole queueCell
		for n := range q.cells[name] {
			c := &q.cells[name][n]
			from, to := q.grid.Bounds(n)
			rows = append(rows, q.row(c, name, from, to))
			whole.join(c)
		}
		totals = append(totals, q.row(&whole, name, q.grid.starts[0], q.grid.end))
	}
	return rows, totals
}
