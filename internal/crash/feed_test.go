package crash

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"switchyard"
	"switchyard/internal/api/native"
)

// reader follows one account's feed over all crashes, and leaves and comes back by itself, too.
type reader struct {
	w   *world
	rnd *rand.Rand

	mu     sync.Mutex
	seen   []seen
	caught chan struct{} // closed when something was read
}

// seen is an event that was read.
type seen struct {
	at     switchyard.Cursor
	digest [sha256.Size]byte
}

func newReader(w *world, rnd *rand.Rand) *reader {
	return &reader{w: w, rnd: rnd, caught: make(chan struct{})}
}

// run reads until ctx ends.
func (r *reader) run(ctx context.Context) error {
	for ctx.Err() == nil {
		if r.w.server.await(ctx) == nil {
			r.stream(ctx)
		}
	}
	return nil
}

// last is where to go on.
func (r *reader) last() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.seen) == 0 {
		return "0"
	}
	return r.seen[len(r.seen)-1].at.String()
}

// stream reads until the connection breaks, or is given up after a while.
func (r *reader) stream(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(100+r.rnd.IntN(3000))*time.Millisecond)
	defer cancel()
	token, err := r.w.ops.bearer(ctx)
	if err != nil {
		return
	}
	request, err := http.NewRequestWithContext(ctx, "GET", r.w.server.url+"/v1/events", nil)
	if err != nil {
		return
	}
	request.Header.Set("Authorization", token)
	request.Header.Set("Accept", "text/event-stream")
	request.Header.Set("Last-Event-ID", r.last())
	response, err := r.w.ops.http.Do(request)
	if err != nil {
		return
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		if response.StatusCode != http.StatusServiceUnavailable {
			r.w.faults.add(feedFault, "account %s: no event after %s can be read: %s", r.w.account, r.last(), response.Status)
			r.restart()
		}
		return
	}
	lines := bufio.NewReaderSize(response.Body, 1<<16)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		if text, is := strings.CutPrefix(line, "data: "); is {
			r.take(jsontext.Value(strings.TrimSuffix(text, "\n")))
		}
	}
}

// restart reads everything again: what was read is not what there is.
func (r *reader) restart() {
	r.mu.Lock()
	r.seen = nil
	r.mu.Unlock()
	r.w.model.reset()
}

// take checks that an event follows the one before, and hands it on.
func (r *reader) take(text jsontext.Value) {
	h, s, err := decode(text)
	if err != nil {
		r.w.faults.add(feedFault, "account %s: %v", r.w.account, err)
		return
	}
	r.mu.Lock()
	var before switchyard.Cursor
	if len(r.seen) > 0 {
		before = r.seen[len(r.seen)-1].at
	}
	r.seen = append(r.seen, s)
	close(r.caught)
	r.caught = make(chan struct{})
	r.mu.Unlock()
	if err := follows(before, s.at); err != nil {
		r.w.faults.add(feedFault, "account %s: %v", r.w.account, err)
	}
	r.w.model.take(h)
}

func decode(text jsontext.Value) (*native.Happening, seen, error) {
	h := new(native.Happening)
	if err := json.Unmarshal(text, h); err != nil {
		return nil, seen{}, fmt.Errorf("event %.200s: %w", text, err)
	}
	return h, seen{switchyard.Cursor{Seq: h.Seq, N: h.N}, sha256.Sum256(text)}, nil
}

// follows reports whether an event is the next one: the next of its row, or the first of the next.
func follows(before, at switchyard.Cursor) error {
	if at.Seq == before.Seq && at.N == before.N+1 && at.Seq > 0 || at.Seq == before.Seq+1 && at.N == 0 {
		return nil
	}
	return fmt.Errorf("event %s came after %s", at, before)
}

// fresh reads the whole feed anew, in pages.
func (w *world) fresh(ctx context.Context) (all []seen, err error) {
	for after := "0"; ; {
		var page struct {
			Items []jsontext.Value `json:"items"`
			Next  string           `json:"next"`
		}
		if err := w.ops.get(ctx, "/v1/events?limit=1000&after="+after, &page); err != nil {
			return nil, err
		}
		for _, item := range page.Items {
			_, s, err := decode(item)
			if err != nil {
				return nil, err
			}
			all = append(all, s)
		}
		if page.Next == after {
			return all, nil
		}
		after = page.Next
	}
}

// compare waits until the reader has come to where the feed ends, and holds what it read against a
// fresh read.
func (r *reader) compare(ctx context.Context) error {
	all, err := r.w.fresh(ctx)
	if err != nil {
		return err
	}
	for {
		r.mu.Lock()
		read, caught := r.seen, r.caught
		r.mu.Unlock()
		if hasRead(read, all) {
			if err := difference(read, all); err != nil {
				r.w.faults.add(feedFault, "account %s: %v", r.w.account, err)
			}
			return nil
		}
		select {
		case <-caught:
		case <-ctx.Done():
			r.w.faults.add(feedFault, "account %s: the reader stands at %s, the feed at %s", r.w.account, r.last(), all[len(all)-1].at)
			return ctx.Err()
		}
	}
}

// hasRead reports whether a reader stands at the end of the feed, or beyond. How many events it read
// does not tell: a server that lost rows has others in their place, and more or fewer of them.
func hasRead(read, all []seen) bool {
	if len(all) == 0 || len(read) == 0 {
		return len(all) == 0
	}
	stands, end := read[len(read)-1].at, all[len(all)-1].at
	return stands.Seq > end.Seq || stands.Seq == end.Seq && stands.N >= end.N
}

// difference returns the first event that was read otherwise over the crashes than anew; what was
// read beyond the end of all came later.
func difference(read, all []seen) error {
	for n, s := range all {
		if n >= len(read) {
			return fmt.Errorf("%d events were read over the crashes, %d anew", len(read), len(all))
		}
		if read[n] != s {
			return fmt.Errorf("event %d is %s read over the crashes and %s read anew, or says something else", n, read[n].at, s.at)
		}
	}
	return nil
}

// TestReaderOfOtherRows: a reader that read rows a server lost, and then those in their place, has
// come to the end all the same, and is found to have read something else.
func TestReaderOfOtherRows(t *testing.T) {
	at := func(seq switchyard.Seq, n int) seen { return seen{at: switchyard.Cursor{Seq: seq, N: n}} }
	lost := []seen{at(1, 0), at(2, 0), at(3, 0)}
	anew := []seen{at(1, 0), at(2, 0), at(2, 1), at(3, 0)}
	if !hasRead(lost, anew) || difference(lost, anew) == nil {
		t.Error("row 2 lost its second event, and the reader waits for it")
	}
	if !hasRead(anew, lost) || difference(anew, lost) == nil {
		t.Error("row 2 had a second event once, and no difference is seen")
	}
	if hasRead(lost[:2], lost) {
		t.Error("a reader at row 2 has not come to row 3")
	}
	if later := append(lost, at(4, 0)); !hasRead(later, lost) || difference(later, lost) != nil {
		t.Error("an event after the fresh read is no difference")
	}
}
