package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"switchyard"
	"switchyard/internal/core/plan/zone"
)

func instant(t *testing.T, text string) switchyard.Instant {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return switchyard.InstantOf(at)
}

func location(t *testing.T, name string) *time.Location {
	t.Helper()
	l, known := zone.Load(name)
	if !known {
		t.Fatalf("there is no zone %s", name)
	}
	return l
}

func TestGrid(t *testing.T) {
	for _, c := range []struct {
		zone, from, to string
		every          Interval
		want           string
	}{
		{"UTC", "2026-11-23T10:10:00Z", "2026-11-23T11:00:00Z", "", "10:10–11:00"},
		{"UTC", "2026-11-23T10:10:00Z", "2026-11-23T11:00:00Z", "15m", "10:10–10:15 10:15–10:30 10:30–10:45 10:45–11:00"},
		{"UTC", "2026-11-23T10:00:00Z", "2026-11-23T11:01:00Z", "30m", "10:00–10:30 10:30–11:00 11:00–11:01"},
		// A quarter of an hour of Kathmandu is no quarter of an hour's start of an hour in UTC.
		{"Asia/Kathmandu", "2026-11-22T18:15:00Z", "2026-11-22T20:15:00Z", "1h", "00:00–01:00 01:00–02:00"},
		{"Europe/Berlin", "2026-11-23T10:00:00Z", "2026-11-25T10:00:00Z", "1d", "11:00–00:00 00:00–00:00 00:00–11:00"},
		// Clocks forward and back: days of 23 and 25 hours.
		{"Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "1d", "00:00–00:00"},
		{"Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-29T02:00:00Z", "1h", "01:00–03:00 03:00–04:00"},
		{"Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "1d", "00:00–00:00"},
		{"Europe/Berlin", "2026-10-24T23:00:00Z", "2026-10-25T03:00:00Z", "1h", "01:00–02:00 02:00–02:00 02:00–03:00 03:00–04:00"},
		// Half an hour: the day's last hour is cut.
		{"Australia/Lord_Howe", "2026-10-03T13:30:00Z", "2026-10-04T13:00:00Z", "1d", "00:00–00:00"},
		// Clocks forward at midnight: the day begins at one.
		{"Asia/Beirut", "2024-03-30T10:00:00Z", "2024-03-31T10:00:00Z", "1d", "12:00–01:00 01:00–13:00"},
		// Clocks back at one: midnight comes twice, and the day begins with the first.
		{"Atlantic/Azores", "2026-10-24T10:00:00Z", "2026-10-25T10:00:00Z", "1d", "10:00–00:00 00:00–09:00"},
		// Clocks back at midnight: the evening before has an hour more.
		{"America/Havana", "2026-10-31T14:00:00Z", "2026-11-02T06:00:00Z", "1d", "10:00–00:00 00:00–00:00 00:00–01:00"},
		// A day that never was.
		{"Pacific/Apia", "2011-12-30T00:00:00Z", "2011-12-31T09:00:00Z", "1d", "14:00–00:00 00:00–23:00"},
	} {
		zone := location(t, c.zone)
		g, err := NewGrid(instant(t, c.from), instant(t, c.to), c.every, zone)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		end := instant(t, c.from)
		for n := range g.Len() {
			from, to := g.Bounds(n)
			if from != end || to <= from {
				t.Errorf("%s %s: interval %d is from %s to %s, the one before ends at %s", c.zone, c.from, n, from, to, end)
			}
			end = to
			got = append(got, from.Time().In(zone).Format("15:04")+"–"+to.Time().In(zone).Format("15:04"))
		}
		if text := strings.Join(got, " "); text != c.want || end != instant(t, c.to) {
			t.Errorf("%s from %s every %q: %s, want %s", c.zone, c.from, c.every, text, c.want)
		}
	}
}

// TestEveryDayOfEveryZone compares the first instants of days with a search minute by minute around
// each change of the clock.
func TestEveryDayOfEveryZone(t *testing.T) {
	for _, name := range []string{"Asia/Beirut", "Africa/Cairo", "America/Sao_Paulo", "America/Havana", "Atlantic/Azores",
		"Australia/Lord_Howe", "Europe/Berlin", "America/St_Johns", "Asia/Tehran", "America/Asuncion"} {
		zone := location(t, name)
		offset := 0
		for day := time.Date(2005, 1, 1, 12, 0, 0, 0, zone); day.Year() < 2028; day = day.AddDate(0, 0, 1) {
			before := offset
			if _, offset = day.Zone(); offset == before {
				continue
			}
			noon := time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, zone)
			at := noon.Add(-20 * time.Hour)
			for y, m, d := at.In(zone).Date(); y != noon.Year() || m != noon.Month() || d != noon.Day(); y, m, d = at.In(zone).Date() {
				at = at.Add(time.Minute)
			}
			if got := startOf(noon, zone); got != switchyard.InstantOf(at) {
				t.Errorf("%s: %s begins at %s, not %s", name, noon.Format(time.DateOnly), at.UTC(), got)
			}
		}
	}
}

func TestGridBounds(t *testing.T) {
	from := instant(t, "2026-01-01T00:00:00Z")
	if _, err := NewGrid(from, from.Add(MaxIntervals*15*switchyard.Minute), "15m", time.UTC); err != nil {
		t.Error(err)
	}
	if _, err := NewGrid(from, from.Add(MaxIntervals*15*switchyard.Minute+1), "15m", time.UTC); err == nil {
		t.Error("one interval too many is made")
	}
	if _, err := NewGrid(0, switchyard.Instant(1<<50), "15m", time.UTC); err == nil {
		t.Error("a range without end is cut up")
	}
}

func TestGridAt(t *testing.T) {
	g, err := NewGrid(1_000, 10_000_000, "15m", time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[switchyard.Instant]int{999: -1, 1_000: 0, 899_999: 0, 900_000: 1, 9_999_999: 11, 10_000_000: -1} {
		if got := g.At(at); got != want {
			t.Errorf("%d lies in %d, want %d", at, got, want)
		}
	}
	var got []string
	g.each(0, 950_000, func(n int, d switchyard.Duration) { got = append(got, fmt.Sprint(n, ":", int64(d))) })
	if text := strings.Join(got, " "); text != "0:899000 1:50000" {
		t.Error(text)
	}
}
