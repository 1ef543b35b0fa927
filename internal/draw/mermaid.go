package draw

import (
	"fmt"
	"strings"

	"switchyard/internal/core/plan"
)

// Mermaid returns plans as a Mermaid flowchart, one subgraph a plan. Colours are left to the theme of
// whoever shows it.
func Mermaid(plans []*plan.Plan) string {
	var b strings.Builder
	b.WriteString("flowchart TD\n")
	for n, p := range plans {
		g := graphOf(p)
		id := func(box string) string { return fmt.Sprintf("p%d_%s", n, mermaidID(g, box)) }
		fmt.Fprintf(&b, "  subgraph p%d[\"%s\"]\n", n, mermaidText("plan "+g.title))
		for _, box := range g.boxes {
			fmt.Fprintf(&b, "    %s%s\n", id(box.id), mermaidBox(box))
		}
		for _, e := range g.edges {
			arrow := "-->"
			if e.label != "" {
				arrow = fmt.Sprintf("-- \"%s\" -->", mermaidText(e.label))
			}
			fmt.Fprintf(&b, "    %s %s %s\n", id(e.from), arrow, id(e.to))
		}
		b.WriteString("  end\n")
	}
	return b.String()
}

// mermaidID is a box's place: names of outcomes are no ids.
func mermaidID(g *graph, id string) string {
	for n, b := range g.boxes {
		if b.id == id {
			return fmt.Sprintf("b%d", n)
		}
	}
	panic("draw: an edge leads to no box: " + id)
}

func mermaidBox(b box) string {
	lines := make([]string, len(b.lines))
	for n, line := range b.lines {
		lines[n] = mermaidText(line)
	}
	text := strings.Join(lines, "<br/>")
	switch b.kind {
	case "start":
		return "((\"" + text + "\"))"
	case "end":
		return "([\"" + text + "\"])"
	case "queue":
		return "[[\"" + text + "\"]]"
	case "plan":
		return ">\"" + text + "\"]"
	}
	return "[\"" + text + "\"]"
}

// mermaidText escapes what means something to Mermaid or to HTML.
func mermaidText(text string) string {
	return strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "&", "#amp;", "\n", " ", "`", "#96;").Replace(text)
}
