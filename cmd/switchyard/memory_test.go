package main

import "testing"

func TestPaceFor(t *testing.T) {
	for live, want := range map[uint64]int{0: mostPercent, 10 << 20: mostPercent, 64 << 20: 400, 256 << 20: 100, 1 << 30: leastPercent, 1 << 40: leastPercent} {
		if got := paceFor(live); got != want {
			t.Errorf("%d MB live: %d %%, want %d", live>>20, got, want)
		}
	}
}
