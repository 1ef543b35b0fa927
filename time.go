package switchyard

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Instant is a moment as whole milliseconds since 1970-01-01T00:00:00Z. The zero Instant means
// "none" wherever a moment is optional.
type Instant int64

// Never is later than every moment that can occur.
const Never Instant = 1<<63 - 1

// InstantOf cuts t to the millisecond.
func InstantOf(t time.Time) Instant { return Instant(t.UnixMilli()) }

// Time returns the moment as a UTC time.
func (i Instant) Time() time.Time { return time.UnixMilli(int64(i)).UTC() }

// Add returns the moment d later; Never stays Never.
func (i Instant) Add(d Duration) Instant {
	if i == Never || Instant(d) > Never-i {
		return Never
	}
	return i + Instant(d)
}

// Sub returns the time from earlier to i.
func (i Instant) Sub(earlier Instant) Duration { return Duration(i - earlier) }

// String writes RFC 3339 with milliseconds, in UTC.
func (i Instant) String() string {
	b, _ := i.AppendText(nil)
	return string(b)
}

// AppendText implements encoding.TextAppender. None is the empty text, Never is "never".
func (i Instant) AppendText(b []byte) ([]byte, error) {
	switch i {
	case 0:
		return b, nil
	case Never:
		return append(b, "never"...), nil
	}
	t := i.Time()
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return t.AppendFormat(b, "2006-01-02T15:04:05.000Z"), nil
	}
	// A row of the journal holds ten instants and more; by layout they would cost more than the
	// rest of it.
	hour, minute, second := t.Clock()
	b = append(digits(digits(b, year/100), year%100), '-')
	b = append(digits(b, int(month)), '-')
	b = append(digits(b, day), 'T')
	b = append(digits(b, hour), ':')
	b = append(digits(b, minute), ':')
	b = append(digits(b, second), '.')
	millis := t.Nanosecond() / int(time.Millisecond)
	return append(digits(append(b, byte('0'+millis/100)), millis%100), 'Z'), nil
}

// digits appends n, below 100, as two digits.
func digits(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

// MarshalText implements encoding.TextMarshaler.
func (i Instant) MarshalText() ([]byte, error) { return i.AppendText(nil) }

// UnmarshalText reads what AppendText wrote, or any RFC 3339 moment.
func (i *Instant) UnmarshalText(b []byte) error {
	switch string(b) {
	case "":
		*i = 0
		return nil
	case "never":
		*i = Never
		return nil
	}
	t, err := time.Parse(time.RFC3339Nano, string(b))
	if err != nil {
		return fmt.Errorf("%q is no RFC 3339 moment such as 2026-11-23T12:04:05.678Z", b)
	}
	*i = InstantOf(t)
	return nil
}

// Duration is a length of time in whole milliseconds. In documents it is written as a Go duration
// ("20s", "1h30m") or as a number of seconds.
type Duration int64

// Lengths of time in the units people use.
const (
	Millisecond Duration = 1
	Second               = 1000 * Millisecond
	Minute               = 60 * Second
	Hour                 = 60 * Minute
	Day                  = 24 * Hour
)

// Std returns d as a time.Duration.
func (d Duration) Std() time.Duration { return time.Duration(d) * time.Millisecond }

// String writes a Go duration without trailing zero units: "20s", "1h30m", "168h".
func (d Duration) String() string {
	s := d.Std().String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a Go duration, a number of seconds, or days as "31d".
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := ParseDuration(string(b))
	if err == nil {
		*d = v
	}
	return err
}

// UnmarshalJSON accepts a JSON string holding a duration, or a JSON number of seconds.
func (d *Duration) UnmarshalJSON(b []byte) error {
	return d.UnmarshalText([]byte(strings.Trim(string(b), `"`)))
}

// MarshalJSON writes the duration as a JSON string.
func (d Duration) MarshalJSON() ([]byte, error) { return []byte(`"` + d.String() + `"`), nil }

// maxDays is how many whole days a Go duration can hold, and with it the form String writes.
const maxDays = int64(math.MaxInt64 / (24 * time.Hour))

// ParseDuration reads a Go duration ("20s"), whole days ("35d") or a number of seconds ("20").
func ParseDuration(s string) (Duration, error) {
	if n, ok := strings.CutSuffix(s, "d"); ok {
		if days, err := strconv.ParseInt(n, 10, 32); err == nil && days >= 0 {
			if days > maxDays {
				return 0, fmt.Errorf("%q is too long: at most %dd are possible", s, maxDays)
			}
			return Duration(days) * Day, nil
		}
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && f >= 0 && f <= 1e9 {
		// By way of microseconds, since 1.001 × 1000 is less than 1001 in floating point.
		return Duration(int64(math.Round(f*1e6)) / 1000), nil
	}
	t, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%q is no duration: write 20s, 1h30m, 35d or a number of seconds", s)
	}
	if t < 0 {
		return 0, errors.New("a duration cannot be negative")
	}
	return Duration(t / time.Millisecond), nil
}
