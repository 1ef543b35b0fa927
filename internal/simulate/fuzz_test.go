package simulate

import (
	"os"
	"testing"
)

// Whatever a scenario says, it is made ready or refused with a place; nothing breaks.
func FuzzScenario(f *testing.F) {
	example, err := os.ReadFile("../../docs/scenario.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(example))
	f.Add("account: a\nlength: 2h\ninterval: 1h\nstreams: [{route: R, arrivals: [1, 2], handle: {empirical: {values: [1s]}}}]\nagents: [{headcount: 1, hire: {}}]\n")
	f.Add("account: a\nlength: 1h\nstreams: [{route: R, times: [1s], handle: {gamma: {shape: 1, rate: 2}}, skills: [{name: billing, expiryafter: 1s}]}]\nagents: [{group: desk, headcount: 1}]\n")
	f.Fuzz(func(t *testing.T, scenario string) {
		s, problems := prepare(manual, scenario)
		if s == nil && len(problems) == 0 {
			t.Error("a scenario was refused without a word")
		}
		for _, p := range problems {
			if p.Line == 0 || p.Text == "" {
				t.Errorf("%+v", p)
			}
		}
	})
}
