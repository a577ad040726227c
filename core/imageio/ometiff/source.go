package ometiff

import (
	"context"
	"fmt"
	"image"
	"io"
	"sync"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// source is an open TIFF.
type source struct {
	*layout
	f      *file
	id     string
	closer io.Closer
	set    *set
	codecs *codecs
	// chunks keeps decoded chunks that more than one tile needs: pixels of several
	// channels, or strips that are larger than a tile.
	chunks *imageio.TileCache

	mu   sync.Mutex // guards subs
	subs map[subKey]*page
}

// subKey names a level of a page.
type subKey struct {
	file  *file // not its name: one that was closed and opened again is another
	at    int64
	level uint64
}

// maxSubs is how many directories of coarser levels are remembered.
const maxSubs = 4096

func newSource(f *file, l *layout) *source {
	s := &source{layout: l, f: f, codecs: newCodecs(), set: &set{folder: f.folder, own: f.name, parts: map[string]*part{}}, subs: map[subKey]*page{}}
	s.chunks = imageio.NewTileCache(max(64<<20, min(2*l.base.decoded(), 2*maxChunk)))
	return s
}

func (s *source) ID() string         { return s.id }
func (s *source) Info() imageio.Info { return s.info }

func (s *source) Close() error {
	s.set.close()
	if s.closer == nil {
		return nil
	}
	return s.closer.Close()
}

func (s *source) ReadTile(ctx context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	rect, err := s.info.Bounds(t)
	if err != nil {
		return nil, err
	}
	p, done, err := s.page(ctx, t)
	if err != nil {
		return nil, err
	}
	defer done()
	if p.size != s.info.Levels[t.Level].Size || !p.alike(s.base) {
		return nil, p.in.broken(fmt.Errorf("a page of %v at level %d", p.size, t.Level))
	}
	if err := p.in.check(p); err != nil {
		return nil, err
	}
	if s.mix == nil {
		return s.read(ctx, p, t.C%s.samples, rect)
	}
	return s.mix(t.C, func(sample int) (*imageio.Pixels, error) { return s.read(ctx, p, sample, rect) })
}

// read returns a sample of the pixels in rect.
func (s *source) read(ctx context.Context, p *page, sample int, rect image.Rectangle) (*imageio.Pixels, error) {
	if p.contiguous() {
		return s.rows(p, sample, rect)
	}
	return s.assemble(ctx, p, sample, rect)
}

// page returns the page of a tile and what to call when it has been read.
func (s *source) page(ctx context.Context, t imageio.Tile) (*page, func(), error) {
	base, done, err := s.plane(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	if t.Level < len(s.planes) {
		return base, done, nil
	}
	p, err := s.coarser(base, uint64(t.Level-len(s.planes))) //nolint:gosec // a level that is there
	if err != nil {
		done()
		return nil, nil, err
	}
	return p, done, nil
}

// plane returns the page of a tile, or the one at whose directory coarser levels hang.
func (s *source) plane(ctx context.Context, t imageio.Tile) (*page, func(), error) {
	i := (t.T*s.info.Z+t.Z)*s.stacks + t.C/s.samples
	if at := s.index[i]; at >= 0 {
		level := 0
		if t.Level < len(s.planes) {
			level = t.Level
		}
		return s.planes[level][at], func() {}, nil
	}
	if at, ok := s.away[i]; ok {
		return s.set.page(ctx, at)
	}
	return nil, nil, fault.New(fault.NotFound, "This plane is not in “"+s.f.name+"”.", "It was never recorded.", imageio.ErrNotRecorded)
}

// coarser returns the i-th directory below base.
func (s *source) coarser(base *page, i uint64) (*page, error) {
	key := subKey{base.in, base.at, i}
	s.mu.Lock()
	p := s.subs[key]
	s.mu.Unlock()
	if p != nil {
		return p, nil
	}
	p, err := base.in.sub(base, i)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.subs) >= maxSubs {
		clear(s.subs)
	}
	s.subs[key] = p
	return p, nil
}

// rows reads rect of a page whose pixels can be read one by one.
func (s *source) rows(p *page, sample int, rect image.Rectangle) (*imageio.Pixels, error) {
	typ, _ := p.sampleType()
	out := &imageio.Pixels{Size: rect.Size(), Type: typ, Data: make([]byte, rect.Dx()*rect.Dy()*typ.Bytes())}
	for y := rect.Min.Y; y < rect.Max.Y; {
		strip := y / p.chunk.Y
		part := image.Rect(rect.Min.X, y, rect.Max.X, min(rect.Max.Y, (strip+1)*p.chunk.Y))
		data, err := s.strip(p, strip, sample, part)
		if err != nil {
			return nil, err
		}
		if data != nil { // else a hole of a sparse image
			to := out.Data[(y-rect.Min.Y)*rect.Dx()*typ.Bytes():]
			data, n, k := inChunk(p, data, sample)
			pick(to, data, typ.Bytes(), part.Dx()*part.Dy(), n, k)
		}
		y = part.Max.Y
	}
	return out, nil
}

// strip reads part, which lies inside a strip, with all interleaved samples.
func (s *source) strip(p *page, strip, sample int, part image.Rectangle) ([]byte, error) {
	if p.planar {
		strip += sample * p.grid().Y
	}
	off, count, err := p.in.place(p, uint64(strip)) //nolint:gosec // inside the page
	if err != nil || count == 0 {
		return nil, err
	}
	pixel := p.interleaved() * p.bits / 8 // bytes
	row := part.Dx() * pixel
	off += int64(part.Min.Y%p.chunk.Y)*p.row() + int64(part.Min.X*pixel)
	if need := int64(part.Dy()-1)*p.row() + int64(row); need > p.in.size-off { // before anything is allocated for it
		return nil, p.in.cut(fmt.Errorf("%d bytes at %d of %d", need, off, p.in.size))
	}
	data := make([]byte, row*part.Dy())
	if int64(row) == p.row() { // the full width lies in one piece
		err = p.in.read(data, off)
	}
	for y := 0; int64(row) < p.row() && y < part.Dy() && err == nil; y++ {
		err = p.in.read(data[y*row:(y+1)*row], off+int64(y)*p.row())
	}
	if err != nil {
		return nil, err
	}
	band := *p
	band.chunk = part.Size()
	return p.in.straighten(&band, data), nil
}

// inChunk returns the samples of a chunk among which the wanted ones are, each k-th of n.
func inChunk(p *page, data []byte, sample int) (samples []byte, n, k int) {
	switch {
	case p.planar:
		return data, 1, 0
	case p.apart() && data != nil:
		n := len(data) / p.interleaved()
		return data[sample*n : (sample+1)*n : (sample+1)*n], 1, 0
	}
	return data, p.interleaved(), sample
}

// assemble puts rect together from the chunks it meets.
func (s *source) assemble(ctx context.Context, p *page, sample int, rect image.Rectangle) (*imageio.Pixels, error) {
	typ, _ := p.sampleType()
	first := image.Pt(rect.Min.X/p.chunk.X, rect.Min.Y/p.chunk.Y)
	last := image.Pt((rect.Max.X-1)/p.chunk.X, (rect.Max.Y-1)/p.chunk.Y)
	shared := s.shares(p)
	var out *imageio.Pixels
	for row := first.Y; row <= last.Y; row++ {
		for col := first.X; col <= last.X; col++ {
			px, err := s.chunk(ctx, p, p.chunkAt(col, row, sample), shared)
			if err != nil {
				return nil, err
			}
			at := image.Rectangle{Min: image.Pt(col*p.chunk.X, row*p.chunk.Y)}
			at.Max = at.Min.Add(p.chunk)
			data, n, k := inChunk(p, px.Data, sample)
			if n == 1 && at == rect && data != nil {
				return &imageio.Pixels{Size: p.chunk, Type: typ, Data: data}, nil
			}
			if out == nil {
				out = &imageio.Pixels{Size: rect.Size(), Type: typ, Data: make([]byte, rect.Dx()*rect.Dy()*typ.Bytes())}
			}
			if data != nil { // else a hole of a sparse image
				lay(out, rect, data, at, n, k)
			}
		}
	}
	return out, nil
}

// shares reports whether more than one tile needs a chunk.
func (s *source) shares(p *page) bool {
	ts, grid := s.info.TileSize, p.grid()
	return p.interleaved() > 1 || s.mix != nil || ts.X%p.chunk.X != 0 && grid.X > 1 || ts.Y%p.chunk.Y != 0 && grid.Y > 1 ||
		p.chunk.X > ts.X || p.chunk.Y > ts.Y
}

// lay copies what a chunk, which lies at at, holds of rect into out: each k-th of n samples.
func lay(out *imageio.Pixels, rect image.Rectangle, data []byte, at image.Rectangle, n, k int) {
	size, both := out.Type.Bytes(), at.Intersect(rect)
	for y := both.Min.Y; y < both.Max.Y; y++ {
		to := ((y-rect.Min.Y)*rect.Dx() + both.Min.X - rect.Min.X) * size
		from := ((y-at.Min.Y)*at.Dx() + both.Min.X - at.Min.X) * n * size
		pick(out.Data[to:], data[from:], size, both.Dx(), n, k)
	}
}

func (s *source) chunk(ctx context.Context, p *page, i int, shared bool) (*imageio.Pixels, error) {
	read := func(context.Context) (*imageio.Pixels, error) {
		return p.in.chunk(p, s.codecs, uint64(i)) //nolint:gosec // inside the page
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !shared {
		return read(ctx)
	}
	return s.chunks.Read(ctx, p.in.name, imageio.Tile{Col: int(p.at), Row: i}, read)
}

// pick copies count samples of size bytes, the k-th of each n, from src to dst.
func pick(dst, src []byte, size, count, n, k int) {
	if n == 1 {
		copy(dst[:count*size], src)
		return
	}
	done := 0
	if size == 1 && n == 3 { // a colour of RGB
		done = pickVectors(dst[:count], src, k)
	}
	src = src[k*size:]
	switch size {
	case 1:
		for i := done; i < count; i++ {
			dst[i] = src[i*n]
		}
	case 2:
		for i := range count {
			dst[2*i], dst[2*i+1] = src[2*i*n], src[2*i*n+1]
		}
	default:
		for i := range count {
			copy(dst[i*size:(i+1)*size], src[i*n*size:])
		}
	}
}
