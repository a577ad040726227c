package ometiff

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/imageio"
)

// What Micro-Manager (1.4 and 2.0) says of a page in a tag of its own. In NDTiff axes by name take the
// place of the indexes.
type managerPage struct {
	C        quoted         `json:"ChannelIndex"`
	Z        quoted         `json:"SliceIndex"`
	T        quoted         `json:"FrameIndex"`
	P        quoted         `json:"PositionIndex"`
	Axes     map[string]any `json:"Axes"`
	Channel  string         `json:"Channel"`
	Position string         `json:"PositionName"`
	Pixel    quoted         `json:"PixelSizeUm"`
	X        quoted         `json:"XPositionUm"`
	Y        quoted         `json:"YPositionUm"`
	Height   quoted         `json:"ZPositionUm"`
	Elapsed  quoted         `json:"ElapsedTime-ms"`
	Time     string         `json:"Time"`
}

// quoted is a number, which scripts also write in quotes; zero for anything else.
type quoted float64

// UnmarshalJSON never fails: a tag that one value of is of another kind says all the others.
func (q *quoted) UnmarshalJSON(data []byte) error {
	if v, err := strconv.ParseFloat(strings.Trim(string(data), `" `), 64); err == nil && math.Abs(v) < 1e15 {
		*q = quoted(v)
	}
	return nil
}

type managerPlane struct {
	managerPage
	c, z, t, p int
	at         int    // its page; -1: it is in another file
	away       *place // which
}

// fromMicroManager lays out pages by the tag that Micro-Manager writes into each. It
// returns nil if they do not make whole stacks: then other words on the file are better.
func (f *file) fromMicroManager(pages []*page, n int) (*layout, error) {
	all := make([]managerPlane, len(pages))
	named := false
	for i, p := range pages {
		m, ok, err := f.managerPage(p)
		if err != nil || !ok {
			return nil, err
		}
		all[i] = managerPlane{managerPage: m, c: int(m.C), z: int(m.Z), t: int(m.T), p: int(m.P), at: i}
		named = named || len(m.Axes) > 0
	}
	if named {
		all = byAxes(f.indexed(all))
	}
	positions := map[int][]managerPlane{}
	var order []int
	for _, m := range all {
		if positions[m.p] == nil {
			order = append(order, m.p)
		}
		positions[m.p] = append(positions[m.p], m)
	}
	l := &layout{samples: pages[0].samples, planes: [][]*page{pages}}
	l.info.Format = "Micro-Manager TIFF"
	if len(order) > 1 {
		l.info.Image = max(n, 0)
		for _, p := range order {
			l.info.Images = append(l.info.Images, cmp.Or(positions[p][0].Position, positions[p][0].place(), fmt.Sprintf("Position %d", p)))
		}
	}
	if n >= len(order) {
		return l, nil
	}
	if n < 0 {
		n = max(0, slices.IndexFunc(order, func(p int) bool { return slices.ContainsFunc(positions[p], managerPlane.here) }))
		l.info.Image = n
	}
	planes := positions[order[n]]
	if !slices.ContainsFunc(planes, managerPlane.here) {
		l.other = planes[0].away.name
		return l, nil
	}
	if !l.stack(planes) {
		return nil, nil //nolint:nilnil // see above
	}
	l.words(planes)
	return l, nil
}

func (p managerPlane) here() bool { return p.at >= 0 }

// place names where a plane of NDTiff was taken: a position, or a tile of a mosaic.
func (p managerPlane) place() string {
	if name, ok := p.Axes["position"].(string); ok {
		return name
	}
	row, ok := p.Axes["row"].(float64)
	column, ok2 := p.Axes["column"].(float64)
	if !ok || !ok2 {
		return ""
	}
	return fmt.Sprintf("Row %g, column %g", row, column)
}

func (f *file) managerPage(p *page) (m managerPage, ok bool, err error) {
	text, err := f.text(p.manager)
	if err != nil || text == "" {
		return m, false, err
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		if _, ok := errors.AsType[*json.UnmarshalTypeError](err); !ok {
			return m, false, nil //nolint:nilerr // words that can't be read say nothing
		}
	}
	for _, n := range []quoted{m.C, m.Z, m.T} {
		if n < 0 || n >= maxPages {
			return m, false, nil
		}
	}
	return m, m.P < maxPages, nil // one below 0 is a position, too
}

// byAxes counts planes by the names of their axes. What is neither channel nor depth nor time, such as
// the position or the row and column of a mosaic, makes images. Of planes on the same place the last one stands: it
// was taken once more.
func byAxes(all []managerPlane) (planes []managerPlane) {
	at := map[string]int{}
	for _, p := range all {
		where := fmt.Sprint(p.Axes) // sorted by their names
		if i, ok := at[where]; ok {
			planes[i] = p
			continue
		}
		at[where] = len(planes)
		planes = append(planes, p)
	}
	for name, to := range map[string]func(*managerPlane) *int{
		"channel": func(p *managerPlane) *int { return &p.c }, "z": func(p *managerPlane) *int { return &p.z },
		"time": func(p *managerPlane) *int { return &p.t },
	} {
		values := make([]any, len(planes))
		for i := range planes {
			v := planes[i].Axes[name]
			delete(planes[i].Axes, name)
			if text, ok := v.(string); ok && name == "channel" {
				planes[i].Channel = text
			}
			if n, ok := v.(float64); ok {
				values[i] = n
			} else {
				values[i] = fmt.Sprint(v)
			}
		}
		for i, n := range ranks(values) {
			*to(&planes[i]) = n
		}
	}
	rest := make([]any, len(planes))
	for i := range planes {
		rest[i] = fmt.Sprint(planes[i].Axes)
	}
	for i, n := range ranks(rest) {
		planes[i].p = n
	}
	return planes
}

// ranks counts values: numbers by their size, words as they come.
func ranks(values []any) []int {
	seen := map[any]int{}
	var numbers []float64
	for _, v := range values {
		if _, ok := seen[v]; !ok {
			seen[v] = len(seen)
			if n, ok := v.(float64); ok {
				numbers = append(numbers, n)
			}
		}
	}
	if len(numbers) == len(seen) {
		slices.Sort(numbers)
		for i, n := range numbers {
			seen[n] = i
		}
	}
	out := make([]int, len(values))
	for i, v := range values {
		out[i] = seen[v]
	}
	return out
}

// stack fills the index; a plane may be missing where a recording was stopped, not more
// than there are.
func (l *layout) stack(planes []managerPlane) bool {
	l.stacks, l.info.Z, l.info.T = 1, 1, 1
	for _, p := range planes {
		l.stacks, l.info.Z, l.info.T = max(l.stacks, p.c+1), max(l.info.Z, p.z+1), max(l.info.T, p.t+1)
	}
	want := float64(l.stacks) * float64(l.info.Z) * float64(l.info.T)
	if want > 2*float64(len(planes)) || want > maxPages {
		return false
	}
	l.index = make([]int, int(want))
	for i := range l.index {
		l.index[i] = -1
	}
	l.away = map[int]place{}
	for _, p := range planes {
		i := (p.t*l.info.Z+p.z)*l.stacks + p.c
		if _, ok := l.away[i]; ok || l.index[i] >= 0 {
			return false // two pages for one plane
		}
		if l.index[i] = p.at; p.away != nil {
			l.away[i] = *p.away
		}
	}
	return true
}

// words fills what is said besides the pixels.
func (l *layout) words(planes []managerPlane) {
	first := planes[slices.IndexFunc(planes, managerPlane.here)]
	l.info.Micron = imageio.Micron{X: positive(float64(first.Pixel)), Y: positive(float64(first.Pixel))}
	l.info.Stage = imageio.Micron{X: float64(first.X), Y: float64(first.Y), Z: float64(first.Height)}
	for _, layout := range []string{"2006-01-02 15:04:05.999 -0700", "2006-01-02 15:04:05 -0700"} {
		if at, err := time.Parse(layout, first.Time); err == nil {
			l.info.Acquired = at
		}
	}
	names, taken := map[int]string{}, map[int]float64{}
	for _, p := range planes {
		names[p.c] = cmp.Or(p.Channel, names[p.c])
		switch {
		case !p.here(): // and what is said of it
		case p.z == first.z+1 && p.c == first.c && p.t == first.t:
			l.info.Micron.Z = positive(math.Abs(float64(p.Height - first.Height)))
		case p.z == first.z && p.c == first.c:
			taken[p.t] = float64(p.Elapsed) / 1000
		}
	}
	l.info.Interval, l.info.Times = clock(taken, l.info.T)
	for c := range l.stacks * l.samples {
		ch := channel(c, l.stacks, l.samples, l.planes[0][first.at].photometric)
		if name := strings.TrimSpace(names[c/l.samples]); name != "" && l.samples == 1 {
			ch.Name = name
		}
		l.info.Channels = append(l.info.Channels, ch)
	}
}

func positive(v float64) float64 {
	if v > 0 && v < 1e9 {
		return v
	}
	return 0
}
