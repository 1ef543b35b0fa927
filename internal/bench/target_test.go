package bench

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"
)

func ask(ctx context.Context, url string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return string(body), err
}

// Whoever waits for an interaction goes on with its second question, not with its first, and whether it
// came before the wait or comes during it.
func TestQuickTargetTellsOfTheSecondQuestion(t *testing.T) {
	q, err := newQuick(time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer q.close()
	for _, path := range []string{firstQuestion + "7", secondQuestion + "8", secondQuestion + "8"} {
		if body, err := ask(t.Context(), q.url()+path); err != nil || body != `{"customer":{"tier":"gold"}}` {
			t.Fatalf("%s: %s %v", path, body, err)
		}
	}
	if err := q.await(8, answerLimit); err != nil {
		t.Error(err)
	}
	if err := q.await(7, time.Millisecond); err == nil {
		t.Error("the first question was taken for the second")
	}
	waited := make(chan error, 1)
	go func() { waited <- q.await(9, answerLimit) }()
	if _, err := ask(t.Context(), q.url()+secondQuestion+"9"); err != nil {
		t.Fatal(err)
	}
	if err := <-waited; err != nil {
		t.Error(err)
	}
}

// It accepts connections, and nobody who asks hears anything until the measurement is over.
func TestHangingTargetAnswersNobody(t *testing.T) {
	h, err := newHanging(2)
	if err != nil {
		t.Fatal(err)
	}
	if h.url(0) == h.url(1) {
		t.Error("two hosts are one")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if body, err := ask(ctx, h.url(1)+firstQuestion+"1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%q %v", body, err)
	}
	if err := h.close(); err != nil {
		t.Error(err)
	}
}

// A turn is compared with the mean of those around it, and one bad turn decides nothing.
func TestTurnsAreComparedWithThoseAroundThem(t *testing.T) {
	var all turns
	all.add(100, 150, 200)
	all.add(200, 20, 200)
	all.add(200, 90, 100)
	r := &Report{}
	all.report(r, "x", "/s")
	if r.Figures[0].Value != 150 || r.Figures[1].Value != 90 || r.Figures[2].Value != 0.6 || r.Met() {
		t.Errorf("%+v", r.Figures)
	}
}

func TestLongestTurnLeavesTimeToPrepareIt(t *testing.T) {
	for inFlight, want := range map[int]int{1: 54, 10_000: 45, MaxInFlight: 5} {
		got := MaxConnectorSlice(inFlight)
		if wait := (&Connectors{InFlight: inFlight, Slice: got}).timeout(); got != want || wait > longestWait {
			t.Errorf("%d in flight: %d s, which hang for %s; want %d s", inFlight, got, wait, want)
		}
	}
}
