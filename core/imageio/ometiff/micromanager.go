package ometiff

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/imageio"
)

// What Micro-Manager (1.4 and 2.0) says of a page in a tag of its own.
type managerPage struct {
	C        int     `json:"ChannelIndex"`
	Z        int     `json:"SliceIndex"`
	T        int     `json:"FrameIndex"`
	P        int     `json:"PositionIndex"`
	Channel  string  `json:"Channel"`
	Position string  `json:"PositionName"`
	Pixel    float64 `json:"PixelSizeUm"`
	X        float64 `json:"XPositionUm"`
	Y        float64 `json:"YPositionUm"`
	Height   float64 `json:"ZPositionUm"`
	Elapsed  float64 `json:"ElapsedTime-ms"`
	Time     string  `json:"Time"`
}

type managerPlane struct {
	managerPage
	at int
}

// fromMicroManager lays out pages by the tag that Micro-Manager writes into each. It
// returns nil if they do not make whole stacks: then other words on the file are better.
func (f *file) fromMicroManager(pages []*page, n int) (*layout, error) {
	positions := map[int][]managerPlane{}
	var order []int
	for i, p := range pages {
		m, ok, err := f.managerPage(p)
		if err != nil || !ok {
			return nil, err
		}
		if positions[m.P] == nil {
			order = append(order, m.P)
		}
		positions[m.P] = append(positions[m.P], managerPlane{m, i})
	}
	l := &layout{samples: pages[0].samples, planes: [][]*page{pages}}
	l.info.Format = "Micro-Manager TIFF"
	if len(order) > 1 {
		l.info.Image = max(n, 0)
		for _, p := range order {
			l.info.Images = append(l.info.Images, cmp.Or(positions[p][0].Position, fmt.Sprintf("Position %d", p)))
		}
	}
	if n >= len(order) {
		return l, nil
	}
	planes := positions[order[max(n, 0)]]
	if !l.stack(planes) {
		return nil, nil //nolint:nilnil // see above
	}
	l.words(planes)
	return l, nil
}

func (f *file) managerPage(p *page) (m managerPage, ok bool, err error) {
	text, err := f.text(p.manager)
	if err != nil || text == "" {
		return m, false, err
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return m, false, nil //nolint:nilerr // words that can't be read say nothing
	}
	return m, m.C >= 0 && m.Z >= 0 && m.T >= 0 && m.C < maxPages && m.Z < maxPages && m.T < maxPages, nil
}

// stack fills the index; a plane may be missing where a recording was stopped, not more
// than there are.
func (l *layout) stack(planes []managerPlane) bool {
	l.stacks, l.info.Z, l.info.T = 1, 1, 1
	for _, p := range planes {
		l.stacks, l.info.Z, l.info.T = max(l.stacks, p.C+1), max(l.info.Z, p.Z+1), max(l.info.T, p.T+1)
	}
	want := float64(l.stacks) * float64(l.info.Z) * float64(l.info.T)
	if want > 2*float64(len(planes)) || want > maxPages {
		return false
	}
	l.index = make([]int, int(want))
	for i := range l.index {
		l.index[i] = -1
	}
	for _, p := range planes {
		to := &l.index[(p.T*l.info.Z+p.Z)*l.stacks+p.C]
		if *to >= 0 {
			return false // two pages for one plane
		}
		*to = p.at
	}
	return true
}

// words fills what is said besides the pixels.
func (l *layout) words(planes []managerPlane) {
	first := planes[0]
	l.info.Micron = imageio.Micron{X: positive(first.Pixel), Y: positive(first.Pixel)}
	l.info.Stage = imageio.Micron{X: first.X, Y: first.Y, Z: first.Height}
	for _, layout := range []string{"2006-01-02 15:04:05.999 -0700", "2006-01-02 15:04:05 -0700"} {
		if at, err := time.Parse(layout, first.Time); err == nil {
			l.info.Acquired = at
		}
	}
	names, taken := map[int]string{}, map[int]float64{}
	for _, p := range planes {
		names[p.C] = p.Channel
		switch {
		case p.Z == first.Z+1 && p.C == first.C && p.T == first.T:
			l.info.Micron.Z = positive(math.Abs(p.Height - first.Height))
		case p.Z == first.Z && p.C == first.C:
			taken[p.T] = p.Elapsed / 1000
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
