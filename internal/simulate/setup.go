package simulate

import (
	"fmt"
	"slices"

	"switchyard"
	"switchyard/internal/config"
	"switchyard/internal/core/plan"
)

// Setup is a scenario that was checked, with its account: all that a run needs. It does not change.
type Setup struct {
	Replications int
	Seed         int64

	account   switchyard.Account
	start     switchyard.Instant
	from      switchyard.Instant // start without the warm-up
	end       switchyard.Instant // of arrivals
	until     switchyard.Instant // when everything ends
	interval  switchyard.Duration
	intervals int
	streams   []*stream
	crews     []*crew
	queues    []*queue
	queueOf   map[applet]*queue
	busyness  *Busyness          // of streams that have none of their own
	answers   map[string]*Answer // by CaseKey
}

// stream is a Stream with what its names stand for.
type stream struct {
	*Stream
	number   int
	request  switchyard.Request   // what each of its customers asks for, but for the externalid
	expected []float64            // arrivals by interval, before busyness
	given    []given              // or when they come
	within   *switchyard.Duration // the wait that counts as in target, in place of the queue's; nil = the queue's
}

// given is an arrival that is given: when, and perhaps its handle time and patience; -1 = drawn.
type given struct {
	at               switchyard.Instant
	handle, patience switchyard.Duration
}

// crew is a Crew with its agents.
type crew struct {
	*Crew
	number    int
	members   []string // usernames; of those on shift the first ones are
	headcount []int    // by interval
	own       int      // agents the account has for it
}

// queue is a queue applet of the account's plans.
type queue struct {
	number int
	name   string
	target switchyard.Duration // unless the work says otherwise
}

type applet struct{ plan, name string }

// Files reads what a scenario names: a path as it is written there.
type Files func(path string) ([]byte, error)

// Prepare checks a scenario against its account and makes it ready to run. Problems are placed in the
// sheet; the setup is nil when one of them is more than a warning.
func Prepare(s *Scenario, sheet *config.Sheet, account *switchyard.Account, files Files) (*Setup, []config.Problem) {
	c := &checker{s: s, files: files, out: &Setup{Seed: s.Seed, Replications: s.Replications, account: *account, interval: s.Interval, busyness: s.Busyness}}
	c.out.account.Agents = slices.Clone(account.Agents)
	c.time()
	c.busyness("busyness", s.Busyness)
	if len(c.problems) == 0 { // all else goes by the intervals
		c.allStreams()
		c.allCrews()
		c.allAnswers()
		c.allQueues()
		c.size()
	}
	problems := sheet.Place(c.problems)
	if config.Refused(problems) {
		return nil, problems
	}
	return c.out, problems
}

// checker checks a scenario and fills in its setup on the way.
type checker struct {
	s        *Scenario
	files    Files
	out      *Setup
	problems []config.Problem
}

func (c *checker) fault(path, format string, args ...any) {
	c.problems = append(c.problems, config.Problem{Path: path, Text: fmt.Sprintf(format, args...)})
}

// known reports whether a name is one of options, without regard to case, and notes when it is not. It
// returns the spelling of the account.
func (c *checker) known(path, kind, name string, options []string) (string, bool) {
	for _, option := range options {
		if switchyard.CaseKey(option) == switchyard.CaseKey(name) {
			return option, true
		}
	}
	p := config.Problem{Path: path, Text: fmt.Sprintf("the account has no %s %q", kind, name), Nearest: config.Nearest(name, options)}
	if len(options) <= 20 {
		p.Allowed = options
	}
	c.problems = append(c.problems, p)
	return "", false
}

// between notes a length of time that is out of range.
func (c *checker) between(path string, d, least, most switchyard.Duration) bool {
	if d < least || d > most {
		c.fault(path, "must be from %v to %v", least, most)
		return false
	}
	return true
}

// defaultStart is a Monday of a week without a change of the clocks.
const defaultStart = "2026-01-05T08:00:00Z"

func (c *checker) time() {
	s, out := c.s, c.out
	if s.Account == "" {
		c.fault("account", "is missing: name the account file, such as account.yaml")
	}
	start := s.Start
	if start == "" {
		start = defaultStart
	}
	if err := out.start.UnmarshalText([]byte(start)); err != nil {
		c.fault("start", "%v", err)
	}
	switch {
	case s.Length == 0:
		c.fault("length", "is missing: say how long customers come, such as 10h")
	case !c.between("length", s.Length, switchyard.Second, maxLength):
	case out.interval == 0:
		out.interval = s.Length
	case s.Interval > s.Length || s.Length%s.Interval != 0:
		c.fault("interval", "must divide length, which is %v, into whole intervals", s.Length)
	case s.Length/s.Interval > maxIntervals:
		c.fault("interval", "gives %d intervals; at most %d are allowed", s.Length/s.Interval, maxIntervals)
	}
	c.between("warmup", s.WarmUp, 0, maxLength)
	drain := switchyard.Day
	if s.Drain != nil && c.between("drain", *s.Drain, 0, maxLength) {
		drain = *s.Drain
	}
	if out.Replications == 0 {
		out.Replications = 30
	}
	if out.Replications < 1 || out.Replications > MaxReplications {
		c.fault("replications", "must be from 1 to %d", MaxReplications)
	}
	if out.Seed == 0 {
		out.Seed = 1
	}
	if len(c.problems) == 0 {
		out.intervals = int(s.Length / out.interval)
		out.from, out.end = out.start.Add(-s.WarmUp), out.start.Add(s.Length)
		out.until = out.end.Add(drain)
	}
}

func (c *checker) busyness(path string, b *Busyness) {
	if b != nil && !(b.Gamma.Shape > 0 && b.Gamma.Rate > 0) {
		c.fault(path, "needs gamma: {shape: …, rate: …}, both above 0; its mean is shape ÷ rate")
	}
}

// count checks that a Series has one value, or one for each interval.
func (c *checker) count(path string, n int) bool {
	if n != 1 && n != c.out.intervals {
		c.fault(path, "has %d values; write one for all intervals, or one for each of the %d intervals of %v", n, c.out.intervals, c.out.interval)
		return false
	}
	return true
}

// spread makes one value for each interval.
func spread[T any](values []T, intervals int) []T {
	if len(values) == intervals {
		return values
	}
	return slices.Repeat(values, intervals)
}

// size bounds what is counted in a replication.
func (c *checker) size() {
	counted := len(c.out.streams) + len(c.out.queues)
	for _, crew := range c.out.crews {
		counted += len(crew.members)
	}
	if n := counted * c.out.intervals; n > maxCells {
		c.fault("interval", "makes %d intervals, too many for so many streams, queues and agents together (%d): make it longer", c.out.intervals, counted)
	}
}

func (c *checker) allAnswers() {
	c.out.answers = map[string]*Answer{}
	for name, a := range c.s.Answers {
		path := config.At("answers", name)
		c.distribution(config.At(path, "takes"), a.Takes)
		c.out.answers[switchyard.CaseKey(name)] = &a
	}
}

func (c *checker) allQueues() {
	set, _ := plan.Compile(&c.out.account)
	c.out.queueOf = map[applet]*queue{}
	for _, p := range set.Plans() {
		for name, a := range p.Applets {
			if a.Queue != nil {
				c.out.queueOf[applet{p.Name, name}] = &queue{name: a.Queue.Name, target: a.Queue.Target.Fixed}
			}
		}
	}
	byName := map[string]*queue{}
	for _, q := range c.out.queueOf {
		byName[q.name] = q
	}
	for n, q := range set.Queues() {
		byName[q.Name].number = n
		c.out.queues = append(c.out.queues, byName[q.Name])
	}
}
