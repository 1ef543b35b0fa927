package draw

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"math"

	"github.com/dop251/goja"
)

//go:embed dagre/dagre.min.js
var dagre string

// layout is where everything of a graph goes, in pixels from the upper left corner.
type layout struct {
	Width  float64    `json:"width"`
	Height float64    `json:"height"`
	Boxes  []placed   `json:"boxes"` // in the order of the graph
	Edges  []polyline `json:"edges"` // in the order of the graph
}

// placed is the middle of a box, and its size.
type placed struct {
	X, Y, Width, Height float64
}

// polyline is the way of an edge, and the middle of its label.
type polyline struct {
	Points []point
	X, Y   float64
}

type point struct{ X, Y float64 }

// arrange gives dagre the sizes and takes the places. The interpreter has what dagre asks of a browser
// and nothing else: no file, no network, no clock it could wait for.
const arrange = `
var structuredClone = function (v) { return JSON.parse(JSON.stringify(v)); };
function arrange(boxes, edges) {
  var g = new dagre.graphlib.Graph({ multigraph: true });
  g.setGraph({ rankdir: "TB", nodesep: 36, ranksep: 34, edgesep: 18, marginx: 12, marginy: 12 });
  boxes.forEach(function (b) { g.setNode(b.id, { width: b.width, height: b.height }); });
  edges.forEach(function (e, n) {
    g.setEdge(e.from, e.to, { width: e.width, height: e.height, labelpos: "c" }, String(n));
  });
  dagre.layout(g);
  return JSON.stringify({
    width: g.graph().width, height: g.graph().height,
    boxes: boxes.map(function (b) { return g.node(b.id); }),
    edges: edges.map(function (e, n) { return g.edge(e.from, e.to, String(n)); })
  });
}`

// layouter lays graphs out, one after another.
type layouter struct {
	vm      *goja.Runtime
	arrange goja.Callable
}

func newLayouter() (*layouter, error) {
	vm := goja.New()
	vm.SetMaxCallStackSize(10_000)
	for _, source := range []string{dagre, arrange} {
		if _, err := vm.RunString(source); err != nil {
			return nil, fmt.Errorf("load the layout library: %w", err)
		}
	}
	f, ok := goja.AssertFunction(vm.Get("arrange"))
	if !ok {
		return nil, errors.New("load the layout library: it has no arrange")
	}
	return &layouter{vm, f}, nil
}

// layout lays a graph out; ctx ends a layout that takes too long.
func (l *layouter) layout(ctx context.Context, g *graph) (*layout, error) {
	boxes := make([]map[string]any, len(g.boxes))
	for n, b := range g.boxes {
		width, height := b.size()
		boxes[n] = map[string]any{"id": b.id, "width": width, "height": height}
	}
	edges := make([]map[string]any, len(g.edges))
	for n, e := range g.edges {
		width, height := e.labelSize()
		edges[n] = map[string]any{"from": e.from, "to": e.to, "width": width, "height": height}
	}
	stop := context.AfterFunc(ctx, func() { l.vm.Interrupt(ctx.Err()) })
	defer stop()
	answer, err := l.arrange(goja.Undefined(), l.vm.ToValue(boxes), l.vm.ToValue(edges))
	if err != nil {
		return nil, fmt.Errorf("lay out plan %s: %w", g.title, err)
	}
	out, err := decodeLayout(answer.String())
	if err == nil && (len(out.Boxes) != len(g.boxes) || len(out.Edges) != len(g.edges) || math.IsNaN(out.Width)) {
		err = errors.New("the layout lacks something")
	}
	if err != nil {
		return nil, fmt.Errorf("lay out plan %s: %w", g.title, err)
	}
	return out, nil
}

// Sizes in pixels. Text is measured by its characters: no font is at hand, and the widths of common
// ones differ little.
const (
	titleWidth = 8.0 // a character of a box's first line
	lineWidth  = 6.6 // a character of the others, and of labels
	lineHeight = 17.0
	boxPadding = 14.0
)

func (b *box) size() (width, height float64) {
	for n, line := range b.lines {
		per := lineWidth
		if n == 0 {
			per = titleWidth
		}
		width = max(width, per*float64(len([]rune(line))))
	}
	return max(40, width+2*boxPadding), lineHeight*float64(len(b.lines)) + boxPadding
}

func (e *edge) labelSize() (width, height float64) {
	if e.label == "" {
		return 0, 0
	}
	return lineWidth*float64(len([]rune(e.label))) + 8, lineHeight
}
