package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"switchyard"
	"switchyard/internal/sqlitedb"
	"switchyard/internal/tables"
)

// How much one reading of a report takes. Between two the writer gets its turn with tables in
// memory, and the write-ahead log of a file may begin anew.
const (
	historyRows = 4_000 // of timelines
	historyIDs  = 20_000
)

// Histories implements tables.Store. What was created in the span is a stretch of the timelines.
// What is older is found by its end when that was within a day or not (ended_late), or is live.
func (s *Store) Histories(ctx context.Context, name string, span tables.Span,
	f func(switchyard.ID, []tables.TimelineRow) error) error {
	number := s.account(name).number
	if number == 0 || span.From >= span.To {
		return nil
	}
	older, err := s.older(ctx, number, span)
	if err != nil {
		return fmt.Errorf("find what account %q had going on at %s: %w", name, span.From, err)
	}
	h := history{s: s, account: number, f: f}
	for _, id := range older {
		if err == nil {
			next := nextID(id)
			err = h.stretch(ctx, id[:], next[:])
		}
	}
	if err == nil {
		err = h.stretch(ctx, idAt(span.From), idAt(span.To))
	}
	if err != nil {
		return fmt.Errorf("read timelines of account %q: %w", name, err)
	}
	return nil
}

// older returns the interactions that were created before the span and to which something may have
// happened in it, by id. Live ones are looked for first: one that ends meanwhile is found twice, and
// not missed.
func (s *Store) older(ctx context.Context, account int64, span tables.Span) ([]switchyard.ID, error) {
	ids, err := s.liveBefore(ctx, account, span)
	if err != nil {
		return nil, err
	}
	dayBefore := span.From - switchyard.Instant(switchyard.Day)
	if err = s.endedIDs(ctx, &ids, account, "ended", "id >= ?2 AND id < ?3 AND ended >= ?4",
		idAt(dayBefore), idAt(span.From), int64(span.From)); err != nil {
		return nil, err
	}
	if err = s.endedIDs(ctx, &ids, account, "ended INDEXED BY ended_late",
		"ended - created > 86400000 AND id >= ?2 AND id < ?3 AND ended >= ?4",
		idAt(0), idAt(dayBefore), int64(span.From)); err != nil {
		return nil, err
	}
	slices.SortFunc(ids, func(a, b switchyard.ID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(ids), nil
}

// endedIDs adds the ids of ended interactions that fulfil a condition.
func (s *Store) endedIDs(ctx context.Context, ids *[]switchyard.ID, account int64, from, where string, args ...any) error {
	query := "SELECT id FROM " + from + " WHERE account = ?1 AND " + where
	return s.db.Read(ctx, func(r sqlitedb.Reader) error {
		rows, err := r.QueryContext(ctx, query, append([]any{account}, args...)...)
		var id scanID
		return each(rows, err, func() error {
			if err := rows.Scan(&id); err != nil {
				return err
			}
			*ids = append(*ids, switchyard.ID(id))
			return nil
		})
	})
}

// liveBefore returns the live interactions from before the span that are not idle.
func (s *Store) liveBefore(ctx context.Context, account int64, span tables.Span) (ids []switchyard.ID, err error) {
	after, n := scanID{}, historyIDs
	for n == historyIDs && err == nil {
		n = 0
		err = s.db.Read(ctx, func(r sqlitedb.Reader) error {
			rows, err := r.QueryContext(ctx, "SELECT id, value FROM live WHERE account = ? AND id > ? AND id < ?"+
				" ORDER BY id LIMIT ?", account, after[:], idAt(span.From), historyIDs)
			var value sql.RawBytes
			return each(rows, err, func() error {
				n++
				if err := rows.Scan(&after, &value); err != nil {
					return err
				}
				if span.Idle == nil || !span.Idle(value) {
					ids = append(ids, switchyard.ID(after))
				}
				return nil
			})
		})
	}
	return ids, err
}

// history hands timelines on, one interaction after the other, while the tables are not held.
type history struct {
	s       *Store
	account int64
	f       func(switchyard.ID, []tables.TimelineRow) error
	rows    []tables.TimelineRow // read, and not handed on
	buffer  []byte               // their events
}

// stretch reads the timelines of the ids from one on and before another.
func (h *history) stretch(ctx context.Context, from, to []byte) error {
	last := tables.TimelineRow{}
	for n := historyRows; n == historyRows; {
		err := h.s.db.Read(ctx, func(r sqlitedb.Reader) error {
			rows, err := r.QueryContext(ctx, "SELECT interaction, seq, at, events FROM timeline WHERE account = ?"+
				" AND (interaction, seq) > (?, ?) AND interaction < ? ORDER BY interaction, seq LIMIT ?",
				h.account, from, int64(last.Seq), to, historyRows)
			n = 0
			return each(rows, err, func() error {
				n++
				last, err = h.read(rows)
				return err
			})
		})
		from = last.Interaction[:]
		if err == nil {
			err = h.handOn(n < historyRows)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (h *history) read(rows *sql.Rows) (row tables.TimelineRow, err error) {
	var events sql.RawBytes
	err = rows.Scan((*scanID)(&row.Interaction), &row.Seq, &row.At, &events)
	begin := len(h.buffer)
	h.buffer = append(h.buffer, events...) // earlier rows keep the array they have when it grows
	row.Events = h.buffer[begin:len(h.buffer):len(h.buffer)]
	h.rows = append(h.rows, row)
	return row, err
}

// handOn gives away what is read. The last interaction may have more rows, unless all were read.
func (h *history) handOn(all bool) error {
	rest := h.rows
	for len(rest) > 0 {
		id, n := rest[0].Interaction, 1
		for n < len(rest) && rest[n].Interaction == id {
			n++
		}
		if n == len(rest) && !all {
			break
		}
		if err := h.f(id, rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	h.keep(rest)
	return nil
}

// keep holds on to the rows of an interaction that is not complete.
func (h *history) keep(rows []tables.TimelineRow) {
	var buffer []byte
	for n := range rows {
		begin := len(buffer)
		buffer = append(buffer, rows[n].Events...)
		rows[n].Events = buffer[begin:len(buffer):len(buffer)]
	}
	h.rows = append(h.rows[:0], rows...)
	if len(rows) > 0 {
		h.buffer = buffer
	} else {
		h.buffer = h.buffer[:0]
	}
}

// nextID is the id that follows at once.
func nextID(id switchyard.ID) switchyard.ID {
	for n := len(id) - 1; n >= 0; n-- {
		if id[n]++; id[n] != 0 {
			break
		}
	}
	return id
}

// Presences implements tables.Store.
func (s *Store) Presences(ctx context.Context, name string, from, to switchyard.Instant) (all []tables.Presence, err error) {
	err = s.db.Read(ctx, func(r sqlitedb.Reader) error {
		rows, err := r.QueryContext(ctx, "SELECT username, seq, at, presence, category FROM presence p"+
			" WHERE account = ?1 AND at < ?3 AND (at >= ?2 OR NOT EXISTS (SELECT 1 FROM presence WHERE account = ?1"+
			" AND agent = p.agent AND seq > p.seq AND at < ?2)) ORDER BY agent, seq",
			s.account(name).number, int64(from), int64(to))
		return each(rows, err, func() error {
			var p tables.Presence
			err := rows.Scan(&p.Agent, &p.Seq, &p.At, &p.Presence, &p.Category)
			all = append(all, p)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read presences of account %q: %w", name, err)
	}
	return all, nil
}
