package triton

import (
	"context"
	"fmt"
	"hash/crc32"
	"log/slog"
	"math/bits"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"

	"coverslip.dev/coverslip/core/infer"
)

// sharer is a transport that can tell the server of memory that it shares with this
// process.
type sharer interface {
	register(ctx context.Context, region string, size int64) error
	unregister(ctx context.Context, region string) error
}

// Which tensors go through shared memory: small ones cost less on the wire. What is kept
// for the next question is bounded.
const (
	leastShared = 16 << 10
	mostShared  = 1 << 30
	keptShared  = 256 << 20
)

// memory has regions that a server on this machine reads tensors from and writes answers
// into. A region belongs to one question at a time. Where the server does not take them
// (it runs in a container, or as somebody else), it is not asked again for a while, and
// tensors go over the wire.
type memory struct {
	wire sharer
	home string // what the names of this server's regions begin with
	log  *slog.Logger

	mu      sync.Mutex // guards all below
	free    []*region
	kept    int64
	sizes   map[string][]place // what a model answers to tensors of those shapes, as learnt; none: now this, now that
	refused time.Time          // the last time
	swept   bool
	closed  bool
}

// place is where an output goes.
type place struct {
	port     infer.Port
	at, size int64
}

// shared is how one question goes through a region: its inputs lie one after the other from
// the beginning; without places for outputs, those come over the wire.
type shared struct {
	*region
	key string
	in  []int64
	out []place
}

// resting is how long a server that refused a region is not asked again.
const refusalRests = time.Minute

// newMemory is for the server at an address, which the names of its regions follow from: what a dead
// program has shared with another server that one must part with.
func newMemory(wire sharer, address string, log *slog.Logger) *memory {
	home := fmt.Sprintf("coverslip-region-%08x-", crc32.ChecksumIEEE([]byte(address)))
	return &memory{wire: wire, home: home, log: log, sizes: map[string][]place{}}
}

// onThisMachine tells whether the host is one of this machine's own addresses.
func onThisMachine(host string) bool {
	if name, err := os.Hostname(); host == "localhost" || err == nil && strings.EqualFold(host, name) {
		return true
	}
	ip := net.ParseIP(host)
	if ip == nil {
		return false
	}
	if ip.IsLoopback() {
		return true
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range own {
		if n, ok := a.(*net.IPNet); ok && n.IP.Equal(ip) {
			return true
		}
	}
	return false
}

// place puts the inputs of a question into a region; nil: over the wire.
func (m *memory) place(ctx context.Context, q *question) *shared {
	s := &shared{key: keyOf(q)}
	var size int64
	for _, t := range q.in {
		s.in = append(s.in, size)
		size += aligned(int64(len(t.Data)))
	}
	if size < leastShared || size > mostShared {
		return nil
	}
	m.mu.Lock()
	for _, p := range m.sizes[s.key] {
		p.at = size
		s.out = append(s.out, p)
		size += aligned(p.size)
	}
	m.mu.Unlock()
	if s.region = m.take(ctx, size); s.region == nil {
		return nil
	}
	for i, t := range q.in {
		copy(s.data[s.in[i]:], t.Data)
	}
	return s
}

// aligned rounds up to where the next tensor may begin.
func aligned(n int64) int64 { return (n + 63) &^ 63 }

// keyOf is what the sizes of the answer depend on.
func keyOf(q *question) string {
	b := strconv.AppendQuote(make([]byte, 0, 128), q.model)
	b = strconv.AppendQuote(b, q.version)
	for _, name := range q.terms.Outputs {
		b = strconv.AppendQuote(b, name)
	}
	for _, t := range q.in {
		b = strconv.AppendQuote(append(b, ' '), t.Name)
		b = strconv.AppendQuote(b, t.Type)
		for _, d := range t.Shape {
			b = strconv.AppendInt(append(b, ','), d, 10)
		}
	}
	return string(b)
}

// take finds or makes a region of at least size bytes.
func (m *memory) take(ctx context.Context, size int64) *region {
	m.mu.Lock()
	if m.closed || time.Since(m.refused) < refusalRests {
		m.mu.Unlock()
		return nil
	}
	for i, r := range m.free {
		if n := int64(len(r.data)); n >= size && n <= 4*max(size, leastShared) {
			m.free = append(m.free[:i], m.free[i+1:]...)
			m.kept -= n
			m.mu.Unlock()
			return r
		}
	}
	sweep := !m.swept
	m.swept = true
	m.mu.Unlock()
	if sweep {
		m.sweep(ctx)
	}
	r, err := newRegion(m.home, int64(1)<<bits.Len64(uint64(size-1))) //nolint:gosec // positive
	if err == nil {
		if err = m.wire.register(ctx, r.name, int64(len(r.data))); err != nil {
			r.close()
		}
	}
	if err != nil {
		m.refuse(ctx, err)
		return nil
	}
	return r
}

// refuse has tensors go over the wire for a while.
func (m *memory) refuse(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	m.log.DebugContext(ctx, "no shared memory with server", slog.Any("error", err))
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refused = time.Now()
}

// sweep removes what programs that died have left behind, and what drop had to leave.
func (m *memory) sweep(ctx context.Context) {
	for _, name := range orphans(m.home) {
		err := m.wire.unregister(ctx, name) // once: somebody waits for this
		if !parted(err) {
			m.leave()
			continue
		}
		if err == nil {
			m.log.InfoContext(ctx, "shared memory of a dead program was removed", slog.String("region", name))
		}
		removeRegion(name)
	}
}

// leave has a later sweep take what is in use now.
func (m *memory) leave() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.swept = false
}

// unregister has the server part with a region. It refuses that while a question has the
// region, and for a moment after the answer went out: then it is asked again.
func (m *memory) unregister(ctx context.Context, region string) error {
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for try := 0; ; try++ {
		err := m.wire.unregister(ctx, region)
		if !inUse(err) || try == 20 {
			return err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return err
		}
	}
}

// inUse tells whether a server did not part with a region because a question has it.
func inUse(err error) bool {
	r := asRefusal(err)
	return r != nil && r.says("currently in use")
}

// parted tells whether a server has parted with a region, or has none of that name: whatever it
// answers counts as that, but that a question has it.
func parted(err error) bool {
	r := asRefusal(err)
	return err == nil || r != nil && r.code != codes.Unavailable && r.code != codes.DeadlineExceeded && !inUse(err)
}

// parameters say where a tensor lies.
func (s *shared) parameters(at, size int64) map[string]any {
	return map[string]any{"shared_memory_region": s.name, "shared_memory_offset": at, "shared_memory_byte_size": size}
}

// holds tells whether an output goes into the region.
func (s *shared) holds(output string) bool {
	return s != nil && slices.ContainsFunc(s.out, func(p place) bool { return p.port.Name == output })
}

// outputs copies the answer out of the region.
func (s *shared) outputs(given []infer.Tensor) error {
	for i, t := range given {
		for _, p := range s.out {
			if p.port.Name != t.Name {
				continue
			}
			n, ok := bytesOf(t.Port)
			if !ok || n > p.size {
				return fmt.Errorf("output %s of %d bytes in %d", t.Name, n, p.size)
			}
			given[i].Data = append([]byte(nil), s.data[p.at:p.at+n]...)
		}
	}
	return nil
}

// learn remembers how large the outputs are, unless they are known to vary.
func (m *memory) learn(key string, out []infer.Tensor) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.sizes[key]; known {
		return
	}
	var places []place
	for _, t := range out {
		n, ok := bytesOf(t.Port)
		if !ok || n != int64(len(t.Data)) {
			return // of a type whose size does not follow from the shape
		}
		if n == 0 { // such as boxes where there are none: the next answer may have some
			places = nil
			break
		}
		places = append(places, place{port: t.Port, size: n})
	}
	if len(m.sizes) > 256 {
		clear(m.sizes)
	}
	m.sizes[key] = places
}

// vary remembers that the outputs have no one size: they go over the wire.
func (m *memory) vary(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sizes[key] = nil
}

// bytesOf is how many bytes a tensor has.
func bytesOf(p infer.Port) (int64, bool) {
	var n int64
	switch p.Type {
	case "BOOL", "UINT8", "INT8":
		n = 1
	case "UINT16", "INT16", "FP16", "BF16":
		n = 2
	case "UINT32", "INT32", "FP32":
		n = 4
	case "UINT64", "INT64", "FP64":
		n = 8
	}
	for _, d := range p.Shape {
		if d < 0 || d > mostShared {
			return 0, false
		}
		if n *= d; n > mostShared {
			return 0, false
		}
	}
	return n, n > 0 || len(p.Shape) > 0 && n == 0
}

// give takes a region back after an answer.
func (m *memory) give(ctx context.Context, r *region) {
	m.mu.Lock()
	n := int64(len(r.data))
	keep := !m.closed && m.kept+n <= keptShared
	if keep {
		m.free = append(m.free, r)
		m.kept += n
	}
	m.mu.Unlock()
	if !keep {
		m.drop(ctx, r)
	}
}

// dropping is how long a stopped question still waits for the server to part with its region.
const dropping = time.Second

// drop parts with regions, at the server first, within one limit for all of them. Where a
// question that nobody waits for has one still, or the server does not answer, its file stays for
// a later sweep, of this program or the next: without the file nobody would know the name that the
// server keeps memory for.
func (m *memory) drop(ctx context.Context, regions ...*region) {
	limit := quick
	if ctx.Err() != nil {
		limit = dropping
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	for _, r := range regions {
		err := m.unregister(ctx, r.name)
		if err != nil {
			m.log.DebugContext(ctx, "shared memory not unregistered", slog.String("region", r.name), slog.Any("error", err))
		}
		if !parted(err) || ctx.Err() != nil {
			_ = r.unmap() // nothing can be done about it
			m.leave()
			continue
		}
		r.close()
	}
}

// forget drops all regions that are free: the server does not know them any more.
func (m *memory) forget(ctx context.Context, key string) {
	m.mu.Lock()
	old := m.free
	m.free, m.kept = nil, 0
	delete(m.sizes, key)
	m.mu.Unlock()
	m.drop(ctx, old...)
}

func (m *memory) close(ctx context.Context) {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.forget(ctx, "")
}

// tooSmall tells whether the answer was larger than the places for it.
func tooSmall(r *refusal) bool { return r.says("bytes to hold the results") }

// aboutMemory tells whether a region was refused, so that the wire may do.
func aboutMemory(r *refusal) bool { return r.says("shared memory", "shared_memory") }
