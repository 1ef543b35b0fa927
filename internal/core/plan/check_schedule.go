package plan

import (
	"time"

	"switchyard"
	"switchyard/internal/core/plan/zone"
)

// maxRanges bounds the ranges of hours of one day.
const maxRanges = 24

func (c *checker) schedules() {
	first := map[string]place{}
	for i := range c.doc.Schedules {
		s, at := &c.doc.Schedules[i], place("schedules").item(i)
		key := switchyard.CaseKey(s.Name)
		switch {
		case s.Name == "":
			c.fault(at, "name is missing: a schedule needs one")
		case nameFault(s.Name) != "":
			c.fault(at.of("name"), "the schedule's name %s", nameFault(s.Name))
		case first[key] != "":
			c.fault(at.of("name"), "%q is the name of %s already: names of schedules differ in more than case",
				s.Name, first[key])
		default:
			first[key] = at
		}
		c.timeZone(at, s.TimeZone)
		c.week(at.of("hours"), s.Hours)
		c.holidays(at.of("holidays"), s.Holidays)
		c.exceptions(at.of("exceptions"), s.Exceptions)
		if len(s.Hours) == 0 && len(s.Exceptions) == 0 {
			c.warn(at, "the schedule is never open: it has no hours")
		}
	}
}

func (c *checker) timeZone(at place, name string) {
	switch {
	case name == "":
		c.fault(at, "timezone is missing: write a name of the IANA data, such as Europe/Berlin")
	case zone.Known(name) || c.full():
	case zone.Meant(name) != "":
		c.fault(at.of("timezone"), "there is no time zone %q; did you mean %q?", name, zone.Meant(name))
	case Nearest(name, zone.Names()) != "":
		c.fault(at.of("timezone"), "there is no time zone %q; did you mean %q?", name, Nearest(name, zone.Names()))
	default:
		c.fault(at.of("timezone"), "there is no time zone %q; write a name of the IANA data, such as Europe/Berlin or UTC", name)
	}
}

// ranged is a range of hours, where it stands and how it is written.
type ranged struct {
	span
	at   place
	text string
}

// hours reads ranges of hours and reports those that are none.
func (c *checker) hours(at place, texts []string) []ranged {
	if len(texts) > maxRanges {
		c.fault(at, "these are %d ranges of hours; a day has at most %d", len(texts), maxRanges)
		return nil
	}
	var list []ranged
	for i, text := range texts {
		sp, err := parseSpan(text)
		if err != nil {
			c.fault(at.item(i), "%v", err)
			continue
		}
		list = append(list, ranged{sp, at.item(i), text})
	}
	return list
}

func (c *checker) week(at place, hours map[string][]string) {
	var week [7][]ranged
	named := map[time.Weekday]string{}
	for _, key := range sortedKeys(hours) {
		days, err := parseDays(key)
		if err != nil {
			c.fault(at.of(key), "%v", err)
			continue
		}
		list := c.hours(at.of(key), hours[key])
		for _, day := range days {
			if other, twice := named[day]; twice {
				c.fault(at.of(key), "%s is in %q already: name each day once", dayNames[day], other)
				break
			}
			named[day] = key
			week[day] = list
		}
	}
	seen := map[place]bool{}
	for day := range week {
		c.overlaps(week[day], dayNames[day], seen)
		c.runsInto(week[day], week[(day+1)%7], dayNames[(day+1)%7], seen)
	}
}

// overlaps reports ranges of one day that overlap, once for each: days in a row share theirs.
func (c *checker) overlaps(list []ranged, day string, seen map[place]bool) {
	for i, b := range list {
		for _, a := range list[:i] {
			if a.from < b.to && b.from < a.to && !seen[b.at] {
				seen[b.at] = true
				c.fault(b.at, "%q overlaps %q on %s", b.text, a.text, day)
			}
		}
	}
}

// runsInto reports ranges that run over midnight into ranges of the next day.
func (c *checker) runsInto(list, next []ranged, day string, seen map[place]bool) {
	for _, a := range list {
		for _, b := range next {
			if b.from < a.to-minutesOfDay && !seen[b.at] {
				seen[b.at] = true
				c.fault(b.at, "%q overlaps %q of the day before, which runs over midnight into %s", b.text, a.text, day)
			}
		}
	}
}

func (c *checker) holidays(at place, list []switchyard.Holiday) {
	first := make(map[date]int, len(list))
	for i, h := range list {
		d, fine := c.date(at.item(i), h.Date, h.Name)
		if j, twice := first[d]; twice && fine {
			c.warn(at.item(i).of("date"), "%s is there twice; the first is %s", h.Date, at.item(j))
		}
		if fine {
			first[d] = i
		}
	}
}

func (c *checker) exceptions(at place, list []switchyard.Exception) {
	first := make(map[date]int, len(list))
	for i, e := range list {
		d, fine := c.date(at.item(i), e.Date, e.Name)
		if j, twice := first[d]; twice && fine {
			c.fault(at.item(i).of("date"), "%s is %s already: name its hours once", e.Date, at.item(j))
		}
		if fine {
			first[d] = i
		}
		c.overlaps(c.hours(at.item(i).of("hours"), e.Hours), "that date", map[place]bool{})
	}
}

// date checks the date and the name of a holiday or an exception.
func (c *checker) date(at place, text, name string) (d date, fine bool) {
	if name != "" && nameFault(name) != "" {
		c.fault(at.of("name"), "the name %s", nameFault(name))
	}
	if text == "" {
		c.fault(at, "date is missing: write 2026-12-25, or 12-25 for every year")
		return 0, false
	}
	d, err := parseDate(text)
	if err != nil {
		c.fault(at.of("date"), "%v", err)
		return 0, false
	}
	return d, true
}

func (c *checker) scheduleRouter(at place, set *switchyard.Applet) {
	if set.Schedule == "" {
		return // reported as missing
	}
	c.reference(at, "schedule", set.Schedule, "schedule", c.names.schedules)
	for _, exit := range []string{ExitOpen, ExitClosed, ExitHoliday} {
		if _, named := set.On[exit]; !named && !(exit == ExitHoliday && c.noHoliday(set.Schedule)) {
			c.warn(at, "the exit %s is not named: the plan ends there; on: {%s: \"\"} says that this is meant", exit, exit)
		}
	}
}

// noHoliday reports whether a schedule that is named as it is can never take the exit holiday.
func (c *checker) noHoliday(name string) bool {
	for i := range c.doc.Schedules {
		if s := &c.doc.Schedules[i]; switchyard.CaseKey(s.Name) == switchyard.CaseKey(name) {
			return len(s.Holidays) == 0 && s.Calendar == ""
		}
	}
	return false
}
