package httpx

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts the HTTP traffic. Every label has few values: the route's pattern, a known method,
// the class of the status.
type Metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	inFlight prometheus.Gauge
	panics   prometheus.Counter
}

// NewMetrics makes the metrics and registers them.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "switchyard_http_requests_total",
			Help: "HTTP requests answered, by route, method and class of status.",
		}, []string{"route", "method", "class"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "switchyard_http_request_seconds",
			Help:    "Time from the first byte of a request to the end of its answer.",
			Buckets: []float64{.0005, .001, .002, .004, .008, .016, .032, .064, .128, .256, .512, 1, 2, 5, 10},
		}, []string{"route", "method"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "switchyard_http_in_flight_requests",
			Help: "HTTP requests being answered now, event feeds among them.",
		}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "switchyard_http_panics_total",
			Help: "HTTP requests whose handler panicked.",
		}),
	}
	r.MustRegister(m.requests, m.seconds, m.inFlight, m.panics)
	return m
}

func (m *Metrics) begin() { m.inFlight.Inc() }

func (m *Metrics) end(pattern, method string, status int, took time.Duration) {
	m.inFlight.Dec()
	route, method := routeLabel(pattern), methodLabel(method)
	m.requests.WithLabelValues(route, method, statusClass(status)).Inc()
	m.seconds.WithLabelValues(route, method).Observe(took.Seconds())
}

// routeLabel is a route's pattern without its method; "none" when no route took the request.
func routeLabel(pattern string) string {
	if _, path, hasMethod := strings.Cut(pattern, " "); hasMethod {
		return path
	}
	if pattern == "" {
		return "none"
	}
	return pattern
}

// methodLabel is a method people use, or "other": callers may invent any.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

func statusClass(status int) string { return strconv.Itoa(status/100) + "xx" }
