package docs

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"switchyard"
	"switchyard/internal/api/native"
)

// eventsHead is what events.md says of all events.
const eventsHead = `Events are facts: decisions that were made. They are what the journal holds, what ` + "`GET /v1/events`" + `
and ` + "`switchyard journal tail`" + ` show, and what every state can be built from again. The schema is
public: types and members are only ever added, and what was written stays readable.

Each event comes as one JSON object. ` + "`seq`" + ` numbers the journal row, which is one input with all its
events; ` + "`n`" + ` is the event's place in the row; ` + "`seq.n`" + ` is its cursor, by which a reader goes on after a
break. ` + "`interaction`" + ` and ` + "`agent`" + ` stand there when the event is about one. ` + "`by`" + ` says who asked
(` + "`client:crm`, `user:ada`, `file:account.yaml`, `system`" + `), ` + "`correlation`" + ` is the X-Correlation-ID of the
call. What the type says is in ` + "`data`" + `; its members stand below.

Members that hold a credential, or the hash of one, show ` + "`***`" + `. Moments are RFC 3339 in UTC with
milliseconds, or ` + "`never`" + `; durations are text such as ` + "`20s`" + `; members marked *optional* are left out
when there is nothing to say.`

// Events writes events.md; root is the folder of the package switchyard.
func Events(root string) ([]byte, error) {
	known, err := structures(root)
	if err != nil {
		return nil, err
	}
	w := &eventWriter{page: newPage("Events", "go generate ./internal/docs"), known: known, parts: map[string]bool{}}
	w.line("%s\n", eventsHead)
	names := slices.Sorted(maps.Keys(switchyard.Placed))
	for _, name := range names {
		w.line("- [%s](#%s)", name, anchor(name))
	}
	for _, name := range names {
		if err := w.event(name); err != nil {
			return nil, err
		}
	}
	w.partSections()
	return w.Bytes(), nil
}

type eventWriter struct {
	*page
	known map[string]*structure
	parts map[string]bool // structures that members lead to
}

func (w *eventWriter) event(name string) error {
	example, there := exampleOf(name)
	if !there {
		return fmt.Errorf("%s has no example: add one to internal/docs/examples.go", name)
	}
	s := w.known[reflect.TypeOf(example.event).Elem().Name()]
	text, is := strings.CutPrefix(s.text, s.name+": ")
	if !is {
		return fmt.Errorf("the comment of %s does not begin with %q and what it says", name, s.name+": ")
	}
	w.line("\n## %s\n\n%s\n", name, sentence(text))
	w.members(s)
	shown, err := example.show()
	if err != nil {
		return err
	}
	w.line("```json\n%s\n```", shown)
	return nil
}

// sentence puts a comment on one line, beginning with a capital letter.
func sentence(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return strings.ToUpper(text[:1]) + text[1:]
}

func (w *eventWriter) members(s *structure) {
	if len(s.members) == 0 {
		w.line("It has no members.\n")
		return
	}
	w.line("| member | value | meaning |\n|---|---|---|")
	for _, m := range s.members {
		kind, parts := kindOf(m.kind, w.known)
		for _, part := range parts {
			w.parts[part] = true
		}
		if masked[s.name+"."+m.name] {
			kind = "`***`"
		}
		if m.optional {
			kind += ", optional"
		}
		w.line("| `%s` | %s | %s |", m.name, kind, cell(m.text))
	}
	w.line("")
}

// masked are the members that are text in the journal and never shown; those of type Sealed are
// masked by their type.
var masked = map[string]bool{
	"TokenIssued.hash": true, "SessionOpened.hash": true, "SessionClosed.hash": true,
	"PasswordChanged.password": true, "PasswordChanged.keep": true,
}

// partSections describes the structures that members lead to, and those they lead to.
func (w *eventWriter) partSections() {
	w.line("\n## Parts of events")
	done := map[string]bool{}
	for {
		var open []string
		for name := range w.parts {
			if !done[name] {
				open = append(open, name)
			}
		}
		if len(open) == 0 {
			return
		}
		slices.Sort(open)
		for _, name := range open {
			s := w.known[name]
			done[name] = true
			w.line("\n### %s\n\n%s\n", strings.ToLower(name), strings.Join(strings.Fields(s.text), " "))
			w.members(s)
		}
	}
}

// example is an event as the feed could carry it.
type example struct {
	by    string
	event switchyard.Event
}

func exampleOf(name string) (example, bool) {
	for _, e := range examples {
		if e.event.EventType() == name {
			return e, true
		}
	}
	return example{}, false
}

// show writes the example in the feed's form.
func (e example) show() ([]byte, error) {
	data, err := json.Marshal(e.event, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	interaction, agent := e.event.About()
	h := native.Happening{Seq: 1234, At: exampleAt, Type: e.event.EventType(), Account: "acme", Interaction: interaction,
		Agent: agent, By: e.by, Correlation: switchyard.NewID(exampleAt, 77, 5), Data: data}
	text, err := json.Marshal(h, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	shown := jsontext.Value(text)
	return shown, shown.Indent(jsontext.WithIndent("  "))
}
