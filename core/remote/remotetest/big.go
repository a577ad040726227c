package remotetest

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote"
)

// Zeros is a big blob that takes no memory. At Stop, if that is not 0, it calls What.
type Zeros struct {
	Size, Stop int64
	What       func() error

	at int64
}

func (z *Zeros) Read(p []byte) (int, error) {
	if z.Stop > 0 && z.at >= z.Stop {
		if err := z.What(); err != nil {
			return 0, err
		}
	}
	n := min(int64(len(p)), z.Size-z.at)
	if n == 0 {
		return 0, io.EOF
	}
	clear(p[:n])
	z.at += n
	return int(n), nil
}

// Seek moves without reading.
func (z *Zeros) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += z.at
	case io.SeekEnd:
		offset += z.Size
	}
	z.at = offset
	return offset, nil
}

// ZerosKey is the key that DVC gives a blob of zeros.
func ZerosKey(t *testing.T, size int64) string {
	t.Helper()
	h := md5.New()
	if _, err := io.Copy(h, &Zeros{Size: size}); err != nil {
		t.Fatal(err)
	}
	oid := hex.EncodeToString(h.Sum(nil))
	return "files/md5/" + oid[:2] + "/" + oid[2:]
}

// counted is a connection whose bytes are counted on their way out.
type counted struct {
	net.Conn

	sent *atomic.Int64
}

func (c counted) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.sent.Add(int64(n))
	return n, err
}

// Sent has the bytes counted that a remote sends from now on.
func Sent(h *http.Transport) *atomic.Int64 {
	h.CloseIdleConnections()
	var sent atomic.Int64
	dial := h.DialContext
	h.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return counted{c, &sent}, nil
	}
	return &sent
}

// Emptied removes all blobs of a remote when the test is over.
func Emptied(t *testing.T, r remote.Remote) {
	t.Helper()
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		for info, err := range r.List(ctx, "") {
			if err == nil {
				err = r.Remove(ctx, info.Key)
			}
			if err != nil {
				t.Error(err)
			}
		}
	})
}

// WantFault checks the kind of an error and that a person is told the words and a hint, and
// no one the secrets.
func WantFault(t *testing.T, what string, err error, k fault.Kind, words string, secrets ...string) {
	t.Helper()
	say, hint := fault.Explain(err)
	if err == nil || fault.KindOf(err) != k || !strings.Contains(say, words) || (hint == "" && k != fault.Canceled) {
		t.Errorf("%s: %v, kind %d; want kind %d and %q", what, err, fault.KindOf(err), k, words)
	}
	for _, secret := range secrets {
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s tells the secret: %v", what, err)
		}
	}
}

// ReadingStops checks that a body ends at once when its call is stopped.
func ReadingStops(t *testing.T, r remote.Remote) {
	t.Helper()
	const size = 64 << 20
	if err := r.Put(t.Context(), "a", &Zeros{Size: size}, size); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	rc, err := r.Open(ctx, "a", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer rc.Close() //nolint:errcheck // broken
	if _, err := io.ReadFull(rc, make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.Copy(io.Discard, rc); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// Memory has the test that calls it, by itself in a process of its own, send eight blobs of
// the given size at once: that may take 60 MB.
func Memory(t *testing.T, size int64, open func(t *testing.T) remote.Remote) {
	t.Helper()
	const role = "COVERSLIP_TEST_MEMORY_CHILD"
	if runtime.GOOS != "linux" {
		t.Skip("the peak is read from /proc")
	}
	if os.Getenv(role) == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run=^"+t.Name()+"$") //nolint:gosec // itself
		cmd.Env = append(os.Environ(), role+"=1")
		out, err := cmd.CombinedOutput()
		t.Logf("%s", out)
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	r := open(t)
	var g sync.WaitGroup
	for i := range 8 {
		g.Go(func() {
			if err := r.Put(t.Context(), string(rune('a'+i)), &Zeros{Size: size}, size); err != nil {
				t.Error(err)
			}
		})
	}
	g.Wait()
	status, err := os.ReadFile("/proc/self/status") // what wait tells counts the parent, too
	if err != nil {
		t.Fatal(err)
	}
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	kb, err := strconv.Atoi(strings.Fields(peak + " ?")[0])
	t.Logf("at most %d kB", kb)
	if err != nil || kb > 60_000 {
		t.Errorf("%d kB, %v", kb, err)
	}
}
