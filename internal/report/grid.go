package report

import (
	"fmt"
	"slices"
	"time"

	"switchyard"
)

// Interval is how long the intervals of a report are: "" is one for the whole range, "1d" is a day of
// the calendar, which a change of the clock makes longer or shorter.
type Interval string

// The intervals there are.
const (
	Whole  Interval = ""
	Daily  Interval = "1d"
	Hourly Interval = "1h"
)

// Intervals are the texts of all intervals, with their lengths; a day's is that of its calendar.
var Intervals = map[Interval]time.Duration{
	Whole: 0, "15m": 15 * time.Minute, "30m": 30 * time.Minute, Hourly: time.Hour, Daily: 0,
}

// Grid is a range of time cut into intervals.
type Grid struct {
	starts []switchyard.Instant
	end    switchyard.Instant
}

// NewGrid cuts the time from one instant on and before another. Intervals begin at midnight in the
// time zone and every so much time later; the first and the last are cut by the range. The error says
// that there would be too many.
func NewGrid(from, to switchyard.Instant, every Interval, zone *time.Location) (*Grid, error) {
	g := &Grid{starts: []switchyard.Instant{from}, end: to}
	if every == Whole {
		return g, nil
	}
	for day := from.Time().In(zone); ; day = day.AddDate(0, 0, 1) {
		day = time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, zone)
		start, next := startOf(day, zone), startOf(day.AddDate(0, 0, 1), zone)
		for at := start; at < next; at = at.Add(every.length(next.Sub(start))) {
			if at >= to {
				return g, nil
			}
			if at > from {
				g.starts = append(g.starts, at)
			}
			if len(g.starts) > MaxIntervals {
				return nil, fmt.Errorf("from %s to %s are more than %d intervals of %s", from, to, MaxIntervals, every)
			}
		}
	}
}

func (i Interval) length(day switchyard.Duration) switchyard.Duration {
	if length := Intervals[i]; length > 0 {
		return switchyard.Duration(length / time.Millisecond)
	}
	return day
}

// startOf is the first instant of the date of a noon. It need not be midnight: where clocks are put
// forward at that hour there is none, where they are put back there may be two. So it goes back from
// one change of the clock to the one before, as long as there the date was the same.
func startOf(noon time.Time, zone *time.Location) switchyard.Instant {
	year, month, date := noon.Date()
	for at := noon; ; {
		_, offset := at.Zone()
		midnight := time.Date(year, month, date, 0, 0, 0, 0, time.UTC).Add(-time.Duration(offset) * time.Second)
		changed, _ := at.ZoneBounds()
		if changed.IsZero() {
			return switchyard.InstantOf(midnight)
		}
		before := changed.Add(-time.Millisecond).In(zone)
		if y, m, d := before.Date(); y == year && m == month && d == date {
			at = before
			continue
		}
		if midnight.Before(changed) {
			midnight = changed
		}
		return switchyard.InstantOf(midnight)
	}
}

// DayStart is the first instant of a date in a time zone.
func DayStart(year int, month time.Month, day int, zone *time.Location) switchyard.Instant {
	return startOf(time.Date(year, month, day, 12, 0, 0, 0, zone), zone)
}

// Len is how many intervals there are.
func (g *Grid) Len() int { return len(g.starts) }

// Bounds are the first instant of an interval, and that of the next.
func (g *Grid) Bounds(n int) (from, to switchyard.Instant) {
	if n+1 < len(g.starts) {
		return g.starts[n], g.starts[n+1]
	}
	return g.starts[n], g.end
}

// At is the interval an instant lies in; -1 when it lies in none.
func (g *Grid) At(at switchyard.Instant) int {
	if at < g.starts[0] || at >= g.end {
		return -1
	}
	n, begins := slices.BinarySearch(g.starts, at)
	if begins {
		return n
	}
	return n - 1
}

// each calls f with every interval that some time lies in, and how much of it.
func (g *Grid) each(from, to switchyard.Instant, f func(n int, d switchyard.Duration)) {
	from, to = max(from, g.starts[0]), min(to, g.end)
	if from >= to {
		return
	}
	for n := g.At(from); n < len(g.starts) && g.starts[n] < to; n++ {
		begin, end := g.Bounds(n)
		f(n, min(to, end).Sub(max(from, begin)))
	}
}
