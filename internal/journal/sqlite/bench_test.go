package sqlite

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"switchyard"
	"switchyard/internal/journal"
)

// BenchmarkAppend commits rows of the size of an invoke call with one interaction, and tells how
// long commits took: the slowest are those beside a checkpoint.
func BenchmarkAppend(b *testing.B) {
	made := callRows("acme", 1, 1000)
	for _, size := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s, seq := openIn(b, b.TempDir()), switchyard.Seq(0)
			rows := make([]journal.Row, size)
			var took []time.Duration
			before := cpu(b)
			b.ResetTimer()
			for done := 0; done < b.N; done += size {
				for i := range rows {
					seq++
					rows[i] = made[int(seq)%len(made)]
					rows[i].Seq = seq
				}
				start := time.Now()
				if err := s.Append(ctx, rows); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(seq)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(seq)/(cpu(b)-before).Seconds(), "rows/cpu-s")
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "max-ms")
		})
	}
}

// cpu is the processor time used so far: what a rate costs, however busy the machine is.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
