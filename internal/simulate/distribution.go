package simulate

import (
	"crypto/sha256"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"

	"switchyard"
	"switchyard/internal/config"
)

// Distribution is a random length of time, as a scenario writes it: one of its members.
type Distribution struct {
	Exp       *switchyard.Duration `json:"exp"`       // its mean
	LogNormal *LogNormal           `json:"lognormal"` // by mean and sd, or by those of its logarithm
	Gamma     *Gamma               `json:"gamma"`     // by mean and sd, or by shape and rate
	Uniform   *Uniform             `json:"uniform"`
	Constant  *switchyard.Duration `json:"constant"`
	Empirical *Empirical           `json:"empirical"` // one of given values
}

// LogNormal is given by its own mean and standard deviation, or by those of the logarithm of its seconds.
type LogNormal struct {
	Mean  switchyard.Duration `json:"mean"`
	SD    switchyard.Duration `json:"sd"`
	Mu    *float64            `json:"mu"`
	Sigma *float64            `json:"sigma"`
}

// Gamma is given by its mean and standard deviation, or by shape and rate (of seconds; its mean is shape
// ÷ rate).
type Gamma struct {
	Mean  switchyard.Duration `json:"mean"`
	SD    switchyard.Duration `json:"sd"`
	Shape float64             `json:"shape"`
	Rate  float64             `json:"rate"`
}

// Uniform is anything between two lengths.
type Uniform struct {
	From switchyard.Duration `json:"from"`
	To   switchyard.Duration `json:"to"`
}

// Empirical is one of given values, each as likely as another: values listed, or a column of a CSV file.
type Empirical struct {
	Values []switchyard.Duration `json:"values"`
	File   string                `json:"file"`
	Column string                `json:"column"` // default the first
}

// Busyness is a factor on all rates of a day, drawn anew each day; its mean is shape ÷ rate.
type Busyness struct {
	Gamma ShapeRate `json:"gamma"`
}

// ShapeRate are the parameters of a gamma distribution without a unit.
type ShapeRate struct {
	Shape float64 `json:"shape"`
	Rate  float64 `json:"rate"`
}

// kinds are the members of a Distribution, for messages.
var kinds = []string{"exp", "lognormal", "gamma", "uniform", "constant", "empirical"}

// sampler draws seconds.
type sampler interface{ Rand() float64 }

// maxDraw bounds what is drawn, in seconds: a hundred days.
const maxDraw = 100 * 86_400

// length draws a length of time, to the millisecond.
func length(s sampler) switchyard.Duration {
	return switchyard.Duration(math.Round(min(max(s.Rand(), 0), maxDraw) * 1000))
}

// source makes the random numbers of one purpose of one replication. Each purpose has its own, so that a
// change of one thing in a scenario leaves all others as they are: the same customers come, with the same
// work and the same patience.
func source(seed int64, replication int, who, purpose string) rand.Source {
	return rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "%d\x00%d\x00%s\x00%s", seed, replication, who, purpose)))
}

// make turns a checked distribution into one that draws from a source.
func (d *Distribution) make(src rand.Source) sampler {
	switch {
	case d.Exp != nil && *d.Exp > 0:
		return distuv.Exponential{Rate: 1 / seconds(*d.Exp), Src: src}
	case d.Exp != nil:
		return constant(0)
	case d.LogNormal != nil:
		mu, sigma := d.LogNormal.parameters()
		return distuv.LogNormal{Mu: mu, Sigma: sigma, Src: src}
	case d.Gamma != nil:
		shape, rate := d.Gamma.parameters()
		return distuv.Gamma{Alpha: shape, Beta: rate, Src: src}
	case d.Uniform != nil:
		return distuv.Uniform{Min: seconds(d.Uniform.From), Max: seconds(d.Uniform.To), Src: src}
	case d.Empirical != nil:
		return empirical{d.Empirical.Values, rand.New(src)}
	}
	return constant(seconds(*d.Constant))
}

func seconds(d switchyard.Duration) float64 { return float64(d) / 1000 }

func (l *LogNormal) parameters() (mu, sigma float64) {
	if l.Mu != nil {
		return *l.Mu, *l.Sigma
	}
	ratio := float64(l.SD) / float64(l.Mean)
	sigma = math.Sqrt(math.Log1p(ratio * ratio))
	return math.Log(seconds(l.Mean)) - sigma*sigma/2, sigma
}

func (g *Gamma) parameters() (shape, rate float64) {
	if g.Shape != 0 {
		return g.Shape, g.Rate
	}
	mean, sd := seconds(g.Mean), seconds(g.SD)
	return mean * mean / (sd * sd), mean / (sd * sd)
}

type constant float64

func (c constant) Rand() float64 { return float64(c) }

type empirical struct {
	values []switchyard.Duration
	rnd    *rand.Rand
}

func (e empirical) Rand() float64 { return seconds(e.values[e.rnd.IntN(len(e.values))]) }

// byInterval is a distribution for each interval, or one for all, drawing from one source.
type byInterval []sampler

func makeAll(all config.Series[Distribution], src rand.Source) byInterval {
	out := make(byInterval, len(all))
	for n := range all {
		out[n] = all[n].make(src)
	}
	return out
}

// at draws for an interval.
func (b byInterval) at(interval int) switchyard.Duration {
	if len(b) == 1 {
		interval = 0
	}
	return length(b[interval])
}
