package simulate

import (
	"context"
	"fmt"
	"testing"
)

// BenchmarkCentre measures one interaction of a centre of a hundred agents with skills, ringing, wrap-up and
// customers who give up, in one replication on one core.
func BenchmarkCentre(b *testing.B) {
	const rate = 1_668. // an hour: the agents are busy for 90 % of their time
	s := setup(b, manual, fmt.Sprintf(`account: a
length: %dm
replications: 1
streams:
  - {name: a, route: R, type: live, arrivals: %d, skills: [{name: billing}], handle: {lognormal: {mean: 180s, sd: 120s}}, patience: {exp: 120s}}
agents:
  - {group: desk, headcount: 100, hire: {skills: {billing: 5}}, accept: {uniform: {from: 1s, to: 5s}}, afterwork: {exp: 10s}}
`, max(1, int(float64(b.N)/rate*60)), b.N))
	meter := new(Meter)
	b.ReportAllocs()
	b.ResetTimer()
	if _, err := Run(context.Background(), s, 1, meter); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(meter.Interactions.Load())/b.Elapsed().Seconds(), "interactions/s")
}
