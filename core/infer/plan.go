package infer

import (
	"cmp"
	"fmt"
	"image"
	"math"
	"slices"
	"strconv"
	"strings"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/recipe"
)

// plan says how an image is cut along its axes, and where the answers go. Channels are
// never cut.
type plan struct {
	model  *recipe.Model
	axes   []*axis
	spec   Spec
	origin image.Point // of what is cut, in pixels of the network
}

// axis is one axis along which an image is cut.
type axis struct {
	id     string
	n      int // pixels of the whole
	lo, hi int // of which answers are wanted
	scale  float64
	unit   string
	pieces []piece
}

// block is a piece of each axis, by its name.
type block map[string]piece

// cutting is how tiles are to be.
type cutting struct {
	tile, overlap int
	diameter      float64 // of objects; 0: any
	whole         bool    // objects must be whole in some tile, whatever halo the model has
	uncut         bool    // one block, just as large as what is given
	once          bool    // one block; the plan tells if that can't be
}

// newPlan cuts inputs of the given sizes.
func newPlan(m *recipe.Model, spec Spec, sizes map[string]map[string]int, c cutting) (*plan, error) {
	p := &plan{model: m, spec: spec}
	for i := range m.Inputs {
		t := &m.Inputs[i]
		if sizes[t.ID] == nil {
			continue
		}
		port, err := p.port(t)
		if err != nil {
			return nil, err
		}
		for k, a := range t.Axes {
			fixed := -1
			if len(port.Shape) == len(t.Axes) {
				fixed = int(port.Shape[k])
			}
			if a.Kind == recipe.Channel {
				continue
			}
			if err := p.add(t, a, sizes[t.ID][a.ID], fixed, c); err != nil {
				return nil, err
			}
		}
	}
	return p, p.bearable(sizes, c)
}

// mostNumbers is how many numbers of an input go into a network at once at most: 512 MB.
const mostNumbers = 1 << 27

// bearable refuses blocks that would fill the memory. A network that must see the whole image is told
// of elsewhere.
func (p *plan) bearable(sizes map[string]map[string]int, c cutting) error {
	for i := range p.model.Inputs {
		t := &p.model.Inputs[i]
		if sizes[t.ID] == nil || c.uncut || c.once {
			continue
		}
		n, shape := 1, make([]string, 0, len(t.Axes))
		for _, a := range t.Axes {
			size := max(a.Size.At(1), 1)
			if x := p.axis(a.ID); x != nil && a.Kind != recipe.Channel {
				size = x.pieces[0].size
			}
			if shape = append(shape, strconv.Itoa(size)); size <= 0 || size > mostNumbers/n {
				return fault.New(fault.Invalid, "The model's input "+t.ID+" takes more numbers at once than can be held.",
					"Choose smaller tiles, or ask whoever made the model for another description.", fmt.Errorf("shape %s…", strings.Join(shape, "×")))
			}
			n *= size
		}
	}
	return nil
}

// add cuts an axis of an input, unless another input has the same.
func (p *plan) add(t *recipe.Tensor, a recipe.Axis, n, fixed int, c cutting) error {
	if old := p.axis(a.ID); old != nil {
		if old.n != n || a.Size.Tensor != "" && a.Size.Offset != 0 {
			return unfit(fmt.Sprintf("Its inputs have %d and %d pixels along %s.", old.n, n, a.ID))
		}
		if old.scale != a.Scale && old.unit == a.Unit {
			return fault.New(fault.Invalid, fmt.Sprintf("The model's input %s wants the image at another scale along %s than the inputs before it, which Coverslip can't do.", t.ID, a.ID),
				"Choose another model.", nil)
		}
		return nil
	}
	x, err := p.cutAxis(t, a, n, fixed, c)
	if err != nil {
		return err
	}
	p.axes = append(p.axes, x)
	return nil
}

// cutAxis cuts n pixels of one axis; fixed is how many the network takes, if above 0.
func (p *plan) cutAxis(t *recipe.Tensor, a recipe.Axis, n, fixed int, c cutting) (*axis, error) {
	x := &axis{id: a.ID, n: n, hi: n, scale: a.Scale, unit: a.Unit}
	if c.uncut {
		x.pieces = []piece{{size: n, to: n}}
		return x, nil
	}
	if a.Size.Fixed > 0 {
		fixed = a.Size.Fixed
	}
	if a.Kind == recipe.Batch {
		fixed = 1
	}
	if size := max(fixed, a.Size.Min, a.Size.Step); size > mostNumbers { // of which nobody can reckon
		return nil, unfit(fmt.Sprintf("Its input %s has %d pixels along %s.", t.ID, size, a.ID))
	}
	g, err := p.tiling(t, a, n, fixed, c)
	if err != nil {
		return nil, err
	}
	if x.pieces = g.pieces(n, fixed); x.pieces == nil {
		return nil, fault.New(fault.Invalid, "The tiles are too small for what they must share.", "Choose larger tiles or less overlap.",
			fmt.Errorf("axis %s: %+v, fixed %d", a.ID, g, fixed))
	}
	return x, nil
}

// tiling is how an axis is to be cut.
func (p *plan) tiling(t *recipe.Tensor, a recipe.Axis, n, fixed int, c cutting) (tiling, error) {
	g := tiling{min: a.Size.Min, step: max(a.Size.Step, 1)}
	switch {
	case a.Kind == recipe.Batch:
		return tiling{min: 1, step: 1, tile: 1}, nil
	case a.Size.Step == 0 && a.Size.Fixed == 0 && a.ID != "y" && a.ID != "x":
		g.tile = math.MaxInt32
	case a.ID == "z":
		g.tile = 64
	case c.once:
		g.tile = 1 << 30
	case t.Axis("z") != nil:
		g.tile = cmp.Or(c.tile, 256)
	default:
		g.tile = cmp.Or(c.tile, 512)
	}
	var err error
	if g.halo, g.unit, err = p.halo(t, a, n); err != nil {
		return g, err
	}
	if g.overlap = c.overlap; g.overlap > 0 {
		return g, nil
	}
	g.overlap = 96
	if a.ID == "z" {
		g.overlap = 16
	}
	if g.halo > 0 && !c.whole {
		g.overlap = 2 * g.halo
	}
	side := min(g.tile, n)
	if fixed > 0 {
		side = fixed
	}
	if g.overlap > side/2 {
		g.overlap = max(2*g.halo, side/4)
	}
	if c.whole && a.ID != "z" { // an object must have room on both sides of where tiles meet
		g.overlap = max(g.overlap, min(2*int(math.Ceil(c.diameter)), side/2))
	}
	return g, nil
}

// halo is how many pixels beyond what counts the network must see, by all outputs, and of
// how many pixels tiles must begin at a multiple, so that they begin at one of the outputs'.
func (p *plan) halo(t *recipe.Tensor, a recipe.Axis, n int) (halo, unit int, err error) {
	unit = 1
	for i := range p.model.Outputs {
		for _, o := range p.model.Outputs[i].Axes {
			if o.ID != a.ID && (o.Size.Tensor != t.ID || o.Size.Axis != a.ID) {
				continue
			}
			m := p.mapping(o, a, n)
			if m.scale == 0 {
				continue
			}
			halo = max(halo, int(math.Ceil(float64(m.halo+m.margin)/m.scale-1e-9)))
			u := 1
			for u <= 4096 && !whole(float64(u)*m.scale) {
				u++
			}
			if u > 4096 {
				return 0, 0, unfit(fmt.Sprintf("Its output %s has scale %v.", p.model.Outputs[i].ID, m.scale))
			}
			unit = lcm(unit, u)
		}
	}
	return halo, unit, nil
}

func whole(x float64) bool { return math.Abs(x-math.Round(x)) < 1e-6 }

func lcm(a, b int) int {
	x, y := a, b
	for y != 0 {
		x, y = y, x%y
	}
	return a / x * b
}

// mapping is how an output's axis lies over an input's: pixel j of a block's answer is
// pixel start·scale + margin + j of the whole one, and halo of them are cropped at each side.
type mapping struct {
	scale        float64 // pixels of the output a pixel of the input; 0: it does not lie over it
	offset       int     // of sizes: size·scale + offset
	margin, halo int
}

// mapping of an output's axis o over an input's axis a.
func (p *plan) mapping(o, a recipe.Axis, n int) mapping {
	if o.Kind == recipe.Batch || o.Size.Tensor == "" && o.Size.Free() && o.Kind != recipe.Index {
		return mapping{scale: 1}
	}
	if o.Size.Tensor != "" {
		m := mapping{scale: a.Scale / o.Scale, offset: o.Size.Offset, halo: o.Halo}
		m.margin = max(-o.Size.Offset/2, 0)
		return m
	}
	if o.Size.Fixed > 0 && a.Size.Fixed > 0 && o.Kind != recipe.Index {
		return mapping{scale: float64(o.Size.Fixed) / float64(a.Size.Fixed), halo: o.Halo}
	}
	if o.Size.Fixed == n && o.Kind != recipe.Index {
		return mapping{scale: 1}
	}
	return mapping{}
}

// over returns the axis of the plan that an output's axis lies over, and how; nil for
// channels and for lists.
func (p *plan) over(o recipe.Axis) (*axis, mapping) {
	id := o.ID
	if o.Size.Tensor != "" {
		id = o.Size.Axis
	}
	for i := range p.model.Inputs {
		t := &p.model.Inputs[i]
		if a := t.Axis(id); a != nil && o.Kind != recipe.Channel && (o.Size.Tensor == "" || o.Size.Tensor == t.ID) {
			if x := p.axis(id); x != nil {
				if m := p.mapping(o, *a, x.n); m.scale > 0 {
					return x, m
				}
			}
		}
	}
	return nil, mapping{}
}

func (p *plan) axis(id string) *axis {
	for _, a := range p.axes {
		if a.id == id {
			return a
		}
	}
	return nil
}

// only wants answers for one position of an axis, if there is such an axis.
func (p *plan) only(id string, at int) {
	a := p.axis(id)
	if a == nil {
		return
	}
	for _, x := range a.pieces {
		if x.from <= at && at < x.to {
			x.from, x.to = at, at+1
			a.lo, a.hi, a.pieces = at, at+1, []piece{x}
			return
		}
	}
}

// blocks is how many there are.
func (p *plan) blocks() int {
	n := 1
	for _, a := range p.axes {
		n *= len(a.pieces)
	}
	return n
}

// mostAtOnce is how many pixels of an input a network is given at most: 256 MB of numbers.
const mostAtOnce = 1 << 26

// whole reports whether the image goes through the network in one piece.
func (p *plan) whole() bool {
	n := 1
	for _, a := range p.axes {
		size := max(a.pieces[0].size, 1)
		if size > mostAtOnce/n {
			return false
		}
		n *= size
	}
	return p.blocks() == 1
}

// row is how many blocks differ along the last axis only.
func (p *plan) row() int { return len(p.axes[len(p.axes)-1].pieces) }

// block returns the i-th; the last axis counts fastest.
func (p *plan) block(i int) block {
	b := block{}
	for _, a := range slices.Backward(p.axes) {
		b[a.id] = a.pieces[i%len(a.pieces)]
		i /= len(a.pieces)
	}
	return b
}

// port is the network's input for t: of its name, or, as bioimage.io has it, at its place.
func (p *plan) port(t *recipe.Tensor) (Port, error) {
	return portOf(p.model, p.spec.In, p.model.Inputs, t)
}

func portOf(m *recipe.Model, ports []Port, list []recipe.Tensor, t *recipe.Tensor) (Port, error) {
	at, named := -1, 0
	for i := range list {
		for _, p := range ports {
			if p.Name == list[i].ID {
				named++
				if list[i].ID == t.ID {
					return p, nil
				}
			}
		}
		if list[i].ID == t.ID {
			at = i
		}
	}
	if named == 0 && m.Format != "" && len(ports) == len(list) && at >= 0 {
		return ports[at], nil
	}
	return Port{}, unfit(fmt.Sprintf("It has no tensor %s.", t.ID))
}
