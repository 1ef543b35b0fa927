package plan

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"switchyard"
	"switchyard/internal/core/plan/zone"
)

// Schedule says when the account is open, by the clock on the wall in its zone: the hour that is
// skipped in spring is never there, and the hour that comes twice in autumn counts both times.
type Schedule struct {
	Name       string
	zone       *time.Location
	week       [7][]span // by time.Weekday
	exceptions map[date][]span
	holidays   map[date]bool
}

// span is minutes of a day, from the first to before the last. One that runs over midnight ends
// after the day's 1,440 minutes and belongs to the day it begins on.
type span struct{ from, to int }

const minutesOfDay = 24 * 60

// date is a day of the calendar as the number 20261225, or of every year as 1225.
type date int

func dateOf(year int, month time.Month, day int) date {
	return date(year*10_000 + int(month)*100 + day)
}

// everyYear is the date without its year.
func (d date) everyYear() date { return d % 10_000 }

// compileSchedule makes a schedule ready for use. What is at fault in it is left out: the checker
// reports it, and a document with faults is not used.
func compileSchedule(doc *switchyard.Schedule) *Schedule {
	s := &Schedule{Name: doc.Name, zone: time.UTC, exceptions: make(map[date][]span, len(doc.Exceptions)),
		holidays: make(map[date]bool, len(doc.Holidays))}
	if location, known := zone.Load(doc.TimeZone); known {
		s.zone = location
	}
	for _, key := range sortedKeys(doc.Hours) {
		days, _ := parseDays(key)
		for _, day := range days {
			s.week[day] = append(s.week[day], spansOf(doc.Hours[key])...)
		}
	}
	for _, h := range doc.Holidays {
		if d, err := parseDate(h.Date); err == nil {
			s.holidays[d] = true
		}
	}
	for _, e := range doc.Exceptions {
		if d, err := parseDate(e.Date); err == nil {
			s.exceptions[d] = spansOf(e.Hours)
		}
	}
	return s
}

func spansOf(texts []string) []span {
	var spans []span
	for _, text := range texts {
		if sp, err := parseSpan(text); err == nil {
			spans = append(spans, sp)
		}
	}
	return spans
}

// At returns the exit that a moment takes: open, closed or holiday. What is said of a date holds from
// its midnight to the next; a range that runs over midnight ends there when the next date is a
// holiday or an exception.
func (s *Schedule) At(now switchyard.Instant) string {
	local := now.Time().In(s.zone)
	minute := local.Hour()*60 + local.Minute()
	spans, said, holiday := s.day(local)
	switch {
	case holiday:
		return ExitHoliday
	case within(spans, minute):
		return ExitOpen
	case said:
		return ExitClosed
	}
	year, month, day := local.Date()
	before, _, _ := s.day(time.Date(year, month, day-1, 0, 0, 0, 0, time.UTC))
	if within(before, minute+minutesOfDay) {
		return ExitOpen
	}
	return ExitClosed
}

// day returns the hours of a day: those of its exception, none of a holiday, else those of the week.
// said reports whether the schedule says something of that date itself.
func (s *Schedule) day(at time.Time) (spans []span, said, holiday bool) {
	d := dateOf(at.Date())
	for _, key := range [...]date{d, d.everyYear()} {
		if spans, said := s.exceptions[key]; said {
			return spans, true, false
		}
	}
	if s.holidays[d] || s.holidays[d.everyYear()] {
		return nil, true, true
	}
	return s.week[at.Weekday()], false, false
}

func within(spans []span, minute int) bool {
	for _, sp := range spans {
		if sp.from <= minute && minute < sp.to {
			return true
		}
	}
	return false
}

// consult takes the exit of the moment. A schedule that is not there is closed: nobody is promised
// an open door that no schedule opens.
func (a *Applet) consult(c Context) Step {
	known := func(name string) (string, bool) {
		s := c.Schedule(name)
		return name, s != nil
	}
	name, fault := find(a.set.Schedule, "schedule", known, c.Env)
	if fault != "" {
		s := a.Leave(ExitClosed)
		s.Fault = fault + "; it counts as closed"
		return s
	}
	return a.Leave(c.Schedule(name).At(c.Now))
}

// dayNames are the keys of hours, by time.Weekday.
var dayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// parseDays reads a key of hours: a day, days in a row as "mon-fri" (also "sat-mon"), or several of
// those with commas between.
func parseDays(key string) ([]time.Weekday, error) {
	var days []time.Weekday
	for part := range strings.SplitSeq(key, ",") {
		first, last, several := strings.Cut(part, "-")
		if !several {
			last = first
		}
		from, err := parseDay(first)
		if err != nil {
			return nil, err
		}
		to, err := parseDay(last)
		if err != nil {
			return nil, err
		}
		if several && from == to {
			return nil, fmt.Errorf("%q begins and ends on the same day; write %s, or mon-sun for the whole week", part, dayNames[from])
		}
		for day := from; ; day = (day + 1) % 7 {
			if days = append(days, day); day == to {
				break
			}
			if len(days) > 7 {
				return nil, fmt.Errorf("%q names more days than a week has", cut(key, 60))
			}
		}
	}
	return days, nil
}

func parseDay(text string) (time.Weekday, error) {
	name := strings.ToLower(strings.TrimSpace(text))
	for day, known := range dayNames {
		if name == known {
			return time.Weekday(day), nil
		}
	}
	week := append(append([]string{}, dayNames[1:]...), dayNames[0])
	return 0, fmt.Errorf("there is no day %q%s", cut(name, 60), hint(name, week))
}

// parseSpan reads a range of hours: "08:00-12:00", over midnight "22:00-06:00", the whole day
// "00:00-24:00".
func parseSpan(text string) (span, error) {
	first, last, both := strings.Cut(text, "-")
	if !both {
		return span{}, fmt.Errorf("%q is no range of hours such as 08:00-12:00", cut(text, 60))
	}
	from, err := parseTime(first)
	if err != nil {
		return span{}, err
	}
	to, err := parseTime(last)
	switch {
	case err != nil:
		return span{}, err
	case from == minutesOfDay:
		return span{}, fmt.Errorf("%q begins when the day is over; write 00:00 under the next day", text)
	case from == to:
		return span{}, fmt.Errorf("%q begins and ends at the same time; the whole day is 00:00-24:00", text)
	case to < from:
		to += minutesOfDay
	}
	return span{from, to}, nil
}

// parseTime reads hours and minutes of a 24-hour clock; 24:00 is the end of the day.
func parseTime(text string) (int, error) {
	hours, minutes, both := strings.Cut(strings.TrimSpace(text), ":")
	h, fine := figure(hours, 1, 2)
	m, good := figure(minutes, 2, 2)
	if !both || !fine || !good || m > 59 || h*60+m > minutesOfDay {
		return 0, fmt.Errorf("%q is no time of day; write it as 08:00, from 00:00 to 24:00", cut(text, 60))
	}
	return h*60 + m, nil
}

// parseDate reads 2026-12-25, or 12-25 for every year. 02-29 is there in leap years only.
func parseDate(text string) (date, error) {
	const leap = 2000 // a year that has every day of every year
	bad := fmt.Errorf("%q is no date; write 2026-12-25, or 12-25 for every year", cut(text, 60))
	parts := strings.Split(text, "-")
	year, fine := leap, true
	switch len(parts) {
	case 3:
		if year, fine = figure(parts[0], 4, 4); !fine || year == 0 {
			return 0, bad
		}
	case 2:
		parts = append([]string{""}, parts...)
	default:
		return 0, bad
	}
	month, fine := figure(parts[1], 2, 2)
	day, good := figure(parts[2], 2, 2)
	if !fine || !good {
		return 0, bad
	}
	at := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if at.Year() != year || int(at.Month()) != month || at.Day() != day {
		return 0, fmt.Errorf("%s does not exist: the calendar has no such day", text)
	}
	d := dateOf(year, time.Month(month), day)
	if parts[0] == "" {
		d = d.everyYear()
	}
	return d, nil
}

// figure reads digits, and how many of them there may be.
func figure(text string, least, most int) (int, bool) {
	if len(text) < least || len(text) > most || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}
