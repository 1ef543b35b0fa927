package simulate

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Figure is something that is told of a part of the centre.
type Figure struct {
	Name  string // in JSON and CSV
	Title string // in tables
	Text  string // what it is
	Unit  Unit
	read  func(*measure) float64 // NaN = there is none
}

// Unit says how people read a figure.
type Unit uint8

// The units.
const (
	Count Unit = iota
	Share      // 0 to 1
	Seconds
)

// service are the figures of streams and queues. Their definitions are those of the server's statistics.
var service = append([]Figure{
	{"offered", "offered", "entered a queue", Count, func(m *measure) float64 { return float64(m.offered) }},
	{"answered", "answered", "first connected to an agent", Count, func(m *measure) float64 { return float64(m.answered) }},
	{"abandoned", "abandoned", "gave up while queued or offered", Count, func(m *measure) float64 { return float64(m.abandoned) }},
	{"breakouts", "breakouts", "left by a queue exit; of a stream, and never answered", Count, func(m *measure) float64 { return float64(m.breakouts) }},
	{"unfinished", "unfinished", "neither answered nor gone at the end", Count, func(m *measure) float64 {
		return float64(m.offered - m.answered - m.abandoned - m.breakouts)
	}},
	{"in_target", "in target", "answered within the queue's target", Count, func(m *measure) float64 { return float64(m.inTarget) }},
	{"service_level", "level", "in target ÷ (answered + abandoned after the target)", Share, func(m *measure) float64 {
		return ratio(float64(m.inTarget), float64(m.answered+m.late))
	}},
	{"service_level_all", "level (all)", "in target ÷ (answered + abandoned + breakouts)", Share, func(m *measure) float64 {
		return ratio(float64(m.inTarget), float64(m.answered+m.abandoned+m.breakouts))
	}},
	{"p_wait", "p wait", "share of the offered that no agent was free for when they entered the queue", Share, func(m *measure) float64 {
		return ratio(float64(m.waited), float64(m.offered))
	}},
	{"asa_seconds", "asa", "mean wait of the answered (average speed of answer)", Seconds, func(m *measure) float64 {
		return ratio(seconds(m.answerWait), float64(m.answered))
	}},
	{"wait_seconds", "wait", "mean wait of all, until first connected or the end", Seconds, func(m *measure) float64 {
		return ratio(seconds(m.wait), float64(m.ended))
	}},
}, ofPercentiles()...)

func ofPercentiles() (figures []Figure) {
	for k, p := range percentiles {
		figures = append(figures, Figure{fmt.Sprintf("wait_p%d_seconds", p), fmt.Sprintf("p%d", p),
			fmt.Sprintf("the wait that %d %% do not exceed", p), Seconds, func(m *measure) float64 {
				if m.ended == 0 {
					return math.NaN()
				}
				return seconds(m.percentile[k])
			}})
	}
	return figures
}

var arrived = Figure{"arrived", "arrived", "came in, whether or not they entered a queue", Count, func(m *measure) float64 { return float64(m.arrived) }}

// staffing are the figures of groups of agents.
var staffing = []Figure{
	{"occupancy", "occupancy", "time with work or an offer ÷ time logged in", Share, func(m *measure) float64 {
		return ratio(float64(m.busy), float64(m.logged))
	}},
	{"agents", "agents", "logged in, on average", Count, func(m *measure) float64 { return ratio(float64(m.logged), float64(m.length)) }},
	{"load_spread", "spread", "standard deviation of the occupancy from agent to agent", Share, (*measure).spread},
}

var served = Figure{"answered", "answered", "first connected to them", Count, func(m *measure) float64 { return float64(m.served) }}

// The figures of the kinds of parts.
var (
	streamFigures = append([]Figure{arrived}, service...)
	queueFigures  = service
	groupFigures  = append(append([]Figure{}, staffing...), served)
	totalFigures  = append(append([]Figure{}, streamFigures...), staffing...)
)

func (m *measure) spread() float64 {
	if m.shares == 0 {
		return math.NaN()
	}
	mean := m.sum / float64(m.shares)
	return math.Sqrt(max(m.squares/float64(m.shares)-mean*mean, 0))
}

func ratio(part, whole float64) float64 {
	if whole == 0 {
		return math.NaN()
	}
	return part / whole
}

// Estimate is what replications say of a figure.
type Estimate struct {
	Mean float64
	SD   float64 // of one replication from another
	N    int     // replications that have the figure
	half float64 // of the 95 % interval
}

// add takes the next replication's value (Welford's method).
func (e *Estimate) add(x float64, squares *float64) {
	if math.IsNaN(x) {
		return
	}
	e.N++
	d := x - e.Mean
	e.Mean += d / float64(e.N)
	*squares += d * (x - e.Mean)
	if e.N > 1 {
		e.SD = math.Sqrt(*squares / float64(e.N-1))
	}
}

// CI95 is where the expectation of the figure lies with a confidence of 95 %, by Student's t; ok is false with
// fewer than two replications.
func (e Estimate) CI95() (low, high float64, ok bool) {
	return e.Mean - e.half, e.Mean + e.half, e.N > 1
}

// within is the interval with a confidence, such as 0.999, of an estimate from two or more replications.
func (e Estimate) within(confidence float64) (low, high float64) {
	half := student(e.N, confidence) * e.SD / math.Sqrt(float64(e.N))
	return e.Mean - half, e.Mean + half
}

// student is how many standard errors an interval reaches from the mean of n.
func student(n int, confidence float64) float64 {
	return distuv.StudentsT{Sigma: 1, Nu: float64(n - 1)}.Quantile((1 + confidence) / 2)
}

// quantiles finish estimates; Student's t is dear, and asked for the same few counts.
type quantiles map[int]float64

func (q quantiles) finish(estimates []Estimate) {
	for k := range estimates {
		e := &estimates[k]
		if e.N < 2 {
			continue
		}
		t, known := q[e.N]
		if !known {
			t = student(e.N, 0.95)
			q[e.N] = t
		}
		e.half = t * e.SD / math.Sqrt(float64(e.N))
	}
}
