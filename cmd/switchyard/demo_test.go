package main

import (
	"bytes"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// safeBuffer is written by the command and read by the test.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
	ch  chan struct{} // one for every write
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case b.ch <- struct{}{}:
	default:
	}
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// What the demo promises a stranger: work is done, the provider hears of it, and the printed lines
// work when they are pasted.
func TestDemo(t *testing.T) {
	out := &safeBuffer{ch: make(chan struct{}, 1)}
	var failed bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run([]string{"demo", "--plain", "--for", "6s", "--speed", "8", "--listen", "127.0.0.1:0"}, out, &failed)
	}()
	for !strings.Contains(out.String(), "answered") {
		select {
		case <-out.ch:
		case code := <-ended:
			t.Fatalf("the demo ended with %d: %s%s", code, out, failed.String())
		}
	}
	pasted := paste(t, out.String())
	for _, want := range []string{"[]", `"status":"accepted"`, `"externalid":"ObjectId_001"`} {
		if !strings.Contains(pasted, want) {
			t.Errorf("the pasted lines answered %s; want %s in it", pasted, want)
		}
	}
	if code := <-ended; code != 0 {
		t.Fatalf("exit %d: %s", code, failed.String())
	}
	for _, what := range []string{"sent", "answered", "finished", "callbacks"} {
		found := regexp.MustCompile(what+` (\d+)`).FindAllStringSubmatch(out.String(), -1)
		if n, _ := strconv.Atoi(found[len(found)-1][1]); n == 0 {
			t.Errorf("nothing was %s:\n%s", what, out)
		}
	}
}

// paste runs what the demo printed in a shell.
func paste(t *testing.T, printed string) string {
	t.Helper()
	from, to := strings.Index(printed, "  # a token"), strings.LastIndex(printed, "\n\nsent ")
	if from < 0 || to < from {
		t.Fatalf("no lines to paste in:\n%s", printed)
	}
	answer, err := exec.Command("sh", "-c", printed[from:to]).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	return string(answer)
}
