package engine

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the engine's figures, summed over all accounts.
type metrics struct {
	rows            prometheus.Counter
	refused         prometheus.Counter
	busy            prometheus.Counter
	dropped         prometheus.Counter
	panics          prometheus.Counter
	recoveries      prometheus.Counter
	storageFailures prometheus.Counter
	tableFailures   prometheus.Counter
	effects         prometheus.Counter
	pruned          prometheus.Counter
	commitSeconds   prometheus.Histogram
	commitRows      prometheus.Histogram
	applySeconds    prometheus.Histogram
}

// newMetrics makes the metrics; lag tells how far the tables are behind at worst.
func newMetrics(r prometheus.Registerer, lag func() (time.Duration, int)) *metrics {
	count := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "switchyard_" + name, Help: help})
	}
	spread := func(name, help string, buckets []float64) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: "switchyard_" + name, Help: help, Buckets: buckets})
	}
	seconds := prometheus.ExponentialBuckets(0.0001, 2, 16)
	m := &metrics{
		rows:            count("journal_rows_total", "Rows made durable in the journal."),
		refused:         count("inputs_refused_total", "Inputs refused by the rules of the product."),
		busy:            count("inputs_busy_total", "Inputs turned away because too many waited."),
		dropped:         count("feed_readers_dropped_total", "Readers of the feed dropped because they were too slow."),
		panics:          count("core_failures_total", "Inputs or recoveries the core failed on. Any increase is a fault of the program."),
		recoveries:      count("account_recoveries_total", "Recoveries of accounts, at start and after failures."),
		storageFailures: count("journal_failures_total", "Times an account's rows could not be stored."),
		tableFailures:   count("tables_failures_total", "Failed writes to the tables; each is tried again."),
		effects:         count("effects_handed_over_total", "Attempts at effects handed over to be performed."),
		pruned:          count("journal_rows_pruned_total", "Rows removed from the journal by retention."),
		commitSeconds:   spread("journal_commit_seconds", "Duration of commits to the journal.", seconds),
		commitRows:      spread("journal_commit_rows", "Rows in a commit to the journal.", prometheus.ExponentialBuckets(1, 2, 14)),
		applySeconds:    spread("tables_apply_seconds", "Duration of writes to the tables.", seconds),
	}
	if r == nil {
		return m
	}
	lagSeconds := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "switchyard_tables_lag_seconds",
		Help: "How long the oldest row that is not in the tables has been durable, in the account where it is worst."},
		func() float64 { d, _ := lag(); return d.Seconds() })
	lagRows := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "switchyard_tables_lag_rows",
		Help: "Rows that are durable and not in the tables, in the account where it is worst."},
		func() float64 { _, n := lag(); return float64(n) })
	r.MustRegister(m.rows, m.refused, m.busy, m.dropped, m.panics, m.recoveries, m.storageFailures, m.tableFailures,
		m.effects, m.pruned, m.commitSeconds, m.commitRows, m.applySeconds, lagSeconds, lagRows)
	return m
}
