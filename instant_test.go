package switchyard_test

import (
	"math/rand/v2"
	"testing"

	"switchyard"
)

// TestInstantTextIsTheLayouts compares the text of instants with what the time package writes.
func TestInstantTextIsTheLayouts(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	instants := []switchyard.Instant{1, -1, 999, 1000, -62_167_219_200_001, -62_167_219_200_000, 253_402_300_799_999, 253_402_300_800_000}
	for range 20_000 {
		instants = append(instants, switchyard.Instant(r.Int64N(1<<49)-1<<48))
	}
	for _, i := range instants {
		if got, want := i.String(), i.Time().Format("2006-01-02T15:04:05.000Z"); got != want {
			t.Fatalf("%d is written %s, want %s", int64(i), got, want)
		}
		var back switchyard.Instant
		if i.Time().Year() >= 0 && i.Time().Year() <= 9999 {
			if err := back.UnmarshalText([]byte(i.String())); err != nil || back != i {
				t.Fatalf("%s is read as %d, not %d: %v", i, int64(back), int64(i), err)
			}
		}
	}
}
