package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// CopyTo writes a consistent copy of a SQLite database to a file that must not exist, on a connection of its own: pushes go on being stored meanwhile.
func (d *DB) CopyTo(ctx context.Context, path string) (err error) {
	if d.Engine != SQLite {
		return errors.New("only SQLite databases are copied")
	}
	var file string
	if err := d.Read.QueryRowContext(ctx, `SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&file); err != nil {
		return fmt.Errorf("find database file: %w", err)
	}
	c, err := sql.Open("sqlite", "file:"+uriPath.Replace(file)+"?_pragma=busy_timeout(10000)")
	if err != nil {
		return fmt.Errorf("open database for copying: %w", err)
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if _, err := c.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return fmt.Errorf("copy database: %w", err)
	}
	return nil
}
