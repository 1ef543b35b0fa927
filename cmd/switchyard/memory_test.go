package main

import "testing"

func TestPaceFor(t *testing.T) {
	for _, c := range []struct {
		live, perSecond uint64
		want            int
		rests           bool
		what            string
	}{
		{0, 0, mostPercent, true, "nothing there"},
		{10 << 20, 500 << 20, mostPercent, false, "small and loaded"},
		{10 << 20, 0, 640, true, "small, at rest"},
		{64 << 20, 500 << 20, 400, false, "larger, loaded"},
		{64 << 20, 0, 100, true, "larger, at rest"},
		{256 << 20, 500 << 20, 100, false, "large, loaded"},
		{1 << 30, 500 << 20, leastPercent, false, "a backlog, loaded"},
		{1 << 30, 15 << 20, 20, false, "a backlog with the odd call"},
		{1 << 30, 0, restPercent, true, "a backlog at rest"},
		{1 << 40, 1 << 40, leastPercent, false, "everything there is"},
		{1 << 40, 0, restPercent, true, "everything there is, at rest"},
	} {
		if got, rests := paceFor(c.live, c.perSecond); got != c.want || rests != c.rests {
			t.Errorf("%s: %d MB live, %d MB/s: %d %%, at rest %v, want %d, %v", c.what, c.live>>20, c.perSecond>>20, got, rests, c.want, c.rests)
		}
	}
}

func TestRecoveryPace(t *testing.T) {
	for live, want := range map[uint64]int{0: mostPercent, 128 << 20: mostPercent, 256 << 20: 400, 1 << 30: 100, 1 << 40: leastPercent} {
		if got := recoveryPace(live); got != want {
			t.Errorf("%d MB live: %d %%, want %d", live>>20, got, want)
		}
	}
}

func TestRateFallsSlowly(t *testing.T) {
	rate := slowly(0, 1000)
	for range 3 {
		rate = slowly(rate, 0)
	}
	if rate != 512 {
		t.Errorf("three seconds after 1000 it is %d, want 512", rate)
	}
	if rate = slowly(rate, 5000); rate != 5000 {
		t.Errorf("it rises to %d, want 5000 at once", rate)
	}
}
