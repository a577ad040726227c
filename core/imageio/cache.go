package imageio

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
)

// TileCache keeps decoded tiles of any number of sources, the latest used ones, up to a
// number of bytes. Two readers of one tile decode it once.
type TileCache struct {
	limit int64

	mu    sync.Mutex // guards all below
	bytes int64
	tiles map[tileKey]*list.Element
	order *list.List // of *kept, latest used first
	under map[tileKey]*flight
}

type tileKey struct {
	id   string
	tile Tile
}

type kept struct {
	key tileKey
	px  *Pixels
}

// flight is a tile that somebody is reading; px and err are set before done is closed.
type flight struct {
	done chan struct{}
	px   *Pixels
	err  error
}

// NewTileCache returns an empty cache of at most limit bytes of pixels.
func NewTileCache(limit int64) *TileCache {
	return &TileCache{limit: limit, tiles: map[tileKey]*list.Element{}, order: list.New(), under: map[tileKey]*flight{}}
}

// Bytes returns the size of all kept pixels.
func (c *TileCache) Bytes() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bytes
}

// Peek returns a tile if it is kept; it never reads and never waits for a reader.
func (c *TileCache) Peek(id string, t Tile) (*Pixels, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.look(tileKey{id, t})
}

// look needs c.mu.
func (c *TileCache) look(key tileKey) (*Pixels, bool) {
	e, ok := c.tiles[key]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(e)
	k, ok := e.Value.(*kept)
	return k.px, ok
}

// Read returns the tile t of the pixels called id, by read if it is not kept. Errors are
// not kept. Who waits for another's read goes on alone when the other was stopped or its file closed.
func (c *TileCache) Read(ctx context.Context, id string, t Tile, read func(context.Context) (*Pixels, error)) (*Pixels, error) {
	key := tileKey{id, t}
	for {
		c.mu.Lock()
		if px, ok := c.look(key); ok {
			c.mu.Unlock()
			return px, nil
		}
		f, reading := c.under[key]
		if !reading {
			f = &flight{done: make(chan struct{}), err: errors.New("the read broke off")}
			c.under[key] = f
			c.mu.Unlock()
			c.fly(ctx, key, f, read)
			return f.px, f.err
		}
		c.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-f.done:
		}
		if !errors.Is(f.err, context.Canceled) && !errors.Is(f.err, context.DeadlineExceeded) && !errors.Is(f.err, fs.ErrClosed) {
			return f.px, f.err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

func (c *TileCache) fly(ctx context.Context, key tileKey, f *flight, read func(context.Context) (*Pixels, error)) {
	defer func() {
		c.mu.Lock()
		delete(c.under, key)
		if f.err == nil {
			c.keep(key, f.px)
		}
		c.mu.Unlock()
		close(f.done)
	}()
	px, err := read(ctx)
	if err == nil && px == nil {
		err = fmt.Errorf("tile %v: no pixels", key.tile)
	}
	f.px, f.err = px, err
}

// keep needs c.mu.
func (c *TileCache) keep(key tileKey, px *Pixels) {
	n := int64(len(px.Data))
	if n > c.limit {
		return
	}
	if e, ok := c.tiles[key]; ok {
		c.drop(e)
	}
	c.tiles[key] = c.order.PushFront(&kept{key, px})
	c.bytes += n
	for c.bytes > c.limit {
		c.drop(c.order.Back())
	}
}

// drop needs c.mu.
func (c *TileCache) drop(e *list.Element) {
	if k, ok := c.order.Remove(e).(*kept); ok {
		delete(c.tiles, k.key)
		c.bytes -= int64(len(k.px.Data))
	}
}

// Cached returns src with its tiles kept in cache, which it may share with others. Closing
// it closes src and leaves the tiles: another source of the same ID finds them.
func Cached(src Source, cache *TileCache) Source { return &cached{src, cache} }

type cached struct {
	Source
	cache *TileCache
}

func (c *cached) ReadTile(ctx context.Context, t Tile) (*Pixels, error) {
	return c.cache.Read(ctx, c.ID(), t, func(ctx context.Context) (*Pixels, error) { return c.Source.ReadTile(ctx, t) })
}
