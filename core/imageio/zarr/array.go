package zarr

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// What an array may claim.
const (
	maxAxes  = 8
	maxSide  = 1 << 24
	maxChunk = 512 << 20 // bytes of a chunk once it is unpacked
)

// array is one array of either version of the format.
type array struct {
	path  string // before its keys
	shape []int
	grid  []int // shape of what lies under one key: a chunk, or a shard of chunks
	chunk []int // shape of what is read at once
	keys  func(at []int) string
	decoder
	shard *shardIndex // nil: every chunk has a key of its own
	fill  []byte      // a sample
	names []string    // of the axes, where the array says them
}

// decoder is how the samples of a chunk are stored.
type decoder struct {
	typ    imageio.PixelType
	stored int       // bytes of a sample as stored
	half   bool      // floats of 16 bits
	long   byte      // whole numbers of 64 bits: i with a sign, u without; else 0
	big    bool      // big-endian
	order  []int     // the stored axes, as places in the shape; nil: as they are
	steps  []packing // in the order of writing
}

// shardIndex is how the index of a shard is stored.
type shardIndex struct {
	steps []packing
	big   bool
	first bool // before the chunks instead of behind them
}

// check refuses what is nonsense or too much.
func (a *array) check() error {
	n := len(a.shape)
	if n < 2 || n > maxAxes {
		return errOther(fmt.Sprintf("%d axes", n))
	}
	if len(a.grid) != n || len(a.chunk) != n {
		return fmt.Errorf("zarr: %d axes, %d and %d of chunks", n, len(a.grid), len(a.chunk))
	}
	for i := range a.shape {
		if a.shape[i] < 1 || a.shape[i] > maxSide || a.grid[i] < 1 || a.grid[i] > maxSide || a.chunk[i] < 1 || a.grid[i]%a.chunk[i] != 0 {
			return fmt.Errorf("zarr: shape %v, shards %v, chunks %v", a.shape, a.grid, a.chunk)
		}
	}
	if a.samples() < 0 {
		return errOther(fmt.Sprintf("chunks of %v samples", a.chunk))
	}
	if a.shard != nil && a.perShard() < 0 {
		return errOther(fmt.Sprintf("shards of %v samples in chunks of %v", a.grid, a.chunk))
	}
	return nil
}

// samples is how many a chunk has, -1 for too many.
func (a *array) samples() int { return product(a.chunk, maxChunk/max(a.stored, a.typ.Bytes())) }

// perShard is how many chunks a shard has, -1 for too many.
func (a *array) perShard() int {
	ratio := make([]int, len(a.grid))
	for i := range ratio {
		ratio[i] = a.grid[i] / a.chunk[i]
	}
	return product(ratio, 4<<20)
}

func product(of []int, limit int) int {
	n := 1
	for _, v := range of {
		if n > limit/v {
			return -1
		}
		n *= v
	}
	return n
}

// read returns the samples of a chunk, the last axis fastest, in the type of the image; nil
// for one that was never written.
func (s *source) read(ctx context.Context, a *array, at []int) ([]byte, error) {
	if a.shard != nil {
		return s.readShard(ctx, a, at)
	}
	raw, err := s.store.Get(ctx, a.keys(at), int64(2*a.samples()*a.stored)+1<<20)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, s.readFault(err)
	}
	data, err := a.unpack(s.codecs, raw, a.chunk)
	if err != nil {
		return nil, s.broken(fmt.Errorf("%s: %w", a.keys(at), err))
	}
	return data, nil
}

func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || fault.KindOf(err) == fault.NotFound
}

// readShard finds the chunk in the index of its shard.
func (s *source) readShard(ctx context.Context, a *array, at []int) ([]byte, error) {
	shard, i := make([]int, len(at)), 0
	for k := range at {
		per := a.grid[k] / a.chunk[k]
		shard[k] = at[k] / per
		i = i*per + at[k]%per
	}
	key := a.keys(shard)
	index, err := s.index(ctx, a, key)
	if err != nil || index == nil {
		return nil, err
	}
	off, n := binary.LittleEndian.Uint64(index[16*i:]), binary.LittleEndian.Uint64(index[16*i+8:])
	if off == 1<<64-1 && n == 1<<64-1 {
		return nil, nil
	}
	if n < 1 || off > 1<<62 || n > uint64(2*a.samples()*a.stored+1<<20) {
		return nil, s.broken(fmt.Errorf("%s: chunk %d has %d bytes at %d", key, i, n, off))
	}
	raw, err := s.store.Range(ctx, key, int64(off), int64(n))
	if err != nil {
		return nil, s.readFault(err)
	}
	data, err := a.unpack(s.codecs, raw, a.chunk)
	if err != nil {
		return nil, s.broken(fmt.Errorf("%s: chunk %d: %w", key, i, err))
	}
	return data, nil
}

// index returns the places of a shard's chunks, little-endian; nil if there is no shard.
func (s *source) index(ctx context.Context, a *array, key string) ([]byte, error) {
	px, err := s.indexes.Read(ctx, key, imageio.Tile{}, func(ctx context.Context) (*imageio.Pixels, error) {
		data, err := s.readIndex(ctx, a, key)
		return &imageio.Pixels{Data: data}, err
	})
	if err != nil {
		return nil, err
	}
	return px.Data, nil
}

func (s *source) readIndex(ctx context.Context, a *array, key string) ([]byte, error) {
	size := 16 * a.perShard()
	stored := size
	for _, p := range a.shard.steps {
		if p.name == "crc32c" {
			stored += 4
		}
	}
	off := int64(-1)
	if a.shard.first {
		off = 0
	}
	raw, err := s.store.Range(ctx, key, off, int64(stored))
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, s.readFault(err)
	}
	index := decoder{stored: 1, steps: a.shard.steps}
	if raw, err = index.unpack(s.codecs, raw, []int{size}); err != nil {
		return nil, s.broken(fmt.Errorf("%s: index: %w", key, err))
	}
	if a.shard.big {
		reverse(raw, 8)
	}
	return raw, nil
}

// unpack undoes all steps on a chunk of this shape.
func (d *decoder) unpack(c *codecs, raw []byte, shape []int) ([]byte, error) {
	samples := product(shape, maxChunk)
	size := samples * d.stored
	known := 0 // up to this step, sizes are that of the samples
	for known < len(d.steps) && d.steps[known].name == "shuffle" {
		known++
	}
	var err error
	for i, step := range slices.Backward(d.steps) {
		want := -1
		if i <= known {
			want = size
		}
		if raw, err = c.unpack(step, raw, want); err != nil {
			return nil, err
		}
	}
	if len(raw) < size {
		return nil, errShort
	}
	raw = raw[:size]
	if d.big {
		reverse(raw, d.stored)
	}
	if d.order != nil {
		raw = turn(raw, shape, d.order, d.stored)
	}
	if d.half {
		out := make([]byte, 2*len(raw))
		imageio.Halves(out, raw)
		raw = out
	}
	if d.long != 0 {
		imageio.Longs(raw, d.long == 'i')
	}
	return raw, nil
}

// reverse turns the bytes of samples of n bytes.
func reverse(p []byte, n int) {
	for ; len(p) >= n; p = p[n:] {
		for i, j := 0, n-1; i < j; i, j = i+1, j-1 {
			p[i], p[j] = p[j], p[i]
		}
	}
}

// turn brings samples of n bytes, stored with their axes in this order, into the order of
// shape.
func turn(p []byte, shape, order []int, n int) []byte {
	stride, step := make([]int, len(shape)), n
	for _, axis := range slices.Backward(order) {
		stride[axis] = step
		step *= shape[axis]
	}
	out := make([]byte, 0, len(p))
	at := make([]int, len(shape))
	for from := 0; len(out) < len(p); {
		out = append(out, p[from:from+n]...)
		for k := len(at) - 1; k >= 0; k-- {
			at[k]++
			from += stride[k]
			if at[k] < shape[k] {
				break
			}
			from -= stride[k] * shape[k]
			at[k] = 0
		}
	}
	return out
}

// keyed makes the names of keys: parts joined by sep behind the path and prefix.
func keyed(path, prefix, sep string) func([]int) string {
	return func(at []int) string {
		parts := make([]string, 0, len(at)+1)
		if prefix != "" {
			parts = append(parts, prefix)
		}
		for _, v := range at {
			parts = append(parts, strconv.Itoa(v))
		}
		return join(path, strings.Join(parts, sep))
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "/" + key
}
