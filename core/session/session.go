// Package session remembers what was done at this station, in SQLite.
//
// The store may be thrown away: all but unsaved corrections is found again from the
// dataset, the remotes and the registry.
package session

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"net/url"
	"sync"

	_ "github.com/mattn/go-sqlite3" // the driver

	"coverslip.dev/coverslip/core/fault"
)

//go:embed schema/*.sql
var schema embed.FS //nolint:gochecknoglobals // embedded at build time

// Store is the session database. Its methods may be called from any goroutine, and
// from several processes at once.
type Store struct {
	db *sql.DB

	turn sync.Mutex // held while a group is written
	mu   sync.Mutex // guards below
	next *group     // gathers while another is written; nil: no one waits
}

// Open opens the store at path and brings its schema up to date. Every write is on
// the disk when its method returns.
func Open(ctx context.Context, path string) (*Store, error) {
	q := url.Values{
		"_journal_mode": {"WAL"}, "_synchronous": {"FULL"}, "_busy_timeout": {"5000"},
		"_foreign_keys": {"on"}, "_txlock": {"immediate"},
	}
	db, err := sql.Open("sqlite3", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, err
	}
	s := &Store{db: db}
	if err := s.migrate(ctx); err != nil {
		_ = db.Close() // the first error tells more
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// Close closes the store.
func (s *Store) Close() error { return s.db.Close() }

func (s *Store) migrate(ctx context.Context) error {
	names, err := fs.Glob(schema, "schema/*.sql")
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		var at int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&at); err != nil {
			return err
		}
		if at > len(names) {
			return fault.New(fault.Invalid, "The workspace was used with a newer version of this program.", "Start that version.",
				fmt.Errorf("schema %d, not %d", at, len(names)))
		}
		if at == len(names) {
			return nil // and nothing is written: the disk may be all but full
		}
		for _, name := range names[at:] {
			text, err := schema.ReadFile(name)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, string(text)); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", len(names)))
		return err
	})
}

// write runs fn in a transaction: all of it happens, or nothing.
func (s *Store) write(ctx context.Context, fn func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return told(err)
	}
	defer tx.Rollback() //nolint:errcheck // does nothing after Commit
	if err := fn(tx); err != nil {
		return told(err)
	}
	return told(tx.Commit())
}

// exec is a write of one statement.
func (s *Store) exec(ctx context.Context, query string, args ...any) error {
	_, err := s.db.ExecContext(ctx, query, args...)
	return told(err)
}
