package s3

import (
	"context"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote/remotetest"
)

const bigSize = 3*partSize + 5

func TestUploadGoesOn(t *testing.T) {
	conf := server(t)
	b := fresh(t, conf)
	key := remotetest.ZerosKey(t, bigSize)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cut := &remotetest.Zeros{Size: bigSize, Stop: 2*partSize + 1<<20, What: func() error { cancel(); return nil }}
	if err := b.Put(ctx, key, cut, bigSize); fault.KindOf(err) != fault.Canceled {
		t.Fatal(err)
	}
	uploads(t, b, 1)
	again := open(t, b.Name(), conf) // as another process
	sent := remotetest.Sent(again.http)
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
	key := remotetest.ZerosKey(t, bigSize)
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
