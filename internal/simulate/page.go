package simulate

import (
	"bytes"
	"embed"
	"html/template"
	"io"
	"math"
	"strconv"

	"switchyard"
)

// page holds what an HTML page is made of. uPlot is Leon Sorokin's, under the licence beside it, as it is
// published in the package uplot 1.6.32.
//
//go:embed page
var page embed.FS

var pageTemplate = template.Must(template.ParseFS(page, "page/page.html"))

func asset(name string) string {
	text, err := page.ReadFile("page/" + name)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// chart is lines with bands, over the beginnings of intervals in seconds or over percentiles.
type chart struct {
	Title  string `json:"title"`
	Text   string `json:"text"`
	Unit   Unit   `json:"unit"`
	Time   bool   `json:"time"`
	X      []any  `json:"x"`
	Series []line `json:"series"`
}

// line is the means of one part and their intervals; nil where there is none.
type line struct {
	Label string `json:"label"`
	Mean  []any  `json:"mean"`
	Low   []any  `json:"low"`
	High  []any  `json:"high"`
}

func (l *line) add(e Estimate) {
	low, high, ok := e.CI95()
	l.Mean = append(l.Mean, rounded(e.Mean, e.N > 0))
	l.Low = append(l.Low, rounded(max(low, 0), ok))
	l.High = append(l.High, rounded(high, ok))
}

// rounded is nine digits of a figure; nil when there is none.
func rounded(x float64, is bool) any {
	if !is || math.IsNaN(x) {
		return nil
	}
	short, _ := strconv.ParseFloat(digits(x, true), 64)
	return short
}

// shown is a part as the page shows it.
type shown struct {
	Title     string
	Open      bool
	Rows      []shownRow
	Heads     []string
	Intervals []shownInterval
}

type shownRow struct{ Name, Mean, SD, Interval, Text string }

type shownInterval struct {
	Start string
	Cells []string
}

type card struct{ Title, Mean, Half string }

// WriteHTML writes the report as one page with charts, which needs nothing but itself.
func (r *Report) WriteHTML(w io.Writer) error {
	const layout = "2006-01-02 15:04"
	data := map[string]any{
		"Account": r.Account, "Replications": r.Replications, "Seed": r.Seed, "Notes": r.Notes,
		"From": r.Start.Time().Format(layout), "To": r.End.Time().Format(layout),
		"Cards": r.cards(), "Charts": r.charts(), "Parts": r.shown(),
		"Style": template.CSS(asset("page.css")), "ChartStyle": template.CSS(asset("uPlot.min.css")),
		"Code": template.JS(asset("page.js")), "ChartCode": template.JS(asset("uPlot.iife.min.js")),
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, data); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

func (r *Report) cards() (cards []card) {
	for _, n := range r.Total.places([]string{"offered", "answered", "abandoned", "service_level", "service_level_all", "asa_seconds", "wait_p90_seconds", "occupancy"}) {
		f, e := r.Total.Figures[n], r.Total.Whole[n]
		c := card{Title: f.Title, Mean: show(f.Unit, e.Mean, e.N > 0)}
		if low, high, ok := e.CI95(); ok {
			c.Half = "± " + show(f.Unit, (high-low)/2, true)
		}
		cards = append(cards, c)
	}
	return cards
}

func (r *Report) charts() []chart {
	all := append([]Part{}, r.Streams...)
	if len(all) > 1 {
		all = append(all, r.Total)
	}
	charts := []chart{waits(all)}
	if len(r.Total.Intervals) == 1 {
		return charts
	}
	charts = append([]chart{
		overTime("Service level", "answered within the target ÷ (answered + abandoned after it), by interval of arrival", "service_level", all),
		overTime("Offered", "entered a queue, by interval of arrival", "offered", all),
		overTime("Abandoned", "gave up, by interval of arrival", "abandoned", all),
		overTime("Average speed of answer", "mean wait of the answered, by interval of arrival", "asa_seconds", all),
	}, charts...)
	return append(charts,
		overTime("Occupancy", "time with work or an offer ÷ time logged in", "occupancy", r.Groups),
		overTime("Agents", "logged in, on average", "agents", r.Groups))
}

// overTime is a figure of several parts by interval.
func overTime(title, text, name string, parts []Part) chart {
	c := chart{Title: title, Text: text, Time: true}
	for k := range parts {
		p := &parts[k]
		n := p.places([]string{name})[0]
		c.Unit = p.Figures[n].Unit
		l := line{Label: p.Name}
		for _, i := range p.Intervals {
			if k == 0 {
				c.X = append(c.X, int64(i.Start/switchyard.Instant(switchyard.Second)))
			}
			l.add(i.Estimates[n])
		}
		c.Series = append(c.Series, l)
	}
	return c
}

// waits is the percentiles of the wait of several parts.
func waits(parts []Part) chart {
	c := chart{Title: "Waits", Text: "how long as many percent wait at most", Unit: Seconds}
	for _, p := range percentiles {
		c.X = append(c.X, p)
	}
	for k := range parts {
		p := &parts[k]
		l := line{Label: p.Name}
		for _, n := range p.places(overview[1].names[3:]) {
			l.add(p.Whole[n])
		}
		c.Series = append(c.Series, l)
	}
	return c
}

// shown is every part with its figures.
func (r *Report) shown() (all []shown) {
	for _, k := range r.kinds() {
		for n := range k.parts {
			p := &k.parts[n]
			s := shown{Title: title(k.name, p.Name), Open: k.name == "stream" && n == 0}
			if k.name == "total" {
				s.Title = k.name
			}
			for f, figure := range p.Figures {
				e := p.Whole[f]
				low, high, ok := e.CI95()
				row := shownRow{Name: figure.Title, Mean: show(figure.Unit, e.Mean, e.N > 0), SD: show(figure.Unit, e.SD, ok), Interval: "–", Text: figure.Text}
				if ok {
					row.Interval = show(figure.Unit, low, ok) + " … " + show(figure.Unit, high, ok)
				}
				s.Rows = append(s.Rows, row)
			}
			if len(p.Intervals) > 1 {
				s.byInterval(p)
			}
			all = append(all, s)
		}
	}
	return all
}

func (s *shown) byInterval(p *Part) {
	for _, f := range p.Figures {
		s.Heads = append(s.Heads, f.Title)
	}
	for _, i := range p.Intervals {
		row := shownInterval{Start: i.Start.Time().Format("Mon 02 15:04")}
		for n, f := range p.Figures {
			row.Cells = append(row.Cells, cell(f.Unit, i.Estimates[n]))
		}
		s.Intervals = append(s.Intervals, row)
	}
}
