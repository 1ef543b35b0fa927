package switchyard

import (
	"math/big"
	"strconv"
	"strings"
	"testing"
)

// A cursor is read in the one form it is written in: what is read is the same again when it is written.
func FuzzCursor(f *testing.F) {
	for _, text := range []string{"1234.0", "0", "0.0", "7", "18446744073709551615.2147483647", "1.", ".1", "1.2.3", "-1.0", "+1.+0", " 1.2", "1.2 ", "1.2 3", "1\n.2",
		"007.01", "1_0.0", "0x1.0", "1.9223372036854775807", "1.9223372036854775808", "18446744073709551616", "٣.0", "1,2"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCursor(text)
		if err != nil {
			if c != (Cursor{}) || len(err.Error()) > 4*len(text)+100 {
				t.Fatalf("%q: %v with %.500v", text, c, err)
			}
			return
		}
		if text != c.String() && text != strconv.FormatUint(uint64(c.Seq), 10) {
			t.Fatalf("%q was read as %v", text, c)
		}
		if again, err := ParseCursor(c.String()); err != nil || again != c {
			t.Fatalf("%q is %v and, written, %v (%v)", text, c, again, err)
		}
	})
}

// An id is written in lower case and read in any.
func FuzzIDs(f *testing.F) {
	for _, text := range []string{"0193f6a0-7c1e-7000-8000-0000a1b2c3d4", "0193F6A0-7C1E-7000-8000-0000A1B2C3D4", "", "0193f6a0-7c1e-7000-8000-0000a1b2c3d", "0193f6a0-7c1e-7000-8000-0000a1b2c3d4 ",
		"0193f6a07c1e70008000-0000a1b2c3d4----", "00000000-0000-0000-0000-000000000000", "0193f6a0-7c1e-7000-8000-0000a1b2c3-4"} {
		f.Add(text, int64(1_795_000_000_000), uint64(7), uint64(9))
	}
	f.Fuzz(func(t *testing.T, text string, at int64, counter, entropy uint64) {
		if id, err := ParseID(text); err == nil && !id.IsZero() && id.String() != strings.ToLower(text) {
			t.Fatalf("%q was read as %v", text, id)
		}
		at, counter = at&(1<<47-1), counter&(1<<42-1)
		made := NewID(Instant(at), counter, entropy)
		back, err := ParseID(made.String())
		if err != nil || back != made || back.At() != Instant(at) || back.Counter() != counter {
			t.Fatalf("%v of %d, %d came back as %v, %d, %d, %v", made, at, counter, back, back.At(), back.Counter(), err)
		}
	})
}

// A length of time is what its text says, to the millisecond, and never less than nothing; what is
// written is read as the same.
func FuzzDurations(f *testing.F) {
	for _, text := range []string{"20s", "1h30m", "35d", "20", "0", "", "1.5", "1.001", "4.35", "-1", "-0", "NaN", "Inf", "1e3", "1e9", "1000000001", "2147483648d", "0.0009", "0x1p4", "2562047h47m", "1h0m0s", "9999999h",
		"+5", "+5d", "1us", "0m0s", "$(x)"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDuration(text)
		if err != nil {
			if d != 0 || len(err.Error()) > 4*len(text)+100 {
				t.Fatalf("%q: %v with %.500v", text, d, err)
			}
			return
		}
		if again, err := ParseDuration(d.String()); d < 0 || err != nil || again != d {
			t.Fatalf("%q is %d ms, written %v and read as %d ms (%v)", text, int64(d), d, int64(again), err)
		}
		_, fraction, _ := strings.Cut(text, ".")
		if exact, ok := new(big.Rat).SetString(text); ok && len(fraction) <= 6 && strings.Trim(text, "0123456789.") == "" {
			exact.Mul(exact, big.NewRat(1000, 1))
			if whole := new(big.Int).Quo(exact.Num(), exact.Denom()); whole.Int64() != int64(d) {
				t.Fatalf("%q seconds are %v ms, not %d", text, whole, int64(d))
			}
		}
		if n, err := ParseSeconds(text); err == nil && (n < 0 || n > MaxTimeoutSeconds || Duration(n)*Second != d) {
			t.Fatalf("%q is %v and %d seconds", text, d, n)
		}
	})
}
