package switchyard

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// Ids sort in the order they were made, also within one millisecond and when time stands still.
func TestIDsSortInOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	at, last := InstantOf(Instant(1_795_000_000_000).Time()), ""
	for n := range uint64(10_000) {
		at += Instant(rng.IntN(3) / 2)
		id := NewID(at, n+1<<29, rng.Uint64())
		text := id.String()
		if text <= last {
			t.Fatalf("id %d %s does not follow %s", n, text, last)
		}
		last = text
		back, err := ParseID(strings.ToUpper(text))
		if err != nil || back != id || back.Counter() != n+1<<29 || back.At() != at {
			t.Fatalf("%s reads back as %v (%v), counter %d, at %v", text, back, err, back.Counter(), back.At())
		}
		if text[14] != '7' || !strings.ContainsRune("89ab", rune(text[19])) {
			t.Fatalf("%s is no UUID of version 7", text)
		}
	}
}

func TestParseIDRefuses(t *testing.T) {
	for _, text := range []string{"", "x", "0193f6a0-7c1e-7000-8000-0000a1b2c3d", "0193f6a07c1e-7000-8000-0000a1b2c3d4-", "0193f6a0-7c1e-7000-8000-0000a1b2c3dg"} {
		if id, err := ParseID(text); err == nil {
			t.Errorf("%q was read as %v", text, id)
		}
	}
}

func TestDurations(t *testing.T) {
	for text, want := range map[string]Duration{
		"20s": 20 * Second, "20": 20 * Second, "1.5": 1500, "1h30m": 90 * Minute, "35d": 35 * Day, "0s": 0, "0": 0, "250ms": 250,
	} {
		got, err := ParseDuration(text)
		if err != nil || got != want {
			t.Errorf("%q is %v (%v), want %v", text, got, err, want)
		}
		if back, err := ParseDuration(got.String()); err != nil || back != got {
			t.Errorf("%v written as %q reads back as %v (%v)", got, got.String(), back, err)
		}
	}
	for _, text := range []string{"", "-1s", "soon", "1d2h", "-5"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
	for d, want := range map[Duration]string{168 * Hour: "168h", 90 * Minute: "1h30m", 20 * Second: "20s", 60 * Second: "1m", 0: "0s"} {
		if d.String() != want {
			t.Errorf("%d ms is written %q, want %q", d, d.String(), want)
		}
	}
}

func TestInstants(t *testing.T) {
	var at Instant
	if err := at.UnmarshalText([]byte("2026-11-23T12:04:05.678Z")); err != nil || at.String() != "2026-11-23T12:04:05.678Z" {
		t.Errorf("%v, %v", at, err)
	}
	if Never.Add(Hour) != Never || at.Add(Duration(Never)) != Never || at.Add(Second).Sub(at) != Second {
		t.Error("instants do not add up")
	}
	for _, text := range []string{"", "never"} {
		if err := at.UnmarshalText([]byte(text)); err != nil || at.String() != text {
			t.Errorf("%q: %v, %v", text, at, err)
		}
	}
}

func TestCursors(t *testing.T) {
	for text, want := range map[string]Cursor{"12.3": {12, 3}, "0.0": {}, "7": {7, 1<<31 - 1}} {
		if got, err := ParseCursor(text); err != nil || got != want {
			t.Errorf("%q is %v (%v), want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "a", "1.", "1.-2", ".3", "1.2.3", "-1", "1.2 3", " 1.2", "1.2 ", "007.01", "07", "+1.0", "18446744073709551616"} {
		if got, err := ParseCursor(text); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}

func TestBandsAndClasses(t *testing.T) {
	for text, want := range map[string]Band{"Highest": 1, "normal": 3, "5": 5} {
		if got, err := ParseBand(text); err != nil || got != want {
			t.Errorf("%q is %v (%v)", text, got, err)
		}
	}
	for _, text := range []string{"", "0", "6", "high"} {
		if got, err := ParseBand(text); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
	var c Class
	if err := c.UnmarshalText([]byte("NonLive")); err != nil || c != NonLive {
		t.Error(c, err)
	}
	if c.UnmarshalText([]byte("fax")) == nil {
		t.Error("fax is an interaction type")
	}
}

// Every code of the contract is in the table, and Refuse knows no other.
func TestCodes(t *testing.T) {
	text, err := os.ReadFile("errors.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range strings.Fields(`route_required route_unknown action_invalid externalid_required externalid_invalid
		externalid_in_use interaction_not_found provider_unknown skill_unknown agent_unknown linkeddata_invalid value_too_long
		interactiontype_invalid expiryafter_invalid timeout_invalid personalqueue_incomplete requestid_invalid member_invalid`) {
		if Codes[Code(word)].Summary == "" {
			t.Errorf("%s is not in the table", word)
		}
	}
	if declared := strings.Count(string(text), "Code = \""); declared != len(Codes) {
		t.Errorf("%d codes are declared, %d are in the table", declared, len(Codes))
	}
}
