package journal

import (
	"strconv"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"switchyard"
)

// writer writes JSON into a buffer that is used again. Its some… methods leave a member out that
// holds nothing.
type writer struct {
	b   []byte
	err error
}

// keepBytes is the largest buffer that is used again: batches of 100 KB calls fit, an account
// document of several megabytes is let go.
const keepBytes = 1 << 20

var writers = sync.Pool{New: func() any { return new(writer) }}

func getWriter() *writer {
	w := writers.Get().(*writer)
	w.b, w.err = w.b[:0], nil
	return w
}

func putWriter(w *writer) {
	if cap(w.b) <= keepBytes {
		writers.Put(w)
	}
}

func (w *writer) open() { w.b = append(w.b, '{') }

func (w *writer) close() { w.b = append(w.b, '}') }

// comma stands before everything but the first in an object or array.
func (w *writer) comma() {
	if last := w.b[len(w.b)-1]; last != '{' && last != '[' {
		w.b = append(w.b, ',')
	}
}

func (w *writer) name(name string) {
	w.comma()
	w.b = append(append(append(w.b, '"'), name...), '"', ':')
}

// marshal writes a value by reflection.
func (w *writer) marshal(v any) {
	b, err := json.Marshal(v, written)
	w.b = append(w.b, b...)
	if w.err == nil {
		w.err = err
	}
}

func (w *writer) text(name, v string) {
	w.name(name)
	w.quote(v)
}

func (w *writer) someText(name, v string) {
	if v != "" {
		w.text(name, v)
	}
}

func (w *writer) quote(v string) {
	if plain(v) {
		w.b = append(append(append(w.b, '"'), v...), '"')
		return
	}
	// The only error is about text that is no UTF-8, which has been repaired by then.
	w.b, _ = jsontext.AppendQuote(w.b, v)
}

// plain reports whether a text stands in JSON as it is.
func plain(v string) bool {
	for i := range len(v) {
		if c := v[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			return false
		}
	}
	return true
}

func (w *writer) texts(name string, all []string) {
	w.name(name)
	w.b = append(w.b, '[')
	for _, v := range all {
		w.comma()
		w.quote(v)
	}
	w.b = append(w.b, ']')
}

func (w *writer) someTexts(name string, all []string) {
	if len(all) > 0 {
		w.texts(name, all)
	}
}

// someTable writes an object of texts. Its order is the map's business, so reflection writes it.
func (w *writer) someTable(name string, all map[string]string) {
	if len(all) > 0 {
		w.name(name)
		w.marshal(all)
	}
}

func (w *writer) number(name string, v int64) {
	w.name(name)
	w.b = strconv.AppendInt(w.b, v, 10)
}

func (w *writer) someNumber(name string, v int64) {
	if v != 0 {
		w.number(name, v)
	}
}

func (w *writer) truth(name string, v bool) {
	w.name(name)
	w.b = strconv.AppendBool(w.b, v)
}

func (w *writer) someTruth(name string, v bool) {
	if v {
		w.truth(name, v)
	}
}

func (w *writer) instant(name string, v switchyard.Instant) {
	w.name(name)
	w.b, _ = v.AppendText(append(w.b, '"'))
	w.b = append(w.b, '"')
}

func (w *writer) someInstant(name string, v switchyard.Instant) {
	if v != 0 {
		w.instant(name, v)
	}
}

func (w *writer) id(name string, v switchyard.ID) {
	w.name(name)
	w.b, _ = v.AppendText(append(w.b, '"'))
	w.b = append(w.b, '"')
}

func (w *writer) someID(name string, v switchyard.ID) {
	if !v.IsZero() {
		w.id(name, v)
	}
}

// list writes an array of objects.
func list[T any](w *writer, name string, all []T, write func(*writer, *T)) {
	w.name(name)
	w.b = append(w.b, '[')
	for i := range all {
		w.comma()
		w.open()
		write(w, &all[i])
		w.close()
	}
	w.b = append(w.b, ']')
}

func someList[T any](w *writer, name string, all []T, write func(*writer, *T)) {
	if len(all) > 0 {
		list(w, name, all, write)
	}
}

func object[T any](w *writer, name string, v *T, write func(*writer, *T)) {
	w.name(name)
	w.open()
	write(w, v)
	w.close()
}

func someObject[T any](w *writer, name string, v *T, write func(*writer, *T)) {
	if v != nil {
		object(w, name, v, write)
	}
}
