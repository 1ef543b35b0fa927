package config

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"switchyard"
	"switchyard/internal/core/plan"
	"switchyard/internal/seal"
)

func TestCalendars(t *testing.T) {
	files, err := filepath.Glob("testdata/calendar/*.ics")
	if err != nil || len(files) < 2 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		holidays, timed, err := readCalendar(string(text))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		var out strings.Builder
		for _, h := range holidays {
			fmt.Fprintln(&out, strings.TrimSpace(h.Date+" "+h.Name))
		}
		fmt.Fprintf(&out, "left out: %d\n", timed)
		golden(t, strings.TrimSuffix(path, ".ics")+".txt", []byte(out.String()))
	}
}

func calendarOf(events ...string) string {
	return "BEGIN:VCALENDAR\nVERSION:2.0\n" + strings.Join(events, "") + "END:VCALENDAR\n"
}

func eventOf(lines ...string) string {
	return "BEGIN:VEVENT\nUID:u\nSUMMARY:Day\n" + strings.Join(lines, "\n") + "\nEND:VEVENT\n"
}

// What cannot be understood is refused and named: nobody finds out on the day itself.
func TestCalendarRefuses(t *testing.T) {
	const start = "DTSTART;VALUE=DATE:20260501"
	for text, want := range map[string]string{
		"  \n":                "is empty",
		"hello":               "is no iCalendar text",
		"BEGIN:VCALENDAR\nX":  "is no iCalendar text",
		"\xff":                "is no UTF-8",
		"env:CALENDAR":        "is no iCalendar text",
		calendarOf(eventOf()): "has no DTSTART",
		calendarOf(eventOf("DTSTART:2026-05-01")):                              `"2026-05-01" is no date`,
		calendarOf(eventOf("DTSTART:20260230")):                                `"20260230" is no date`,
		calendarOf(eventOf("DTSTART:18000101")):                                "begins in the year 1800",
		calendarOf(eventOf(start, "DTEND:20260430")):                           "ends before it begins",
		calendarOf(eventOf(start, "DTEND:20290501")):                           "lasts longer",
		calendarOf(eventOf(start, "DURATION:PT8H")):                            "DURATION",
		calendarOf(eventOf(start, "DURATION:P-1D")):                            "DURATION",
		calendarOf(eventOf(start, "EXDATE:soon")):                              "EXDATE",
		calendarOf(eventOf(start, "RRULE:FREQ=WEEKLY")):                        "repeats WEEKLY; only what comes every year",
		calendarOf(eventOf(start, "RRULE:INTERVAL=2")):                         "has no FREQ",
		calendarOf(eventOf(start, "RRULE:FREQ=YEARLY;BYWEEKNO=20")):            "BYWEEKNO=20, which is not understood",
		calendarOf(eventOf(start, "RRULE:FREQ=YEARLY;BYDAY=1MO")):              "BYDAY without BYMONTH",
		calendarOf(eventOf(start, "RRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=9MO")):    "BYDAY of its RRULE",
		calendarOf(eventOf(start, "RRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=MONDAY")): `"MONDAY" is no day`,
		calendarOf(eventOf(start, "RRULE:FREQ=YEARLY;INTERVAL=0")):             "INTERVAL of its RRULE",
		calendarOf(eventOf(start, "RRULE:FREQ=YEARLY;BYMONTHDAY=0")):           "BYMONTHDAY of its RRULE",
		calendarOf(eventOf(start, "RRULE:FREQ=YEARLY;UNTIL=never")):            "UNTIL of its RRULE",
		calendarOf("X:" + strings.Repeat("x", maxCalendarLine) + "\n"):         "a line longer than",
		calendarOf("X:" + strings.Repeat("x\n ", maxCalendarLine) + "\n"):      "a line longer than",
		strings.Repeat("x\n", maxCalendarBytes):                                "at most 524288",
		calendarOf(strings.Repeat(eventOf(start), maxCalendarEvents+1)):        "2001 events",
	} {
		if holidays, _, err := readCalendar(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.90q: %v, %v; want %q", text, holidays, err, want)
		}
	}
}

// Too many dates of few events are refused before they take room.
func TestCalendarIsBounded(t *testing.T) {
	var events []string
	for n := range 100 {
		events = append(events, eventOf(fmt.Sprintf("DTSTART:20%02d0101", n%90), "DURATION:P366D", "RRULE:FREQ=YEARLY;INTERVAL=2"))
	}
	if _, _, err := readCalendar(calendarOf(events...)); err == nil || !strings.Contains(err.Error(), "more than 4000 dates") {
		t.Errorf("100 events of years: %v", err)
	}
}

// A calendar becomes dates before it is published: from a file where the command runs, from text
// where the document arrives. Applied again it changes nothing, and what is shown can be put again.
func TestCalendarIsPublishedAsDates(t *testing.T) {
	const head = "account: acme\nschedules:\n  - name: Office\n    timezone: Europe/Berlin\n    hours: {mon: ['08:00-12:00']}\n" +
		"    holidays: [{date: 12-25, name: Written}]\n"
	ics := calendarOf(eventOf("DTSTART:20261225", "RRULE:FREQ=YEARLY"), eventOf("DTSTART:20260501"), eventOf("DTSTART:20260501T080000Z"))
	lookup := Lookup{File: func(name string) ([]byte, error) {
		if name == "days.ics" {
			return []byte(ics), nil
		}
		if name == "bad.ics" {
			return []byte("hello"), nil
		}
		return nil, errors.New("no such file")
	}}
	read := func(text string) *File {
		t.Helper()
		file, problems := Read("account.yaml", []byte(text))
		if len(problems) > 0 {
			t.Fatal(Problems(problems))
		}
		return file
	}
	key, hasher := seal.Ephemeral(), seal.NewHasher()
	prepare := func(doc, previous *switchyard.Account) *switchyard.Account {
		t.Helper()
		out, _, err := Prepare(context.Background(), doc, previous, key, hasher)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}

	fromFile := read(head + "    calendar: file:days.ics\n")
	if found := HasReferences(fromFile.Document); len(found) != 1 || found[0].Path != "schedules[0].calendar" {
		t.Errorf("references: %v", Problems(found))
	}
	if problems := fromFile.Check(Rules{}); len(problems) > 0 {
		t.Errorf("before its file is read: %v", Problems(problems))
	}
	problems := fromFile.Resolve(lookup)
	const warning = "account.yaml:7:5: schedules[0].calendar: warning: the calendar days.ics: 1 of its events have a time of day " +
		"and are left out: only all-day events become holidays"
	if len(problems) != 1 || problems[0].String() != warning {
		t.Errorf("got %v, want %s", Problems(problems), warning)
	}
	if problems := fromFile.Check(Rules{}); len(problems) > 0 {
		t.Errorf("after its file was read: %v", Problems(problems))
	}
	published := prepare(fromFile.Document, nil)
	want := []switchyard.Holiday{{Date: "12-25", Name: "Written"}, {Date: "2026-05-01", Name: "Day"}}
	if s := published.Schedules[0]; s.Calendar != "" || fmt.Sprint(s.Holidays) != fmt.Sprint(want) {
		t.Errorf("published %+v, want %v", s, want)
	}

	inline := read(head + "    calendar: |\n      " + strings.ReplaceAll(ics, "\n", "\n      "))
	if problems := inline.Check(Rules{}); len(problems) != 1 || !problems[0].Warning || problems[0].Line != 7 {
		t.Errorf("as text: %v", Problems(problems))
	}
	if again := prepare(inline.Document, published); !Equal(again, published) {
		t.Errorf("the same dates make another document: %v", Diff(published, again))
	}
	if again := prepare(Mask(published), published); !Equal(again, published) {
		t.Errorf("what is shown makes another document: %v", Diff(published, again))
	}

	for calendar, want := range map[string]string{
		"file:bad.ics":  "account.yaml:7:5: schedules[0].calendar: the calendar bad.ics is no iCalendar text that can be read: ",
		"file:none.ics": "account.yaml:7:5: schedules[0].calendar: the calendar cannot be read: no such file",
		"hello":         "account.yaml:7:5: schedules[0].calendar: the calendar is no iCalendar text that can be read: ",
	} {
		file := read(head + "    calendar: " + calendar + "\n")
		problems := file.Resolve(lookup)
		if len(problems) == 0 {
			problems = file.Check(Rules{})
		}
		if len(problems) != 1 || !strings.HasPrefix(problems[0].String(), want) {
			t.Errorf("%s: %v", calendar, Problems(problems))
		}
	}
	_, _, err := Prepare(context.Background(), read(head+"    calendar: hello\n").Document, nil, key, hasher)
	if err == nil || !strings.Contains(err.Error(), "schedules[0].calendar") {
		t.Errorf("an unreadable calendar was prepared: %v", err)
	}
}

func FuzzCalendar(f *testing.F) {
	files, _ := filepath.Glob("testdata/calendar/*.ics")
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add(calendarOf(eventOf("DTSTART:20260501", "RRULE:FREQ=YEARLY;BYMONTH=2,3;BYDAY=-1FR,2MO;BYMONTHDAY=-1,28")))
	f.Fuzz(func(t *testing.T, text string) {
		holidays, _, err := readCalendar(text)
		if err != nil {
			if len(err.Error()) > 2_000 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		doc := switchyard.Account{Account: "a", Schedules: []switchyard.Schedule{{Name: "s", TimeZone: "UTC",
			Hours: map[string][]string{"mon": nil}, Holidays: withCalendar(nil, holidays)}}}
		if _, faults := plan.Compile(&doc); len(faults) > 0 {
			t.Errorf("the dates of a calendar are at fault: %+v", faults[0])
		}
		if again, _, _ := readCalendar(text); fmt.Sprint(again) != fmt.Sprint(holidays) {
			t.Errorf("read again it gives %v, first it gave %v", again, holidays)
		}
	})
}
