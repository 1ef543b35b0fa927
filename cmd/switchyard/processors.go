package main

import (
	"os"
	"runtime"
)

// spareProcessors is how many more threads may run Go code at once than there are cores. The runtime
// asks the network for news when one of them has nothing else to do, or every 10 ms. With as many as
// cores, a busy account keeps them all busy, and a call of a quiet one waits those 10 ms and then its
// turn behind everything else. The system shares the cores among threads in finer slices, and lets
// one that slept go first: two more are enough that one waits for the network while another is held
// by a long computation, such as a transaction of the tables.
const spareProcessors = 2

// tuneProcessors allows that many. GOMAXPROCS overrides it. A limit of the container is counted as
// its cores; it is read once, at the start.
func tuneProcessors() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + spareProcessors)
	}
}
