package wire_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote/wire"
)

func TestMD5OfKeys(t *testing.T) {
	const sum = "5d41402abc4b2a76b9719d911017c592"
	for key, want := range map[string]string{
		"files/md5/5d/41402abc4b2a76b9719d911017c592": sum, "files/md5/5d/41402abc4b2a76b9719d911017c592.dir": sum,
		"files/md5/5d41402abc4b2a76b9719d911017c592": "", "files/md5/5d/41402abc4b2a76b9719d911017c5": "",
		"5d/41402abc4b2a76b9719d911017c592": "", "runs/5d/41402abc4b2a76b9719d911017c592": "", "files/md5/": "", "files/md5/zz/x": "",
		"files/md5/5d/41402abc4b2a76b9719d911017c592.dir.dir": "",
	} {
		if got := hex.EncodeToString(wire.MD5(key)); got != want {
			t.Errorf("%s: %q", key, got)
		}
	}
}

func FuzzKeys(f *testing.F) {
	f.Add("files/md5/5d/41402abc4b2a76b9719d911017c592")
	f.Add("files/md5/..//")
	f.Fuzz(func(t *testing.T, key string) {
		if sum := wire.MD5(key); sum != nil && (len(sum) != 16 || wire.CheckKey(key) != nil) {
			t.Errorf("%q: %x", key, sum)
		}
		if p, err := wire.Prefix(key); err == nil && p != "" && (!strings.HasSuffix(p, "/") || wire.CheckKey(strings.TrimSuffix(p, "/")) != nil) {
			t.Errorf("%q: prefix %q", key, p)
		}
	})
}

func TestSource(t *testing.T) {
	if _, err := wire.NewSource(strings.NewReader("hello"), 6); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("another size: %v", err)
	}
	s, err := wire.NewSource(strings.NewReader("hello world"), 11)
	if err != nil {
		t.Fatal(err)
	}
	s.Hash()
	var got bytes.Buffer
	for _, n := range []int64{5, 4} {
		p := s.Part(n)
		if size, err := p.Seek(0, io.SeekEnd); err != nil || size != n {
			t.Errorf("size %d, %v", size, err)
		}
		if _, err := p.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("at the end: %v", err)
		}
		if _, err := p.Seek(0, io.SeekStart); err != nil {
			t.Error(err)
		}
		if _, err := io.Copy(&got, p); err != nil {
			t.Error(err)
		}
		if _, err := p.Seek(0, io.SeekStart); err != nil {
			t.Error(err)
		}
		if _, err := p.Read(make([]byte, 1)); err == nil {
			t.Error("read twice")
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	if sum, err := s.Skip(2); err != nil || hex.EncodeToString(sum) != "946490ad0fdc17b3b899760a445128f0" { // of "ld"
		t.Errorf("%x, %v", sum, err)
	}
	if got.String() != "hello wor" || hex.EncodeToString(s.MD5()) != "5eb63bbbe01eeed093cb22bb8f5acdc3" || s.Err() != nil {
		t.Errorf("%q, %x, %v", got.String(), s.MD5(), s.Err())
	}
}

// A request that is over must not take bytes of the next one.
func TestClosedPartReadsNothing(t *testing.T) {
	s, err := wire.NewSource(strings.NewReader("hello"), 5)
	if err != nil {
		t.Fatal(err)
	}
	p := s.Part(5)
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if n, err := p.Read(make([]byte, 5)); n != 0 || err == nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	if s.Err() != nil {
		t.Errorf("that is nothing the source said: %v", s.Err())
	}
}

// shrunk loses its end after it was measured.
type shrunk struct{ *strings.Reader }

func (s shrunk) Read(p []byte) (int, error) {
	if s.Len() <= 2 {
		return 0, io.EOF
	}
	return s.Reader.Read(p[:1])
}

func TestFileShrinks(t *testing.T) {
	s, err := wire.NewSource(shrunk{strings.NewReader("hello")}, 5)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(s.Part(5)); fault.KindOf(err) != fault.Corrupt || s.Err() == nil {
		t.Errorf("%v, %v", err, s.Err())
	}
}

func TestSilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	tr := wire.Link{Silence: 200 * time.Millisecond}.Transport()
	defer tr.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String()+"/?sig=secret", nil)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	resp, err := (&http.Client{Transport: tr}).Do(req)
	if err == nil {
		resp.Body.Close()
	}
	err = wire.Broken(t.Context(), "The server", err)
	if fault.KindOf(err) != fault.Offline || time.Since(start) > time.Minute || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}

func TestBrokenHidesAddresses(t *testing.T) {
	for _, cause := range []error{
		&url.Error{Op: "Put", URL: "https://lab/c?sig=secret", Err: io.ErrUnexpectedEOF},
		&url.Error{Op: "Put", URL: "https://lab/c?sig=secret", Err: errors.New("closed by https://lab/c?sig=secret")},
	} {
		err := wire.Broken(t.Context(), "The server lab", cause)
		if strings.Contains(err.Error(), "secret") || fault.KindOf(err) != fault.Offline {
			t.Error(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := wire.Broken(ctx, "lab", io.ErrUnexpectedEOF); fault.KindOf(err) != fault.Canceled {
		t.Error(err)
	}
}
