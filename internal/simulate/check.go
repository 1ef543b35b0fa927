package simulate

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"switchyard"
	"switchyard/internal/config"
	"switchyard/internal/core/plan"
)

// series checks the distributions of a Series.
func (c *checker) series(path string, all config.Series[Distribution]) {
	if !c.count(path, len(all)) {
		return
	}
	for n := range all {
		at := path
		if len(all) > 1 {
			at = config.Nth(path, n)
		}
		c.distribution(at, &all[n])
	}
}

// distribution checks one distribution, and reads the file of an empirical one.
func (c *checker) distribution(path string, d *Distribution) {
	if d == nil {
		return
	}
	given := 0
	for _, is := range []bool{d.Exp != nil, d.LogNormal != nil, d.Gamma != nil, d.Uniform != nil, d.Constant != nil, d.Empirical != nil} {
		if is {
			given++
		}
	}
	if given != 1 {
		c.problems = append(c.problems, config.Problem{Path: path, Text: "must be one distribution, such as {exp: 180s}", Allowed: kinds})
		return
	}
	switch {
	case d.LogNormal != nil:
		l := d.LogNormal
		byLog := l.Mu != nil && l.Sigma != nil && *l.Sigma >= 0 && l.Mean == 0 && l.SD == 0
		if !byLog && !(l.Mu == nil && l.Sigma == nil && l.Mean > 0 && l.SD >= 0) {
			c.fault(config.At(path, "lognormal"), "takes {mean: 180s, sd: 90s}, or {mu: …, sigma: …} of the logarithm of its seconds")
		}
	case d.Gamma != nil:
		g := d.Gamma
		byShape := g.Shape > 0 && g.Rate > 0 && g.Mean == 0 && g.SD == 0
		if !byShape && !(g.Shape == 0 && g.Rate == 0 && g.Mean > 0 && g.SD > 0) {
			c.fault(config.At(path, "gamma"), "takes {mean: 180s, sd: 90s}, or {shape: …, rate: …} whose mean is shape ÷ rate seconds")
		}
	case d.Uniform != nil && d.Uniform.From > d.Uniform.To:
		c.fault(config.At(path, "uniform"), "goes from %v down to %v; from must not be above to", d.Uniform.From, d.Uniform.To)
	case d.Empirical != nil:
		c.empirical(config.At(path, "empirical"), d.Empirical)
	}
}

func (c *checker) empirical(path string, e *Empirical) {
	switch {
	case (len(e.Values) > 0) == (e.File != ""):
		c.fault(path, "takes {values: [40s, 75s, …]}, or {file: times.csv, column: NAME}")
	case e.File != "":
		at := config.At(path, "file")
		t := c.table(at, e.File)
		if t == nil {
			return
		}
		column := 0
		if e.Column != "" {
			if column = t.column(e.Column); column < 0 {
				c.fault(config.At(path, "column"), "%s has no column %q; it has %s", e.File, e.Column, strings.Join(t.head, ", "))
				return
			}
		}
		for n, row := range t.rows {
			d, err := switchyard.ParseDuration(row[column])
			if err != nil {
				c.fault(at, "%s, row %d: %v", e.File, n+2, err)
				return
			}
			e.Values = append(e.Values, d)
		}
		if len(e.Values) == 0 {
			c.fault(at, "%s has no row beneath its heading", e.File)
		}
	}
}

// table is a CSV file with a heading.
type table struct {
	head []string
	rows [][]string
}

func (t *table) column(name string) int {
	return slices.IndexFunc(t.head, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), name) })
}

// table reads a CSV file; nil with a fault when it cannot be.
func (c *checker) table(path, file string) *table {
	text, err := c.files(file)
	if err != nil {
		c.fault(path, "%v", err)
		return nil
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	t := &table{}
	if t.head, err = r.Read(); err == io.EOF {
		c.fault(path, "%s is empty; its first row names the columns", file)
		return nil
	}
	for err == nil {
		var row []string
		if row, err = r.Read(); err == nil {
			t.rows = append(t.rows, row)
		}
		if len(t.rows) > maxFileRows {
			c.fault(path, "%s has more than %d rows", file, maxFileRows)
			return nil
		}
	}
	if err != io.EOF {
		c.fault(path, "%s: %v", file, err)
		return nil
	}
	return t
}

func (c *checker) allStreams() {
	if len(c.s.Streams) == 0 || len(c.s.Streams) > maxStreams {
		c.fault("streams", "must be 1 to %d streams, such as {route: Cases, arrivals: 120, handle: {exp: 180s}}", maxStreams)
	}
	names, expected := map[string]bool{}, 0.0
	for n := range c.s.Streams {
		path, s := config.Nth("streams", n), &c.s.Streams[n]
		if s.Name == "" {
			s.Name = s.Route
		}
		if names[s.Name] {
			c.fault(path, "is the second stream called %q; give it a name of its own", s.Name)
		}
		names[s.Name] = true
		out := &stream{Stream: s, number: n}
		c.out.streams = append(c.out.streams, out)
		c.routing(path, out)
		c.customers(path, out)
		for _, rate := range out.expected {
			expected += rate
		}
		expected += float64(len(out.given))
	}
	if expected > maxCustomers {
		c.fault("streams", "bring %.0f customers in one replication; at most %d are allowed: run fewer at once, in more replications", expected, maxCustomers)
	}
}

// routing checks what the work of a stream is.
func (c *checker) routing(path string, s *stream) {
	var routes []string
	for _, r := range c.out.account.Routes {
		routes = append(routes, r.Name)
	}
	if s.Route == "" {
		c.fault(config.At(path, "route"), "is missing: name a route of the account")
	} else {
		s.request.Route, _ = c.known(config.At(path, "route"), "route", s.Route, routes)
	}
	if class := new(switchyard.Class); s.Type != "" {
		if err := class.UnmarshalText([]byte(s.Type)); err != nil {
			c.fault(config.At(path, "type"), "%v", err)
		}
		s.request.Class = s.Type
	}
	for n, skill := range s.Skills {
		at := config.Nth(config.At(path, "skills"), n)
		name, _ := c.known(config.At(at, "name"), "skill", skill.Name, c.out.account.Skills)
		asked := switchyard.Skill{Name: name}
		if e := skill.ExpiryAfter; e != nil {
			whole := int64(*e / switchyard.Second)
			if *e%switchyard.Second != 0 || whole > switchyard.MaxTimeoutSeconds {
				c.fault(config.At(at, "expiryafter"), "must be whole seconds, at most %d", switchyard.MaxTimeoutSeconds)
			}
			asked.ExpiryAfter = &whole
		}
		s.request.Skills = append(s.request.Skills, asked)
	}
	if s.Band != "" {
		band, err := switchyard.ParseBand(s.Band)
		if err != nil {
			c.fault(config.At(path, "band"), "%v", err)
		} else {
			s.Band = band.String()
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.Properties)) {
		at := config.At(config.At(path, "properties"), key)
		if _, builtIn := plan.BuiltIn(key); builtIn {
			c.fault(at, "is a built-in data source and cannot be given")
		}
		if len(s.Properties[key]) > switchyard.MaxDataSourceBytes {
			c.fault(at, "has more than %d bytes", switchyard.MaxDataSourceBytes)
		}
		s.request.Linked = append(s.request.Linked, switchyard.Linked{Type: "interactionproperty", Key: key, Value: s.Properties[key]})
	}
}

// customers checks when the customers of a stream come, what they take and how long they wait.
func (c *checker) customers(path string, s *stream) {
	ways := 0
	for _, is := range []bool{s.Arrivals != nil, s.Times != nil, s.CSV != ""} {
		if is {
			ways++
		}
	}
	switch {
	case ways != 1:
		c.fault(path, "needs one of arrivals (expected in an interval), times and csv")
	case s.Arrivals != nil && c.count(config.At(path, "arrivals"), len(s.Arrivals)):
		for _, rate := range s.Arrivals {
			if rate < 0 || math.IsNaN(rate) {
				c.fault(config.At(path, "arrivals"), "cannot be below 0")
			}
		}
		s.expected = spread(s.Arrivals, c.out.intervals)
	case s.CSV != "":
		c.arrivals(config.At(path, "csv"), s)
	default:
		for n, at := range s.Times {
			if at >= c.s.Length {
				c.fault(config.Nth(config.At(path, "times"), n), "is past the end of arrivals, which is %v after start", c.s.Length)
			}
			s.given = append(s.given, given{c.out.start.Add(at), -1, -1})
		}
	}
	slices.SortStableFunc(s.given, func(a, b given) int { return int(a.at.Sub(b.at)) })
	c.busyness(config.At(path, "busyness"), s.Busyness)
	if s.Handle == nil && !slices.ContainsFunc(s.given, func(g given) bool { return g.handle >= 0 }) {
		c.fault(config.At(path, "handle"), "is missing: say how long the work takes, such as {exp: 180s}")
	} else if s.Handle != nil {
		c.series(config.At(path, "handle"), s.Handle)
	}
	if s.Patience != nil {
		c.series(config.At(path, "patience"), s.Patience)
	}
	if r := s.Retry; r != nil {
		at := config.At(path, "retry")
		if !(r.Probability >= 0 && r.Probability <= 1) {
			c.fault(config.At(at, "probability"), "must be from 0 to 1")
		}
		c.distribution(config.At(at, "after"), &r.After)
		if r.Most == 0 {
			r.Most = 3
		}
		if r.Most < 0 || r.Most > 1_000 {
			c.fault(config.At(at, "most"), "must be from 1 to 1000")
		}
	}
}

// arrivals reads the customers of a CSV file: a column at, a moment or a length of time from start, and
// perhaps handle and patience. Rows outside of the time that is simulated are left out.
func (c *checker) arrivals(path string, s *stream) {
	t := c.table(path, s.CSV)
	if t == nil {
		return
	}
	at, handle, patience := t.column("at"), t.column("handle"), t.column("patience")
	if at < 0 {
		c.fault(path, "%s has no column at; it has %s", s.CSV, strings.Join(t.head, ", "))
		return
	}
	if handle < 0 && s.Handle == nil {
		c.fault(path, "%s has no column handle; say how long the work takes by handle here, such as {exp: 180s}", s.CSV)
		return
	}
	for n, row := range t.rows {
		g, err := c.arrival(row, at, handle, patience)
		if err != nil {
			c.fault(path, "%s, row %d: %v", s.CSV, n+2, err)
			return
		}
		if g.handle < 0 && s.Handle == nil {
			c.fault(path, "%s, row %d: has no handle; say how long such work takes by handle here", s.CSV, n+2)
			return
		}
		if g.at >= c.out.start && g.at < c.out.end {
			s.given = append(s.given, g)
		}
	}
	if len(s.given) == 0 {
		c.fault(path, "%s has nobody who comes from %v to %v", s.CSV, c.out.start, c.out.end)
	}
}

func (c *checker) arrival(row []string, at, handle, patience int) (g given, err error) {
	g = given{handle: -1, patience: -1}
	if offset, notLength := switchyard.ParseDuration(row[at]); notLength == nil {
		g.at = c.out.start.Add(offset)
	} else if err = g.at.UnmarshalText([]byte(row[at])); err != nil {
		return g, fmt.Errorf("at: %q is neither a moment such as 2026-11-23T12:04:05Z nor a length of time since start", row[at])
	}
	if handle >= 0 && row[handle] != "" {
		if g.handle, err = switchyard.ParseDuration(row[handle]); err != nil {
			return g, fmt.Errorf("handle: %w", err)
		}
	}
	if patience >= 0 && row[patience] != "" {
		if g.patience, err = switchyard.ParseDuration(row[patience]); err != nil {
			return g, fmt.Errorf("patience: %w", err)
		}
	}
	return g, nil
}

func (c *checker) allCrews() {
	if len(c.s.Agents) == 0 {
		c.fault("agents", "is missing: say who works, such as [{group: support, headcount: 10}]")
	}
	taken, names := map[string]bool{}, map[string]bool{}
	for n := range c.s.Agents {
		path, s := config.Nth("agents", n), &c.s.Agents[n]
		if s.Group != "" {
			s.Group, _ = c.known(config.At(path, "group"), "group", s.Group, c.out.account.Groups)
		}
		if s.Name == "" {
			s.Name = s.Group
		}
		if s.Name == "" {
			s.Name = "agents"
		}
		if names[s.Name] {
			c.fault(path, "is the second entry called %q; give it a name of its own", s.Name)
		}
		names[s.Name] = true
		out := &crew{Crew: s, number: n}
		c.out.crews = append(c.out.crews, out)
		c.roster(path, out, taken)
		c.distribution(config.At(path, "accept"), s.Accept)
		c.distribution(config.At(path, "afterwork"), s.AfterWork)
		for k := range s.Breaks {
			c.pause(config.Nth(config.At(path, "breaks"), k), &s.Breaks[k])
		}
	}
}

// roster finds the agents of a crew, and makes those up whom the account does not have.
func (c *checker) roster(path string, out *crew, taken map[string]bool) {
	if out.HeadCount == nil {
		c.fault(config.At(path, "headcount"), "is missing: say how many are on shift")
		return
	}
	if !c.count(config.At(path, "headcount"), len(out.HeadCount)) {
		return
	}
	most := slices.Max(out.HeadCount)
	if slices.Min(out.HeadCount) < 0 || most > maxAgents {
		c.fault(config.At(path, "headcount"), "must be from 0 to %d", maxAgents)
		return
	}
	out.headcount = spread(out.HeadCount, c.out.intervals)
	var own []string
	for _, a := range c.out.account.Agents {
		if a.Has(switchyard.RoleAgent) && !taken[a.Username] && (out.Group == "" || slices.Contains(a.Groups, out.Group)) {
			own = append(own, a.Username)
		}
	}
	slices.Sort(own)
	out.members, out.own = own[:min(most, len(own))], len(own)
	for _, name := range own {
		taken[name] = true
	}
	if len(out.members) < most && out.Hire == nil {
		c.fault(config.At(path, "headcount"), "asks for %d; the account has %d such agents (hire: {skills: …} makes more of them up)", most, len(own))
		return
	}
	if out.Hire != nil {
		c.hire(config.At(path, "hire"), out, most, taken)
	}
}

func (c *checker) hire(path string, out *crew, most int, taken map[string]bool) {
	entry := switchyard.AgentEntry{Skills: map[string]int{}, Capacity: out.Hire.Capacity}
	for _, name := range slices.Sorted(maps.Keys(out.Hire.Skills)) {
		at := config.At(config.At(path, "skills"), name)
		level := out.Hire.Skills[name]
		if level < 1 || level > 10 {
			c.fault(at, "must be a level from 1 to 10")
		}
		if spelling, ok := c.known(at, "skill", name, c.out.account.Skills); ok {
			entry.Skills[spelling] = level
		}
	}
	if out.Group != "" {
		entry.Groups = []string{out.Group}
	}
	used := map[string]bool{}
	for _, a := range c.out.account.Agents {
		used[switchyard.CaseKey(a.Username)] = true
	}
	for n := 1; len(out.members) < most; n++ {
		entry.Username = fmt.Sprintf("%s-%04d", out.Name, n)
		if used[switchyard.CaseKey(entry.Username)] {
			continue
		}
		taken[entry.Username] = true
		out.members = append(out.members, entry.Username)
		c.out.account.Agents = append(c.out.account.Agents, entry)
	}
}

func (c *checker) pause(path string, b *Break) {
	c.distribution(config.At(path, "after"), &b.After)
	c.distribution(config.At(path, "length"), &b.Length)
	if b.Presence == "" {
		b.Presence = switchyard.PresenceAway
	}
	choices := []string{switchyard.PresenceAway, switchyard.PresenceExtendedAway}
	for _, p := range c.out.account.Presences {
		if p.Category == switchyard.Away || p.Category == switchyard.ExtendedAway {
			choices = append(choices, p.Name)
		}
	}
	if name, ok := c.known(config.At(path, "presence"), "presence for a break", b.Presence, choices); ok {
		b.Presence = name
	}
}
