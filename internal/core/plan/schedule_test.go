package plan

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"switchyard"
	"switchyard/internal/core/plan/zone"
)

// TestScheduleInstants asks schedules of many zones about moments, around changes of the clock among
// others.
func TestScheduleInstants(t *testing.T) {
	compare(t, "schedules.txt", func(t *testing.T, input string) string {
		head, moments, _ := strings.Cut(input, "\nat:\n")
		doc := account(t, head)
		set, faults := Compile(doc)
		if len(faults) > 0 {
			t.Fatal(written(faults))
		}
		s := set.Schedule(strings.ToUpper(doc.Schedules[0].Name))
		var out strings.Builder
		for line := range strings.SplitSeq(moments, "\n") {
			at, err := time.Parse(time.RFC3339, strings.TrimSpace(line))
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&out, "%s %s %s\n", strings.TrimSpace(line), at.In(s.zone).Format("Mon 2006-01-02 15:04 -0700"),
				s.At(switchyard.InstantOf(at)))
		}
		return out.String()
	})
}

// TestScheduleAgainstNaive compares random schedules with a twin that reads the document's texts and
// walks through the day minute by minute.
func TestScheduleAgainstNaive(t *testing.T) {
	zones := append(zone.Names(), "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo")
	for n := range 150 {
		seed := uint64(n)*7919 + 1
		rng := rand.New(rand.NewPCG(seed, 1))
		begin := time.Date(2024+rng.IntN(5), time.Month(1+rng.IntN(12)), 1+rng.IntN(28), rng.IntN(24), 0, 0, 0, time.UTC)
		doc := randomSchedule(rng, zones[rng.IntN(len(zones))], begin)
		s := compileSchedule(&doc)
		for range 60 {
			at := begin.Add(time.Duration(rng.IntN(6*24*3600)) * time.Second)
			if got, want := s.At(switchyard.InstantOf(at)), naiveExit(t, &doc, at); got != want {
				t.Fatalf("seed %d: %+v is %s at %s (%s), want %s", seed, doc, got, at, at.In(s.zone), want)
			}
		}
	}
}

// randomSchedule makes a schedule whose dates lie around the days that are asked about.
func randomSchedule(rng *rand.Rand, zone string, begin time.Time) switchyard.Schedule {
	ranges := func() (list []string) {
		for range rng.IntN(3) {
			from, to := rng.IntN(24*4), rng.IntN(24*4+1)
			if from != to {
				list = append(list, fmt.Sprintf("%02d:%02d-%02d:%02d", from/4, from%4*15, to/4, to%4*15))
			}
		}
		return list
	}
	someDate := func() string {
		day := begin.AddDate(rng.IntN(2), 0, rng.IntN(9)-1)
		if rng.IntN(9) == 0 {
			day = time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
		}
		if rng.IntN(2) == 0 {
			return day.Format("01-02")
		}
		return day.Format("2006-01-02")
	}
	s := switchyard.Schedule{Name: "s", TimeZone: zone, Hours: map[string][]string{}}
	for _, day := range dayNames {
		if rng.IntN(4) > 0 {
			s.Hours[day] = ranges()
		}
	}
	for range rng.IntN(4) {
		s.Holidays = append(s.Holidays, switchyard.Holiday{Date: someDate()})
	}
	for range rng.IntN(6) {
		date := someDate()
		if !slices.ContainsFunc(s.Exceptions, func(e switchyard.Exception) bool { return e.Date == date }) {
			s.Exceptions = append(s.Exceptions, switchyard.Exception{Date: date, Hours: ranges()})
		}
	}
	return s
}

// naiveExit is the twin: it writes the wall clock as text and looks whether that minute is among those
// of the day's ranges, counted one by one.
func naiveExit(t *testing.T, s *switchyard.Schedule, at time.Time) string {
	location, known := zone.Load(s.TimeZone)
	if !known {
		t.Fatalf("no zone %s", s.TimeZone)
	}
	wall := at.In(location).Format("2006-01-02 15:04")
	today, err := time.Parse("2006-01-02 15:04", wall[:10]+" 00:00")
	if err != nil {
		t.Fatal(err)
	}
	exception := func(day time.Time) *switchyard.Exception {
		for _, layout := range []string{"2006-01-02", "01-02"} {
			for i := range s.Exceptions {
				if s.Exceptions[i].Date == day.Format(layout) {
					return &s.Exceptions[i]
				}
			}
		}
		return nil
	}
	holiday := func(day time.Time) bool {
		return slices.ContainsFunc(s.Holidays, func(h switchyard.Holiday) bool {
			return h.Date == day.Format("2006-01-02") || h.Date == day.Format("01-02")
		})
	}
	ranges := func(day time.Time) []string {
		if e := exception(day); e != nil {
			return e.Hours
		}
		if holiday(day) {
			return nil
		}
		return s.Hours[strings.ToLower(day.Format("Mon"))]
	}
	opens := func(day time.Time) bool {
		for _, r := range ranges(day) {
			minute := day
			for minute.Format("15:04") != r[:5] {
				minute = minute.Add(time.Minute)
			}
			for first := true; first || minute.Format("15:04") != strings.Replace(r[6:], "24:00", "00:00", 1); first = false {
				if minute.Format("2006-01-02 15:04") == wall {
					return true
				}
				minute = minute.Add(time.Minute)
			}
		}
		return false
	}
	switch {
	case exception(today) != nil && opens(today):
		return "open"
	case exception(today) != nil:
		return "closed"
	case holiday(today):
		return "holiday"
	case opens(today) || opens(today.AddDate(0, 0, -1)):
		return "open"
	}
	return "closed"
}

// The newest schedules answer, and one that is not there is closed.
func TestScheduleRouter(t *testing.T) {
	a := appletOf(t, switchyard.Applet{Type: TypeScheduleRouter, Schedule: "$(Which)",
		On: map[string]string{ExitOpen: "b", ExitClosed: "c", ExitHoliday: ""}})
	set, _ := Compile(account(t, `schedules:
  - {name: Office, timezone: Europe/Berlin, hours: {mon: ["12:00-14:00"]}, holidays: [{date: 2026-11-24}]}`))
	c := contextOf(map[string]string{"Which": " OFFICE "})
	c.Schedule = set.Schedule
	if got := show(a.Run(c)); got != "exit: open\nnext: b\n" {
		t.Errorf("at noon: %s", got)
	}
	c.Now = noon.Add(switchyard.Hour)
	if got := show(a.Run(c)); got != "exit: closed\nnext: c\n" {
		t.Errorf("an hour later: %s", got)
	}
	c.Now = noon.Add(switchyard.Day)
	if got := show(a.Run(c)); got != "exit: holiday\nend: true\noutcome: Other\ndetail: holiday\n" {
		t.Errorf("the day after: %s", got)
	}
	c.Env = sources{"Which": "Shop"}
	want := "exit: closed\nnext: c\nfault: $(Which) gives no schedule of the account: \"Shop\"; it counts as closed\n"
	if got := show(a.Run(c)); got != want {
		t.Errorf("an unknown one: %s", got)
	}
	c.Env = sources{"Which": strings.Repeat("x", switchyard.MaxDataSourceBytes+1)}
	if got := a.Run(c); got.Exit != ExitClosed || got.Fault == "" {
		t.Errorf("too long: %+v", got)
	}
}

func FuzzScheduleTexts(f *testing.F) {
	for _, seed := range []string{"08:00-12:00", "22:00-06:00", "00:00-24:00", "mon-fri", "sat-mon,wed", "2026-12-25", "02-29", "0:00-9:5"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if sp, err := parseSpan(text); err == nil && (sp.from < 0 || sp.from >= minutesOfDay || sp.to <= sp.from || sp.to-sp.from > minutesOfDay) {
			t.Errorf("range %q is %v", text, sp)
		}
		if days, err := parseDays(text); err == nil && (len(days) == 0 || len(days) > 14) {
			t.Errorf("days %q are %v", text, days)
		}
		if d, err := parseDate(text); err == nil && (d < 101 || d > 99991231) {
			t.Errorf("date %q is %v", text, d)
		}
	})
}
