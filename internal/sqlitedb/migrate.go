package sqlitedb

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/pressly/goose/v3"

	"switchyard/internal/journal"
)

// migrate brings the schema up to date, forward only, and refuses one this binary does not know.
func migrate(ctx context.Context, db *sql.DB, opt Options) error {
	p, err := goose.NewProvider(goose.DialectSQLite3, db, opt.Migrations,
		goose.WithTableName("schema_migration"), goose.WithDisableGlobalRegistry(true),
		goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	has, knows, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the schema version: %w", err)
	}
	if has > knows {
		return fmt.Errorf("%w (the schema of %s has version %d, this binary knows %d)",
			journal.ErrNewer, opt.Path, has, knows)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate the schema from version %d to %d: %w", has, knows, err)
	}
	return nil
}
