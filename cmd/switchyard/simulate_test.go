package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// The scenario of the docs runs as its guide says.
func TestExampleScenario(t *testing.T) {
	var out, errOut bytes.Buffer
	if code := run([]string{"simulate", "-f", "../../docs/scenario.yaml", "--replications", "4", "--json"}, &out, &errOut); code != 0 {
		t.Fatalf("exit %d: %s", code, &errOut)
	}
	var report struct {
		Streams map[string]struct {
			Offered, Answered, Abandoned struct{ Mean float64 }
		}
	}
	if err := json.Unmarshal(out.Bytes(), &report, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatal(err)
	}
	if phone := report.Streams["phone"]; phone.Abandoned.Mean < 1 || phone.Offered.Mean < 300 || phone.Answered.Mean < 300 {
		t.Errorf("%+v", report)
	}
}

func TestProgress(t *testing.T) {
	if got := progress(0.5, 1234); got != strings.Repeat("█", 20)+strings.Repeat("░", 20)+"  50 %  1234 interactions" {
		t.Errorf("%q", got)
	}
}
