package measure

import (
	"context"
	"math"
)

// group is a part of the graph of links that no link joins to another part: it is solved by
// itself, which keeps the problems small.
type group struct{ rows, columns []int }

// parts returns the groups that have links.
func parts(links [][]link, rows, columns int) []group {
	root := make([]int, rows+columns) // a forest of rows, and behind them columns
	for i := range root {
		root[i] = i
	}
	find := func(i int) int {
		for root[i] != i {
			root[i] = root[root[i]]
			i = root[i]
		}
		return i
	}
	for i, ls := range links {
		for _, l := range ls {
			root[find(rows+l.to)] = find(i)
		}
	}
	number := map[int]int{}
	var out []group
	for i, ls := range links {
		if len(ls) == 0 {
			continue
		}
		k, ok := number[find(i)]
		if !ok {
			k = len(out)
			number[find(i)] = k
			out = append(out, group{})
		}
		out[k].rows = append(out[k].rows, i)
	}
	for j := range columns {
		if k, ok := number[find(rows+j)]; ok {
			out[k].columns = append(out[k].columns, j)
		}
	}
	return out
}

// apart is what an end, or a beginning, costs: a little more than the dearest link, as Jaqaman
// et al. have it.
func apart(links [][]link) float64 {
	dearest := 1e-9
	for _, ls := range links {
		for _, l := range ls {
			dearest = max(dearest, l.cost)
		}
	}
	return 1.05 * dearest
}

// solve returns the column of each row of the group, -1 for none. end is what an end or a
// beginning costs.
func (g group) solve(ctx context.Context, links [][]link, end float64) ([]int, error) {
	place := map[int]int{}
	for k, j := range g.columns {
		place[j] = k
	}
	cost := make([][]link, len(g.rows))
	for k, i := range g.rows {
		for _, l := range links[i] {
			cost[k] = append(cost[k], link{place[l.to], l.cost})
		}
		// Each row has a column of its own, for none; then the column begins.
		cost[k] = append(cost[k], link{len(g.columns) + k, 2 * end})
	}
	out, err := assign(ctx, cost, len(g.columns)+len(g.rows))
	for k, j := range out {
		if j >= len(g.columns) {
			out[k] = -1
		} else {
			out[k] = g.columns[j]
		}
	}
	return out, err
}

// assign gives each row a column of its own so that the sum of the costs is least, by shortest
// augmenting paths (Jonker and Volgenant 1987). A row has a cost for some of the columns, such
// that all rows can have one.
func assign(ctx context.Context, cost [][]link, columns int) ([]int, error) {
	u, v := make([]float64, len(cost)), make([]float64, columns) // what a row and a column are worth
	of := make([]int, columns)                                   // the row of a column
	p := paths{short: make([]float64, columns), from: make([]int, columns), done: make([]bool, columns)}
	for j := range of {
		of[j], p.short[j] = -1, math.Inf(1)
	}
	for i := range cost {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p.augment(cost, u, v, of, i)
	}
	out := make([]int, len(cost))
	for j, i := range of {
		if i >= 0 {
			out[i] = j
		}
	}
	return out, nil
}

// paths are the shortest ones from a row to each column: how long, over which column, and
// whether that is final. Columns that were not reached are infinitely far.
type paths struct {
	short   []float64
	from    []int
	done    []bool
	reached []int // columns
}

// augment gives row i a column, moving other rows along the shortest path.
func (p *paths) augment(cost [][]link, u, v []float64, of []int, i int) {
	row, last, length := i, -1, 0.0
	for {
		next := p.step(cost[row], v, length-u[row], last)
		length, last, p.done[next] = p.short[next], next, true
		if of[next] < 0 {
			break
		}
		row = of[next]
	}
	u[i] += length
	for _, j := range p.reached {
		if p.done[j] && j != last {
			u[of[j]] += length - p.short[j]
			v[j] -= length - p.short[j]
		}
	}
	for before := p.from[last]; before >= 0; before = p.from[last] {
		of[last] = of[before]
		last = before
	}
	of[last] = i
	for _, j := range p.reached {
		p.short[j], p.done[j] = math.Inf(1), false
	}
	p.reached = p.reached[:0]
}

// step goes on from a row, reached over the column last, and returns the nearest column that
// is not done; of several the first.
func (p *paths) step(cost []link, v []float64, length float64, last int) int {
	for _, l := range cost {
		if d := length + l.cost - v[l.to]; !p.done[l.to] && d < p.short[l.to] {
			if math.IsInf(p.short[l.to], 1) {
				p.reached = append(p.reached, l.to)
			}
			p.short[l.to], p.from[l.to] = d, last
		}
	}
	next := -1
	for _, j := range p.reached {
		if !p.done[j] && (next < 0 || p.short[j] < p.short[next] || p.short[j] == p.short[next] && j < next) {
			next = j
		}
	}
	return next
}
