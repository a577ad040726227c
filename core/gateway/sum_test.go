package gateway

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"net/http/httptest"
	"os"
	"strconv"
	"sync"
	"testing"

	"coverslip.dev/coverslip/core/imageio"
)

// TestSums are those of what was written, however many are taken at a time.
func TestSums(t *testing.T) {
	g := &Gateway{spare: make(chan []byte, portions)}
	for range portions {
		g.spare <- nil
	}
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			s, all := g.newSum(), md5.New()
			for j := range 3 * portions {
				b := bytes.Repeat([]byte{byte(i), byte(j)}, j)
				if n, err := s.Write(b); err != nil || n != len(b) {
					t.Errorf("%d of %d, %v", n, len(b), err)
				}
				all.Write(b)
				clear(b) // whoever writes may use it again
			}
			s.end()
			if want := fmt.Sprintf("%x", all.Sum(nil)); s.String() != want {
				t.Errorf("%s, want %s", s, want)
			}
		})
	}
	wg.Wait()
	if len(g.spare) != portions {
		t.Errorf("%d pieces of %d came back", len(g.spare), portions)
	}
}

// called is a source of that ID.
type called struct {
	imageio.Source
	id string
}

func (c called) ID() string { return c.id }

// TestSummed: the number of an image in a file stays behind its name.
func TestSummed(t *testing.T) {
	s := &sum{done: make(chan struct{}), hex: "abc"}
	close(s.done)
	for is, want := range map[string]string{"upload:/a": "md5:abc", "upload:/a#3": "md5:abc#3", "other": "other"} {
		if got := (summed{called{id: is}, "upload:/a", s}).ID(); got != want {
			t.Errorf("%s is called %s, want %s", is, got, want)
		}
	}
}

// TestPages: a small answer needs no disk, a large one is put together again, and leaves nothing there.
func TestPages(t *testing.T) {
	f := &folder{path: t.TempDir()}
	part := bytes.Repeat([]byte("0123456789"), 5000)
	for _, n := range []int{0, 1, 5, 6, 40} {
		p := &page{folder: f, kind: "text/plain"}
		for range n {
			if _, err := p.Write(part); err != nil {
				t.Fatal(err)
			}
		}
		files, err := os.ReadDir(f.path)
		if large := n*len(part) > inMemory; err != nil || (len(files) > 0) != large {
			t.Errorf("%d parts: %v, %v", n, files, err)
		}
		w := httptest.NewRecorder()
		if err := p.send(w); err != nil || !bytes.Equal(w.Body.Bytes(), bytes.Repeat(part, n)) || w.Header().Get("Content-Length") != strconv.Itoa(n*len(part)) {
			t.Errorf("%d parts: %d bytes, %v, %v", n, w.Body.Len(), w.Header(), err)
		}
		p.close()
		if files, err := os.ReadDir(f.path); err != nil || len(files) > 0 {
			t.Errorf("left behind: %v, %v", files, err)
		}
	}
	p := &page{folder: &folder{path: t.TempDir() + "/none/there"}}
	if _, err := p.Write(make([]byte, inMemory+1)); err == nil || codeOf(err) != 503 {
		t.Errorf("without room: %v", err)
	}
}
