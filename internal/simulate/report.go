package simulate

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"switchyard"
)

// Report is what the replications of a scenario came to.
type Report struct {
	Account      string
	Start, End   switchyard.Instant // of arrivals
	Replications int
	Seed         int64
	Streams      []Part
	Queues       []Part // those that work entered
	Groups       []Part
	Total        Part
	Notes        []string
}

// Part is a stream, a queue, a group or all of them: figures of the whole time and of each interval.
type Part struct {
	Name      string
	Figures   []Figure
	Whole     []Estimate // in the order of Figures
	Intervals []Interval
}

// Interval is what a part was in one interval.
type Interval struct {
	Start     switchyard.Instant
	Estimates []Estimate // in the order of the part's figures
}

// Of returns the estimate of a figure by its name; it panics when the part has none of it.
func (p *Part) Of(name string) Estimate {
	for n, f := range p.Figures {
		if f.Name == name {
			return p.Whole[n]
		}
	}
	panic("no figure " + name)
}

// growing is a part that takes replications.
type growing struct {
	*Part
	squares []float64 // of the whole, then of each interval
}

// grower grows a report, one replication after another.
type grower struct {
	setup   *Setup
	report  Report
	total   growing
	streams []growing
	queues  []growing
	groups  []growing
	noWrap  []bool
}

func newGrower(s *Setup) *grower {
	g := &grower{setup: s, noWrap: make([]bool, len(s.queues))}
	part := func(name string, figures []Figure) growing {
		p := &Part{Name: name, Figures: figures, Whole: make([]Estimate, len(figures))}
		for n := range s.intervals {
			p.Intervals = append(p.Intervals, Interval{s.start.Add(switchyard.Duration(n) * s.interval), make([]Estimate, len(figures))})
		}
		return growing{p, make([]float64, len(figures)*(s.intervals+1))}
	}
	g.total = part("total", totalFigures)
	for _, x := range s.streams {
		g.streams = append(g.streams, part(x.Name, streamFigures))
	}
	for _, x := range s.queues {
		g.queues = append(g.queues, part(x.name, queueFigures))
	}
	for _, x := range s.crews {
		g.groups = append(g.groups, part(x.Name, groupFigures))
	}
	return g
}

func (g *growing) add(p *part) {
	count := len(g.Figures)
	for n, f := range g.Figures {
		g.Whole[n].add(f.read(&p.whole), &g.squares[n])
		for k := range g.Intervals {
			g.Intervals[k].Estimates[n].add(f.read(&p.intervals[k]), &g.squares[(k+1)*count+n])
		}
	}
}

// add takes the next replication.
func (g *grower) add(s *sums) {
	g.report.Replications++
	g.total.add(&s.total)
	for n := range g.streams {
		g.streams[n].add(&s.streams[n])
	}
	for n := range g.queues {
		g.queues[n].add(&s.queues[n])
	}
	for n := range g.groups {
		g.groups[n].add(&s.crews[n])
	}
	for n, is := range s.noWrap {
		g.noWrap[n] = g.noWrap[n] || is
	}
}

func (g *grower) done() *Report {
	r, q := &g.report, quantiles{}
	for _, p := range slices.Concat([]growing{g.total}, g.streams, g.queues, g.groups) {
		q.finish(p.Whole)
		for n := range p.Intervals {
			q.finish(p.Intervals[n].Estimates)
		}
	}
	r.Account, r.Start, r.End = g.setup.account.Account, g.setup.start, g.setup.end
	r.Seed, r.Total = g.setup.Seed, *g.total.Part
	for _, x := range g.streams {
		r.Streams = append(r.Streams, *x.Part)
	}
	for n, x := range g.queues {
		if x.Of("offered").Mean > 0 {
			r.Queues = append(r.Queues, *x.Part)
		}
		if g.noWrap[n] {
			r.Notes = append(r.Notes, fmt.Sprintf("queue %s has no wrap, so no after-work was done there; give it a wrap in the account file", x.Name))
		}
	}
	for _, x := range g.groups {
		r.Groups = append(r.Groups, *x.Part)
	}
	if left := r.Total.Of("unfinished").Mean; left > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%.4g a replication were still waiting when it ended", left))
	}
	return r
}

// WriteJSON writes the report as one JSON object; docs/guides/simulate.md tells its members.
func (r *Report) WriteJSON(w io.Writer) error {
	e := jsontext.NewEncoder(w, jsontext.WithIndent("  "))
	j := writer{e: e}
	j.token(jsontext.BeginObject)
	j.key("replications", jsontext.Int(int64(r.Replications)))
	j.key("seed", jsontext.Int(r.Seed))
	j.parts("streams", r.Streams)
	j.parts("queues", r.Queues)
	j.parts("groups", r.Groups)
	j.token(jsontext.String("total"))
	j.part(&r.Total)
	j.token(jsontext.String("notes"))
	j.token(jsontext.BeginArray)
	for _, note := range r.Notes {
		j.token(jsontext.String(note))
	}
	j.token(jsontext.EndArray)
	j.token(jsontext.EndObject)
	return j.err
}

// writer writes JSON and keeps the first error.
type writer struct {
	e   *jsontext.Encoder
	err error
}

func (j *writer) token(t jsontext.Token) {
	if j.err == nil {
		j.err = j.e.WriteToken(t)
	}
}

func (j *writer) key(name string, value jsontext.Token) {
	j.token(jsontext.String(name))
	j.token(value)
}

func (j *writer) parts(name string, parts []Part) {
	j.token(jsontext.String(name))
	j.token(jsontext.BeginObject)
	for n := range parts {
		j.token(jsontext.String(parts[n].Name))
		j.part(&parts[n])
	}
	j.token(jsontext.EndObject)
}

func (j *writer) part(p *Part) {
	j.token(jsontext.BeginObject)
	j.estimates(p.Figures, p.Whole)
	j.token(jsontext.String("intervals"))
	j.token(jsontext.BeginArray)
	for _, i := range p.Intervals {
		j.token(jsontext.BeginObject)
		j.key("start", jsontext.String(i.Start.String()))
		j.estimates(p.Figures, i.Estimates)
		j.token(jsontext.EndObject)
	}
	j.token(jsontext.EndArray)
	j.token(jsontext.EndObject)
}

func (j *writer) estimates(figures []Figure, estimates []Estimate) {
	for n, f := range figures {
		j.token(jsontext.String(f.Name))
		j.estimate(estimates[n])
	}
}

func (j *writer) estimate(e Estimate) {
	if j.err != nil {
		return
	}
	text := []byte(`{"mean":`)
	text = number(text, e.Mean, e.N > 0)
	text = number(append(text, `,"sd":`...), e.SD, e.N > 1)
	low, high, ok := e.CI95()
	if text = append(text, `,"ci95":`...); ok {
		text = number(append(text, '['), low, true)
		text = append(number(append(text, ','), high, true), ']')
	} else {
		text = append(text, "null"...)
	}
	j.err = j.e.WriteValue(append(text, '}'))
}

// number writes a figure with nine digits, which is more than any is known to; null when there is none.
func number(text []byte, x float64, is bool) []byte {
	if !is || math.IsNaN(x) || math.IsInf(x, 0) {
		return append(text, "null"...)
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 9, 64), 64)
	return strconv.AppendFloat(text, rounded, 'f', -1, 64)
}
