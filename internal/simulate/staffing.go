package simulate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"switchyard"
)

// Goal is what every interval must reach: a service level at least, or a mean wait, a share of abandoned
// or an occupancy at most.
type Goal struct {
	Figure string              // service_level, asa_seconds, abandoned or occupancy
	Stream string              // of one stream; "" = of all together
	Level  float64             // what is to be reached, as a share or in seconds
	Within switchyard.Duration // of a service level: the wait that counts as in target
}

// String is the goal as people read it.
func (g Goal) String() string {
	of := ""
	if g.Stream != "" {
		of = " of " + g.Stream
	}
	switch g.Figure {
	case "service_level":
		return fmt.Sprintf("service level%s at least %s within %v", of, show(Share, g.Level, true), g.Within)
	case "asa_seconds":
		return fmt.Sprintf("mean wait of the answered%s at most %s", of, show(Seconds, g.Level, true))
	}
	return fmt.Sprintf("%s%s at most %s", g.Figure, of, show(Share, g.Level, true))
}

func (g Goal) unit() Unit {
	if g.Figure == "asa_seconds" {
		return Seconds
	}
	return Share
}

// read is the figure of one replication. Who was still waiting at the end counts as missed: a centre
// without agents would reach everything otherwise, for it answers nobody late.
func (g Goal) read(m *measure) float64 {
	unfinished := m.offered - m.answered - m.abandoned - m.breakouts
	switch g.Figure {
	case "service_level":
		return ratio(float64(m.inTarget), float64(m.answered+m.late+unfinished))
	case "asa_seconds":
		if m.answered == 0 && unfinished == 0 {
			return math.NaN()
		}
		return (seconds(m.answerWait) + maxDraw*float64(unfinished)) / float64(m.answered+unfinished)
	case "abandoned":
		return ratio(float64(m.abandoned+unfinished), float64(m.offered))
	}
	return ratio(float64(m.busy), float64(m.logged))
}

// lack is by how much an estimate misses the goal; 0 or less = it is met. With confident, the worse end of
// the 95 % interval has to meet it.
func (g Goal) lack(e Estimate, confident bool) float64 {
	if e.N == 0 {
		return 0 // nobody came
	}
	half := 0.0
	if confident {
		half = e.half
	}
	if g.Figure == "service_level" {
		return g.Level - (e.Mean - half)
	}
	return e.Mean + half - g.Level
}

// StaffOptions say what staffing is searched for.
type StaffOptions struct {
	Goals     []Goal
	Confident bool // the worse end of the 95 % interval must meet a goal, not the mean
	Workers   int
}

// Staffing is the smallest staffing that was found.
type Staffing struct {
	Replications int
	Seed         int64
	Goals        []Goal
	Confident    bool
	Groups       []string
	Intervals    []StaffedInterval
	AgentHours   float64
	Tried        int // staffings that were simulated
}

// StaffedInterval is an interval with its agents.
type StaffedInterval struct {
	Start   switchyard.Instant
	Reached []Estimate // by goal
	Groups  []StaffedGroup
}

// StaffedGroup is a group in an interval. OneLess is what breaks when it has one agent less and
// everything else stays; it is nil when it has none.
type StaffedGroup struct {
	Agents    int
	Occupancy Estimate
	OneLess   *Broken
}

// Broken is a goal that is missed in an interval.
type Broken struct {
	Start   switchyard.Instant
	Goal    Goal
	Reached Estimate
}

func (b *Broken) String() string {
	return fmt.Sprintf("%s: %s, not %s", b.Start.Time().Format("Mon 02 15:04"), b.Goal, cell(b.Goal.unit(), b.Reached))
}

// ErrImpossible is wrapped by the error of goals that no staffing within bounds meets.
var ErrImpossible = errors.New("no staffing reaches this")

// Most is how many agents each group may have on shift when staffing is searched for: all the account has,
// and where more can be hired, three times the work of the busiest interval, and twenty.
func (s *Setup) Most() []int {
	peak := 0.0
	for i := range s.intervals {
		peak = max(peak, s.erlangs(i))
	}
	most := make([]int, len(s.crews))
	for n, c := range s.crews {
		if most[n] = c.own; c.Hire != nil {
			most[n] = max(c.own, int(math.Ceil(3*peak))+20)
		}
	}
	return most
}

// erlangs is the work that arrives in an interval: how many agents it keeps busy, were each to do one thing
// at a time. The mean of a distribution is found by drawing, which is near enough for a beginning.
func (s *Setup) erlangs(interval int) float64 {
	const draws = 2000
	sum := 0.0
	for _, x := range s.streams {
		count, total := 0.0, 0.0
		if x.expected != nil {
			count = x.expected[interval]
		}
		from := s.start.Add(switchyard.Duration(interval) * s.interval)
		for _, g := range x.given {
			if g.at >= from && g.at < from.Add(s.interval) {
				count++
			}
		}
		if x.Handle != nil {
			handle := makeAll(x.Handle, source(s.Seed, 0, x.Name, "mean"))
			for range draws {
				total += seconds(handle.at(interval))
			}
		} else {
			for _, g := range x.given {
				total += seconds(g.handle) / float64(len(x.given)) * draws
			}
		}
		sum += count * total / draws / seconds(s.interval)
	}
	return sum
}

// search looks for a staffing. All staffings meet the same customers, with the same work and patience.
type search struct {
	ctx    context.Context
	setup  *Setup
	opt    StaffOptions
	meter  *Meter
	most   []int
	counts [][]int // by crew and interval
	tried  map[string]*trial
}

// trial is what a staffing came to.
type trial struct {
	reached   [][]Estimate // by interval and goal
	waits     []Estimate   // by interval: mean wait of all, and of those never answered the longest there is
	occupancy [][]Estimate // by interval and crew
}

// Staff finds the smallest head-count of each group in each interval with which every interval reaches the
// goals. The setup must have been prepared with Most as its head-counts.
//
// It begins with the load and its square root, shared by the groups; goes through the intervals in order
// and adds an agent where the earliest miss gains most; and then takes agents away as long as nothing
// breaks. What is left is a local minimum: one agent less anywhere breaks a goal. With one group that is
// nearly always the least there is; with several, another mix may need fewer.
func Staff(ctx context.Context, s *Setup, opt StaffOptions, meter *Meter) (*Staffing, error) {
	f := &search{ctx: ctx, opt: opt, meter: meter, tried: map[string]*trial{}}
	f.setup = s.within(opt.Goals)
	for _, c := range s.crews {
		f.most = append(f.most, c.headcount[0])
	}
	meter.length = 3 * int64(len(s.crews)*s.intervals)
	if err := f.possible(); err != nil {
		return nil, err
	}
	f.begin()
	if err := f.fill(); err != nil {
		return nil, err
	}
	broken, err := f.trim()
	if err != nil {
		return nil, err
	}
	return f.result(broken)
}

// within is the setup with the goals' waits in place of the queues' targets.
func (s *Setup) within(goals []Goal) *Setup {
	out := *s
	out.streams = slices.Clone(s.streams)
	for n := range out.streams {
		x := *s.streams[n]
		for _, g := range goals {
			if g.Figure == "service_level" && (g.Stream == "" || g.Stream == x.Name) {
				within := g.Within
				x.within = &within
			}
		}
		out.streams[n] = &x
	}
	return &out
}

// possible finds out whether the goals are met when everybody is there all the time.
func (f *search) possible() error {
	f.counts = nil
	for _, most := range f.most {
		f.counts = append(f.counts, slices.Repeat([]int{most}, f.setup.intervals))
	}
	t, err := f.try()
	if err != nil {
		return err
	}
	b := f.miss(t)
	if b == nil {
		return nil
	}
	limits, hired := "", true
	for n, c := range f.setup.crews {
		limits += fmt.Sprintf(", %d of %s", f.most[n], c.Name)
		hired = hired && c.Hire != nil
	}
	why := "more agents would not help: look at handle times, accept delays, patience, and which skills the work needs"
	if !hired {
		why = "the account has no more such agents where there is no hire: {skills: …}"
	}
	return fmt.Errorf("%w: %s, with everybody on shift all the time (%s); %s", ErrImpossible, b, limits[2:], why)
}

// begin is the load and its square root, shared by the groups.
func (f *search) begin() {
	for i := range f.setup.intervals {
		load := f.setup.erlangs(i)
		each := (load + math.Sqrt(load)) / float64(len(f.counts))
		for n := range f.counts {
			f.counts[n][i] = min(int(each), f.most[n])
		}
	}
}

// fill adds agents until every interval reaches the goals: to the earliest that does not, and when it is
// full, to the one before, whose backlog it inherits.
func (f *search) fill() error {
	for {
		t, err := f.try()
		if err != nil {
			return err
		}
		b := f.miss(t)
		if b == nil {
			return nil
		}
		i := int(b.Start.Sub(f.setup.start) / f.setup.interval)
		f.meter.done.Store(int64(i * len(f.counts)))
		at := i
		for at > 0 && !f.room(at) {
			at--
		}
		for !f.room(at) {
			at++
		}
		if err := f.add(at, i); err != nil {
			return err
		}
	}
}

func (f *search) room(interval int) bool {
	for n := range f.counts {
		if f.counts[n][interval] < f.most[n] {
			return true
		}
	}
	return false
}

// add gives one agent more to the group with which an interval that misses gains most; to every group that
// has room when it gains by none.
func (f *search) add(at, miss int) error {
	before, err := f.try()
	if err != nil {
		return err
	}
	lack, wait := f.lack(before, miss)
	best := -1
	for n := range f.counts {
		if f.counts[n][at] == f.most[n] {
			continue
		}
		f.counts[n][at]++
		t, err := f.try()
		f.counts[n][at]--
		if err != nil {
			return err
		}
		if l, w := f.lack(t, miss); l < lack || l == lack && w < wait {
			best, lack, wait = n, l, w
		}
	}
	for n := range f.counts {
		if n == best || best < 0 && f.counts[n][at] < f.most[n] {
			f.counts[n][at]++
		}
	}
	return nil
}

// lack is how much an interval misses, all goals together, and how long is waited in it.
func (f *search) lack(t *trial, interval int) (sum, wait float64) {
	for n, g := range f.opt.Goals {
		sum += max(0, g.lack(t.reached[interval][n], f.opt.Confident)) / g.Level
	}
	return sum, t.waits[interval].Mean
}

// trim takes agents away, one at a time, until one less anywhere breaks a goal; it returns which.
func (f *search) trim() ([][]*Broken, error) {
	broken := make([][]*Broken, len(f.counts))
	cells := len(f.counts) * f.setup.intervals
	for n := range broken {
		broken[n] = make([]*Broken, f.setup.intervals)
	}
	for cell, kept := 0, 0; kept < cells; cell = (cell + 1) % cells {
		n, i := cell%len(f.counts), cell/len(f.counts)
		f.meter.done.Store(int64(cells + max(kept, min(cell, cells/2))))
		if broken[n][i] = nil; f.counts[n][i] == 0 {
			kept++
			continue
		}
		f.counts[n][i]--
		t, err := f.try()
		if err != nil {
			return nil, err
		}
		if b := f.miss(t); b != nil {
			f.counts[n][i]++
			broken[n][i] = b
			kept++
			continue
		}
		kept = 0
		cell = (cell + cells - 1) % cells // another one there
	}
	return broken, nil
}

// miss is the first goal that is missed, in the earliest interval; nil when all are met.
func (f *search) miss(t *trial) *Broken {
	for i, reached := range t.reached {
		for n, g := range f.opt.Goals {
			if g.lack(reached[n], f.opt.Confident) > 0 {
				return &Broken{f.setup.start.Add(switchyard.Duration(i) * f.setup.interval), g, reached[n]}
			}
		}
	}
	return nil
}

// try simulates the present staffing, unless it has been.
func (f *search) try() (*trial, error) {
	key := fmt.Sprint(f.counts)
	if t := f.tried[key]; t != nil {
		return t, nil
	}
	s := *f.setup
	s.crews = slices.Clone(s.crews)
	for n, counts := range f.counts {
		c := *s.crews[n]
		c.headcount, c.members = slices.Clone(counts), c.members[:slices.Max(counts)]
		s.crews[n] = &c
	}
	t, squares := f.newTrial()
	var own Meter
	err := each(f.ctx, &s, f.opt.Workers, &own, func(sums *sums) {
		at := 0
		add := func(e *Estimate, x float64) { e.add(x, &squares[at]); at++ }
		for i := range t.reached {
			for n, g := range f.opt.Goals {
				add(&t.reached[i][n], g.read(&f.part(sums, g).intervals[i]))
			}
			m := &sums.total.intervals[i]
			unfinished := m.offered - m.ended
			add(&t.waits[i], (seconds(m.wait)+maxDraw*float64(unfinished))/float64(max(m.offered, 1)))
			for n := range t.occupancy[i] {
				o := &sums.crews[n].intervals[i]
				add(&t.occupancy[i][n], ratio(float64(o.busy), float64(o.logged)))
			}
		}
	})
	f.meter.Interactions.Add(own.Interactions.Load())
	if err != nil {
		return nil, err
	}
	q := quantiles{}
	for i := range t.reached {
		q.finish(t.reached[i])
		q.finish(t.occupancy[i])
	}
	f.tried[key] = t
	return t, nil
}

func (f *search) newTrial() (t *trial, squares []float64) {
	t = &trial{waits: make([]Estimate, f.setup.intervals)}
	for range f.setup.intervals {
		t.reached = append(t.reached, make([]Estimate, len(f.opt.Goals)))
		t.occupancy = append(t.occupancy, make([]Estimate, len(f.counts)))
	}
	return t, make([]float64, f.setup.intervals*(len(f.opt.Goals)+1+len(f.counts)))
}

// part is what a goal is about.
func (f *search) part(sums *sums, g Goal) *part {
	for n, x := range f.setup.streams {
		if x.Name == g.Stream {
			return &sums.streams[n]
		}
	}
	return &sums.total
}

func (f *search) result(broken [][]*Broken) (*Staffing, error) {
	t, err := f.try()
	if err != nil {
		return nil, err
	}
	out := &Staffing{Replications: f.setup.Replications, Seed: f.setup.Seed, Goals: f.opt.Goals, Confident: f.opt.Confident, Tried: len(f.tried)}
	for _, c := range f.setup.crews {
		out.Groups = append(out.Groups, c.Name)
	}
	for i := range f.setup.intervals {
		x := StaffedInterval{Start: f.setup.start.Add(switchyard.Duration(i) * f.setup.interval), Reached: t.reached[i]}
		for n := range f.counts {
			x.Groups = append(x.Groups, StaffedGroup{f.counts[n][i], t.occupancy[i][n], broken[n][i]})
			out.AgentHours += float64(f.counts[n][i]) * seconds(f.setup.interval) / 3600
		}
		out.Intervals = append(out.Intervals, x)
	}
	return out, nil
}

// HasStream tells whether the setup has a stream of that name.
func (s *Setup) HasStream(name string) bool {
	return slices.ContainsFunc(s.streams, func(x *stream) bool { return x.Name == name })
}
