package effects

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	attempts *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	waiting  prometheus.Gauge
	flying   prometheus.Gauge
	breakers *prometheus.GaugeVec
	refusals *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "switchyard_effect_attempts_total",
			Help: "Attempts at callbacks, messages and requests of data connectors, by kind and by result: ok, failed or given_up.",
		}, []string{"kind", "result"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "switchyard_effect_attempt_seconds",
			Help:    "How long attempts took.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"kind"}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "switchyard_effects_waiting",
			Help: "Effects that are due and wait for a place; those the worker has no room for are not counted.",
		}),
		flying: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "switchyard_effects_in_flight",
			Help: "Attempts being made or reported.",
		}),
	}
	m.breakers = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "switchyard_effect_breakers_open",
		Help: "Gateways and hosts that are down: attempts at them fail at once, by kind.",
	}, []string{"kind"})
	m.refusals = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "switchyard_effect_breaker_refusals_total",
		Help: "Attempts that failed at once because the gateway or host is down, by kind.",
	}, []string{"kind"})
	if r != nil {
		r.MustRegister(m.attempts, m.seconds, m.waiting, m.flying, m.breakers, m.refusals)
	}
	return m
}
