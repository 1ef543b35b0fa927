package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"switchyard"
	"switchyard/internal/sqlitedb"
	"switchyard/internal/tables"
)

// condition collects what a row must fulfil, and the arguments in its order.
type condition struct {
	text strings.Builder
	args []any
}

func (c *condition) and(text string, args ...any) {
	if c.text.Len() > 0 {
		c.text.WriteString(" AND ")
	}
	c.text.WriteString(text)
	c.args = append(c.args, args...)
}

// idAt is the lowest id of an instant: ids begin with the instant they were made at.
func idAt(at switchyard.Instant) []byte {
	var id [16]byte
	if at > 0 {
		binary.BigEndian.PutUint64(id[:8], uint64(min(at, 1<<48-1))<<16)
	}
	return id[:]
}

// endedColumns has a place for the index to be used. SQLite keeps no statistics here and would walk
// the ids, because the order asks for them, past everything of other agents.
const endedColumns = "SELECT e.id, e.externalid, e.provider, e.route, e.agent, e.spelled, e.name, e.clid," +
	" e.outcome, e.class, e.created, e.ended, d.document FROM ended e %s" +
	" CROSS JOIN ended_document d ON d.account = e.account AND d.id = e.id WHERE "

// SearchEnded implements tables.Store. An interaction's id is made when it is dispatched, so a
// time of creation is a range of ids.
func (s *Store) SearchEnded(ctx context.Context, name string, q tables.Query) ([]tables.Ended, error) {
	number := s.account(name).number
	if number == 0 || q.Limit <= 0 {
		return nil, nil
	}
	var c condition
	var index string
	c.and("e.account = ?", number)
	if q.Agent != "" {
		index = "INDEXED BY ended_agent"
		c.and("e.agent = ? AND e.agent <> ''", switchyard.CaseKey(q.Agent))
	}
	if q.ExternalID != "" {
		index = "INDEXED BY ended_externalid"
		c.and("e.externalid = ? AND e.externalid <> ''", q.ExternalID)
	}
	if q.Route != "" {
		c.and("e.route = ?", switchyard.CaseKey(q.Route))
	}
	if q.Provider != "" {
		c.and("e.provider = ?", switchyard.CaseKey(q.Provider))
	}
	if q.Text != "" {
		c.and("instr(e.text, ?) > 0", switchyard.CaseKey(q.Text))
	}
	if q.Since > 0 {
		c.and("e.id >= ?", idAt(q.Since))
	}
	if q.Until > 0 {
		c.and("e.id < ?", idAt(q.Until))
	}
	if q.EndedSince > 0 {
		c.and("e.ended >= ?", q.EndedSince)
	}
	if !q.Before.IsZero() {
		c.and("e.id < ?", q.Before[:])
	}
	found, err := s.ended(ctx, index, c.text.String()+" ORDER BY e.id DESC LIMIT ?", append(c.args, q.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("search ended interactions of account %q: %w", name, err)
	}
	return found, nil
}

// EndedByID implements tables.Store.
func (s *Store) EndedByID(ctx context.Context, name string, id switchyard.ID) (*tables.Ended, error) {
	found, err := s.ended(ctx, "", "e.account = ? AND e.id = ?", s.account(name).number, id[:])
	if err != nil {
		return nil, fmt.Errorf("read ended interaction %s of account %q: %w", id, name, err)
	}
	return first(found), nil
}

func (s *Store) ended(ctx context.Context, index, where string, args ...any) (all []tables.Ended, err error) {
	query := fmt.Sprintf(endedColumns, index) + where
	err = s.db.Read(ctx, func(r sqlitedb.Reader) error {
		rows, err := r.QueryContext(ctx, query, args...)
		return each(rows, err, func() error {
			var e tables.Ended
			var spelled sql.NullString
			err := rows.Scan((*scanID)(&e.ID), &e.ExternalID, &e.Provider, &e.Route, &e.Agent, &spelled,
				&e.Name, &e.CLID, &e.Outcome, &e.Class, &e.Created, &e.Ended, &e.Document)
			if parts := strings.Split(spelled.String, separator); len(parts) == 3 {
				e.Provider, e.Route, e.Agent = parts[0], parts[1], parts[2]
			}
			all = append(all, e)
			return err
		})
	})
	return all, err
}

// Timeline implements tables.Store.
func (s *Store) Timeline(ctx context.Context, name string, id switchyard.ID) (all []tables.TimelineRow, err error) {
	err = s.db.Read(ctx, func(r sqlitedb.Reader) error {
		rows, err := r.QueryContext(ctx, "SELECT seq, at, asked, events FROM timeline WHERE account = ? AND interaction = ?"+
			" ORDER BY seq", s.account(name).number, id[:])
		return each(rows, err, func() error {
			row := tables.TimelineRow{Interaction: id}
			err := rows.Scan(&row.Seq, &row.At, &row.By, &row.Events)
			all = append(all, row)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the timeline of interaction %s of account %q: %w", id, name, err)
	}
	return all, nil
}

// Invocation implements tables.Store.
func (s *Store) Invocation(ctx context.Context, name string, correlation switchyard.ID) (*tables.Invocation, error) {
	v := tables.Invocation{Correlation: correlation}
	err := s.db.Read(ctx, func(r sqlitedb.Reader) error {
		return r.QueryRowContext(ctx, "SELECT seq, at FROM invocation WHERE account = ? AND correlation = ?",
			s.account(name).number, correlation[:]).Scan(&v.Seq, &v.At)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up invocation %s of account %q: %w", correlation, name, err)
	}
	return &v, nil
}

const notificationColumns = "SELECT id, interaction, provider, spelled, state, created, document FROM notification WHERE "

// Notifications implements tables.Store. A callback is never older than its interaction, so the
// callbacks of one are looked for among the ids from its own on.
func (s *Store) Notifications(ctx context.Context, name string, q tables.NotificationQuery) ([]tables.Notification, error) {
	number := s.account(name).number
	if number == 0 || q.Limit <= 0 {
		return nil, nil
	}
	var c condition
	c.and("account = ?", number)
	if q.Provider != "" {
		c.and("provider = ?", switchyard.CaseKey(q.Provider))
	}
	if q.State != "" {
		c.and("state = ?", q.State)
	}
	if !q.Interaction.IsZero() {
		c.and("interaction = ? AND id >= ?", q.Interaction[:], idAt(q.Interaction.At()))
	}
	if !q.Before.IsZero() {
		c.and("id < ?", q.Before[:])
	}
	found, err := s.notifications(ctx, notificationColumns+c.text.String()+" ORDER BY id DESC LIMIT ?",
		append(c.args, q.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("list notifications of account %q: %w", name, err)
	}
	return found, nil
}

// Notification implements tables.Store.
func (s *Store) Notification(ctx context.Context, name string, id switchyard.ID) (*tables.Notification, error) {
	found, err := s.notifications(ctx, notificationColumns+"account = ? AND id = ?", s.account(name).number, id[:])
	if err != nil {
		return nil, fmt.Errorf("read notification %s of account %q: %w", id, name, err)
	}
	return first(found), nil
}

func (s *Store) notifications(ctx context.Context, query string, args ...any) (all []tables.Notification, err error) {
	err = s.db.Read(ctx, func(r sqlitedb.Reader) error {
		rows, err := r.QueryContext(ctx, query, args...)
		return each(rows, err, func() error {
			var n tables.Notification
			var spelled sql.NullString
			err := rows.Scan((*scanID)(&n.ID), (*scanID)(&n.Interaction), &n.Provider, &spelled, &n.State,
				&n.Created, &n.Document)
			if spelled.Valid {
				n.Provider = spelled.String
			}
			all = append(all, n)
			return err
		})
	})
	return all, err
}

const configColumns = `SELECT version, at, "by", source, document FROM config WHERE `

// Configs implements tables.Store.
func (s *Store) Configs(ctx context.Context, name string, before, limit int) ([]tables.Config, error) {
	if before <= 0 {
		before = 1<<31 - 1
	}
	found, err := s.configs(ctx, configColumns+"account = ? AND version < ? ORDER BY version DESC LIMIT ?",
		s.account(name).number, before, max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("list configs of account %q: %w", name, err)
	}
	return found, nil
}

// Config implements tables.Store.
func (s *Store) Config(ctx context.Context, name string, version int) (*tables.Config, error) {
	found, err := s.configs(ctx, configColumns+"account = ? AND version = ?", s.account(name).number, version)
	if err != nil {
		return nil, fmt.Errorf("read config %d of account %q: %w", version, name, err)
	}
	return first(found), nil
}

func (s *Store) configs(ctx context.Context, query string, args ...any) (all []tables.Config, err error) {
	err = s.db.Read(ctx, func(r sqlitedb.Reader) error {
		rows, err := r.QueryContext(ctx, query, args...)
		return each(rows, err, func() error {
			var c tables.Config
			err := rows.Scan(&c.Version, &c.At, &c.By, &c.Source, &c.Document)
			all = append(all, c)
			return err
		})
	})
	return all, err
}

func first[T any](all []T) *T {
	if len(all) == 0 {
		return nil
	}
	return &all[0]
}
