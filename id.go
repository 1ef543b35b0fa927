package switchyard

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// ID names an interaction, an effect or a call for ever. It is a UUID (version 7): 48 bits of the
// instant it was made at, then 42 bits of a counter of its account, then 32 random bits. Ids of one
// account therefore sort in the order they were made, also within one millisecond.
type ID [16]byte

// NewID makes an id. counter must grow within an account (or other source); entropy supplies the
// random bits and comes from outside, so that the same input makes the same id again.
func NewID(at Instant, counter uint64, entropy uint64) ID {
	var id ID
	binary.BigEndian.PutUint64(id[0:8], uint64(at)<<16|0x7000|(counter>>30)&0xfff)
	binary.BigEndian.PutUint64(id[8:16], 1<<63|(counter&(1<<30-1))<<32|mix(entropy+counter)&0xffffffff)
	return id
}

// Counter returns the counter the id was made with.
func (id ID) Counter() uint64 {
	high := binary.BigEndian.Uint64(id[0:8]) & 0xfff
	low := binary.BigEndian.Uint64(id[8:16]) >> 32 & (1<<30 - 1)
	return high<<30 | low
}

// At returns the instant the id was made at.
func (id ID) At() Instant { return Instant(binary.BigEndian.Uint64(id[0:8]) >> 16) }

// IsZero reports whether id is no id.
func (id ID) IsZero() bool { return id == ID{} }

func (id ID) String() string {
	b, _ := id.AppendText(make([]byte, 0, 36))
	return string(b)
}

// AppendText writes the usual form of a UUID; the zero id is the empty text.
func (id ID) AppendText(b []byte) ([]byte, error) {
	if id.IsZero() {
		return b, nil
	}
	b = append(hex.AppendEncode(b, id[0:4]), '-')
	b = append(hex.AppendEncode(b, id[4:6]), '-')
	b = append(hex.AppendEncode(b, id[6:8]), '-')
	b = append(hex.AppendEncode(b, id[8:10]), '-')
	return hex.AppendEncode(b, id[10:16]), nil
}

// MarshalText implements encoding.TextMarshaler.
func (id ID) MarshalText() ([]byte, error) { return id.AppendText(nil) }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *ID) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*id = ID{}
		return nil
	}
	v, err := ParseID(string(b))
	if err == nil {
		*id = v
	}
	return err
}

// ParseID reads the form String writes, in any case.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' {
		if n, err := hex.Decode(id[:], []byte(strings.ReplaceAll(s, "-", ""))); err == nil && n == 16 {
			return id, nil
		}
	}
	return ID{}, fmt.Errorf("%q is no id: ids look like 0193f6a0-7c1e-7000-8000-0000a1b2c3d4", s)
}

// mix is the finalizer of splitmix64: it spreads the bits of x.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// Seq numbers the rows of one account's journal from 1, without a gap.
type Seq uint64

// Cursor is the place of one event in an account's journal: event N (from 0) of row Seq.
type Cursor struct {
	Seq Seq
	N   int
}

func (c Cursor) String() string { return fmt.Sprintf("%d.%d", c.Seq, c.N) }

// MarshalText implements encoding.TextMarshaler.
func (c Cursor) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// ParseCursor reads "seq.n", or "seq" for the whole row, in the one form String writes: what follows
// a cursor by mistake must not be taken for nothing.
func ParseCursor(s string) (Cursor, error) {
	row, n, both := strings.Cut(s, ".")
	seq, err := strconv.ParseUint(row, 10, 64)
	c := Cursor{Seq: Seq(seq), N: 1<<31 - 1}
	if both && err == nil {
		c.N, err = strconv.Atoi(n)
	}
	if whole := strconv.FormatUint(seq, 10); err != nil || c.N < 0 || both && s != c.String() || !both && s != whole {
		return Cursor{}, fmt.Errorf("%q is no cursor: cursors look like 1234.0", s)
	}
	return c, nil
}

// CaseKey is the form under which names that compare without case are equal.
func CaseKey(name string) string { return strings.ToLower(name) }
