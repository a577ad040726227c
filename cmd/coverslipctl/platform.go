package main

import (
	"context"
	"flag"
	"fmt"
	"sort"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/station"
)

// patience is how long a command waits for a platform or a decision.
const patience = 5 * time.Minute

func runs(ctx context.Context, c call, args []string) error {
	if _, err := c.parse(flag.NewFlagSet("runs", flag.ContinueOnError), args); err != nil {
		return err
	}
	sh, err := c.shelf(ctx)
	if err != nil {
		return err
	}
	lines := make([]string, 0, len(sh.Runs)+1)
	lines = append(lines, headline(sh))
	for _, r := range sh.Runs {
		lines = append(lines, fmt.Sprintf("%.12s  %-9s  %-24s  %s  %s", r.ID, r.Status, r.Name, r.Started.Format(time.DateTime), pairs(r.Metrics)))
	}
	return c.print(sh.Runs, lines...)
}

func models(ctx context.Context, c call, args []string) error {
	if _, err := c.parse(flag.NewFlagSet("models", flag.ContinueOnError), args); err != nil {
		return err
	}
	sh, err := c.shelf(ctx)
	if err != nil {
		return err
	}
	lines := []string{headline(sh)}
	for _, m := range sh.Models {
		lines = append(lines, m.Name)
		for _, v := range sh.Versions[m.Name] {
			var aliases []string
			for a, to := range m.Aliases {
				if to == v.Version {
					aliases = append(aliases, a)
				}
			}
			sort.Strings(aliases)
			lines = append(lines, fmt.Sprintf("  version %-4s %-24s %s  run %.12s", v.Version, strings.Join(aliases, " "), v.Created.Format(time.DateTime), v.Run))
		}
		for _, p := range sh.History[m.Name] {
			lines = append(lines, fmt.Sprintf("  %s  %s: version %s → %s, “%s”", p.At.Local().Format(time.DateTime), p.Who, or(p.From, "none"), p.Version, p.Why))
		}
	}
	return c.print(sh, lines...)
}

func headline(sh station.Shelf) string {
	s := sh.Name + ", as of " + sh.At.Local().Format(time.DateTime)
	if sh.Offline {
		s += " (offline: " + sh.Say + ")"
	}
	return s
}

func pairs(m map[string]float64) string {
	out := make([]string, 0, len(m))
	for k, v := range m {
		out = append(out, fmt.Sprintf("%s=%.4g", k, v))
	}
	sort.Strings(out)
	return strings.Join(out, " ")
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// shelf reads the platform in use, or what was last seen of it.
func (c call) shelf(ctx context.Context) (station.Shelf, error) {
	st, err := c.station(ctx)
	if err != nil {
		return station.Shelf{}, err
	}
	defer st.Close() //nolint:errcheck // nothing was written
	return st.ReadShelf(ctx), nil
}

func promote(ctx context.Context, c call, args []string) error {
	return c.decide(ctx, args, 2, func(ctx context.Context, st *station.Station, rest []string, why string) (string, error) {
		return st.Promote(ctx, rest[0], rest[1], why)
	})
}

func rollback(ctx context.Context, c call, args []string) error {
	return c.decide(ctx, args, 1, func(ctx context.Context, st *station.Station, rest []string, why string) (string, error) {
		return st.Rollback(ctx, rest[0], why)
	})
}

// decide carries a decision out and waits for it. One that can't be carried out now is
// withdrawn: nothing is left that would move the alias later, unseen.
func (c call) decide(ctx context.Context, args []string, n int, act func(context.Context, *station.Station, []string, string) (string, error)) error {
	flags := flag.NewFlagSet("decide", flag.ContinueOnError)
	why := flags.String("reason", "", "why")
	rest, err := c.parse(flags, args)
	if err != nil {
		return err
	}
	if len(rest) != n {
		return usageError(fmt.Sprintf("%d names are needed", n))
	}
	return c.running(ctx, false, func(ctx context.Context, st *station.Station) error {
		return within(ctx, patience, func(ctx context.Context) error {
			st.ReadShelf(ctx)
			id, err := act(ctx, st, rest, *why)
			if err != nil {
				return err
			}
			it, err := st.Await(ctx, id, "promote")
			if err != nil {
				if werr := st.Withdraw(context.WithoutCancel(ctx), id); werr != nil {
					return werr
				}
				return err
			}
			return c.print(it, it.Title+": done.")
		}, func() (say, hint string) {
			return "the decision is not carried out, and is withdrawn.", "See that the platform and the servers answer, then decide again."
		})
	})
}

func share(ctx context.Context, c call, args []string) error {
	rest, err := c.parse(flag.NewFlagSet("share", flag.ContinueOnError), args)
	if err != nil {
		return err
	}
	st, err := c.station(ctx)
	if err != nil {
		return err
	}
	defer st.Close() //nolint:errcheck // what was shared is at the server
	name := st.Settings().Model
	if len(rest) == 1 {
		name = rest[0]
	}
	if err := st.Share(ctx, name); err != nil {
		return err
	}
	return c.print(map[string]string{"model": name}, name+" is registered at the server.")
}
