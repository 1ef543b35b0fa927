package simulate

import (
	"bytes"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// WriteText writes the staffing as a table, and beneath what one agent less breaks.
func (s *Staffing) WriteText(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%.6g agent-hours; %d replications, seed %d, %d staffings tried; mean ± half of the 95 %% interval\n",
		s.AgentHours, s.Replications, s.Seed, s.Tried)
	for n, g := range s.Goals {
		by := "on average"
		if s.Confident {
			by = "by the worse end of the 95 % interval"
		}
		fmt.Fprintf(&b, "goal %d: %s in every interval, %s\n", n+1, g, by)
	}
	t := newTable(&b, "interval, group")
	head := []string{"", "agents", "occupancy"}
	for n := range s.Goals {
		head = append(head, fmt.Sprintf("goal %d", n+1))
	}
	t.cells(head...)
	for _, i := range s.Intervals {
		for n, g := range i.Groups {
			row := []string{i.Start.Time().Format("Mon 02 15:04 ") + s.Groups[n], fmt.Sprint(g.Agents), cell(Share, g.Occupancy)}
			for k, goal := range s.Goals {
				row = append(row, cell(goal.unit(), i.Reached[k]))
			}
			t.cells(row...)
		}
	}
	t.flush()
	fmt.Fprintf(&b, "\none agent less, all else as above, breaks:\n")
	for _, i := range s.Intervals {
		for n, g := range i.Groups {
			if g.OneLess != nil {
				fmt.Fprintf(&b, "  %s %s: %d → %s\n", i.Start.Time().Format("Mon 02 15:04"), s.Groups[n], g.Agents-1, g.OneLess)
			}
		}
	}
	if len(s.Groups) > 1 {
		b.WriteString("\nnote: with several groups this is a local minimum; another mix of them may need fewer agents\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

// WriteJSON writes the staffing as one JSON object; docs/guides/simulate.md tells its members.
func (s *Staffing) WriteJSON(w io.Writer) error {
	j := writer{e: jsontext.NewEncoder(w, jsontext.WithIndent("  "))}
	j.token(jsontext.BeginObject)
	j.key("replications", jsontext.Int(int64(s.Replications)))
	j.key("seed", jsontext.Int(s.Seed))
	j.key("confident", jsontext.Bool(s.Confident))
	j.key("staffings_tried", jsontext.Int(int64(s.Tried)))
	j.key("agent_hours", jsontext.Float(s.AgentHours))
	j.list("goals", len(s.Goals), func(n int) { j.goal(s.Goals[n]) })
	j.list("intervals", len(s.Intervals), func(n int) {
		i := &s.Intervals[n]
		j.key("start", jsontext.String(i.Start.String()))
		j.list("goals", len(i.Reached), func(k int) {
			j.token(jsontext.String("reached"))
			j.estimate(i.Reached[k])
		})
		j.token(jsontext.String("groups"))
		j.token(jsontext.BeginObject)
		for k, g := range i.Groups {
			j.token(jsontext.String(s.Groups[k]))
			j.group(g)
		}
		j.token(jsontext.EndObject)
	})
	j.token(jsontext.EndObject)
	return j.err
}

func (j *writer) list(name string, n int, members func(int)) {
	j.token(jsontext.String(name))
	j.token(jsontext.BeginArray)
	for k := range n {
		j.token(jsontext.BeginObject)
		members(k)
		j.token(jsontext.EndObject)
	}
	j.token(jsontext.EndArray)
}

func (j *writer) goal(g Goal) {
	j.key("figure", jsontext.String(g.Figure))
	if g.Stream != "" {
		j.key("stream", jsontext.String(g.Stream))
	}
	j.key("level", jsontext.Float(g.Level))
	if g.Figure == "service_level" {
		j.key("within_seconds", jsontext.Float(seconds(g.Within)))
	}
}

func (j *writer) group(g StaffedGroup) {
	j.token(jsontext.BeginObject)
	j.key("agents", jsontext.Int(int64(g.Agents)))
	j.token(jsontext.String("occupancy"))
	j.estimate(g.Occupancy)
	j.token(jsontext.String("one_less"))
	if b := g.OneLess; b == nil {
		j.token(jsontext.Null)
	} else {
		j.token(jsontext.BeginObject)
		j.key("start", jsontext.String(b.Start.String()))
		j.goal(b.Goal)
		j.token(jsontext.String("reached"))
		j.estimate(b.Reached)
		j.token(jsontext.EndObject)
	}
	j.token(jsontext.EndObject)
}
