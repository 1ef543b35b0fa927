package bench

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/goccy/go-yaml"
)

// The load is the contract's example of a dispatch with everything, but for its ids.
func TestFullDispatchIsTheContractsExample(t *testing.T) {
	text, err := os.ReadFile("../../testdata/contract/invoke.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct{ Name, Invoke string }
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, c := range file.Cases {
		if c.Name != "full dispatch" {
			continue
		}
		want := decoded(t, []byte(c.Invoke))
		got := decoded(t, newMessage("host", "token", "ProviderName", fullDispatch("abcd"), 1, 100_000).body())
		for _, call := range []map[string]any{want, got} {
			request := call["requests"].([]any)[0].(map[string]any)
			for _, id := range []string{"requestid", "externalid"} {
				if request[id] == "" {
					t.Errorf("no %s in %v", id, request)
				}
				delete(request, id)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("load\n%v\nwant\n%v", got, want)
		}
		return
	}
	t.Error("the contract's cases have none named full dispatch")
}

func decoded(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return out
}

func TestMessageFillsABodyAndNumbersEachInteraction(t *testing.T) {
	m := newMessage("host", "token", "P", dispatch("abcd", `[{"name":"rare"}]`), 1_000_000, 102_400)
	if n := len(m.body()); n > 102_400 || n < 102_400-500 {
		t.Errorf("the body has %d bytes", n)
	}
	m.number(41)
	m.number(999_999_999_000)
	requests := decoded(t, m.body())["requests"].([]any)
	if len(requests) != m.requests {
		t.Fatalf("%d requests, want %d", len(requests), m.requests)
	}
	seen := map[any]bool{}
	for _, r := range requests {
		request := r.(map[string]any)
		seen[request["externalid"]], seen[request["requestid"]] = true, true
	}
	if len(seen) != 2*m.requests || !seen["abcd999999999001"] || !seen["13141f79-79bb-4e4f-abcd-999999999000"] {
		t.Errorf("%d ids of %d requests", len(seen), m.requests)
	}
}

func TestParseWaitsForTheWholeAnswer(t *testing.T) {
	answer := []byte("HTTP/1.1 503 Service Unavailable\r\nDate: x\r\nContent-Length: 5\r\nX: y\r\n\r\nabcde")
	for n := range answer {
		if _, _, done, err := parse(answer[:n]); done || err != nil {
			t.Fatalf("after %d bytes: done %t, %v", n, done, err)
		}
	}
	status, body, done, err := parse(answer)
	if status != 503 || string(body) != "abcde" || !done || err != nil {
		t.Errorf("%d %q %t %v", status, body, done, err)
	}
	for _, broken := range []string{"HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"} {
		if _, _, _, err := parse([]byte(broken)); err == nil {
			t.Errorf("%q was taken", broken)
		}
	}
}

func TestQuantilesByNearestRank(t *testing.T) {
	var s spread
	for n := 1; n <= 200; n++ {
		s = append(s, time.Duration(n))
	}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 100, 0.99: 198, 0.999: 200, 1: 200} {
		if got := s.at(q); got != want {
			t.Errorf("quantile %g is %d, want %d", q, got, want)
		}
	}
	if spread(nil).at(0.5) != 0 || median([]float64{4, 1, 3}) != 3 || median([]float64{4, 1, 3, 2}) != 2.5 {
		t.Error("the edges are wrong")
	}
}

func TestBareHandlerDecodes(t *testing.T) {
	for body, want := range map[string]int{
		string(newMessage("h", "t", "P", fullDispatch("abcd"), 3, 100_000).body()): http.StatusOK,
		`{"requests":[{"route":1}]}`: http.StatusBadRequest,
		`{"requests":[`:              http.StatusBadRequest,
	} {
		w := httptest.NewRecorder()
		bare(w, httptest.NewRequest(http.MethodPost, "/interactions/invoke", strings.NewReader(body)))
		if w.Code != want || want == http.StatusOK && w.Body.String() != "[]" {
			t.Errorf("%.60s: %d %s", body, w.Code, w.Body)
		}
	}
}

func TestReportSaysWhatWasMissed(t *testing.T) {
	r := &Report{Command: "bench x", Machine: "2 cores"}
	r.add("plain", 12.345, "s")
	r.atMost("good", 1, "s", 2)
	if !r.Met() {
		t.Error("nothing was missed")
	}
	r.atLeast("bad", 0.4, "", 0.5)
	var table, text bytes.Buffer
	if err := r.WriteTable(&table); err != nil || r.Met() || !strings.Contains(table.String(), "at least 0.5: MISSED") || !strings.Contains(table.String(), "at most 2: met") {
		t.Errorf("%v\n%s", err, &table)
	}
	if err := r.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	if figures := decoded(t, text.Bytes())["figures"].([]any); len(figures) != 3 || figures[2].(map[string]any)["met"] != false {
		t.Errorf("%s", &text)
	}
}
