package plan

import (
	"strings"
	"testing"

	"switchyard"
)

func TestLengthsAreRead(t *testing.T) {
	doc := account(t, readFile(t, "base.yaml"), `plans:
  - name: Cases
    start: q
    applets:
      q: {type: queue, ring: "$(L)", wrap: "$(L)", target: "$(L:ToLowerCase)s", duration: "$(L)",
        onnoanswer: {for: "$(L)"}, on: {duration: ""}}`)
	set, faults := Compile(doc)
	if len(faults) > 0 {
		t.Fatal(written(faults))
	}
	q := set.Plan("Cases").Applets["q"].Queue
	const none = "duration $(L) gives nothing; there is no longest wait"
	for _, test := range []struct {
		l     *Length
		value string
		want  switchyard.Duration
		fault string
	}{
		{&q.Ring, "45", 45_000, ""},
		{&q.Ring, " 1m30s ", 90_000, ""},
		{&q.Ring, "1h", 3_600_000, ""},
		{&q.Ring, "61m", 20_000, "ring $(L) gives more than 1h; 20s holds"},
		{&q.Ring, "0", 20_000, "ring $(L) gives less than 1s; 20s holds"},
		{&q.Ring, "999ms", 20_000, "ring $(L) gives less than 1s; 20s holds"},
		{&q.Ring, "soon", 20_000, "ring $(L) gives no duration; 20s holds"},
		{&q.Ring, "-5s", 20_000, "ring $(L) gives no duration; 20s holds"},
		{&q.Ring, "NaN", 20_000, "ring $(L) gives no duration; 20s holds"},
		{&q.Ring, "$(L)", 20_000, "ring $(L) gives no duration; 20s holds"},
		{&q.Ring, "", 20_000, "ring $(L) gives nothing; 20s holds"},
		{&q.Wrap, "0", 0, ""},
		{&q.Wrap, "7d", 7 * switchyard.Day, ""},
		{&q.Wrap, "2147483647d", 0, "wrap $(L) gives no duration; 0s holds"},
		{&q.Wrap, "99999d", 0, "wrap $(L) gives more than 277777h46m40s; 0s holds"},
		{&q.Wrap, "soon", 0, "wrap $(L) gives no duration; 0s holds"},
		{&q.Target, "30", 30_000, ""},
		{&q.Target, "", 20_000, "target $(L:ToLowerCase)s gives no duration; 20s holds"},
		{&q.Duration, "0", 0, ""},
		{&q.Duration, "1", 1_000, ""},
		{&q.Duration, "500ms", 0, "duration $(L) gives less than 1s; there is no longest wait"},
		{&q.Duration, "", 0, none},
		{&q.OnNoAnswer.For, "5m", 300_000, ""},
		{&q.OnNoAnswer.For, "never", 0, "for $(L) gives no duration; settings.noanswer holds"},
		{&q.OnDecline.For, "5m", 0, ""},
	} {
		got, fault := test.l.Read(sources{"L": test.value})
		if got != test.want || fault != test.fault {
			t.Errorf("%s %q: %s, %q; want %s, %q", test.l.name, test.value, got, fault, test.want, test.fault)
		}
	}
	big := &Length{text: "$(L)$(L)", name: "ring", most: longest, otherwise: "20s holds"}
	if _, fault := big.Read(sources{"L": strings.Repeat("1", switchyard.MaxDataSourceBytes)}); fault == "" {
		t.Error("a text over its limit was read")
	}
}

// A fixed length costs nothing, whoever asks.
func TestFixedLengthsCostNothing(t *testing.T) {
	l := compileLength("ring", nil, DefaultRing)
	if n := testing.AllocsPerRun(100, func() {
		if d, _ := l.Read(nil); d != DefaultRing {
			t.Fatal(d)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
