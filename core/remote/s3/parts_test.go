package s3

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/minio/minio-go/v7"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote/remotetest"
)

const bigSize = 3*partSize + 5

// bigKey is the key that DVC gives a big blob of zeros.
func bigKey(t *testing.T) string {
	t.Helper()
	h := md5.New()
	if _, err := io.Copy(h, &remotetest.Zeros{Size: bigSize}); err != nil {
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

// count has the bytes counted that a bucket sends from now on.
func count(b *Bucket) *atomic.Int64 {
	b.http.CloseIdleConnections()
	var sent atomic.Int64
	dial := b.http.DialContext
	b.http.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return counted{c, &sent}, nil
	}
	return &sent
}

func TestUploadGoesOn(t *testing.T) {
	conf := server(t)
	b := fresh(t, conf)
	key := bigKey(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cut := &remotetest.Zeros{Size: bigSize, Stop: 2*partSize + 1<<20, What: func() error { cancel(); return nil }}
	if err := b.Put(ctx, key, cut, bigSize); fault.KindOf(err) != fault.Canceled {
		t.Fatal(err)
	}
	uploads(t, b, 1)
	again := open(t, b.Name(), conf) // as another process
	sent := count(again)
	if err := again.Put(t.Context(), key, &remotetest.Zeros{Size: bigSize}, bigSize); err != nil {
		t.Fatal(err)
	}
	if n := sent.Load(); n > partSize+1<<20 {
		t.Errorf("sent %d bytes, of which two parts were there", n)
	}
	uploads(t, b, 0)
	if info, err := b.Stat(t.Context(), key); err != nil || info.Size != bigSize {
		t.Errorf("%+v, %v", info, err)
	}
}

func TestUploadOfOtherBytesIsTakenBack(t *testing.T) {
	b := fresh(t, server(t))
	key := bigKey(t)
	at := b.prefix + key
	id, err := b.core.NewMultipartUpload(t.Context(), b.bucket, at, minio.PutObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for n, text := range []string{strings.Repeat("x", partSize), "short"} {
		if _, err := b.core.PutObjectPart(t.Context(), b.bucket, at, id, n+1, strings.NewReader(text), int64(len(text)), minio.PutObjectPartOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Put(t.Context(), key, &remotetest.Zeros{Size: bigSize}, bigSize); err != nil {
		t.Fatal(err)
	}
	uploads(t, b, 0)
	if info, err := b.Stat(t.Context(), key); err != nil || info.Size != bigSize {
		t.Errorf("%+v, %v", info, err)
	}
}
