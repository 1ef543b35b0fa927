package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"switchyard/internal/bench"
)

// Every measurement runs, in small, against servers that are processes of the real binary. What the
// figures are is nothing a test can judge; that they were measured is.
func TestBench(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "switchyard")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for line, figures := range map[string][]string{
		"latency --count 10 --rate 50":                              {"dispatches", "create to offered, p99"},
		"invoke --seconds 2 --slice 1 --connections 4":              {"durable calls, median of the slices", "bare handler, median of the slices", "durable ÷ bare"},
		"invoke --batch --seconds 1 --slice 1 --connections 2":      {"durable interactions, median of the slices"},
		"isolation --seconds 1 --slice 1 --connections 2 --rate 20": {"flood on the other, largest", "p99 beside the flood ÷ without"},
		"connectors --in-flight 300 --hosts 9 --seconds 1 --slice 1 --connections 2": {
			"connectors in flight that hang, wanted and unanswered all through each turn", "of them asked at their hosts at the same time, median",
			"connectors of another account beside ÷ without, median of the turns", "invoke beside ÷ without, median of the turns"},
		"backlog --waiting 400 --agents 20":                                   {"SIGKILL, start, /readyz", "all 20 agents have an offer after", "all 100 offers that fit them seen after"},
		"backlog --expiring --waiting 400 --agents 20 --probes 60 --load 12s": {"probes", "offer on the feed after its expiry, p50"},
	} {
		t.Run(strings.Fields(line)[0], func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(binary, append(append([]string{"bench"}, strings.Fields(line)...), "--json")...)
			var progress bytes.Buffer
			cmd.Stderr = &progress
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, &progress)
			}
			var report bench.Report
			if err := json.Unmarshal(out, &report); err != nil {
				t.Fatalf("%v in %s", err, out)
			}
			for _, name := range figures {
				if v := value(&report, name); v <= 0 {
					t.Errorf("%s is %g in %s", name, v, out)
				}
			}
		})
	}
}

func value(r *bench.Report, name string) float64 {
	for _, f := range r.Figures {
		if f.Name == name {
			return f.Value
		}
	}
	return -1
}

func TestBenchSaysHowItIsCalledWrongly(t *testing.T) {
	for _, line := range []string{
		"bench latency --count 0",
		"bench invoke --server http://127.0.0.1:1",
		"bench backlog --expiring --waiting 5 --probes 6",
		"bench isolation --rate 0",
		"bench connectors --in-flight 0",
		"bench connectors --in-flight 50001",
		"bench connectors --slice 46",
		"bench connectors --in-flight 8 --hosts 9",
		"bench connectors --answer 2s",
	} {
		var out, failed bytes.Buffer
		if code := run(strings.Fields(line), &out, &failed); code != 2 || !strings.Contains(failed.String(), "--") {
			t.Errorf("%s: exit %d, %s", line, code, &failed)
		}
	}
}
