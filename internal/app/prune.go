package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"switchyard"
	"switchyard/internal/journal"
	"switchyard/internal/seal"
)

// KeyKept is how much of what is kept an older key seals. A text counts as often as it is kept.
type KeyKept struct {
	seal.KeyInfo
	Journal    int // in rows of the journal
	Snapshot   int // in the snapshots before them
	Checkpoint int // in the live state of the tables
	Configs    int // in the versions of the configs
}

// Total is how many texts need the key.
func (k *KeyKept) Total() int { return k.Journal + k.Snapshot + k.Checkpoint + k.Configs }

// Pruned says which older keys were dropped, or may be, and which are needed still.
type Pruned struct {
	Dropped []seal.KeyInfo
	Kept    []KeyKept
}

// PruneKeys looks through everything a data folder keeps, which no server may hold, and drops the
// keys from the key file that nothing needs any more. Keys that SWITCHYARD_KEY gives are only named:
// the operator leaves them out there. progress may be nil.
func PruneKeys(ctx context.Context, o Options, progress func(account string, done, total uint64)) (*Pruned, error) {
	s, key, err := openForKeys(ctx, o)
	if err != nil {
		return nil, err
	}
	out, err := pruneKeys(ctx, s, key, progress)
	// The tables may lose their last transactions with the power, and with them what was sealed anew;
	// closing makes them durable. The journal, which holds the folder, is closed when all is done.
	err = errors.Join(err, s.tables.Close())
	if err == nil && o.Key == "" && len(out.Dropped) > 0 {
		ids := make([]string, len(out.Dropped))
		for n, k := range out.Dropped {
			ids[n] = k.ID
		}
		_, err = seal.DropKeys(filepath.Join(o.Data, KeyFile), ids)
	}
	return out, errors.Join(err, s.journal.Close())
}

func pruneKeys(ctx context.Context, s *stores, key *seal.Key, progress func(string, uint64, uint64)) (*Pruned, error) {
	out := &Pruned{}
	if len(key.Keys()) == 1 {
		return out, nil
	}
	c := census{key: key, kept: map[string]*KeyKept{}, known: map[switchyard.Sealed]string{}}
	for _, info := range key.Keys() {
		c.kept[info.ID] = &KeyKept{KeyInfo: info}
	}
	accounts, err := s.journal.Accounts(ctx)
	if err != nil {
		return nil, fmt.Errorf("list accounts of the journal: %w", err)
	}
	for _, account := range accounts {
		if err := c.account(ctx, s, account, progress); err != nil {
			return nil, fmt.Errorf("look through account %s: %w", account, err)
		}
	}
	for _, info := range key.Keys()[1:] {
		if kept := c.kept[info.ID]; kept.Total() > 0 {
			out.Kept = append(out.Kept, *kept)
		} else {
			out.Dropped = append(out.Dropped, info)
		}
	}
	return out, nil
}

// census counts sealed texts by their key.
type census struct {
	key   *seal.Key
	kept  map[string]*KeyKept
	known map[switchyard.Sealed]string // ids of keys by text
}

// knownTexts bounds how many texts are remembered; most stand in many rows.
const knownTexts = 100_000

// count counts the texts of a document.
func (c *census) count(document []byte, place func(k *KeyKept) *int) {
	switchyard.EachSealed(document, func(text switchyard.Sealed) {
		id, seen := c.known[text]
		if !seen {
			id, _ = c.key.SealedBy(string(text))
			if len(c.known) >= knownTexts {
				clear(c.known)
			}
			c.known[text] = id
		}
		if k := c.kept[id]; k != nil {
			*place(k)++
		}
	})
}

func (c *census) account(ctx context.Context, s *stores, account string, progress func(string, uint64, uint64)) error {
	if err := c.rows(ctx, s.journal, account, progress); err != nil {
		return err
	}
	snapshot, err := s.journal.Snapshot(ctx, account)
	if err != nil {
		return err
	}
	if snapshot != nil {
		for _, e := range snapshot.Entries {
			c.count(e.Value, func(k *KeyKept) *int { return &k.Snapshot })
		}
	}
	err = s.tables.Load(ctx, account, func(e journal.Entry) error {
		c.count(e.Value, func(k *KeyKept) *int { return &k.Checkpoint })
		return nil
	})
	if err != nil {
		return err
	}
	for before := 0; ; {
		versions, err := s.tables.Configs(ctx, account, before, 100)
		if err != nil || len(versions) == 0 {
			return err
		}
		for _, v := range versions {
			c.count(v.Document, func(k *KeyKept) *int { return &k.Configs })
			before = v.Version
		}
	}
}

// rows counts in the journal.
func (c *census) rows(ctx context.Context, store journal.Store, account string, progress func(string, uint64, uint64)) error {
	oldest, last, err := store.Bounds(ctx, account)
	if err != nil {
		return err
	}
	for from := oldest; from <= last && last > 0; {
		rows, err := store.Rows(ctx, account, from, 1000)
		if err != nil || len(rows) == 0 {
			return err
		}
		for n := range rows {
			c.count(rows[n].Input, func(k *KeyKept) *int { return &k.Journal })
			c.count(rows[n].Events, func(k *KeyKept) *int { return &k.Journal })
		}
		from = rows[len(rows)-1].Seq + 1
		if progress != nil {
			progress(account, uint64(from-oldest), uint64(last-oldest+1))
		}
	}
	return nil
}
