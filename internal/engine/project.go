package engine

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/tables"
)

// project makes the tables' batch of a part: what the cut holds and what follows from the rows.
func (w *writer) project(ctx context.Context, o *owner, p *part) (tables.Batch, error) {
	b := tables.Batch{Account: o.account, Through: p.cut.through, At: p.cut.at,
		Put: p.cut.put, Delete: p.cut.delete, Ended: p.cut.ended, RequestIDs: p.cut.letGo}
	st := w.standing[o.account]
	if st == nil {
		st = newStandings()
		w.standing[o.account] = st
	}
	for n := range p.rows {
		r := &p.rows[n]
		if r.invoke {
			b.Invocations = append(b.Invocations, tables.Invocation{Correlation: r.Correlation, Seq: r.Seq, At: r.At})
		}
		timeline(&b, r, &w.space)
		for _, ev := range r.Events {
			if err := projectEvent(&b, r, ev); err != nil {
				return b, err
			}
			if err := st.presences(ctx, w.e.options.Tables, &b, r, ev); err != nil {
				return b, err
			}
			if err := st.follow(ctx, w.e.options.Tables, o.account, r.At, ev); err != nil {
				return b, err
			}
		}
	}
	var err error
	b.Notifications, err = st.changed()
	return b, err
}

func projectEvent(b *tables.Batch, r *tailRow, ev switchyard.Event) error {
	switch ev := ev.(type) {
	case *switchyard.ConfigPublished:
		c, err := configOf(r, ev)
		b.Configs = append(b.Configs, c)
		return err
	case *switchyard.CredentialsResealed:
		b.Reseal = append(b.Reseal, ev.Texts...)
	case *switchyard.Erased:
		b.Erase = append(b.Erase, ev.Interaction)
	}
	return nil
}

func configOf(r *tailRow, ev *switchyard.ConfigPublished) (tables.Config, error) {
	document, err := json.Marshal(&ev.Document, json.Deterministic(true))
	if err != nil {
		return tables.Config{}, fmt.Errorf("write config %d: %w", ev.Version, err)
	}
	return tables.Config{Version: ev.Version, At: r.At, By: r.By, Source: ev.Source, Document: document}, nil
}

// arena is space that is given out piece by piece and taken back all at once.
type arena struct{ free, all []byte }

// take returns an empty slice with room for n bytes, valid until reset.
func (a *arena) take(n int) []byte {
	if len(a.free) < n {
		a.all = make([]byte, max(n, 2*len(a.all)))
		a.free = a.all
	}
	piece := a.free[:0:n]
	a.free = a.free[n:]
	return piece
}

func (a *arena) reset() {
	if len(a.all) > keptArena {
		a.all = nil
	}
	a.free = a.all
}

// keptArena is the largest space that is kept for the next time.
const keptArena = 16 << 20

// timeline adds the events of a row to the timelines of the interactions they are about. The bytes
// are those of the journal: nothing is encoded twice.
func timeline(b *tables.Batch, r *tailRow, space *arena) {
	spans := splitArray(r.encoded, len(r.Events))
	first := len(b.Timeline)
	var places map[switchyard.ID]int
	if len(r.Events) > 16 {
		places = make(map[switchyard.ID]int, len(r.Events)/2)
	}
	for n, ev := range r.Events {
		id, _ := ev.About()
		if _, typed := ev.(*switchyard.Noted); typed || id.IsZero() {
			continue // what was typed at last stands with the interaction itself
		}
		at := placeOf(b.Timeline, first, places, id)
		if at < 0 {
			at = len(b.Timeline)
			b.Timeline = append(b.Timeline, tables.TimelineRow{Interaction: id, Seq: r.Seq, At: r.At, By: r.By,
				Events: append(space.take(roomFor(spans[n:])), '[')})
			if places != nil {
				places[id] = at
			}
		} else {
			b.Timeline[at].Events = append(b.Timeline[at].Events, ',')
		}
		b.Timeline[at].Events = append(b.Timeline[at].Events, spans[n]...)
	}
	for n := range b.Timeline[first:] {
		row := &b.Timeline[first+n]
		row.Events = append(row.Events, ']')
	}
}

// roomFor is how much of a row's events an interaction is given room for: all that follow its first,
// in a row that is about little else.
func roomFor(spans [][]byte) int {
	const few = 4
	room := 2
	for n, span := range spans {
		if n == few {
			break
		}
		room += len(span) + 1
	}
	return room
}

func placeOf(rows []tables.TimelineRow, first int, places map[switchyard.ID]int, id switchyard.ID) int {
	if places != nil {
		if at, ok := places[id]; ok {
			return at
		}
		return -1
	}
	for n := len(rows) - 1; n >= first; n-- {
		if rows[n].Interaction == id {
			return n
		}
	}
	return -1
}

// splitArray returns the elements of a JSON array of n objects, as our own encoder writes it:
// without white space.
func splitArray(b []byte, n int) [][]byte {
	spans := make([][]byte, 0, n)
	depth, from, text := 0, 1, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
			if depth == 1 && c == '}' {
				spans = append(spans, b[from:i+1])
			}
		case c == ',' && depth == 1:
			from = i + 1
		}
	}
	if len(spans) != n {
		panic(fmt.Sprintf("engine: %d events were encoded as %d", n, len(spans)))
	}
	return spans
}
