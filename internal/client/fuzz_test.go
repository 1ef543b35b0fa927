package client

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// happenings writes what a server sends after the event of a given id: events, each with its id, and
// now and then a comment and an id alone, as a quiet feed has them.
func happenings(shape []byte, after string) (text string, ids []string) {
	var b strings.Builder
	found := after == ""
	for n, s := range shape {
		id := fmt.Sprintf("%d.%d", n+1, s%3)
		if found {
			switch s % 4 {
			case 0:
				fmt.Fprintf(&b, ": alive\nid: %s\n\n", id)
			default:
				fmt.Fprintf(&b, "id: %s\nevent: e%d\ndata: {\"seq\":%d,\"n\":%d}\n\n", id, s, n+1, s%3)
				ids = append(ids, id)
			}
		}
		found = found || id == after
	}
	return b.String(), ids
}

// Wherever a connection breaks, and however its bytes come, every event arrives, whole and in order;
// at most the one before the break may arrive again.
func FuzzFeedBreaks(f *testing.F) {
	f.Add([]byte{1, 0, 2, 3}, uint16(20))
	f.Add([]byte{1, 5, 9}, uint16(45))
	f.Add([]byte{0, 0, 7}, uint16(11))
	f.Fuzz(func(t *testing.T, shape []byte, cut uint16) {
		if len(shape) > 40 {
			return
		}
		text, want := happenings(shape, "")
		var got []string
		r := &reader{f: func(line Line) error {
			h, err := Decode(line.Data)
			if err != nil {
				return fmt.Errorf("%q: %w", line.Data, err)
			}
			got = append(got, fmt.Sprintf("%d.%d", h.Seq, h.N))
			return nil
		}}
		first := strings.NewReader(text[:min(int(cut), len(text))])
		if err := r.read(t.Context(), io.MultiReader(first, iotest.ErrReader(io.ErrUnexpectedEOF))); err != io.ErrUnexpectedEOF {
			t.Fatalf("a connection that broke: %v", err)
		}
		rest, _ := happenings(shape, r.last)
		if err := r.read(t.Context(), iotest.OneByteReader(strings.NewReader(rest))); err != nil {
			t.Fatalf("the connection after it: %v", err)
		}
		if got = slices.Compact(got); !slices.Equal(got, want) {
			t.Fatalf("cut at %d: got %q, want %q", cut, got, want)
		}
	})
}

// Whatever comes, no more is handed on than came, each piece stands in it, and the place to go on from
// is an id that was read.
func FuzzServerSentEvents(f *testing.F) {
	f.Add([]byte("id: 7.0\nevent: a\ndata: {\"seq\":7}\n\n: alive\nid: 9.1\n\nid: 10.0\nevent: b\n"))
	f.Add([]byte("data: x\r\n\r\nid:\ndata:y\nretry: 5\n\n\n"))
	f.Add([]byte(": \nid: \xff\n\ndata: \x00\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		read := func(from io.Reader) (lines []Line, last string) {
			r := &reader{f: func(line Line) error {
				line.Data = bytes.Clone(line.Data)
				lines = append(lines, line)
				return nil
			}}
			if err := r.read(context.Background(), from); err != nil {
				t.Fatal(err)
			}
			return lines, r.last
		}
		lines, last := read(bytes.NewReader(body))
		size := 0
		for _, line := range lines {
			size += len(line.Data)
			if !bytes.Contains(body, line.Data) || !bytes.Contains(body, []byte(line.Type)) || bytes.ContainsRune(line.Data, '\n') {
				t.Fatalf("%q, %q does not stand in the feed", line.Type, line.Data)
			}
		}
		if size > len(body) || last != "" && !bytes.Contains(body, []byte("id: "+last)) {
			t.Fatalf("%d bytes of %d, last %q", size, len(body), last)
		}
		again, lastAgain := read(iotest.HalfReader(bytes.NewReader(body)))
		if len(again) != len(lines) || lastAgain != last {
			t.Fatalf("read in other pieces it gives %d events up to %q, not %d up to %q", len(again), lastAgain, len(lines), last)
		}
	})
}
