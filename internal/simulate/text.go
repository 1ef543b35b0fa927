package simulate

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strconv"
	"text/tabwriter"
)

// overview is which figures the tables show beside each other, and under which heading.
var overview = []struct {
	heading string
	names   []string
}{
	{"", []string{"offered", "answered", "abandoned", "breakouts", "in_target", "service_level", "service_level_all"}},
	{"waits", []string{"p_wait", "asa_seconds", "wait_seconds", "wait_p50_seconds", "wait_p80_seconds", "wait_p90_seconds", "wait_p95_seconds", "wait_p99_seconds"}},
}

var (
	groupOverview    = []string{"agents", "occupancy", "load_spread", "answered"}
	intervalOverview = []string{"offered", "answered", "abandoned", "service_level", "asa_seconds", "wait_p90_seconds", "agents", "occupancy"}
)

// WriteText writes the report as tables for people; with everything, each part has tables of its own
// as well, with standard deviations, and one by interval.
func (r *Report) WriteText(w io.Writer, everything bool) error {
	var b bytes.Buffer
	total := r.Total
	fmt.Fprintf(&b, "%s, %v from %v: %d replications, seed %d; mean ± half of the 95 %% interval\n",
		r.Account, r.End.Sub(r.Start), r.Start, r.Replications, r.Seed)
	for _, o := range overview {
		r.table(&b, title("stream", o.heading), append(append([]Part{}, r.Streams...), total), o.names)
	}
	for _, o := range overview {
		r.table(&b, title("queue", o.heading), r.Queues, o.names)
	}
	groups := r.Groups
	if len(groups) > 1 {
		total.Name = "all"
		groups = append(append([]Part{}, groups...), total)
	}
	r.table(&b, "group", groups, groupOverview)
	if len(total.Intervals) > 1 {
		r.byInterval(&b, "all", &r.Total, intervalOverview)
	}
	if everything {
		r.everything(&b)
	}
	b.WriteString("\nlevel: in target ÷ (answered + abandoned after the target); level (all): in target ÷ (answered + abandoned + breakouts)\n")
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "note: %s\n", note)
	}
	_, err := w.Write(b.Bytes())
	return err
}

func title(kind, heading string) string {
	if heading == "" {
		return kind
	}
	return kind + ", " + heading
}

// table writes parts beneath each other.
func (r *Report) table(b *bytes.Buffer, title string, parts []Part, names []string) {
	t := newTable(b, title)
	for k := range parts {
		p := &parts[k]
		at := p.places(names)
		if k == 0 {
			t.head(p, at)
		}
		t.row(p.Name, p.Figures, p.Whole, at)
	}
	t.flush()
}

// byInterval writes the intervals of a part beneath each other.
func (r *Report) byInterval(b *bytes.Buffer, name string, p *Part, names []string) {
	t, at := newTable(b, name+", by interval"), p.places(names)
	t.head(p, at)
	for _, i := range p.Intervals {
		t.row(i.Start.Time().Format("Mon 02 15:04"), p.Figures, i.Estimates, at)
	}
	t.flush()
}

// everything writes all figures of each part, and its intervals.
func (r *Report) everything(b *bytes.Buffer) {
	for _, k := range r.kinds() {
		for n := range k.parts {
			p := &k.parts[n]
			t := newTable(b, k.name+" "+p.Name)
			t.cells("", "mean", "sd", "95 % interval", "")
			for f, figure := range p.Figures {
				e := p.Whole[f]
				low, high, ok := e.CI95()
				t.cells(figure.Title, show(figure.Unit, e.Mean, e.N > 0), show(figure.Unit, e.SD, ok), show(figure.Unit, low, ok), show(figure.Unit, high, ok))
			}
			t.flush()
			if names := overview[0].names; len(p.Intervals) > 1 {
				if k.name == "group" {
					names = groupOverview
				} else {
					names = append(append([]string{}, names...), "p_wait", "asa_seconds", "wait_p90_seconds")
				}
				r.byInterval(b, k.name+" "+p.Name, p, names)
			}
		}
	}
}

// kind is parts of one kind.
type kind struct {
	name  string
	parts []Part
}

func (r *Report) kinds() []kind {
	return []kind{{"stream", r.Streams}, {"queue", r.Queues}, {"group", r.Groups}, {"total", []Part{r.Total}}}
}

// places are where figures of these names stand in a part.
func (p *Part) places(names []string) (at []int) {
	for _, name := range names {
		for n, f := range p.Figures {
			if f.Name == name {
				at = append(at, n)
			}
		}
	}
	return at
}

// ruled is a table being written.
type ruled struct {
	w *tabwriter.Writer
	b *bytes.Buffer
	s string
}

func newTable(b *bytes.Buffer, title string) *ruled {
	b.WriteByte('\n')
	return &ruled{tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight), b, title}
}

func (t *ruled) head(p *Part, at []int) {
	cells := []string{t.s}
	for _, n := range at {
		cells = append(cells, p.Figures[n].Title)
	}
	t.s = ""
	t.cells(cells...)
}

func (t *ruled) row(name string, figures []Figure, estimates []Estimate, at []int) {
	cells := []string{name}
	for _, n := range at {
		cells = append(cells, cell(figures[n].Unit, estimates[n]))
	}
	t.cells(cells...)
}

// cells writes a line; the first cell is flush left.
func (t *ruled) cells(cells ...string) {
	if t.s != "" {
		cells[0], t.s = t.s, ""
	}
	const first = 28
	fmt.Fprintf(t.w, "%-*s\t", first, cut(cells[0], first))
	for _, c := range cells[1:] {
		fmt.Fprintf(t.w, "%s\t", c)
	}
	fmt.Fprintln(t.w)
}

func cut(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return text
}

func (t *ruled) flush() { _ = t.w.Flush() }

// cell is an estimate as people read it: 79.4 ±1.2 %.
func cell(u Unit, e Estimate) string {
	text := show(u, e.Mean, e.N > 0)
	low, high, ok := e.CI95()
	if !ok {
		return text
	}
	return text + " ±" + show(u, (high-low)/2, true)
}

// show writes a figure as people read it; – is none.
func show(u Unit, x float64, is bool) string {
	if !is || math.IsNaN(x) {
		return "–"
	}
	switch u {
	case Share:
		return strconv.FormatFloat(x*100, 'f', 1, 64) + " %"
	case Seconds:
		return strconv.FormatFloat(x, 'f', 1, 64) + " s"
	}
	return strconv.FormatFloat(x, 'f', 1, 64)
}
