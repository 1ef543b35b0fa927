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

// Staffing is found by the command, and goals that make no sense are refused.
func TestStaff(t *testing.T) {
	staff := func(flags ...string) (int, string, string) {
		var out, errOut bytes.Buffer
		code := run(append([]string{"simulate", "staff", "-f", "../../docs/scenario.yaml", "--replications", "2"}, flags...), &out, &errOut)
		return code, out.String(), errOut.String()
	}
	if code, out, errOut := staff("--target", "phone=70/20", "--occupancy", "95%"); code != 0 || !strings.Contains(out, "agent-hours") || !strings.Contains(out, "one agent less") {
		t.Errorf("exit %d: %s%s", code, out, errOut)
	}
	for flags, want := range map[string]string{
		"":                                 "say what is to be reached",
		"--target=80":                      "percent and seconds",
		"--target=fax=80/20":               "no stream",
		"--target=80/20 --target=fax=9/30": "two different times",
		"--abandoned=0%":                   "above 0",
		"--asa=0s":                         "above 0",
	} {
		if code, _, errOut := staff(strings.Fields(flags)...); code != 2 || !strings.Contains(errOut, want) {
			t.Errorf("%q: exit %d: %s", flags, code, errOut)
		}
	}
}
