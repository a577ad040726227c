package zarr

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/imageio"
)

// source is one image: a pyramid of arrays.
type source struct {
	id, name string
	store    Store
	codecs   *codecs
	info     imageio.Info
	levels   []level
	chunks   *imageio.TileCache
	indexes  *imageio.TileCache // of shards
}

// level is an array and which of its axes is which; -1: it has none such.
type level struct {
	*array
	t, c, z, y, x int
}

func newSource(st Store, name string) *source {
	s := &source{store: st, name: name, codecs: newCodecs(), indexes: imageio.NewTileCache(32 << 20)}
	s.info.Name, s.info.Format = name, "OME-Zarr"
	return s
}

func (s *source) ID() string         { return s.id }
func (s *source) Info() imageio.Info { return s.info }

func (s *source) Close() error {
	if c, ok := s.store.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// plain takes a lone array for an image: the last axes are planes.
func (s *source) plain(a *array) error {
	s.info.Format = "Zarr"
	if n := len(a.shape); n > 5 && len(a.names) != n {
		return errOther(fmt.Sprintf("%d axes without names", n))
	}
	names := a.names
	if len(names) != len(a.shape) || !slices.Contains(names, "y") || !slices.Contains(names, "x") {
		names = strings.Split("tczyx", "")[max(0, 5-len(a.shape)):]
	}
	axes := make([]axis, len(names))
	for i, n := range names {
		axes[i].Name = n
	}
	if err := s.add(a, axes); err != nil {
		return err
	}
	return s.finish(omero{})
}

// pyramid reads all levels of a picture.
func (s *source) pyramid(ctx context.Context, p picture) error {
	n, err := s.node(ctx, p.path)
	if errors.Is(err, errNothing) { // a plate lists as many fields of each well as any has
		return s.gone(p, err)
	}
	if err != nil {
		return err
	}
	if p.scale >= len(n.Multiscales) {
		return fmt.Errorf("no image at %q: %w", p.path, errNothing)
	}
	m := n.Multiscales[p.scale]
	if len(m.Datasets) == 0 || len(m.Datasets) > 64 {
		return fmt.Errorf("%d levels", len(m.Datasets))
	}
	for i, d := range m.Datasets {
		a, err := s.array(ctx, join(p.path, strings.Trim(d.Path, "/")))
		if i > 0 && errors.Is(err, errNothing) {
			continue // someone spared it, or its copy broke off: the others can be read without it
		}
		if err != nil {
			return fmt.Errorf("level %d: %w", i, err)
		}
		axes := m.axes()
		if err := s.add(a, axes); err != nil {
			return fmt.Errorf("level %d: %w", i, err)
		}
		if i == 0 {
			whole := m.Transforms
			if len(m.Systems) > 0 { // they lead on to other systems
				whole = nil
			}
			s.calibrate(axes, steps(d.Transforms), whole)
		}
	}
	return s.finish(n.Omero)
}

// array reads the metadata of one.
func (s *source) array(ctx context.Context, at string) (*array, error) {
	n, err := s.node(ctx, at)
	if err != nil {
		return nil, err
	}
	if n.array == nil {
		return nil, fmt.Errorf("no array at %q: %w", at, errNothing)
	}
	return n.array, nil
}

// add takes an array as the next level.
func (s *source) add(a *array, axes []axis) error {
	if len(axes) != len(a.shape) {
		return fmt.Errorf("%d axes for the shape %v", len(axes), a.shape)
	}
	l := level{array: a, t: -1, c: -1, z: -1, y: -1, x: -1}
	for i, ax := range axes {
		to, ok := map[string]*int{"t": &l.t, "c": &l.c, "z": &l.z, "y": &l.y, "x": &l.x}[strings.ToLower(ax.Name)]
		if !ok || *to >= 0 {
			return errOther("an axis called “" + ax.Name + "”")
		}
		*to = i
	}
	if l.x < 0 || l.y < 0 {
		return errors.New("no axes x and y")
	}
	size := image.Pt(a.shape[l.x], a.shape[l.y])
	down := 1.0
	if len(s.levels) > 0 {
		first, last := s.levels[0], s.info.Levels[len(s.info.Levels)-1]
		down = imageio.Downsample(s.info.Levels, size)
		if l.of(l.t) != first.of(first.t) || l.of(l.c) != first.of(first.c) || a.typ != first.typ || size.X > last.Size.X || size.Y > last.Size.Y {
			return fmt.Errorf("a level of shape %v and type %v", a.shape, a.typ)
		}
		if l.of(l.z) > first.of(first.z) || down <= last.Downsample || !evenly(s.info.Levels[0].Size, size, down) {
			return nil
		}
	}
	s.levels = append(s.levels, l)
	s.info.Levels = append(s.info.Levels, imageio.Level{Size: size, Downsample: down, Merged: l.of(l.z) < s.levels[0].of(s.levels[0].z)})
	return nil
}

// evenly reports whether b is a made smaller by that factor on both sides, each rounded level by level.
func evenly(a, b image.Point, by float64) bool {
	return math.Abs(float64(a.X)/by-float64(b.X)) < 2 && math.Abs(float64(a.Y)/by-float64(b.Y)) < 2
}

// of is the length of an axis, 1 where there is none.
func (l level) of(axis int) int {
	if axis < 0 {
		return 1
	}
	return l.shape[axis]
}

// plane is that of this level which holds plane z of the first level's depth: one is halved in depth,
// too, where stacks are deep.
func (l level) plane(z, depth int) int {
	n := l.of(l.z)
	if by := (depth + n/2) / n; n == depth/by || n == (depth+by-1)/by { // rounded either way
		return min(z/by, n-1)
	}
	return z * n / depth
}

// calibrate follows what a level and the whole are scaled by, and moved: to where the stage stood.
func (s *source) calibrate(axes []axis, transforms ...[]transform) {
	to := map[string][2]*float64{
		"x": {&s.info.Micron.X, &s.info.Stage.X}, "y": {&s.info.Micron.Y, &s.info.Stage.Y}, "z": {&s.info.Micron.Z, &s.info.Stage.Z},
	}
	for i, ax := range axes {
		scale, moved, said := 1.0, 0.0, false
		for _, t := range slices.Concat(transforms...) {
			switch {
			case t.Type == "scale" && i < len(t.Scale):
				scale, moved, said = scale*t.Scale[i], moved*t.Scale[i], true
			case t.Type == "translation" && i < len(t.Translation):
				moved += t.Translation[i]
			}
		}
		m, space := to[strings.ToLower(ax.Name)]
		if space && !math.IsInf(moved, 0) && !math.IsNaN(moved) {
			*m[1] = moved * imageio.MicronsPer(ax.Unit)
		}
		if !said || !(scale > 0) || math.IsInf(scale, 0) {
			continue
		}
		if space {
			*m[0] = scale * imageio.MicronsPer(ax.Unit)
		}
		if seconds := scale * imageio.SecondsPer(ax.Unit); strings.EqualFold(ax.Name, "t") && ax.Unit != "" && seconds < 1e9 {
			s.info.Interval = time.Duration(seconds * float64(time.Second))
		}
	}
}

// finish fills what follows from the first level.
func (s *source) finish(o omero) error {
	l := s.levels[0]
	s.info.Z, s.info.T, s.info.Type = l.of(l.z), l.of(l.t), l.typ
	n := l.of(l.c)
	if n > 1<<14 {
		return fmt.Errorf("%d channels", n)
	}
	for i := range n {
		ch := imageio.Channel{Name: fmt.Sprintf("Channel %d", i+1), Color: [3]uint8{255, 255, 255}}
		if i < len(o.Channels) {
			if o.Channels[i].Label != "" {
				ch.Name = o.Channels[i].Label
			}
			ch.Color = channelColor(o.Channels[i].Color)
			ch.Window(o.Channels[i].Window.Start, o.Channels[i].Window.End, l.typ)
			ch.Off = string(o.Channels[i].Active) == "false"
		}
		s.info.Channels = append(s.info.Channels, ch)
	}
	s.info.TileSize = image.Pt(tileSide(l.chunk[l.x]), tileSide(l.chunk[l.y]))
	s.chunks = imageio.NewTileCache(l.kept())
	return nil
}

// kept is how many bytes of chunks are kept: all that a plane meets, as who goes through an image
// plane by plane else asks for each chunk once for each of its planes; within reason, and no less
// than one.
func (l level) kept() int64 {
	const least, most = 256 << 20, 512 << 20
	chunk, layer := int64(l.typ.Bytes()), int64(1)
	for k, n := range l.chunk {
		chunk *= int64(n)
		if k == l.x || k == l.y {
			layer *= int64((l.shape[k] + n - 1) / n)
		}
	}
	return min(max(chunk*min(layer, most), least), most)
}

// tileSide is the side of tiles for chunks of a side: their own, unless that is unhandy.
func tileSide(chunk int) int {
	const least, most = 256, 2048
	switch {
	case chunk > most:
		return 512
	case chunk < least:
		return (least + chunk - 1) / chunk * chunk
	}
	return chunk
}

func (s *source) ReadTile(ctx context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	rect, err := s.info.Bounds(t)
	if err != nil {
		return nil, err
	}
	l := s.levels[t.Level]
	n := l.typ.Bytes()
	out := &imageio.Pixels{Size: rect.Size(), Type: l.typ, Data: make([]byte, rect.Dx()*rect.Dy()*n)}
	at := make([]int, len(l.shape)) // of the first sample
	for _, a := range [][2]int{{l.t, t.T}, {l.c, t.C}, {l.z, l.plane(t.Z, s.info.Z)}} {
		if a[0] >= 0 {
			at[a[0]] = a[1]
		}
	}
	cw, ch := l.chunk[l.x], l.chunk[l.y]
	for y := rect.Min.Y / ch; y <= (rect.Max.Y-1)/ch; y++ {
		for x := rect.Min.X / cw; x <= (rect.Max.X-1)/cw; x++ {
			at[l.x], at[l.y] = x*cw, y*ch
			data, err := s.chunk(ctx, l, at)
			if err != nil {
				return nil, err
			}
			l.lay(out, rect, data, at)
		}
	}
	return out, nil
}

// chunk returns the chunk that the sample at lies in, nil for one that was never written.
// One that holds more than the asked tile is kept.
func (s *source) chunk(ctx context.Context, l level, at []int) ([]byte, error) {
	i, planes := make([]int, len(at)), 1
	for k := range at {
		i[k] = at[k] / l.chunk[k]
		if k != l.x && k != l.y {
			planes *= min(l.chunk[k], l.shape[k])
		}
	}
	if planes == 1 && s.info.TileSize.X%l.chunk[l.x] == 0 && s.info.TileSize.Y%l.chunk[l.y] == 0 {
		return s.read(ctx, l.array, i)
	}
	px, err := s.chunks.Read(ctx, fmt.Sprint(l.path, i), imageio.Tile{}, func(ctx context.Context) (*imageio.Pixels, error) {
		data, err := s.read(ctx, l.array, i)
		return &imageio.Pixels{Data: data}, err
	})
	if err != nil {
		return nil, err
	}
	return px.Data, nil
}

// lay copies what a chunk, in which the sample at lies, holds of rect into out.
func (l level) lay(out *imageio.Pixels, rect image.Rectangle, data []byte, at []int) {
	n := out.Type.Bytes()
	stride, from := make([]int, len(at)), 0
	for k, step := len(at)-1, n; k >= 0; k-- {
		stride[k] = step
		step *= l.chunk[k]
		if k != l.x && k != l.y {
			from += at[k] % l.chunk[k] * stride[k]
		}
	}
	both := image.Rect(at[l.x], at[l.y], at[l.x]+l.chunk[l.x], at[l.y]+l.chunk[l.y]).Intersect(rect)
	for y := both.Min.Y; y < both.Max.Y; y++ {
		to := out.Data[((y-rect.Min.Y)*rect.Dx()+both.Min.X-rect.Min.X)*n:][:both.Dx()*n]
		if data == nil {
			for i := 0; i < len(to); i += n {
				copy(to[i:], l.fill)
			}
			continue
		}
		row := data[from+(y-at[l.y])*stride[l.y]+(both.Min.X-at[l.x])*stride[l.x]:]
		if stride[l.x] == n {
			copy(to, row)
			continue
		}
		for i := range both.Dx() {
			copy(to[i*n:(i+1)*n], row[i*stride[l.x]:])
		}
	}
}
