package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	ics "github.com/arran4/golang-ical"

	"switchyard"
)

// Bounds of a calendar.
const (
	maxCalendarBytes  = 512 << 10
	maxCalendarLine   = 16 << 10 // of one line, put together when it is folded
	maxCalendarEvents = 2_000
	maxCalendarDates  = 4_000
	maxEventDays      = 366
)

// The years for which events that come again are written out, when a date of every year does not say
// it all. They are fixed so that one file always gives the same dates, whenever it is applied. No
// account is older than the first.
const (
	firstYear = 2026
	lastYear  = 2099
)

// readCalendar turns the all-day events of an iCalendar text (RFC 5545) into holidays, in the order
// of their dates. timed counts the events with a time of day, which are left out.
func readCalendar(text string) (holidays []switchyard.Holiday, timed int, err error) {
	if err := readable(text); err != nil {
		return nil, 0, err
	}
	calendar, err := ics.ParseCalendar(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
	if err != nil {
		return nil, 0, fmt.Errorf("is no iCalendar text that can be read: %w", err)
	}
	events := calendar.Events()
	if len(events) > maxCalendarEvents {
		return nil, 0, fmt.Errorf("has %d events; at most %d are read", len(events), maxCalendarEvents)
	}
	moved := movedOccurrences(events)
	found := dates{names: map[string]string{}}
	for _, e := range events {
		event, err := readEvent(e, moved)
		switch {
		case errors.Is(err, errTimed):
			timed++
		case err != nil:
			return nil, 0, fmt.Errorf("event %q: %w", brief(nameOf(e)), err)
		case event != nil:
			event.occur(&found)
		}
		if len(found.names) > maxCalendarDates {
			return nil, 0, fmt.Errorf("has more than %d dates", maxCalendarDates)
		}
	}
	for _, date := range sortedKeys(found.names) {
		holidays = append(holidays, switchyard.Holiday{Date: date, Name: found.names[date]})
	}
	return holidays, timed, nil
}

// readable bounds what the library is given.
func readable(text string) error {
	switch {
	case len(text) > maxCalendarBytes:
		return fmt.Errorf("has %d bytes; a calendar has at most %d", len(text), maxCalendarBytes)
	case !utf8.ValidString(text):
		return errors.New("is no UTF-8 text")
	case strings.TrimSpace(text) == "":
		return errors.New("is empty")
	}
	length := 0
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\t") {
			length = 0
		}
		if length += len(line); length > maxCalendarLine {
			return fmt.Errorf("has a line longer than %d bytes", maxCalendarLine)
		}
	}
	return nil
}

// dates are the dates found, with their names; of two events on one date the first names it.
type dates struct{ names map[string]string }

func (d *dates) add(date, name string) {
	if _, there := d.names[date]; !there {
		d.names[date] = name
	}
}

// event is an all-day event.
type event struct {
	name    string
	start   time.Time // midnight, as UTC
	days    int       // how many it lasts
	repeats *recurrence
	except  map[time.Time]bool // occurrences that are not there, or moved
	also    []time.Time
}

var errTimed = errors.New("has a time of day")

// readEvent reads an event; nil when it was cancelled.
func readEvent(e *ics.VEvent, moved map[string][]time.Time) (*event, error) {
	if p := e.GetProperty(ics.ComponentPropertyStatus); p != nil && strings.EqualFold(p.Value, "CANCELLED") {
		return nil, nil
	}
	out := &event{name: nameOf(e), days: 1, except: map[time.Time]bool{}}
	start := e.GetProperty(ics.ComponentPropertyDtStart)
	if start == nil {
		return nil, errors.New("has no DTSTART")
	}
	var err error
	if out.start, err = day(start.Value); err != nil {
		return nil, err
	}
	if out.start.Year() < 1900 || out.start.Year() > lastYear {
		return nil, fmt.Errorf("begins in the year %d; from 1900 to %d can be read", out.start.Year(), lastYear)
	}
	if out.days, err = length(e, out.start); err != nil {
		return nil, err
	}
	if out.also, err = days(e, ics.ComponentPropertyRdate); err != nil {
		return nil, err
	}
	except, err := days(e, ics.ComponentPropertyExdate)
	if err != nil {
		return nil, err
	}
	if !e.HasProperty(ics.ComponentPropertyRecurrenceId) {
		except = append(except, moved[e.Id()]...)
	}
	for _, at := range except {
		out.except[at] = true
	}
	if p := e.GetProperty(ics.ComponentPropertyRrule); p != nil {
		out.repeats, err = parseRecurrence(p.Value)
	}
	return out, err
}

// movedOccurrences gathers, by the id of the event, the occurrences that another entry stands for.
func movedOccurrences(events []*ics.VEvent) map[string][]time.Time {
	moved := map[string][]time.Time{}
	for _, e := range events {
		if p := e.GetProperty(ics.ComponentPropertyRecurrenceId); p != nil {
			if at, err := day(p.Value); err == nil {
				moved[e.Id()] = append(moved[e.Id()], at)
			}
		}
	}
	return moved
}

// nameOf returns what an event is called, fit to be shown.
func nameOf(e *ics.VEvent) string {
	p := e.GetProperty(ics.ComponentPropertySummary)
	if p == nil {
		return ""
	}
	name := strings.Join(strings.FieldsFunc(p.Value, func(r rune) bool { return r <= ' ' || r == 0x7f }), " ")
	for len(name) > switchyard.MaxIDBytes {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return strings.TrimSpace(name)
}

// day reads a date, 20261225.
func day(value string) (time.Time, error) {
	at, err := time.Parse("20060102", value)
	if err != nil && len(value) > 8 && value[8] == 'T' {
		return at, errTimed
	}
	if err != nil {
		return at, fmt.Errorf("%q is no date such as 20261225", brief(value))
	}
	return at, nil
}

// days reads all dates of a property that may be given several times and hold several values. Of
// those with a time of day it takes the date.
func days(e *ics.VEvent, property ics.ComponentProperty) ([]time.Time, error) {
	var all []time.Time
	for _, p := range e.GetProperties(property) {
		for value := range strings.SplitSeq(p.Value, ",") {
			value, _, _ = strings.Cut(value, "T")
			at, err := day(value)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", property, err)
			}
			all = append(all, at)
		}
	}
	return all, nil
}

// length returns how many days an event lasts: DTEND is the first day after it.
func length(e *ics.VEvent, start time.Time) (int, error) {
	n := 1
	if p := e.GetProperty(ics.ComponentPropertyDtEnd); p != nil {
		end, err := day(p.Value)
		if err != nil {
			return 0, fmt.Errorf("DTEND: %w", err)
		}
		n = max(int(end.Sub(start)/(24*time.Hour)), 1) // some write the day itself as its end
		if end.Before(start) {
			return 0, errors.New("ends before it begins")
		}
	} else if p := e.GetProperty(ics.ComponentPropertyDuration); p != nil {
		var unit byte
		if _, err := fmt.Sscanf(p.Value+"\n", "P%d%c\n", &n, &unit); err != nil || unit != 'D' && unit != 'W' || n < 1 {
			return 0, fmt.Errorf("DURATION %q is not understood; write whole days, such as P1D", brief(p.Value))
		}
		if unit == 'W' {
			n = 7 * min(n, maxEventDays)
		}
	}
	if n > maxEventDays {
		return 0, fmt.Errorf("lasts longer than %d days", maxEventDays)
	}
	return n, nil
}

// occur adds every date of an event.
func (e *event) occur(found *dates) {
	lasts := func(first time.Time, layout string) {
		for n := range e.days {
			found.add(first.AddDate(0, 0, n).Format(layout), e.name)
		}
	}
	if e.everyYear() {
		lasts(e.start, "01-02")
		return
	}
	occurrences := append([]time.Time{e.start}, e.also...)
	if e.repeats != nil {
		occurrences = append(e.repeats.from(e.start), e.also...)
	}
	for _, first := range occurrences {
		if !e.except[first] {
			lasts(first, time.DateOnly)
		}
	}
}

// everyYear reports whether dates without a year say all of an event: it is on the same date in
// every year there can be.
func (e *event) everyYear() bool {
	if e.repeats == nil || !e.repeats.plain(e.start) || len(e.except)+len(e.also) > 0 || e.start.Year() > firstYear {
		return false
	}
	for n := range e.days - 1 { // the day after 28 February is not the same in every year
		if at := e.start.AddDate(0, 0, n); at.Month() == time.February && at.Day() >= 28 {
			return false
		}
	}
	return true
}

// withCalendar adds the dates of a calendar to the holidays that are written out; these win.
func withCalendar(written, calendar []switchyard.Holiday) []switchyard.Holiday {
	all := slices.Clone(written)
	there := make(map[string]bool, len(written))
	for _, h := range written {
		there[h.Date] = true
	}
	for _, h := range calendar {
		if !there[h.Date] {
			all = append(all, h)
		}
	}
	return all
}

// leftOut is said of events with a time of day.
const leftOut = "%d of its events have a time of day and are left out: only all-day events become holidays"

// calendars checks the calendars that are given as text.
func (c *checker) calendars() {
	for i, s := range c.doc.Schedules {
		path := nth("schedules", i) + ".calendar"
		if s.Calendar == "" || isFile(s.Calendar) {
			continue
		}
		_, timed, err := readCalendar(s.Calendar)
		if err != nil {
			c.fault(path, "the calendar %s", err)
		} else if timed > 0 {
			c.problems.add(Problem{Path: path, Text: fmt.Sprintf("the calendar: "+leftOut, timed), Warning: true})
		}
	}
}

func isFile(value string) bool { return strings.HasPrefix(value, filePrefix) }

// resolveCalendars puts the dates of every calendar that is a file among the holidays.
func resolveCalendars(doc *switchyard.Account, lookup Lookup) (problems []Problem) {
	for i := range doc.Schedules {
		s := &doc.Schedules[i]
		if !isFile(s.Calendar) {
			continue
		}
		path, name := nth("schedules", i)+".calendar", strings.TrimPrefix(s.Calendar, filePrefix)
		content, err := lookup.File(name)
		if err != nil {
			problems = append(problems, Problem{Path: path, Text: fmt.Sprintf("the calendar cannot be read: %s", err)})
			continue
		}
		holidays, timed, err := readCalendar(string(content))
		if err != nil {
			problems = append(problems, Problem{Path: path, Text: fmt.Sprintf("the calendar %s %s", name, err)})
			continue
		}
		if timed > 0 {
			problems = append(problems, Problem{Path: path, Text: fmt.Sprintf("the calendar %s: "+leftOut, name, timed), Warning: true})
		}
		s.Holidays, s.Calendar = withCalendar(s.Holidays, holidays), ""
	}
	return problems
}

// schedules puts the dates of calendars given as text among the holidays: what is published and shown
// holds dates alone.
func (p *preparer) schedules() {
	for i := range p.doc.Schedules {
		s := &p.doc.Schedules[i]
		if s.Calendar == "" {
			continue
		}
		holidays, _, err := readCalendar(s.Calendar)
		if err != nil {
			p.fault(nth("schedules", i)+".calendar", "the calendar %s", err)
			continue
		}
		s.Holidays, s.Calendar = withCalendar(s.Holidays, holidays), ""
	}
}

// Calendars puts the dates of every calendar, whether a file or text, among the holidays: what a plan goes
// by when a document is tried out that was not published. Check tells what is wrong with text.
func (f *File) Calendars(lookup Lookup) []Problem {
	problems := f.Place(resolveCalendars(f.Document, lookup))
	texts := preparer{doc: f.Document}
	texts.schedules()
	return problems
}
