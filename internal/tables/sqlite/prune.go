package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"

	"switchyard"
	"switchyard/internal/sqlitedb"
	"switchyard/internal/tables"
)

// Prune implements tables.Store. Every table is ordered by time of creation, so what is old is
// found at its beginning without an index of its own.
func (s *Store) Prune(ctx context.Context, name string, h tables.Horizons, limit int) (gone int, err error) {
	number := s.account(name).number
	if number == 0 {
		return 0, nil
	}
	s.apply.Lock()
	defer s.apply.Unlock()
	err = s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
		gone = 0
		steps := [...]func(*sqlitedb.Tx, int64, tables.Horizons, int) (int, error){
			pruneEnded, prunePresences, pruneNotifications, pruneInvocations, pruneRequestIDs,
		}
		for _, step := range steps {
			n, err := step(tx, number, h, limit-gone)
			if gone += n; err != nil || gone >= limit {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("prune the tables of account %q: %w", name, err)
	}
	if gone < limit && h.RequestIDs > 0 {
		s.known.forget(number, dayOf(h.RequestIDs))
	}
	return gone, nil
}

// pruneEnded removes ended interactions with their documents and timelines.
func pruneEnded(tx *sqlitedb.Tx, account int64, h tables.Horizons, limit int) (int, error) {
	if h.History <= 0 {
		return 0, nil
	}
	var ids [][]byte
	err := tx.Query("SELECT id FROM ended WHERE account = ? AND id < ? AND ended < ? ORDER BY id LIMIT ?",
		[]driver.Value{account, idAt(h.History), int64(h.History), int64(limit)},
		func(v []driver.Value) error {
			ids = append(ids, v[0].([]byte))
			return nil
		})
	if err != nil {
		return 0, err
	}
	statements := [...]string{
		"DELETE FROM timeline WHERE account = ? AND interaction = ?",
		"DELETE FROM ended_document WHERE account = ? AND id = ?",
		"DELETE FROM ended WHERE account = ? AND id = ?",
	}
	for _, id := range ids {
		for _, statement := range statements {
			if err := tx.Exec(statement, account, id); err != nil {
				return 0, err
			}
		}
	}
	return len(ids), nil
}

// prunePresences keeps of each agent the change that was in force at the horizon.
func prunePresences(tx *sqlitedb.Tx, account int64, h tables.Horizons, limit int) (int, error) {
	if h.History <= 0 {
		return 0, nil
	}
	return tx.Change("DELETE FROM presence WHERE account = ?1 AND (agent, seq) IN (SELECT agent, seq FROM presence p"+
		" WHERE account = ?1 AND at < ?2 AND EXISTS (SELECT 1 FROM presence WHERE account = ?1 AND agent = p.agent"+
		" AND seq > p.seq AND at <= ?2) LIMIT ?3)", account, int64(h.History), int64(limit))
}

func pruneNotifications(tx *sqlitedb.Tx, account int64, h tables.Horizons, limit int) (int, error) {
	if h.Notifications <= 0 {
		return 0, nil
	}
	return tx.Change("DELETE FROM notification WHERE account = ?1 AND id IN (SELECT id FROM notification"+
		" WHERE account = ?1 AND id < ?2 AND created < ?3 ORDER BY id LIMIT ?4)",
		account, idAt(h.Notifications.Add(switchyard.Day)), int64(h.Notifications), int64(limit))
}

// pruneInvocations relies on a correlation id being made less than a day after its instant.
func pruneInvocations(tx *sqlitedb.Tx, account int64, h tables.Horizons, limit int) (int, error) {
	if h.Invocations <= 0 {
		return 0, nil
	}
	return tx.Change("DELETE FROM invocation WHERE account = ?1 AND correlation IN (SELECT correlation FROM invocation"+
		" WHERE account = ?1 AND correlation < ?2 AND at < ?3 ORDER BY correlation LIMIT ?4)",
		account, idAt(h.Invocations.Add(switchyard.Day)), int64(h.Invocations), int64(limit))
}

// pruneRequestIDs removes days that lie wholly before the horizon.
func pruneRequestIDs(tx *sqlitedb.Tx, account int64, h tables.Horizons, limit int) (int, error) {
	if h.RequestIDs <= 0 {
		return 0, nil
	}
	return tx.Change("DELETE FROM requestid WHERE account = ?1 AND (day, digest) IN (SELECT day, digest FROM requestid"+
		" WHERE account = ?1 AND day < ?2 ORDER BY day LIMIT ?3)", account, dayOf(h.RequestIDs), int64(limit))
}
