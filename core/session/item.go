package session

import (
	"context"
	"database/sql"
	"time"
)

// Item is one thing on a line, with how it stands at each stage that it has met.
type Item struct {
	ID, Line, Title string
	Data            []byte // the line's own words, JSON
	Created         time.Time
	Passes          map[string]Pass
}

// Pass is how an item stands at a stage.
type Pass struct {
	State     string
	Tries     int
	Next      time.Time // when it is tried again; zero for not by itself
	Say, Hint string    // why it waits or failed
	Out       []byte    // what the stage left for the later ones, JSON
	At        time.Time
}

// Step is how an item stands at a stage, by their names.
type Step struct {
	Item, Stage string
	Pass
}

// PutItems keeps new items; one that is there already stays as it is.
func (s *Store) PutItems(ctx context.Context, items ...Item) error {
	return s.together(ctx, items, nil)
}

// DropItem forgets an item and its passes.
func (s *Store) DropItem(ctx context.Context, id string) error {
	return s.exec(ctx, "DELETE FROM item WHERE id = ?", id)
}

// PutSteps keeps how items stand at stages, all or none. Of an item that is not there
// nothing is kept.
func (s *Store) PutSteps(ctx context.Context, steps ...Step) error {
	return s.together(ctx, nil, steps)
}

// Items returns all items, the oldest first.
func (s *Store) Items(ctx context.Context) ([]Item, error) {
	items, err := rows(ctx, s.db, "SELECT id, line, title, data, created FROM item ORDER BY created, id", func(r *sql.Rows) (Item, error) {
		var it Item
		var created int64
		err := r.Scan(&it.ID, &it.Line, &it.Title, &it.Data, &created)
		it.Created, it.Passes = time.Unix(0, created), map[string]Pass{}
		return it, err
	})
	if err != nil {
		return nil, err
	}
	byID := make(map[string]map[string]Pass, len(items))
	for _, it := range items {
		byID[it.ID] = it.Passes
	}
	_, err = rows(ctx, s.db, "SELECT item, stage, state, tries, next, say, hint, out, at FROM pass", func(r *sql.Rows) (struct{}, error) {
		var item, stage string
		var p Pass
		var next, at int64
		if err := r.Scan(&item, &stage, &p.State, &p.Tries, &next, &p.Say, &p.Hint, &p.Out, &at); err != nil {
			return struct{}{}, err
		}
		p.At = time.Unix(0, at)
		if next != 0 {
			p.Next = time.Unix(0, next)
		}
		if m := byID[item]; m != nil { // an item that came since the first query is not ours to tell
			m[stage] = p
		}
		return struct{}{}, nil
	})
	return items, err
}

func nano(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// rows collects what a query returns.
func rows[T any](ctx context.Context, db *sql.DB, query string, scan func(*sql.Rows) (T, error), args ...any) ([]T, error) {
	r, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, told(err)
	}
	defer r.Close() //nolint:errcheck // r.Err tells
	var out []T
	for r.Next() {
		v, err := scan(r)
		if err != nil {
			return nil, told(err)
		}
		out = append(out, v)
	}
	if err := r.Err(); err != nil {
		return nil, told(err)
	}
	return out, nil
}
