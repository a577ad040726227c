package gateway

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"coverslip.dev/coverslip/core/imageio"
)

// portions is how many pieces of uploads may wait for their sums at a time, of all uploads together.
const portions = 64

// sum is the MD5 of an upload. It is taken beside whoever brings that to the disk and reads it, as
// nothing before the objects' names needs it.
type sum struct {
	todo  chan []byte
	spare chan []byte // of all sums; whoever writes faster than is summed waits for one of these
	done  chan struct{}
	hex   string // when done is closed
}

// newSum begins one; it ends after end.
func (g *Gateway) newSum() *sum {
	s := &sum{todo: make(chan []byte, portions), spare: g.spare, done: make(chan struct{})}
	go s.run()
	return s
}

func (s *sum) run() {
	defer close(s.done)
	h := md5.New()
	for b := range s.todo {
		h.Write(b)
		s.spare <- b
	}
	s.hex = hex.EncodeToString(h.Sum(nil))
}

func (s *sum) Write(b []byte) (int, error) {
	s.todo <- append((<-s.spare)[:0], b...) // never waits for room in todo: there are no more of them
	return len(b), nil
}

func (s *sum) end() { close(s.todo) }

func (s *sum) String() string {
	<-s.done
	return s.hex
}

// summed is the image of an upload, which was opened under the name opened before its sum was known.
type summed struct {
	imageio.Source
	opened string
	sum    *sum
}

// ID names the pixels by what is in the upload, so that its objects have the same names when it comes
// again.
func (s summed) ID() string {
	id := s.Source.ID()
	if behind, ok := strings.CutPrefix(id, s.opened); ok {
		return "md5:" + s.sum.String() + behind
	}
	return id
}

// inMemory is how much of an answer is not written to the disk.
const inMemory = 256 << 10

// page is an answer that is written whole before any of it is sent, so that its length is known and
// no mistake can cut it short.
type page struct {
	folder *folder
	kind   string
	first  bytes.Buffer
	rest   *os.File // nil: that is all
	length int64
}

func (p *page) Write(b []byte) (n int, err error) {
	if p.rest == nil && p.first.Len()+len(b) <= inMemory {
		n, err = p.first.Write(b)
		p.length += int64(n)
		return n, err
	}
	if p.rest == nil {
		if p.rest, err = p.folder.create("answer-*"); err != nil {
			return 0, noRoom(err)
		}
	}
	n, err = p.rest.Write(b)
	p.length += int64(n)
	return n, err
}

// send sends it.
func (p *page) send(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", p.kind)
	w.Header().Set("Content-Length", strconv.FormatInt(p.length, 10))
	if _, err := w.Write(p.first.Bytes()); err != nil || p.rest == nil { //nolint:gosec // no HTML, and its type says so
		return err
	}
	_, err := p.rest.Seek(0, io.SeekStart)
	if err == nil {
		_, err = io.Copy(w, p.rest)
	}
	return err
}

func (p *page) close() {
	if p.rest != nil {
		p.rest.Close()           //nolint:errcheck // read only by then
		os.Remove(p.rest.Name()) //nolint:errcheck // goes with the folder
	}
}
