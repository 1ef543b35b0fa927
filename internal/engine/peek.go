package engine

import (
	"context"
	"fmt"

	"switchyard/internal/core"
	"switchyard/internal/journal"
	"switchyard/internal/tables"
)

// Peek returns the state of an account as the stores hold it. Nothing is decided, performed or
// written: it is for commands that look into a folder no server holds.
func Peek(ctx context.Context, j journal.Store, t tables.Store, account string) (*core.State, error) {
	e := &Engine{options: Options{Journal: j, Tables: t}, machines: coreMachines}
	s, err := e.load(ctx, account)
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", account, err)
	}
	err = replay(ctx, j, account, s.seq+1, func(r *replayed) error {
		s.machine.Fold(r.row.Seq, r.row.At, r.row.Events)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", account, err)
	}
	return s.machine.(*core.State), nil
}
