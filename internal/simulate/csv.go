package simulate

import (
	"encoding/csv"
	"io"
	"strconv"
)

// WriteCSV writes every figure on a row of its own: what it is of, the interval (none = the whole time),
// its name, mean, standard deviation and 95 % interval. Cells are empty where there is no such figure.
func (r *Report) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"kind", "name", "start", "figure", "mean", "sd", "ci95_low", "ci95_high"})
	for _, k := range r.kinds() {
		for n := range k.parts {
			p := &k.parts[n]
			rows(out, k.name, p, "", p.Whole)
			for _, i := range p.Intervals {
				rows(out, k.name, p, i.Start.String(), i.Estimates)
			}
		}
	}
	out.Flush()
	return out.Error()
}

func rows(out *csv.Writer, kind string, p *Part, start string, estimates []Estimate) {
	for n, f := range p.Figures {
		e := estimates[n]
		low, high, ok := e.CI95()
		_ = out.Write([]string{kind, p.Name, start, f.Name, digits(e.Mean, e.N > 0), digits(e.SD, ok), digits(low, ok), digits(high, ok)})
	}
}

// digits is a figure as JSON has it; empty when there is none.
func digits(x float64, is bool) string {
	if !is {
		return ""
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 9, 64), 64)
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}
