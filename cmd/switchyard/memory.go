package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// How far the heap may grow over what is live before the collector runs: freely while it is small,
// so that collecting costs next to nothing, and by two fifths when it is large, because a backlog of
// a million is nearly all live and memory is dearer to its operator than the little time this takes.
const (
	freeGrowth   = 256 << 20 // bytes
	leastPercent = 40
	mostPercent  = 800
)

// tuneMemory keeps the collector's pace to that until ctx ends. GOGC overrides it.
func tuneMemory(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(mostPercent)
	go func() {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for percent := mostPercent; ; {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			metrics.Read(live)
			if next := paceFor(live[0].Value.Uint64()); next != percent {
				percent = next
				debug.SetGCPercent(percent)
			}
		}
	}()
}

// paceFor is the growth in percent for a heap of so many live bytes. Steps of ten keep it still.
func paceFor(live uint64) int {
	percent := int(freeGrowth * 100 / max(live, 1<<20) / 10 * 10)
	return min(max(percent, leastPercent), mostPercent)
}
