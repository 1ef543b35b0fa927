package sqlite

import (
	"bytes"
	"database/sql"
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"switchyard"
	"switchyard/internal/journal"
	"switchyard/internal/tables"
)

func pretendNewer(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("INSERT INTO schema_migration(version_id, is_applied) VALUES (999, 1)"); err != nil {
		t.Fatal(err)
	}
}

const benchBatch = 2000

var document = bytes.Repeat([]byte("x"), 700)

func benchID(n int) switchyard.ID {
	return switchyard.NewID(1_795_000_000_000+switchyard.Instant(n/50), uint64(n), 7)
}

func benchApply(b *testing.B, fill func(batch *tables.Batch, n int)) {
	s := openAt(b, filepath.Join(b.TempDir(), File))
	seq, n := switchyard.Seq(0), 0
	b.ResetTimer()
	before := cpu(b)
	for done := 0; done < b.N; done += benchBatch {
		seq++
		batch := tables.Batch{Account: "acme", Through: seq, At: 1_795_000_000_000}
		for range benchBatch {
			fill(&batch, n)
			n++
		}
		if err := s.Apply(ctx, []tables.Batch{batch}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(n)/(cpu(b)-before).Seconds(), "rows/cpu-s")
}

// cpu is the processor time used so far: what a rate costs, however busy the machine is.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkCheckpointPuts(b *testing.B) {
	benchApply(b, func(batch *tables.Batch, n int) {
		batch.Put = append(batch.Put, journal.Entry{Kind: "interaction", Key: benchID(n).String(), Value: document})
	})
}

func BenchmarkCheckpointReplacedPuts(b *testing.B) {
	benchApply(b, func(batch *tables.Batch, n int) {
		batch.Put = append(batch.Put, journal.Entry{Kind: "interaction", Key: benchID(n * 7919 % 50_000).String(), Value: document})
	})
}

func BenchmarkEnded(b *testing.B) {
	benchApply(b, func(batch *tables.Batch, n int) {
		id := benchID(n)
		batch.Ended = append(batch.Ended, tables.Ended{
			ID: id, ExternalID: fmt.Sprintf("5001x%08d", n*7919%1_000_003), Provider: "crm", Route: "CrmCallRouting",
			Agent: fmt.Sprintf("agent%03d", n%300), Name: "Grace Hopper", CLID: "+441632960961", Outcome: "Delivered",
			Created: id.At(), Ended: id.At() + 100, Document: document,
		})
	})
}

func BenchmarkTimeline(b *testing.B) {
	benchApply(b, func(batch *tables.Batch, n int) {
		batch.Timeline = append(batch.Timeline, tables.TimelineRow{
			Interaction: benchID(n - n%5*40), Seq: switchyard.Seq(n + 1), At: 1, Events: document,
		})
	})
}

func BenchmarkRequestIDs(b *testing.B) {
	benchApply(b, func(batch *tables.Batch, n int) {
		batch.RequestIDs = append(batch.RequestIDs, tables.RequestID{Digest: digest(n), Interaction: benchID(n), At: 1_795_000_000_000})
	})
}

func BenchmarkLoad(b *testing.B) {
	s := openAt(b, filepath.Join(b.TempDir(), File))
	const size = 200_000
	batch := tables.Batch{Account: "acme", Through: 1, At: 1}
	for n := range size {
		batch.Put = append(batch.Put, journal.Entry{Kind: "interaction", Key: benchID(n).String(), Value: document})
	}
	if err := s.Apply(ctx, []tables.Batch{batch}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := s.Load(ctx, "acme", func(journal.Entry) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(size*b.N)/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkKnownNone is the hot path: 600 new ids against 31 days of 20,000.
func BenchmarkKnownNone(b *testing.B) {
	s := openAt(b, filepath.Join(b.TempDir(), File))
	const start = switchyard.Instant(1_795_000_000_000)
	for day := range 31 {
		batch := tables.Batch{Account: "acme", Through: switchyard.Seq(day + 1), At: 1}
		for n := range 20_000 {
			at := start + switchyard.Instant(day)*switchyard.Instant(switchyard.Day)
			batch.RequestIDs = append(batch.RequestIDs, tables.RequestID{Digest: digest(day*20_000 + n), Interaction: benchID(n), At: at})
		}
		if err := s.Apply(ctx, []tables.Batch{batch}); err != nil {
			b.Fatal(err)
		}
	}
	ask := make([][16]byte, 600)
	for next := 1 << 24; b.Loop(); next += len(ask) {
		for i := range ask {
			ask[i] = digest(next + i)
		}
		if _, err := s.Known(ctx, "acme", ask, start); err != nil {
			b.Fatal(err)
		}
	}
}
