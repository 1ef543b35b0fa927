package zone

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// Every zone can be read, by any case, and none of them is the machine's.
func TestEveryZoneLoads(t *testing.T) {
	names := Names()
	if len(names) < 500 {
		t.Fatalf("%d zones", len(names))
	}
	for _, name := range names {
		if location, ok := Load(name); !ok || location.String() != name {
			t.Errorf("%s: %v, %v", name, location, ok)
		}
	}
	if location, ok := Load("europe/berlin"); !ok || location.String() != "Europe/Berlin" {
		t.Errorf("europe/berlin is %v, %v", location, ok)
	}
	for _, name := range []string{"", "Local", "Berlin", "Europe/", "Europe", "+01:00", "../Europe/Berlin"} {
		if _, ok := Load(name); ok || Known(name) {
			t.Errorf("%q is a zone", name)
		}
	}
}

// The data goes on after its last transition by the rule it ends with.
func TestFarYears(t *testing.T) {
	berlin, _ := Load("Europe/Berlin")
	for year, want := range map[int]string{2026: "CEST", 2060: "CEST", 2099: "CEST"} {
		if name, _ := time.Date(year, 7, 1, 12, 0, 0, 0, berlin).Zone(); name != want {
			t.Errorf("July %d is %s, want %s", year, name, want)
		}
	}
}

func TestMeant(t *testing.T) {
	for name, want := range map[string]string{
		"Berlin": "Europe/Berlin", "new york": "America/New_York", "Europe/Lord_Howe": "Australia/Lord_Howe",
		"Gotham": "", "": "", "Europe/": "", "erlin": "",
	} {
		if got := Meant(name); got != want {
			t.Errorf("by %q is meant %q, want %q", name, got, want)
		}
	}
}

// A zone that an account may have published must never be gone: its journal is folded by newer
// programs. testdata/names.txt lists all there ever were; add what new data brings.
func TestNoZoneIsLost(t *testing.T) {
	text, err := os.ReadFile("testdata/names.txt")
	if err != nil {
		t.Fatal(err)
	}
	ever := strings.Fields(string(text))
	for _, name := range ever {
		if !Known(name) {
			t.Errorf("%s is gone: journals that name it could not be read", name)
		}
	}
	for _, name := range Names() {
		if !slices.Contains(ever, name) {
			t.Errorf("%s is new: add it to testdata/names.txt", name)
		}
	}
}
