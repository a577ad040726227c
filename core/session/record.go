package session

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// PutLayer keeps the objects that by found on image, as JSON, in place of the last. It is the
// newest from then on, also where the clock was set back since another was made.
func (s *Store) PutLayer(ctx context.Context, image, by string, made time.Time, data []byte) error {
	return s.exec(ctx, `INSERT INTO layer (image, by, made, data)
		VALUES (?1, ?2, max(?3, ifnull((SELECT max(made) + 1 FROM layer WHERE image = ?1), ?3)), ?4)
		ON CONFLICT DO UPDATE SET made = excluded.made, data = excluded.data`, image, by, made.UnixNano(), data)
}

// Layers returns the layers of an image, the one that was kept last first.
func (s *Store) Layers(ctx context.Context, image string) ([][]byte, error) {
	return rows(ctx, s.db, "SELECT data FROM layer WHERE image = ? ORDER BY made DESC, by", scanBytes, image)
}

func scanBytes(r *sql.Rows) ([]byte, error) {
	var b []byte
	err := r.Scan(&b)
	return b, err
}

// Edit is an entry of an image's edit log.
type Edit struct {
	Seq  int64
	Data []byte // JSON
}

// AddEdit appends to the log of image and returns the entry's number.
func (s *Store) AddEdit(ctx context.Context, image string, data []byte) (int64, error) {
	r, err := s.db.ExecContext(ctx, "INSERT INTO edit (image, data) VALUES (?, ?)", image, data)
	if err != nil {
		return 0, told(err)
	}
	return r.LastInsertId()
}

// Edits returns the log of image, the oldest first.
func (s *Store) Edits(ctx context.Context, image string) ([]Edit, error) {
	return rows(ctx, s.db, "SELECT seq, data FROM edit WHERE image = ? ORDER BY seq", func(r *sql.Rows) (Edit, error) {
		var e Edit
		err := r.Scan(&e.Seq, &e.Data)
		return e, err
	}, image)
}

// LastEdit returns the number of the last edit of image; 0: there is none.
func (s *Store) LastEdit(ctx context.Context, image string) (seq int64, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT ifnull(max(seq), 0) FROM edit WHERE image = ?", image).Scan(&seq)
	return seq, told(err)
}

// Keep remembers what another system said, under key, in place of the last.
func (s *Store) Keep(ctx context.Context, key string, data []byte) error {
	return s.exec(ctx, `INSERT INTO cache (key, at, data) VALUES (?, ?, ?)
		ON CONFLICT DO UPDATE SET at = excluded.at, data = excluded.data`, key, time.Now().UnixNano(), data)
}

// Kept returns what was kept under key, and when; nil if nothing was.
func (s *Store) Kept(ctx context.Context, key string) ([]byte, time.Time, error) {
	var b []byte
	var at int64
	err := s.db.QueryRowContext(ctx, "SELECT data, at FROM cache WHERE key = ?", key).Scan(&b, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, time.Time{}, nil
	}
	if err != nil {
		return nil, time.Time{}, told(err)
	}
	return b, time.Unix(0, at), nil
}
