package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"

	"switchyard"
	"switchyard/internal/journal"
	"switchyard/internal/sqlitedb"
)

// chunkBytes is about what one transaction of a snapshot writes: a snapshot of gigabytes is taken
// in steps between which appends get their turn.
const chunkBytes = 512 << 10

// head is the row that makes a snapshot count.
type head struct {
	generation int64
	seq        switchyard.Seq
}

// SaveSnapshot implements journal.Store.
func (s *Store) SaveSnapshot(ctx context.Context, snap journal.Snapshot) error {
	s.snapshot.Lock()
	defer s.snapshot.Unlock()
	if err := s.saveSnapshot(ctx, snap); err != nil {
		return fmt.Errorf("save a snapshot of account %q at row %d: %w", snap.Account, snap.Seq, err)
	}
	return nil
}

func (s *Store) saveSnapshot(ctx context.Context, snap journal.Snapshot) error {
	number := s.number(snap.Account)
	if number == 0 {
		return errors.New("the account has no rows")
	}
	old, err := s.head(ctx, snap.Account)
	if err != nil {
		return err
	}
	generation := int64(1)
	if old != nil {
		if old.seq > snap.Seq {
			return nil
		}
		generation = old.generation + 1
	}
	// A snapshot that was cut short may have left chunks under this generation.
	if err := s.dropChunks(ctx, number, generation-1); err != nil {
		return err
	}
	chunks, err := s.saveChunks(ctx, number, generation, snap.Entries)
	if err != nil {
		return err
	}
	err = s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
		return tx.Exec("INSERT OR REPLACE INTO snapshot(account, generation, seq, at, decider, chunks)"+
			" VALUES (?, ?, ?, ?, ?, ?)", number, generation, int64(snap.Seq), int64(snap.At), snap.Decider, chunks)
	})
	if err != nil {
		return err
	}
	return s.dropChunks(ctx, number, generation)
}

func (s *Store) saveChunks(ctx context.Context, number, generation int64, entries []journal.Entry) (n int64, err error) {
	chunk := make([]byte, 0, chunkBytes+chunkBytes/4)
	save := func() error {
		err := s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
			return tx.Exec("INSERT INTO snapshot_chunk(account, generation, n, entries) VALUES (?, ?, ?, ?)",
				number, generation, n, chunk)
		})
		n, chunk = n+1, chunk[:0]
		return err
	}
	for _, e := range entries {
		chunk = appendEntry(chunk, e)
		if len(chunk) >= chunkBytes {
			if err := save(); err != nil {
				return n, err
			}
		}
	}
	if len(chunk) > 0 {
		err = save()
	}
	return n, err
}

// dropChunks removes the chunks of every generation but keep, a few a transaction.
func (s *Store) dropChunks(ctx context.Context, number, keep int64) error {
	for {
		var gone int
		err := s.db.Write(ctx, func(tx *sqlitedb.Tx) (err error) {
			gone, err = tx.Change("DELETE FROM snapshot_chunk WHERE id IN (SELECT id FROM snapshot_chunk"+
				" WHERE account = ? AND generation <> ? LIMIT 4)", number, keep)
			return err
		})
		if err != nil || gone == 0 {
			return err
		}
	}
}

func (s *Store) head(ctx context.Context, account string) (*head, error) {
	var h head
	var none bool
	err := s.db.Read(ctx, func(r sqlitedb.Reader) error {
		err := r.QueryRowContext(ctx, "SELECT generation, seq FROM snapshot WHERE account = ?",
			s.number(account)).Scan(&h.generation, &h.seq)
		if none = errors.Is(err, sql.ErrNoRows); none {
			return nil
		}
		return err
	})
	if err != nil || none {
		return nil, err
	}
	return &h, nil
}

// Snapshot implements journal.Store. It is one query, so a snapshot that is replaced meanwhile is
// still read whole.
func (s *Store) Snapshot(ctx context.Context, account string) (*journal.Snapshot, error) {
	const query = "SELECT s.seq, s.at, s.decider, s.chunks, c.entries FROM snapshot s" +
		" LEFT JOIN snapshot_chunk c ON c.account = s.account AND c.generation = s.generation" +
		" WHERE s.account = ? ORDER BY c.n"
	var snap *journal.Snapshot
	var chunks, found int
	err := s.db.Read(ctx, func(r sqlitedb.Reader) error {
		rows, err := r.QueryContext(ctx, query, s.number(account))
		return each(rows, err, func() (err error) {
			if snap == nil {
				snap = &journal.Snapshot{Account: account}
			}
			var chunk []byte
			if err := rows.Scan(&snap.Seq, &snap.At, &snap.Decider, &chunks, &chunk); err != nil {
				return err
			}
			if chunk != nil {
				found++
			}
			snap.Entries, err = splitEntries(snap.Entries, chunk)
			return err
		})
	})
	if err == nil && chunks != found {
		err = fmt.Errorf("%w: %d of its %d chunks are there", journal.ErrCorrupt, found, chunks)
	}
	if err != nil {
		return nil, fmt.Errorf("read the snapshot of account %q: %w", account, err)
	}
	return snap, nil
}

// appendEntry writes kind, key and value, each with its length before it.
func appendEntry(b []byte, e journal.Entry) []byte {
	b = append(binary.AppendUvarint(b, uint64(len(e.Kind))), e.Kind...)
	b = append(binary.AppendUvarint(b, uint64(len(e.Key))), e.Key...)
	return append(binary.AppendUvarint(b, uint64(len(e.Value))), e.Value...)
}

// splitEntries appends the entries of a chunk; their values point into it.
func splitEntries(to []journal.Entry, chunk []byte) ([]journal.Entry, error) {
	for len(chunk) > 0 {
		var part [3][]byte
		for i := range part {
			n, used := binary.Uvarint(chunk)
			if used <= 0 || n > uint64(len(chunk)-used) {
				return nil, fmt.Errorf("%w: a snapshot's chunk ends within an entry", journal.ErrCorrupt)
			}
			end := used + int(n)
			part[i], chunk = chunk[used:end:end], chunk[end:]
		}
		to = append(to, journal.Entry{Kind: string(part[0]), Key: string(part[1]), Value: part[2]})
	}
	return to, nil
}
