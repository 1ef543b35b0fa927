package simulate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"switchyard"
)

// account is a centre with one queue that connects at once and counts answers within 20 seconds.
const account = `account: acme
groups: [desk]
plans:
  - {name: P, start: queue, applets: {queue: {type: queue, accept: auto, target: 20s, groups: [desk]}}}
routes:
  - {name: R, plan: P}
`

// erlang is a queue of work that comes at random and takes a time that is exponentially distributed.
type erlang struct {
	servers int
	load    float64 // of each server
	mean    switchyard.Duration
}

func (q erlang) offered() float64 { return q.load * float64(q.servers) }

// wait is Erlang C: the probability that work waits.
func (q erlang) wait() float64 {
	b := 1.0 // Erlang B, by its recursion
	for n := 1; n <= q.servers; n++ {
		b = q.offered() * b / (float64(n) + q.offered()*b)
	}
	return b / (1 - q.load*(1-b))
}

// clearing is how long the servers take for one piece of work when all are busy.
func (q erlang) clearing() float64 { return seconds(q.mean) / float64(q.servers) }

// asa is the mean wait.
func (q erlang) asa() float64 { return q.wait() * q.clearing() / (1 - q.load) }

// level is the probability to be answered within a time.
func (q erlang) level(target float64) float64 {
	return 1 - q.wait()*math.Exp(-target*(1-q.load)/q.clearing())
}

func (q erlang) scenario(customers int) string {
	interval := float64(customers) * q.clearing() / q.load
	return fmt.Sprintf(`account: account.yaml
warmup: %[5]ds
length: %[1]ds
replications: 30
streams: [{route: R, type: live, arrivals: %[2]d, handle: {exp: %[3]v}}]
agents: [{group: desk, headcount: %[4]d, hire: {}}]
`, int(interval), customers, q.mean, q.servers, int(interval/5))
}

// jury holds the figures of a test against what formulas say of them. Seeds are drawn anew each time, and
// there are so many figures that one of them would be outside of its own 99.9 % interval in one run of a
// test out of thirty or so. So intervals are made so wide that with 99.9 % all of them hold together
// (Bonferroni); how many are inside of their own is told beside.
type jury struct {
	figures       int // of all seeds
	heard, inside int
}

const seeds = 3

func (j *jury) hold(t *testing.T, name string, is Estimate, want float64) {
	t.Helper()
	low, high := is.within(1 - 0.001/float64(j.figures))
	if t.Logf("%-14s %.5g ± %.2g; by the formula %.5g", name, is.Mean, (high-low)/2, want); want < low || want > high {
		t.Errorf("%s is outside of its interval", name)
	}
	if low, high = is.within(0.999); low <= want && want <= high {
		j.inside++
	}
	j.heard++
}

func (j *jury) close(t *testing.T) {
	t.Helper()
	if t.Logf("%d of %d are inside of their own 99.9 %% interval", j.inside, j.heard); j.heard != j.figures {
		t.Errorf("%d figures were heard, not %d", j.heard, j.figures)
	}
}

// each runs a test on fresh seeds.
func (j *jury) each(t *testing.T, name string, f func(*testing.T, int64)) {
	for range seeds {
		seed := rand.Int64()
		t.Run(fmt.Sprintf("%s/seed=%d", name, seed), func(t *testing.T) { f(t, seed) })
	}
}

// Queues that textbooks solve come out as they say.
func TestErlangC(t *testing.T) {
	queues := []struct {
		erlang
		customers int // in a replication; the busier, the more of them
	}{{erlang{1, 0.5, 180_000}, 4_000}, {erlang{10, 0.8, 180_000}, 8_000}, {erlang{40, 0.9, 240_000}, 20_000}}
	j := jury{figures: len(queues) * seeds * 4}
	for _, q := range queues {
		j.each(t, fmt.Sprintf("servers=%d/load=%v", q.servers, q.load), func(t *testing.T, seed int64) {
			r := simulate(t, account, q.scenario(q.customers), seed)
			s, desk := &r.Streams[0], &r.Groups[0]
			j.hold(t, "p_wait", s.Of("p_wait"), q.wait())
			j.hold(t, "asa_seconds", s.Of("asa_seconds"), q.asa())
			j.hold(t, "service_level", s.Of("service_level"), q.level(20))
			j.hold(t, "occupancy", desk.Of("occupancy"), q.load)
			busier := erlang{q.servers, q.load + 0.04, q.mean} // an error of this size would be found
			if low, high := desk.Of("occupancy").within(0.999); low <= busier.load && busier.load <= high {
				t.Errorf("a load of %v would pass as well", busier.load)
			}
		})
	}
	j.close(t)
}

// Customers of three bands wait as Cobham's formula says, and on average as in one queue: bands share the
// waiting out, they do not change how much of it there is.
func TestCobham(t *testing.T) {
	q := erlang{10, 0.85, 180_000}
	shares := []struct {
		band  string
		share float64
	}{{"Highest", 0.2}, {"Normal", 0.5}, {"Lowest", 0.3}}
	const customers = 12_000
	length := customers * q.clearing() / q.load
	scenario := fmt.Sprintf(`account: account.yaml
warmup: %ds
length: %ds
replications: 30
agents: [{group: desk, headcount: %d, hire: {}}]
streams:
`, int(length/5), int(length), q.servers)
	for _, s := range shares {
		scenario += fmt.Sprintf("  - {name: %s, route: R, type: live, band: %[1]s, arrivals: %.0f, handle: {exp: %v}}\n", s.band, customers*s.share, q.mean)
	}
	j := jury{figures: seeds * (2*len(shares) + 2)}
	j.each(t, "bands", func(t *testing.T, seed int64) {
		r := simulate(t, account, scenario, seed)
		first, busy, mean := q.wait()*q.clearing(), 0.0, 0.0 // the wait for a server, and the load of the bands before
		for n, s := range shares {
			before := busy
			busy += s.share * q.load
			want := first / ((1 - before) * (1 - busy))
			mean += s.share * want
			j.hold(t, "asa "+s.band, r.Streams[n].Of("asa_seconds"), want)
			j.hold(t, "p_wait "+s.band, r.Streams[n].Of("p_wait"), q.wait())
		}
		if math.Abs(mean-q.asa()) > 1e-9 {
			t.Fatalf("the formulas do not agree: %v, %v", mean, q.asa())
		}
		j.hold(t, "asa of all", r.Total.Of("asa_seconds"), q.asa())
		j.hold(t, "occupancy", r.Groups[0].Of("occupancy"), q.load)
	})
	j.close(t)
}

// Impatient customers give up as the Erlang A model says, here solved as a chain of births and deaths.
func TestErlangA(t *testing.T) {
	q, patience := erlang{10, 1.1, 180_000}, 120.0
	arrivals, leaves := 1/q.clearing()*q.load, 1/patience
	chance, sum, queue, busy := 1.0, 1.0, 0.0, 0.0
	for n := 1; n < 2_000; n++ {
		waiting := max(0, n-q.servers)
		chance *= arrivals / (float64(min(n, q.servers))/seconds(q.mean) + float64(waiting)*leaves)
		sum += chance
		queue += chance * float64(waiting)
		busy += chance * float64(min(n, q.servers))
	}
	queue, busy = queue/sum, busy/sum
	const customers = 8_000
	length := customers / arrivals
	scenario := fmt.Sprintf(`account: account.yaml
warmup: %ds
length: %ds
replications: 30
streams: [{route: R, type: live, arrivals: %d, handle: {exp: %v}, patience: {exp: %vs}}]
agents: [{group: desk, headcount: %d, hire: {}}]
`, int(length/5), int(length), customers, q.mean, patience, q.servers)
	j := jury{figures: seeds * 3}
	j.each(t, "patience", func(t *testing.T, seed int64) {
		r := simulate(t, account, scenario, seed)
		j.hold(t, "abandoned", r.Streams[0].Of("abandoned"), queue*leaves/arrivals*customers)
		j.hold(t, "wait_seconds", r.Streams[0].Of("wait_seconds"), queue/arrivals)
		j.hold(t, "occupancy", r.Groups[0].Of("occupancy"), busy/float64(q.servers))
	})
	j.close(t)
}

// simulate runs a scenario on an account.
func simulate(t testing.TB, account, scenario string, seed int64) *Report {
	t.Helper()
	s := setup(t, account, scenario)
	s.Seed = seed
	r, err := Run(context.Background(), s, runtime.GOMAXPROCS(0), new(Meter))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func setup(t testing.TB, account, scenario string) *Setup {
	t.Helper()
	s, problems := prepare(account, scenario)
	if s == nil {
		t.Fatalf("%v", problems)
	}
	return s
}
