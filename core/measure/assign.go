package measure

import "math"

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
func (g group) solve(links [][]link, end float64) []int {
	place := map[int]int{}
	for k, j := range g.columns {
		place[j] = k
	}
	cost := make([][]float64, len(g.rows))
	for k, i := range g.rows {
		cost[k] = make([]float64, len(g.columns)+len(g.rows)) // each row has a column of its own, for none
		for j := range cost[k] {
			cost[k][j] = math.Inf(1)
		}
		cost[k][len(g.columns)+k] = 2 * end // and the column begins
		for _, l := range links[i] {
			cost[k][place[l.to]] = l.cost
		}
	}
	out := assign(cost)
	for k, j := range out {
		if j >= len(g.columns) {
			out[k] = -1
		} else {
			out[k] = g.columns[j]
		}
	}
	return out
}

// assign gives each row a column of its own so that the sum of the costs is least, by shortest
// augmenting paths (Jonker and Volgenant 1987). There are not fewer columns than rows, and some
// such assignment has a finite cost.
func assign(cost [][]float64) []int {
	rows, columns := len(cost), len(cost[0])
	u, v := make([]float64, rows), make([]float64, columns) // what a row and a column are worth
	of := make([]int, columns)                              // the row of a column
	for j := range of {
		of[j] = -1
	}
	for i := range rows {
		augment(cost, u, v, of, i)
	}
	out := make([]int, rows)
	for j, i := range of {
		if i >= 0 {
			out[i] = j
		}
	}
	return out
}

// augment gives row i a column, moving other rows along the shortest path.
func augment(cost [][]float64, u, v []float64, of []int, i int) {
	p := paths{short: make([]float64, len(v)), from: make([]int, len(v)), done: make([]bool, len(v))}
	for j := range p.short {
		p.short[j] = math.Inf(1)
	}
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
	for j, d := range p.done {
		if d && j != last {
			u[of[j]] += length - p.short[j]
			v[j] -= length - p.short[j]
		}
	}
	for before := p.from[last]; before >= 0; before = p.from[last] {
		of[last] = of[before]
		last = before
	}
	of[last] = i
}

// paths are the shortest ones from a row to each column: how long, over which column, and
// whether that is final.
type paths struct {
	short []float64
	from  []int
	done  []bool
}

// step goes on from a row, reached over the column last, and returns the nearest column that
// is not done.
func (p *paths) step(cost, v []float64, length float64, last int) int {
	next := -1
	for j, c := range cost {
		if p.done[j] {
			continue
		}
		if d := length + c - v[j]; d < p.short[j] {
			p.short[j], p.from[j] = d, last
		}
		if next < 0 || p.short[j] < p.short[next] {
			next = j
		}
	}
	return next
}
