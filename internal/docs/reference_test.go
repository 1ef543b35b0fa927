package docs

import (
	"flag"
	"maps"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"switchyard"
	"switchyard/internal/api/native"
	"switchyard/internal/app"
)

var update = flag.Bool("update", false, "write the generated pages anew")

const root = "../.."

func TestReference(t *testing.T) {
	events, err := Events(root)
	if err != nil {
		t.Fatal(err)
	}
	routes, err := HTTP(native.Spec())
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string][]byte{
		"events.md": events, "errors.md": Errors(), "http.md": routes, "openapi.json": native.Spec(), "metrics.md": MetricsPage(),
	}
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		if err := Check(root, name, pages[name], *update); err != nil {
			t.Error(err)
		}
	}
}

func TestReferenceOutOfDate(t *testing.T) {
	err := Check(root, "errors.md", append(Errors(), "one line more\n"...), false)
	if err == nil || !strings.Contains(err.Error(), "go generate") {
		t.Errorf("a page with one line more: %v", err)
	}
}

func TestEveryEventHasOneExample(t *testing.T) {
	count := map[string]int{}
	for _, e := range examples {
		count[e.event.EventType()]++
	}
	for name := range switchyard.Placed {
		if count[name] != 1 {
			t.Errorf("%s has %d examples", name, count[name])
		}
	}
}

// A member of type Sealed, or one named in masked, never shows anything but the mask.
func TestExamplesShowNoCredential(t *testing.T) {
	for _, e := range examples {
		v := reflect.ValueOf(e.event).Elem()
		for f, value := range v.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			sealed := f.Type == reflect.TypeFor[switchyard.Sealed]()
			if (sealed || masked[v.Type().Name()+"."+name]) && value.String() != switchyard.Masked {
				t.Errorf("%s shows %s = %q", e.event.EventType(), name, value)
			}
		}
	}
}

// The page lists what a whole server measures: nothing else is registered by then.
func TestMetricsAreThoseOfAServer(t *testing.T) {
	a, err := app.New(t.Context(), app.Options{Data: app.Memory})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	listed := map[string]bool{}
	for _, m := range Metrics() {
		listed[m.Name] = true
	}
	for range 2 { // what counts requests shows them on the second
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/metrics", nil)
		r.RemoteAddr = "127.0.0.1:40000"
		a.Handler().ServeHTTP(w, r)
		if w.Code != 200 || !strings.Contains(w.Body.String(), "# HELP switchyard_journal_rows_total") {
			t.Fatalf("GET /metrics: %d %s", w.Code, w.Body)
		}
		for line := range strings.Lines(w.Body.String()) {
			rest, is := strings.CutPrefix(line, "# HELP switchyard_")
			name, _, _ := strings.Cut(rest, " ")
			if is && !listed["switchyard_"+name] {
				t.Errorf("a server measures switchyard_%s, which metrics.md does not list", name)
			}
		}
	}
}
