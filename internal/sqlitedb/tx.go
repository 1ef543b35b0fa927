package sqlitedb

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"
	"strings"
)

// rawConn is the driver's connection. The hot path talks to it directly: database/sql's checks of
// every argument would cost as much as SQLite's own work.
type rawConn interface {
	driver.ConnPrepareContext
}

// Tx is a write transaction.
type Tx struct {
	db    *DB
	raw   rawConn
	bytes int64
	args  []driver.NamedValue
}

// Exec runs one statement; it stays prepared. Arguments are int64, string, []byte or nil.
func (tx *Tx) Exec(query string, args ...driver.Value) error {
	_, err := tx.Change(query, args...)
	return err
}

// Change is Exec that tells how many rows changed.
func (tx *Tx) Change(query string, args ...driver.Value) (int, error) {
	tx.args = tx.args[:0]
	for _, a := range args {
		tx.add(a)
	}
	return tx.run(query)
}

func (tx *Tx) run(query string) (int, error) {
	s, err := tx.statement(query)
	if err != nil {
		return 0, err
	}
	r, err := s.(driver.StmtExecContext).ExecContext(context.Background(), tx.args)
	if err != nil {
		return 0, err
	}
	n, err := r.RowsAffected()
	return int(n), err
}

// Query calls row with the values of each row; they are of the types int64, float64, string,
// []byte or nil, and stay valid.
func (tx *Tx) Query(query string, args []driver.Value, row func([]driver.Value) error) (err error) {
	s, err := tx.statement(query)
	if err != nil {
		return err
	}
	tx.args = tx.args[:0]
	for _, a := range args {
		tx.add(a)
	}
	rows, err := s.(driver.StmtQueryContext).QueryContext(context.Background(), tx.args)
	if err != nil {
		return err
	}
	defer func() {
		if e := rows.Close(); err == nil {
			err = e
		}
	}()
	values := make([]driver.Value, len(rows.Columns()))
	for {
		switch err := rows.Next(values); err {
		case nil:
		case io.EOF:
			return nil
		default:
			return err
		}
		if err := row(values); err != nil {
			return err
		}
	}
}

func (tx *Tx) statement(query string) (driver.Stmt, error) {
	if s := tx.db.prepared[query]; s != nil {
		return s, nil
	}
	s, err := tx.raw.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, fmt.Errorf("prepare %.60q: %w", query, err)
	}
	tx.db.prepared[query] = s
	return s, nil
}

func (tx *Tx) add(v driver.Value) {
	switch v := v.(type) {
	case []byte:
		tx.bytes += int64(len(v))
	case string:
		tx.bytes += int64(len(v))
	}
	tx.bytes += 8
	tx.args = append(tx.args, driver.NamedValue{Ordinal: len(tx.args) + 1, Value: v})
}

// Insert is a statement that takes many rows at once. It is prepared once for every number of rows
// in steps.
type Insert struct {
	texts   [len(steps)]string
	replace *Insert // run for rows of which one is there already; nil = that is an error
}

// steps are how many rows one statement takes. What lies between is made up of several.
var steps = [...]int{64, 8, 1}

// NewInsert makes an insert into a table, given with its columns: "t(a, b)". A row that is there
// already is an error, see IsTaken. OR FAIL spares SQLite to remember how every page looked before
// the statement, a fifth of its work; whoever gets an error rolls back the whole transaction.
func NewInsert(into string, columns int) *Insert {
	return many("INSERT OR FAIL INTO "+into+" VALUES", columns, "")
}

// NewReplace makes an insert whose rows replace those of the same key.
func NewReplace(into string, columns int) *Insert {
	return many("INSERT OR REPLACE INTO "+into+" VALUES", columns, "")
}

// NewRareReplace is NewReplace for tables whose rows are nearly always new: it inserts, and only
// where a row is there already it replaces.
func NewRareReplace(into string, columns int) *Insert {
	in := NewInsert(into, columns)
	in.replace = NewReplace(into, columns)
	return in
}

// NewDelete makes a deletion by key, given with its columns.
func NewDelete(table, key string, columns int) *Insert {
	return many("DELETE FROM "+table+" WHERE ("+key+") IN (VALUES", columns, ")")
}

func many(head string, columns int, tail string) *Insert {
	in := new(Insert)
	group := "(" + strings.TrimSuffix(strings.Repeat("?,", columns), ",") + "),"
	for i, n := range steps {
		in.texts[i] = head + " " + strings.TrimSuffix(strings.Repeat(group, n), ",") + tail
	}
	return in
}

// Insert runs the statement for n rows; row(i, add) calls add with the columns of row i in order.
func (tx *Tx) Insert(in *Insert, n int, row func(i int, add func(driver.Value))) error {
	add := tx.add
	for done, step := 0, 0; done < n; {
		rows := steps[step]
		if n-done < rows {
			step++
			continue
		}
		tx.args = tx.args[:0]
		for i := range rows {
			row(done+i, add)
		}
		_, err := tx.run(in.texts[step])
		if in.replace != nil && IsTaken(err) {
			_, err = tx.run(in.replace.texts[step])
		}
		if err != nil {
			return err
		}
		done += rows
	}
	return nil
}
