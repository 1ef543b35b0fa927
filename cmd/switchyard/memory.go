package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// How far the heap may grow over what is live before the collector runs. Under load: freely while it
// is small, so that collecting costs next to nothing, and by two fifths when it is large, because a
// backlog of a million is nearly all live and memory is dearer to its operator than the little time
// this takes. At rest: by a fifth, because the runtime keeps as much memory as the heap may grow to,
// and a server that allocates little collects seldom anyhow.
const (
	freeGrowth   = 256 << 20 // bytes
	leastPercent = 40
	mostPercent  = 800

	restGrowth  = 64 << 20 // bytes
	restPercent = 20

	// While accounts are recovered everybody waits, and most of what is allocated is thrown away:
	// the heap may grow by as much as a load with a backlog needs.
	recoveryGrowth = 1 << 30
)

// collectingShare is the part of one processor that collecting may take before the heap is let grow
// further, and markedPerSecond how many live bytes one processor goes through in a second, roughly.
const (
	collectingShare = 0.05
	markedPerSecond = 1 << 30
)

// tuneMemory keeps the collector's pace to that until ctx ends; recovered is closed when the server
// takes calls. GOGC overrides it.
func tuneMemory(ctx context.Context, recovered <-chan struct{}) {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(mostPercent)
	go func() {
		heap := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/allocs:bytes"}}
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		metrics.Read(heap)
		allocated, rate := heap[1].Value.Uint64(), uint64(0)
		for percent, loaded := mostPercent, true; ; {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			metrics.Read(heap)
			before := allocated
			allocated = heap[1].Value.Uint64()
			rate = slowly(rate, allocated-before)
			next, rests := paceFor(heap[0].Value.Uint64(), rate)
			select {
			case <-recovered:
			default:
				next, rests = recoveryPace(heap[0].Value.Uint64()), false
			}
			if next != percent {
				percent = next
				debug.SetGCPercent(percent)
			}
			if rests && loaded {
				debug.FreeOSMemory() // else the runtime keeps what the load needed until it collects again
			}
			loaded = !rests
		}
	}()
}

// recoveryPace is the growth in percent while accounts are recovered.
func recoveryPace(live uint64) int {
	return min(max(int(recoveryGrowth*100/max(live, 1<<20)), leastPercent), mostPercent)
}

// slowly follows a rate up at once and down by a fifth a second: a pause of a few seconds is no rest.
func slowly(rate, now uint64) uint64 { return max(now, rate-rate/5) }

// paceFor is the growth in percent for a heap of so many live bytes, of which so many are allocated a
// second, and whether that is a server at rest. Steps of ten keep it still.
func paceFor(live, perSecond uint64) (percent int, rests bool) {
	live = max(live, 1<<20)
	step := func(growth uint64) int { return int(growth * 100 / live / 10 * 10) }
	most := min(max(step(freeGrowth), leastPercent), mostPercent)
	least := min(max(step(restGrowth), restPercent), most)
	// A collection goes through what is live. In the time of which it takes its share, so much is
	// allocated:
	seconds := float64(live) / markedPerSecond / collectingShare
	needed := step(uint64(seconds * float64(perSecond)))
	return min(max(needed, least), most), needed < least
}
