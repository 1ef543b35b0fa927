package draw

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"switchyard"
	"switchyard/internal/core/plan"
)

var update = flag.Bool("update", false, "write the pictures of testdata anew")

// plansOf compiles plans that have all there is to draw.
func plansOf(t testing.TB) []*plan.Plan {
	five, minute := switchyard.Length{Fixed: 5 * switchyard.Minute}, switchyard.Seconds{Fixed: 60}
	doc := &switchyard.Account{Account: "acme", Skills: []string{"billing", "german"}, Groups: []string{"support"},
		Gateways: switchyard.Gateways{SMS: map[string]switchyard.Gateway{"default": {Type: "log"}}},
		Plans: []switchyard.Plan{
			{Name: `Cases <"&#>`, Start: "team", Applets: map[string]switchyard.Applet{
				"team": {Type: "datarouter", Rules: []switchyard.Rule{{Source: "Team", Operator: "equals", Value: `<script>"&`, Next: "tag"},
					{Source: "Note", Operator: "isnull", Next: "other"}}},
				"tag": {Type: "skilltagger", Skills: []switchyard.TagSkill{{Name: "billing"}, {Name: "german", ExpiryAfter: &minute}}, Next: "tell"},
				"tell": {Type: "sendsms", Gateway: "default", To: "$(CLID)", Message: "a message\nof several lines that is far too long for a box of a picture",
					Next: "queue", On: map[string]string{"failure": "pause"}},
				"pause": {Type: "wait", For: &five, Next: "queue"},
				"queue": {Type: "queue", Groups: []string{"support"}, Duration: &five, On: map[string]string{"duration": "pause", "noagents": "late"}},
				"other": {Type: "goto", Plan: "Night"},
				"late":  {Type: "end", Outcome: "TooLate"},
			}},
			{Name: "Night", Start: "split", Applets: map[string]switchyard.Applet{
				"split": {Type: "split", Branches: []switchyard.Branch{{Weight: 1, Next: "q"}, {Weight: 3, Next: "band"}}},
				"band":  {Type: "setpriority", Band: "Lower"},
				"q":     {Type: "queue"},
			}},
		}}
	set, faults := plan.Compile(doc)
	for _, f := range faults {
		if !f.Warning {
			t.Fatal(f)
		}
	}
	return set.Plans()
}

func TestPicturesAreAsBefore(t *testing.T) {
	plans := plansOf(t)
	svg, err := SVG(t.Context(), plans)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]byte{"plans.svg": svg, "plans.mmd": []byte(Mermaid(plans))} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is another picture (%v); look at it with -update", name, err)
		}
	}
	if again, err := SVG(t.Context(), plansOf(t)); err != nil || !bytes.Equal(svg, again) {
		t.Errorf("the same plans give another picture: %v", err)
	}
}

// A picture is well-formed, shows every name, runs no script and asks for nothing from outside.
func TestSVGIsSafe(t *testing.T) {
	svg, err := SVG(t.Context(), plansOf(t))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if !strings.Contains(" svg style g rect text path polygon ", " "+token.Name.Local+" ") {
				t.Errorf("the picture has an element %s", token.Name.Local)
			}
			for _, a := range token.Attr {
				if a.Name.Local == "href" || strings.HasPrefix(a.Name.Local, "on") {
					t.Errorf("the picture has an attribute %s", a.Name.Local)
				}
			}
		case xml.CharData:
			text.Write(token)
		}
	}
	for _, want := range []string{`plan Cases <"&#>`, "team", "datarouter", `Team equals <script>"&`, "Note isnull", "nomatch", "german (60s)",
		"failure", "duration", "noagents", "worked", "Delivered", "Other", "outcome: TooLate", "plan Night", "25 %", "75 %", "for: 5m",
		"a message of several", "prefers-color-scheme: dark"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the picture does not say %q", want)
		}
	}
	if strings.Contains(string(svg), "url(") || strings.Contains(string(svg), "@import") {
		t.Error("the picture asks for something from outside")
	}
}

// Boxes lie in the picture and not upon each other.
func TestBoxesAreApart(t *testing.T) {
	l, err := newLayouter()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plansOf(t) {
		g := graphOf(p)
		where, err := l.layout(t.Context(), g)
		if err != nil {
			t.Fatal(err)
		}
		for n, a := range where.Boxes {
			if a.X-a.Width/2 < 0 || a.Y-a.Height/2 < 0 || a.X+a.Width/2 > where.Width || a.Y+a.Height/2 > where.Height {
				t.Errorf("%s lies outside", g.boxes[n].id)
			}
			for m, b := range where.Boxes[:n] {
				if abs(a.X-b.X) < (a.Width+b.Width)/2 && abs(a.Y-b.Y) < (a.Height+b.Height)/2 {
					t.Errorf("%s lies upon %s", g.boxes[n].id, g.boxes[m].id)
				}
			}
		}
	}
}

func abs(v float64) float64 { return max(v, -v) }

func TestLayoutEndsWithItsContext(t *testing.T) {
	applets := map[string]switchyard.Applet{}
	for n := range 2000 {
		applets[fmt.Sprint("a", n)] = switchyard.Applet{Type: "setpriority", Band: "Lower", Next: fmt.Sprint("a", (n+1)*7%2000)}
	}
	set, _ := plan.Compile(&switchyard.Account{Plans: []switchyard.Plan{{Name: "P", Start: "a0", Applets: applets}}})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	if _, err := SVG(ctx, set.Plans()); err == nil {
		t.Error("a layout went on although its context was over")
	}
}
