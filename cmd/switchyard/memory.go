package main

import (
	"os"
	"runtime/debug"
)

// tuneMemory lets the collector run when the heap has grown by half instead of doubled: a server
// with a large backlog holds mostly live data, and memory is dearer to its operator than the little
// time this takes. GOGC overrides it.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
}
