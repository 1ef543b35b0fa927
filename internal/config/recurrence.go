package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// recurrence is a rule by which an event comes again every year, or every so many years (RFC 5545,
// 3.3.10). Zero members are not given.
type recurrence struct {
	interval, count int
	until           time.Time
	months          []int // 1 to 12
	monthDays       []int // 1 to 31, or from the month's end -1 to -31
	weekdays        []ordinal
}

// ordinal is the n-th of a weekday in its month, from the month's end when negative; 0 = every one.
type ordinal struct {
	n   int
	day time.Weekday
}

var weekdays = []string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}

// parseRecurrence reads a rule. What it does not understand is an error: a holiday missed in silence
// is found out on that day.
func parseRecurrence(text string) (*recurrence, error) {
	r := &recurrence{interval: 1}
	yearly := false
	for part := range strings.SplitSeq(strings.ToUpper(text), ";") {
		name, value, _ := strings.Cut(part, "=")
		var err error
		switch name {
		case "FREQ":
			if yearly = value == "YEARLY"; !yearly {
				return nil, fmt.Errorf("repeats %s; only what comes every year can be a holiday", brief(value))
			}
		case "WKST":
		case "INTERVAL":
			r.interval, err = within(value, 1, 1000)
		case "COUNT":
			r.count, err = within(value, 1, 100_000)
		case "UNTIL":
			value, _, _ = strings.Cut(value, "T")
			r.until, err = day(value)
		case "BYMONTH":
			r.months, err = listOf(value, func(v string) (int, error) { return within(v, 1, 12) })
		case "BYMONTHDAY":
			r.monthDays, err = listOf(value, func(v string) (int, error) { return within(v, -31, 31) })
		case "BYDAY":
			r.weekdays, err = listOf(value, parseOrdinal)
		default:
			return nil, fmt.Errorf("repeats by %s, which is not understood here; write its dates out", brief(part))
		}
		if err != nil {
			return nil, fmt.Errorf("%s of its RRULE: %w", name, err)
		}
	}
	if !yearly {
		return nil, fmt.Errorf("its RRULE %q has no FREQ", brief(text))
	}
	if len(r.weekdays) > 0 && len(r.months)+len(r.monthDays) == 0 {
		return nil, fmt.Errorf("repeats by BYDAY without BYMONTH, which is not understood here; write its dates out")
	}
	return r, nil
}

func within(text string, least, most int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most || n == 0 {
		return 0, fmt.Errorf("%q is no number from %d to %d", brief(text), least, most)
	}
	return n, nil
}

func listOf[T any](text string, parse func(string) (T, error)) ([]T, error) {
	var list []T
	for part := range strings.SplitSeq(text, ",") {
		v, err := parse(part)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// parseOrdinal reads MO, 1MO, +2TU or -1FR.
func parseOrdinal(text string) (o ordinal, err error) {
	cut := max(len(text)-2, 0)
	at := slices.Index(weekdays, text[cut:])
	if at < 0 {
		return o, fmt.Errorf("%q is no day such as MO or -1FR", brief(text))
	}
	o.day = time.Weekday(at)
	if cut > 0 {
		o.n, err = within(text[:cut], -5, 5)
	}
	return o, err
}

// plain reports whether the rule says no more than that the date of start comes every year.
func (r *recurrence) plain(start time.Time) bool {
	same := func(list []int, only int) bool { return len(list) == 0 || len(list) == 1 && list[0] == only }
	alone := len(r.monthDays) == 0 || len(r.months) > 0 // else it is that day of every month
	return r.interval == 1 && r.count == 0 && r.until.IsZero() && len(r.weekdays) == 0 && alone &&
		same(r.months, int(start.Month())) && same(r.monthDays, start.Day())
}

// from lists the occurrences in the years that are written out; the first is start.
func (r *recurrence) from(start time.Time) (list []time.Time) {
	count := 0
	take := func(at time.Time) (more bool) {
		if count++; r.count > 0 && count > r.count || !r.until.IsZero() && at.After(r.until) {
			return false
		}
		if at.Year() >= firstYear {
			list = append(list, at)
		}
		return true
	}
	if !take(start) { // DTSTART is an occurrence, whether the rule meets it or not
		return list
	}
	for year := start.Year(); year <= lastYear; year += r.interval {
		for _, at := range r.inYear(year, start) {
			if at.After(start) && !take(at) {
				return list
			}
		}
	}
	return list
}

// inYear lists the days of a year that the rule meets, in order.
func (r *recurrence) inYear(year int, start time.Time) (list []time.Time) {
	for month := 1; month <= 12; month++ {
		switch {
		case len(r.months) > 0 && !slices.Contains(r.months, month):
			continue
		case len(r.months)+len(r.monthDays) == 0 && month != int(start.Month()):
			continue
		}
		last := time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC)
		for d := 1; d <= last.Day(); d++ {
			if at := last.AddDate(0, 0, d-last.Day()); r.meets(at, last.Day(), start) {
				list = append(list, at)
			}
		}
	}
	return list
}

func (r *recurrence) meets(at time.Time, last int, start time.Time) bool {
	d := at.Day()
	if len(r.monthDays) > 0 && !slices.Contains(r.monthDays, d) && !slices.Contains(r.monthDays, d-last-1) {
		return false
	}
	if len(r.weekdays) > 0 {
		return slices.ContainsFunc(r.weekdays, func(o ordinal) bool {
			return o.day == at.Weekday() && (o.n == 0 || o.n == (d-1)/7+1 || o.n == -((last-d)/7+1))
		})
	}
	return len(r.monthDays) > 0 || d == start.Day()
}
