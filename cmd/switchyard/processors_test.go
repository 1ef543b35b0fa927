package main

import (
	"runtime"
	"testing"
)

func TestTuneProcessors(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	t.Setenv("GOMAXPROCS", "7")
	if tuneProcessors(); runtime.GOMAXPROCS(0) != before {
		t.Errorf("GOMAXPROCS is given and %d became %d", before, runtime.GOMAXPROCS(0))
	}
	t.Setenv("GOMAXPROCS", "")
	if tuneProcessors(); runtime.GOMAXPROCS(0) != before+spareProcessors {
		t.Errorf("%d processors became %d, want %d more", before, runtime.GOMAXPROCS(0), spareProcessors)
	}
}
