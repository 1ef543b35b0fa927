package docs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"switchyard/internal/api/httpx"
	"switchyard/internal/effects"
	"switchyard/internal/engine"
)

// Metric is one metric family as it is registered.
type Metric struct {
	Name, Kind, Help string
	Labels           []string
}

// Metrics registers what the parts of a server measure and lists it by name.
func Metrics() []Metric {
	r := &recorder{}
	httpx.NewMetrics(r)
	effects.New(effects.Options{Registerer: r, Now: time.Now})
	engine.New(engine.Options{Registerer: r})
	slices.SortFunc(r.found, func(a, b Metric) int { return strings.Compare(a.Name, b.Name) })
	return r.found
}

// MetricsPage writes metrics.md.
func MetricsPage() []byte {
	p := newPage("Metrics", "go generate ./internal/docs")
	p.line("`GET /metrics` answers in the Prometheus text format: to anybody on the server's machine, to others")
	p.line("with any token, or as supervisor or admin. Beside these there are the usual `go_*` and `process_*`")
	p.line("metrics. Which to watch: [operating](../guides/operating.md#what-to-watch).\n")
	p.line("| metric | kind | labels | meaning |\n|---|---|---|---|")
	for _, m := range Metrics() {
		labels := "–"
		if len(m.Labels) > 0 {
			labels = "`" + strings.Join(m.Labels, "` `") + "`"
		}
		p.line("| `%s` | %s | %s | %s |", m.Name, m.Kind, labels, cell(m.Help))
	}
	return p.Bytes()
}

// recorder is a Registerer that only notes what is registered.
type recorder struct{ found []Metric }

// Register implements prometheus.Registerer.
func (r *recorder) Register(c prometheus.Collector) error {
	descs := make(chan *prometheus.Desc, 16)
	c.Describe(descs)
	close(descs)
	for d := range descs {
		r.found = append(r.found, metricOf(c, d))
	}
	return nil
}

// MustRegister implements prometheus.Registerer.
func (r *recorder) MustRegister(all ...prometheus.Collector) {
	for _, c := range all {
		_ = r.Register(c) // never fails
	}
}

// Unregister implements prometheus.Registerer.
func (r *recorder) Unregister(prometheus.Collector) bool { return false }

// described is how the metrics library prints a description; it offers no other way to read one.
var described = regexp.MustCompile(`^Desc\{fqName: "(.*?)", help: "(.*?)", (?:unit: ".*?", )?constLabels: \{.*\}, variableLabels: \{(.*)\}\}$`)

func metricOf(c prometheus.Collector, d *prometheus.Desc) Metric {
	parts := described.FindStringSubmatch(d.String())
	if parts == nil {
		panic("docs: the metrics library describes a metric in another way now: " + d.String())
	}
	m := Metric{Name: parts[1], Kind: kindOfMetric(c), Help: parts[2]}
	if parts[3] != "" {
		m.Labels = strings.Split(parts[3], ",")
	}
	return m
}

// kindOfMetric tells the kinds apart. A gauge has all methods of a counter, so it comes first; one
// that is computed when it is asked for has none of them.
func kindOfMetric(c prometheus.Collector) string {
	switch c.(type) {
	case prometheus.Gauge, *prometheus.GaugeVec:
		return "gauge"
	case prometheus.Histogram, *prometheus.HistogramVec:
		return "histogram"
	case prometheus.Counter, *prometheus.CounterVec:
		return "counter"
	case prometheus.GaugeFunc:
		return "gauge"
	}
	panic(fmt.Sprintf("docs: no word for the kind of %T", c))
}
