package app

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"switchyard/internal/config"
	"switchyard/internal/core/plan/zone"
)

// Other time-zone data may decide otherwise, and rows are decided again only by a core that decides
// as theirs did.
func TestDeciderGoesUpWithTimeZones(t *testing.T) {
	data := map[string]string{"2": "2025c"}
	if data[Decider] != config.TimeZones {
		t.Errorf("decider %s has time-zone data %q, the program %s: count Decider up with new data, and write both here",
			Decider, data[Decider], config.TimeZones)
	}
}

// An office as an account file gives it, with an .ics file, through the clock: open at noon, closed at
// night, a holiday from the calendar.
func TestScheduleThroughTheClock(t *testing.T) {
	for _, store := range []string{Memory, "sqlite"} {
		t.Run(store, func(t *testing.T) { officeDays(t, store) })
	}
}

func officeDays(t *testing.T, store string) {
	holiday := time.Now().AddDate(0, 0, 7) // well after the days the story begins with
	folder := t.TempDir()
	ics := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Founders' Day\r\nDTSTART;VALUE=DATE:" +
		holiday.Format("20060102") + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	base, err := os.ReadFile(filepath.Join(scenarioDir, "account.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	account := strings.Replace(string(base), "plans:\n", `schedules:
  - name: Office
    timezone: Europe/Berlin
    hours: {mon-sun: ["08:00-18:00"]}
    calendar: file:days.ics
plans:
  - name: Office
    start: door
    applets:
      door: {type: schedulerouter, schedule: Office, on: {open: q, closed: night, holiday: rest}}
      q: {type: queue}
      night: {type: end, outcome: Night}
      rest: {type: end, outcome: Holiday}
`, 1)
	account = strings.Replace(account, "routes:\n", "routes:\n  - {name: Office, plan: Office}\n", 1)
	for name, text := range map[string]string{"days.ics": ics, "account.yaml": account} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	st := &story{server: newServer(t, store, filepath.Join(folder, "account.yaml")), ids: map[string]string{}}

	doc, version := st.published()
	shown := fmt.Sprint(doc["schedules"])
	if want := holiday.Format(time.DateOnly); !strings.Contains(shown, want) || strings.Contains(shown, "calendar") {
		t.Errorf("shown are %s, want holiday %s and no calendar", shown, want)
	}
	again := func(what string, doc map[string]any) {
		t.Helper()
		st.want(st.native("PUT", "/v1/config", doc), 200)
		if _, now := st.published(); now != version {
			t.Errorf("%s again made version %s of %s", what, now, version)
		}
	}
	again("what is shown", doc)
	office := doc["schedules"].([]any)[0].(map[string]any)
	office["calendar"], office["holidays"] = ics, nil
	again("the calendar as text", doc)
	st.kill()
	st.again()
	if _, now := st.published(); now != version {
		t.Errorf("the file again made version %s of %s", now, version)
	}
	if a := st.native("GET", "/v1/events?type=config.published", nil); !strings.Contains(string(a.body), `"timezones":"`+zone.Version+`"`) {
		t.Errorf("the event says nothing of time zones: %s", a.body)
	}

	berlin, _ := zone.Load("Europe/Berlin")
	advance := func(to time.Time) {
		t.Helper()
		st.want(st.native("POST", "/v1/clock", map[string]any{"advance": to.Sub(st.now()).String()}), 200)
	}
	visit := func(id, state string, outcome any) {
		t.Helper()
		st.invoke(map[string]any{"requests": []any{map[string]any{"externalid": id, "route": "Office"}}})
		if got := st.interaction(id); got["state"] != state || got["outcome"] != outcome {
			t.Errorf("at %s %s is %v, want %s %v", st.now().In(berlin), id, got, state, outcome)
		}
	}
	tomorrow := st.now().In(berlin).AddDate(0, 0, 1)
	at := func(day time.Time, hour int) time.Time {
		return time.Date(day.Year(), day.Month(), day.Day(), hour, 0, 0, 0, berlin)
	}
	advance(at(tomorrow, 12))
	visit("noon", "queued", nil)
	advance(at(tomorrow, 18))
	visit("evening", "ended", "Night")
	advance(at(holiday, 12))
	visit("holiday", "ended", "Holiday")
	advance(at(holiday.AddDate(0, 0, 1), 8))
	visit("morning", "queued", nil)
}

// published is the config in force and its version.
func (st *story) published() (doc map[string]any, version string) {
	st.t.Helper()
	a := st.native("GET", "/v1/config", nil)
	if err := json.Unmarshal(a.body, &doc); err != nil || a.status != 200 {
		st.t.Fatalf("%d %s", a.status, a.body)
	}
	return doc, a.header.Get("ETag")
}

// now is the server's clock.
func (st *story) now() time.Time {
	st.t.Helper()
	var out struct {
		Now time.Time `json:"now"`
	}
	a := st.native("GET", "/v1/clock", nil)
	if err := json.Unmarshal(a.body, &out); err != nil || a.status != 200 || out.Now.IsZero() {
		st.t.Fatalf("%d %s", a.status, a.body)
	}
	return out.Now
}
