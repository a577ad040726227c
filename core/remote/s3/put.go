package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/minio/minio-go/v7"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote/wire"
)

// As DVC does it, files from 100 MiB on go in parts of 50 MiB. S3 takes 10,000 parts.
const (
	partsFrom = 100 << 20
	partSize  = 50 << 20
	maxParts  = 10_000
)

// askFrom is the size from which a question first is cheaper than a body sent in vain.
const askFrom = 1 << 20

// Put stores a blob. The server itself refuses to replace one, and compares the bytes
// with the MD5 in the key.
func (b *Bucket) Put(ctx context.Context, key string, r io.ReadSeeker, size int64) error {
	at, err := b.at(ctx, key)
	if err != nil {
		return err
	}
	plain := b.plain.Load()
	if size >= askFrom || plain {
		if is, err := b.has(ctx, key, size); is || err != nil {
			return err
		}
	}
	src, err := wire.NewSource(r, size)
	if err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	if size < partsFrom {
		err = b.whole(ctx, at, key, src, size)
	} else {
		err = b.parts(ctx, at, key, src, size)
	}
	if bad := src.Err(); bad != nil && wire.Stopped(ctx) == nil {
		return fmt.Errorf("put %s: %w", key, bad)
	}
	if err == nil {
		b.seen.Store(true)
		return nil
	}
	if code(err) == minio.NotImplemented && !plain {
		b.plain.Store(true)
		return b.Put(ctx, key, r, size)
	}
	return b.refused(ctx, key, size, err)
}

// refused says what it means that the server did not take a blob: perhaps that it has it.
func (b *Bucket) refused(ctx context.Context, key string, size int64, err error) error {
	switch code(err) {
	case "":
		if cutOff(err) { // perhaps because the server has the blob, and so does not want it
			is, no := b.has(ctx, key, size)
			if is || fault.KindOf(no) == fault.Exists {
				return no
			}
		}
	case minio.PreconditionFailed, minio.Conflict, "ConditionalRequestConflict":
		if is, err := b.has(ctx, key, size); is || err != nil { // another station was faster
			return err
		}
		return fault.New(fault.Busy, "Another station is just storing the same file in "+b.Name()+".", "The work goes on by itself.", nil)
	}
	return b.why(ctx, key, err)
}

// has reports whether the blob is there, and refuses to take another one for it.
func (b *Bucket) has(ctx context.Context, key string, size int64) (bool, error) {
	info, err := b.Stat(ctx, key)
	switch {
	case err == nil && info.Size != size:
		return false, fault.New(fault.Exists, "Another file of that name is in "+b.Name()+" already.",
			"Check that bucket: the file there may be damaged.", fmt.Errorf("%s: %d bytes, not %d", key, info.Size, size))
	case fault.KindOf(err) == fault.NotFound:
		return false, nil
	}
	return err == nil, err
}

// cutOff reports whether a connection came about and then broke.
func cutOff(err error) bool {
	op, _ := errors.AsType[*net.OpError](err)
	return op == nil || op.Op != "dial"
}

// options are those of the call that makes the blob appear.
func (b *Bucket) options() minio.PutObjectOptions {
	o := minio.PutObjectOptions{ContentType: "application/octet-stream"}
	if !b.plain.Load() {
		o.SetMatchETagExcept("*")
	}
	return o
}

// reader hides that a part can seek: the library would send it again by itself.
type reader struct{ io.Reader }

func (b *Bucket) whole(ctx context.Context, at, key string, src *wire.Source, size int64) error {
	part := src.Part(size)
	defer part.Close() //nolint:errcheck // nothing to lose
	sum := ""
	if md5 := wire.MD5(key); md5 != nil {
		sum = base64.StdEncoding.EncodeToString(md5)
	}
	opts := b.options()
	opts.DisableContentSha256 = size == 0 // there are no chunks to sign one by one
	_, err := b.core.PutObject(ctx, b.bucket, at, reader{part}, size, sum, hashOf0(size), opts)
	return err
}

// hashOf0 is the SHA-256 of an empty blob, and nothing for another: its chunks are signed.
func hashOf0(size int64) string {
	if size > 0 {
		return ""
	}
	sum := sha256.Sum256(nil)
	return hex.EncodeToString(sum[:])
}

// parts sends a big blob part by part. Nothing shows until all are there; if that does not
// come about, the server forgets them.
func (b *Bucket) parts(ctx context.Context, at, key string, src *wire.Source, size int64) error {
	id, err := b.core.NewMultipartUpload(ctx, b.bucket, at, minio.PutObjectOptions{ContentType: "application/octet-stream"})
	if err != nil {
		return err
	}
	sent, err := b.send(ctx, at, id, src, size)
	if sum := wire.MD5(key); err == nil && sum != nil && !bytes.Equal(sum, src.MD5()) {
		err = minio.ErrorResponse{Code: minio.BadDigest} // as the server says of a smaller one
	}
	if err == nil {
		_, err = b.core.CompleteMultipartUpload(ctx, b.bucket, at, id, sent, b.options())
	}
	if err != nil {
		b.abort(ctx, at, id)
	}
	return err
}

func (b *Bucket) send(ctx context.Context, at, id string, src *wire.Source, size int64) ([]minio.CompletePart, error) {
	each := max(partSize, (size+maxParts-1)/maxParts)
	var sent []minio.CompletePart
	for left := size; left > 0; left -= each {
		n := len(sent) + 1
		part := src.Part(min(each, left))
		p, err := b.core.PutObjectPart(ctx, b.bucket, at, id, n, reader{part}, min(each, left), minio.PutObjectPartOptions{})
		_ = part.Close() // never fails
		if err != nil {
			return nil, err
		}
		sent = append(sent, minio.CompletePart{PartNumber: n, ETag: p.ETag})
	}
	return sent, nil
}

// abort works for a call that was stopped, too. Where the server can't be reached any more
// the parts stay, out of sight, until the bucket's own rule for them.
func (b *Bucket) abort(ctx context.Context, at, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_ = b.core.AbortMultipartUpload(ctx, b.bucket, at, id)
}
