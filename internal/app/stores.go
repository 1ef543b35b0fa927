package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"switchyard/internal/journal"
	"switchyard/internal/journal/memory"
	journalsqlite "switchyard/internal/journal/sqlite"
	"switchyard/internal/tables"
	tablessqlite "switchyard/internal/tables/sqlite"
)

// TablesFile is the name of the tables in a data folder. They may be deleted: they are made again
// from the journal.
const TablesFile = tablessqlite.File

// stores are where a server keeps everything.
type stores struct {
	journal journal.Store
	tables  tables.Store
}

// openStores opens a data folder, or makes stores in memory.
func openStores(ctx context.Context, o Options) (*stores, error) {
	if o.kept != nil {
		return o.kept, nil
	}
	if o.Data == Memory {
		t, err := tablessqlite.Open(ctx, ":memory:", tablessqlite.Options{Log: o.Log, Erase: erase})
		if err != nil {
			return nil, err
		}
		return &stores{memory.New(), t}, nil
	}
	j, err := journalsqlite.Open(ctx, o.Data, journalsqlite.Options{Holder: holder(o), Log: o.Log})
	if err != nil {
		return nil, err
	}
	t, err := tablessqlite.Open(ctx, filepath.Join(o.Data, TablesFile), tablessqlite.Options{Log: o.Log, Erase: erase})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open tables: %w", err), j.Close())
	}
	return &stores{j, t}, nil
}

func (s *stores) close() error { return errors.Join(s.tables.Close(), s.journal.Close()) }
