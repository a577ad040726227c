package dataset

import (
	"cmp"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"runtime"
	"sync"
	"syscall"

	md5simd "github.com/minio/md5-simd"
	"golang.org/x/sync/errgroup"

	"coverslip.dev/coverslip/core/disk"
)

// chunk is how much of a file is read at once. A file that fits in is never read twice.
const chunk = 256 << 10

// progress is what of *job.Progress the copying needs.
type progress interface{ Add(n int64) }

type nothing struct{}

func (nothing) Add(int64) {}

// chunks is a store of buffers.
type chunks struct {
	size int // 0: a chunk
	pool sync.Pool
}

func (c *chunks) take() *[]byte {
	if b, ok := c.pool.Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, cmp.Or(c.size, chunk))
	return &b
}

func (c *chunks) give(b *[]byte) { c.pool.Put(b) }

// hasher computes the MD5s of many files at once.
type hasher struct {
	chunks

	lanes md5simd.Server // nil: one hash after the other
	slabs *chunks        // for copies that go past the system's memory of files; nil: none do
}

// A copy of at least farFrom bytes may go past the system's memory of files, a slab at a
// time: what is written once and read by no one soon costs that memory more than the disk.
const (
	slab    = 2 << 20
	farFrom = 64 << 20
)

// beginEach is how much of a big file is sent on its way to the disk at once.
const beginEach = 8 << 20

// manyBig is from how many files of more than a chunk on the lanes of the processor
// that hash side by side are faster: one file alone is slower there.
const manyBig = 6

// newHasher returns a hasher for so many big files, and how many workers do it good. It
// must be closed.
func newHasher(big int) (h *hasher, workers int) {
	if big < manyBig || runtime.GOARCH != "amd64" {
		return &hasher{}, runtime.NumCPU() + 1
	}
	return &hasher{lanes: md5simd.NewServer()}, min(big, 16)
}

func (h *hasher) close() {
	if h.lanes != nil {
		h.lanes.Close()
	}
}

// of returns a hash for a file of the given size, and what to do with it in the end.
func (h *hasher) of(size int64) (hash.Hash, func()) {
	if h.lanes == nil || size <= chunk {
		return md5.New(), func() {}
	}
	lane := h.lanes.NewHash()
	return lane, lane.Close
}

// small reads all of a file of the given size if it fits into buf; otherwise it says that
// it does not.
func small(f *os.File, buf []byte, size int64) (data []byte, fits bool, err error) {
	if size >= int64(len(buf)) {
		return nil, false, nil
	}
	n, err := io.ReadFull(f, buf[:size])
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil // whoever asked looks at the size again
	}
	return buf[:n], true, err
}

// stream hashes what src holds and copies it to dst on the way, if there is one; the
// hashing and the writing go on side by side.
func (h *hasher) stream(ctx context.Context, dst *os.File, src io.Reader, size int64, p progress) (sum digest, n int64, err error) {
	md, done := h.of(size)
	defer done()
	if h.slabs != nil && size >= farFrom && dst != nil && disk.Past(dst, true) {
		n, err = pourPieces(ctx, md, write(dst, h.slabs, true), h.slabs, src, p)
	} else {
		n, err = h.pour(ctx, md, dst, src, p)
	}
	if err == nil {
		md.Sum(sum[:0])
	}
	return sum, n, err
}

// pour is stream into a hash that takes more before or after.
func (h *hasher) pour(ctx context.Context, md hash.Hash, dst *os.File, src io.Reader, p progress) (n int64, err error) {
	var w *writing
	if dst != nil {
		w = write(dst, &h.chunks, false)
	}
	return pourPieces(ctx, md, w, &h.chunks, src, p)
}

func pourPieces(ctx context.Context, md hash.Hash, w *writing, bufs *chunks, src io.Reader, p progress) (n int64, err error) {
	for {
		if err = ctx.Err(); err != nil {
			break
		}
		buf := bufs.take()
		k, rerr := io.ReadFull(src, *buf)
		md.Write((*buf)[:k])
		n += int64(k)
		if w == nil {
			bufs.give(buf)
		} else if !w.put(buf, k) {
			break
		}
		p.Add(int64(k))
		if errors.Is(rerr, io.EOF) || errors.Is(rerr, io.ErrUnexpectedEOF) {
			break
		}
		if err = rerr; err != nil {
			break
		}
	}
	if w != nil {
		err = errors.Join(err, w.wait())
	}
	return n, err
}

// writing writes to a file beside what its caller does.
type writing struct {
	bufs *chunks
	past bool // the file's writes go past the system's memory
	in   chan piece
	over chan struct{}
	err  error // valid after over, or after failed is closed
	fail chan struct{}
}

type piece struct {
	buf *[]byte
	n   int
}

func write(dst *os.File, bufs *chunks, past bool) *writing {
	w := &writing{bufs: bufs, past: past, in: make(chan piece, 1), over: make(chan struct{}), fail: make(chan struct{})}
	go func() { // wait waits for it
		defer close(w.over)
		begun, at := int64(0), int64(0)
		for p := range w.in {
			if w.err == nil {
				err := w.write(dst, (*p.buf)[:p.n])
				if at += int64(p.n); !w.past && at-begun >= beginEach {
					disk.Begin(dst, begun, at-begun)
					begun = at
				}
				if err != nil {
					w.err = err
					close(w.fail)
				}
			}
			bufs.give(p.buf)
		}
	}()
	return w
}

// write writes what may not be whole blocks, and what the disk does not take past the
// system's memory, as usual.
func (w *writing) write(dst *os.File, data []byte) error {
	if w.past && len(data)%disk.Block != 0 {
		w.past = disk.Past(dst, false)
	}
	n, err := dst.Write(data)
	if w.past && errors.Is(err, syscall.EINVAL) {
		w.past = disk.Past(dst, false)
		_, err = dst.Write(data[n:])
	}
	return err
}

// put hands on a buffer, and reports whether more is of any use.
func (w *writing) put(buf *[]byte, n int) bool {
	select {
	case w.in <- piece{buf, n}:
		return true
	case <-w.fail:
		w.bufs.give(buf)
		return false
	}
}

func (w *writing) wait() error {
	close(w.in)
	<-w.over
	return w.err
}

// copyHashed copies src to dst, which may be nil, and returns the MD5 of what it read.
func copyHashed(ctx context.Context, dst io.Writer, src io.Reader, p progress) (oid string, n int64, err error) {
	h := md5.New()
	buf := make([]byte, 256<<10)
	for {
		if err := ctx.Err(); err != nil {
			return "", n, err
		}
		k, err := src.Read(buf)
		h.Write(buf[:k])
		if dst != nil && k > 0 {
			if _, err := dst.Write(buf[:k]); err != nil {
				return "", n, err
			}
		}
		n += int64(k)
		p.Add(int64(k))
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(h.Sum(nil)), n, nil
		}
		if err != nil {
			return "", n, err
		}
	}
}

func sum(data []byte) string {
	h := md5.Sum(data)
	return hex.EncodeToString(h[:])
}

func (d digest) oid() string { return hex.EncodeToString(d[:]) }

// digestOf is the reverse of oid, for a file's object.
func digestOf(oid string) (d digest, ok bool) {
	n, err := hex.Decode(d[:], []byte(oid[:min(len(oid), 2*len(d))]))
	return d, err == nil && n == len(d) && len(oid) == 2*len(d)
}

// hash returns the MD5 of a file in the work tree, from memory if it has not changed.
func (r *Repository) hash(ctx context.Context, rel string) (string, error) {
	m, err := r.statRel(rel)
	if err != nil {
		return "", fmt.Errorf("hash: %w", err)
	}
	sums, err := r.hashes(ctx, rel, []found{{".", m}}, nothing{})
	if err != nil {
		return "", err
	}
	return sums[0].oid(), nil
}

// hashes returns the MD5s of files below top.
func (r *Repository) hashes(ctx context.Context, top string, files []found, p progress) ([]digest, error) {
	sums := make([]digest, len(files))
	var unknown []int
	big := 0
	for i, f := range files {
		sum, ok := r.memory.recall(below(top, f.rel), f.meta)
		if ok {
			sums[i] = sum
			p.Add(f.size)
			continue
		}
		if f.size > chunk {
			big++
		}
		unknown = append(unknown, i)
	}
	if len(unknown) == 0 {
		return sums, nil
	}
	h, workers := newHasher(big)
	defer h.close()
	r.memory.begin()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for _, i := range unknown {
		g.Go(func() (err error) {
			sums[i], err = r.hashWith(ctx, h, below(top, files[i].rel), p)
			return err
		})
	}
	return sums, g.Wait()
}

// hashWith reads a file of the work tree and remembers its hash.
func (r *Repository) hashWith(ctx context.Context, h *hasher, rel string, p progress) (sum digest, err error) {
	f, err := os.Open(r.abs(rel))
	if err != nil {
		return sum, err
	}
	defer f.Close() //nolint:errcheck // read only
	st, err := f.Stat()
	if err != nil {
		return sum, err
	}
	m := metaOf(st)
	if sum, _, err = h.stream(ctx, nil, f, m.size, p); err != nil {
		return sum, fmt.Errorf("hash %s: %w", rel, err)
	}
	if st, err = f.Stat(); err != nil {
		return sum, err
	}
	if !m.unwritten(metaOf(st)) {
		return sum, stillWritten(rel)
	}
	r.memory.learn(rel, m, sum)
	return sum, nil
}
