package session

import (
	"context"
	"database/sql"
)

// group is what several callers write in one transaction: a sync costs the same for one
// row as for a thousand.
type group struct {
	items []Item
	steps []Step
	done  bool
	err   error
}

// together writes rows with those of others who came while another group was written. They
// are on the disk when it returns nil.
func (s *Store) together(ctx context.Context, items []Item, steps []Step) error {
	s.mu.Lock()
	if s.next == nil {
		s.next = &group{}
	}
	g := s.next
	g.items, g.steps = append(g.items, items...), append(g.steps, steps...)
	s.mu.Unlock()

	s.turn.Lock()
	defer s.turn.Unlock()
	if g.done { // another of the group has written it
		return g.err
	}
	s.mu.Lock()
	s.next = nil
	s.mu.Unlock()
	g.done = true
	ctx = context.WithoutCancel(ctx) // one who gives up is no reason for the others
	g.err = s.write(ctx, func(tx *sql.Tx) error { return g.put(ctx, tx) })
	return g.err
}

// put writes the group's rows, items before what is said of them.
func (g *group) put(ctx context.Context, tx *sql.Tx) error {
	if err := each(ctx, tx, "INSERT INTO item (id, line, title, data, created) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
		g.items, func(it Item) []any {
			return []any{it.ID, it.Line, it.Title, it.Data, it.Created.UnixNano()}
		}); err != nil {
		return err
	}
	return each(ctx, tx, `INSERT INTO pass (item, stage, state, tries, next, say, hint, out, at)
		SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE EXISTS (SELECT 1 FROM item WHERE id = ?1)
		ON CONFLICT DO UPDATE SET state = excluded.state, tries = excluded.tries, next = excluded.next,
		say = excluded.say, hint = excluded.hint, out = excluded.out, at = excluded.at`,
		g.steps, func(p Step) []any {
			return []any{p.Item, p.Stage, p.State, p.Tries, nano(p.Next), p.Say, p.Hint, p.Out, p.At.UnixNano()}
		})
}

// each runs a statement for every row.
func each[T any](ctx context.Context, tx *sql.Tx, query string, all []T, args func(T) []any) error {
	if len(all) == 0 {
		return nil
	}
	stmt, err := tx.PrepareContext(ctx, query)
	if err != nil {
		return err
	}
	defer stmt.Close() //nolint:errcheck // ends with the transaction
	for _, row := range all {
		if _, err := stmt.ExecContext(ctx, args(row)...); err != nil {
			return err
		}
	}
	return nil
}
