package rehearse

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"switchyard"
)

// WriteText writes a report for people: what happened step by step, where the interaction is then, and
// what would happen next.
func (r *Report) WriteText(w io.Writer) error {
	var b bytes.Buffer
	last := ""
	for n := range r.Steps {
		s := &r.Steps[n]
		at := s.At.String()
		if at == last {
			at = ""
		}
		last = s.At.String()
		fmt.Fprintf(&b, "%-24s  %s\n", at, s.head())
		for _, line := range s.lines() {
			fmt.Fprintf(&b, "%-24s    %s\n", "", line)
		}
	}
	r.writeEnd(&b)
	_, err := w.Write(b.Bytes())
	return err
}

func (s *Step) head() string {
	switch {
	case s.What == "applet":
		return fmt.Sprintf("%s/%s (%s)", s.Plan, s.Applet, s.Type)
	case s.What == "callback":
		return fmt.Sprintf("callback %s to %s", s.Sent[0].Notification, s.Sent[0].Provider)
	case s.What == "left":
		return fmt.Sprintf("left %s/%s", s.Plan, s.Applet)
	case s.Outcome != "":
		return s.What + " as " + s.Outcome
	case s.Agent != "":
		return s.What + " " + s.Agent
	}
	return s.What
}

func (s *Step) lines() []string {
	lines := append([]string(nil), s.Changed...)
	for _, m := range s.Sent {
		lines = append(lines, m.lines()...)
	}
	switch {
	case s.Exit != "":
		line := "exit " + s.Exit
		if s.To != "" {
			line += " → " + s.To
		} else if s.What != "ended" {
			line += ", which ends the plan"
		}
		if s.Why != "" {
			line += " (" + s.Why + ")"
		}
		lines = append(lines, line)
	case s.To != "":
		lines = append(lines, "→ "+s.To)
	}
	if s.Exit == "" && s.Why != "" {
		lines = append(lines, s.Why)
	}
	return lines
}

func (m *Sent) lines() (lines []string) {
	switch {
	case m.Request != nil:
		lines = append(lines, "would ask "+m.Request.Method+" "+m.Request.URL)
		for _, name := range slices.Sorted(maps.Keys(m.Request.Headers)) {
			lines = append(lines, "  "+name+": "+m.Request.Headers[name])
		}
		lines = append(lines, indented(m.Request.Body)...)
	case m.Kind != switchyard.EffectCallback:
		line := fmt.Sprintf("would send by gateway %s to %s", m.Gateway, strings.Join(m.To, ", "))
		if m.From != "" {
			line += " from " + m.From
		}
		lines = append(lines, line+":")
		lines = append(lines, indented(m.Subject)...)
		lines = append(lines, indented(m.Message)...)
		lines = append(lines, indented(m.HTML)...)
	}
	switch a := m.Answer; {
	case a == nil || a.OK:
	case a.Timeout:
		lines = append(lines, strings.TrimSpace("answered: nothing in time "+a.Detail))
	default:
		lines = append(lines, strings.TrimSpace("answered: failure "+a.Detail))
	}
	return lines
}

func indented(text string) (lines []string) {
	for line := range strings.Lines(text) {
		lines = append(lines, "  "+strings.TrimRight(line, "\r\n"))
	}
	return lines
}

// writeEnd says where the interaction is and what would change that.
func (r *Report) writeEnd(w io.Writer) {
	if i := r.Interaction; i != nil {
		fmt.Fprintf(w, "\n%s in %s/%s, band %s\n", i.State, i.Plan, i.Applet, i.Band)
	}
	e := r.Next
	if e == nil {
		return
	}
	if e.State == switchyard.Queued {
		fmt.Fprintf(w, "  requires %s; prefers %s; %d agents fit\n", skills(e.Requires), skills(e.Prefers), e.Considered)
	}
	fmt.Fprintf(w, "  %s\n", e.Summary)
	for _, m := range e.Agents {
		fmt.Fprintf(w, "  %s\n", m.Text)
	}
	for _, c := range e.Changes {
		fmt.Fprintf(w, "  at %v: %s\n", c.At, c.Text)
	}
	if e.Unserveable {
		fmt.Fprintln(w, "  no agent of the account could ever take it")
	}
}

func skills(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}
