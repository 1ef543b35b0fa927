package draw

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math"
	"strings"

	"switchyard/internal/core/plan"
)

// SVG returns plans as one SVG picture, beneath each other. It carries its colours for the dark and
// for the light, and no script, font or address of anything outside.
func SVG(ctx context.Context, plans []*plan.Plan) ([]byte, error) {
	l, err := newLayouter()
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	width, height := 200.0, 0.0
	for _, p := range plans {
		g := graphOf(p)
		where, err := l.layout(ctx, g)
		if err != nil {
			return nil, err
		}
		title := "plan " + g.title
		fmt.Fprintf(&body, "<g class=\"plan\" transform=\"translate(0 %s)\">\n<text class=\"heading\" x=\"12\" y=\"24\">%s</text>\n<g transform=\"translate(0 34)\">\n",
			px(height), escape(title))
		for n := range g.edges {
			drawEdge(&body, &g.edges[n], &where.Edges[n])
		}
		for n := range g.boxes {
			drawBox(&body, &g.boxes[n], &where.Boxes[n])
		}
		body.WriteString("</g>\n</g>\n")
		width = max(width, where.Width, titleWidth*1.3*float64(len([]rune(title)))+24)
		height += where.Height + 58
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%s\" height=\"%s\" viewBox=\"0 0 %[1]s %[2]s\" role=\"img\" aria-label=\"%s\">\n",
		px(width), px(height), escape(describe(plans)))
	out.WriteString(style)
	out.Write(body.Bytes())
	out.WriteString("</svg>\n")
	return out.Bytes(), nil
}

// style is the picture's own. The light is what viewers get that know no media queries. Text of edges
// has a rim in the colour of the ground, so that lines may run behind it.
const style = `<style>
svg { background: #ffffff; font-family: system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
text { fill: #1b2430; font-size: 12px; }
.heading { font-size: 17px; font-weight: 600; }
.name { font-size: 13px; font-weight: 600; }
.set { fill: #5b6778; }
.box rect { fill: #f3f6fa; stroke: #7c899b; stroke-width: 1.2; }
.queue rect { fill: #dcebff; }
.end rect { fill: #e2f3e5; }
.to rect { fill: #f6ecd8; stroke-dasharray: 4 3; }
.edge path { fill: none; stroke: #7c899b; stroke-width: 1.4; }
.edge polygon { fill: #7c899b; }
.edge text { paint-order: stroke; stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round; }
@media (prefers-color-scheme: dark) {
svg { background: #14181f; }
text { fill: #e8edf4; }
.set { fill: #a3b0c2; }
.box rect { fill: #222a35; stroke: #8593a6; }
.queue rect { fill: #1d3a5f; }
.end rect { fill: #1e4028; }
.to rect { fill: #4a3a1c; }
.edge path { stroke: #8593a6; }
.edge polygon { fill: #8593a6; }
.edge text { stroke: #14181f; }
}
</style>
`

func describe(plans []*plan.Plan) string {
	names := make([]string, len(plans))
	for n, p := range plans {
		names[n] = p.Name
	}
	return "Interaction plans: " + strings.Join(names, ", ")
}

func drawBox(w *bytes.Buffer, b *box, at *placed) {
	class, radius := b.kind, 6.0
	switch b.kind {
	case "start", "end":
		radius = min(at.Height/2, 16)
	case "plan":
		class = "to"
	}
	fmt.Fprintf(w, "<g class=\"box %s\"><rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" rx=\"%s\"/>",
		class, px(at.X-at.Width/2), px(at.Y-at.Height/2), px(at.Width), px(at.Height), px(radius))
	top := at.Y - at.Height/2 + boxPadding/2 + 13
	for n, line := range b.lines {
		class := "set"
		if n == 0 {
			class = "name"
		}
		fmt.Fprintf(w, "<text class=\"%s\" x=\"%s\" y=\"%s\" text-anchor=\"middle\">%s</text>", class, px(at.X), px(top+lineHeight*float64(n)), escape(line))
	}
	w.WriteString("</g>\n")
}

// drawEdge draws the way through its points, rounded at the corners, with an arrow at the end.
func drawEdge(w *bytes.Buffer, e *edge, way *polyline) {
	points := way.Points
	if len(points) < 2 {
		return
	}
	fmt.Fprintf(w, "<g class=\"edge\"><path d=\"M%s %s", px(points[0].X), px(points[0].Y))
	for n := 1; n+1 < len(points); n++ {
		end := middle(points[n], points[n+1])
		if n+2 == len(points) {
			end = points[n+1]
		}
		fmt.Fprintf(w, " Q%s %s %s %s", px(points[n].X), px(points[n].Y), px(end.X), px(end.Y))
	}
	last := points[len(points)-1]
	if len(points) == 2 {
		fmt.Fprintf(w, " L%s %s", px(last.X), px(last.Y))
	}
	w.WriteString("\"/>")
	arrow(w, points[len(points)-2], last)
	if e.label != "" {
		fmt.Fprintf(w, "<text x=\"%s\" y=\"%s\" text-anchor=\"middle\">%s</text>", px(way.X), px(way.Y+4), escape(e.label))
	}
	w.WriteString("</g>\n")
}

func middle(a, b point) point { return point{(a.X + b.X) / 2, (a.Y + b.Y) / 2} }

// px writes a length with a tenth of a pixel.
func px(v float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
}

func escape(text string) string {
	var b bytes.Buffer
	if err := xml.EscapeText(&b, []byte(text)); err != nil {
		panic(err) // a buffer takes everything
	}
	return b.String()
}

func decodeLayout(text string) (*layout, error) {
	var out layout
	err := json.Unmarshal([]byte(text), &out)
	return &out, err
}

// arrow draws the tip of an edge that comes from one point to another.
func arrow(w *bytes.Buffer, from, to point) {
	length := math.Hypot(to.X-from.X, to.Y-from.Y)
	if length == 0 {
		return
	}
	x, y := (to.X-from.X)/length, (to.Y-from.Y)/length
	fmt.Fprintf(w, "<polygon points=\"%s,%s %s,%s %s,%s\"/>", px(to.X), px(to.Y),
		px(to.X-9*x-4*y), px(to.Y-9*y+4*x), px(to.X-9*x+4*y), px(to.Y-9*y-4*x))
}
