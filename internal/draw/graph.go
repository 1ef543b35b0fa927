// Package draw shows plans as pictures: as SVG, readable in the dark and in the light, and as Mermaid
// text. Where the boxes of the SVG go is worked out by dagre, the layout library, which runs in a
// JavaScript interpreter inside this process; see dagre/README.md.
//
// It may import the root package, core/plan and the interpreter.
package draw

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"switchyard/internal/core/plan"
)

// graph is a plan as boxes and arrows.
type graph struct {
	title string
	boxes []box
	edges []edge
}

// box is an applet, a plan that a goto enters, or the end of the plan.
type box struct {
	id    string
	kind  string // applet, queue, plan, end or start
	lines []string
}

// edge leads from one box to another.
type edge struct {
	from, to string
	label    string
}

// graphOf makes the graph of a plan. Ends with the same outcome share a box.
func graphOf(p *plan.Plan) *graph {
	g := &graph{title: p.Name}
	g.boxes = append(g.boxes, box{id: "start", kind: "start", lines: []string{"start"}})
	ids := map[string]string{}
	for n, name := range p.Names() {
		ids[name] = fmt.Sprintf("a%d", n)
	}
	g.edges = append(g.edges, edge{from: "start", to: ids[p.Start]})
	for _, name := range p.Names() {
		a := p.Applets[name]
		g.boxes = append(g.boxes, boxOf(ids[name], a))
		for _, w := range a.Ways() {
			to := ids[w.Next]
			if w.Next == "" {
				to = g.end(w.Outcome)
			}
			g.edges = append(g.edges, edge{from: ids[name], to: to, label: labelOf(w)})
		}
		switch a.Type {
		case plan.TypeQueue:
			g.edges = append(g.edges, edge{from: ids[name], to: g.end("Delivered"), label: "worked"})
		case plan.TypeGoto:
			id := fmt.Sprintf("p%d", len(g.boxes))
			g.boxes = append(g.boxes, box{id: id, kind: "plan", lines: []string{"plan " + shorten(a.Set().Plan)}})
			g.edges = append(g.edges, edge{from: ids[name], to: id})
		}
	}
	return g
}

// end returns the id of the box of an outcome.
func (g *graph) end(outcome string) string {
	id := "end " + outcome
	if !slices.ContainsFunc(g.boxes, func(b box) bool { return b.id == id }) {
		g.boxes = append(g.boxes, box{id: id, kind: "end", lines: []string{outcome}})
	}
	return id
}

func labelOf(w plan.Way) string {
	if w.When != "" {
		return shorten(w.When)
	}
	return w.Exit
}

// boxOf shows an applet with its main settings.
func boxOf(id string, a *plan.Applet) box {
	b := box{id: id, kind: "applet", lines: []string{a.Name, a.Type}}
	switch a.Type {
	case plan.TypeQueue:
		b.kind = "queue"
	case plan.TypeEnd:
		b.kind = "end"
	}
	b.lines = append(b.lines, settingsOf(a)...)
	return b
}

// Settings that say where a plan goes, which the edges show, and those that may be long or hold a
// credential.
var unshown = []string{"next", "on", "rules", "branches", "plan", "headers", "body"}

// maxSettings bounds the lines of a box.
const maxSettings = 6

func settingsOf(a *plan.Applet) (lines []string) {
	text, err := json.Marshal(a.Set())
	if err != nil {
		panic(err) // it was read from a document
	}
	var members map[string]any
	if err := json.Unmarshal(text, &members); err != nil {
		panic(err)
	}
	for _, name := range plan.AppletSettings()[a.Type] {
		value, set := members[name]
		if !set || slices.Contains(unshown, name) {
			continue
		}
		if len(lines) == maxSettings {
			return append(lines, "…")
		}
		lines = append(lines, shorten(name+": "+words(value)))
	}
	return lines
}

// words says a value of a document in a line.
func words(value any) string {
	switch v := value.(type) {
	case []any:
		var parts []string
		for _, part := range v {
			parts = append(parts, words(part))
		}
		return strings.Join(parts, ", ")
	case map[string]any:
		if name, is := v["name"].(string); is {
			return name + skillWords(v)
		}
		var parts []string
		for _, key := range sortedKeys(v) {
			parts = append(parts, key+" = "+words(v[key]))
		}
		return strings.Join(parts, ", ")
	case string:
		return strings.Join(strings.Fields(v), " ")
	}
	return fmt.Sprint(value)
}

// skillWords says how long a skill that is put on is required.
func skillWords(v map[string]any) string {
	switch expiry := v["expiryafter"].(type) {
	case float64:
		if expiry == 0 {
			return " (optional)"
		}
		return fmt.Sprintf(" (%vs)", expiry)
	}
	return ""
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// maxLine bounds a line of a box or a label, in characters.
const maxLine = 44

func shorten(text string) string {
	runes := []rune(text)
	if len(runes) <= maxLine {
		return text
	}
	return string(runes[:maxLine-1]) + "…"
}
