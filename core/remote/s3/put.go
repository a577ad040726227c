package s3

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/minio/minio-go/v7"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote/wire"
)

// askFrom is the size from which a question first is cheaper than a body sent in vain.
const askFrom = 1 << 20

// Put stores a blob. The server itself refuses to replace one, and compares the bytes
// with the MD5 in the key.
func (b *Bucket) Put(ctx context.Context, key string, r io.ReadSeeker, size int64) error {
	err := b.put(ctx, key, r, size, true)
	if errors.Is(err, errStale) {
		err = b.put(ctx, key, r, size, false)
	}
	return err
}

// put is Put; with resume, an upload that was begun before goes on.
func (b *Bucket) put(ctx context.Context, key string, r io.ReadSeeker, size int64, resume bool) error {
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
		err = b.parts(ctx, at, key, src, size, resume)
	}
	if bad := src.Err(); bad != nil && wire.Stopped(ctx) == nil {
		return fmt.Errorf("put %s: %w", key, bad)
	}
	switch {
	case err == nil:
		b.seen.Store(true)
		return nil
	case errors.Is(err, errStale):
		return err
	case code(err) == minio.NotImplemented && !plain:
		b.plain.Store(true)
		return b.put(ctx, key, r, size, resume)
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

// whole sends a blob in one part. Its MD5 in the key goes along as a header, which the
// request's signature covers, so that nothing need be hashed here, over plain http either:
// who changes the bytes on the way would need others of the same MD5. Only a blob whose key
// promises nothing has its chunks signed one by one, where TLS does not guard them.
func (b *Bucket) whole(ctx context.Context, at, key string, src *wire.Source, size int64) error {
	part := src.Part(size)
	defer part.Close() //nolint:errcheck // nothing to lose
	opts := b.options()
	promise, empty := "", ""
	if sum := wire.MD5(key); sum != nil {
		promise = base64.StdEncoding.EncodeToString(sum)
		opts.DisableContentSha256 = true
	}
	if size == 0 { // there are no chunks to sign one by one
		sum := sha256.Sum256(nil)
		empty = hex.EncodeToString(sum[:])
		opts.DisableContentSha256 = true
	}
	_, err := b.core.PutObject(ctx, b.bucket, at, reader{part}, size, promise, empty, opts)
	return err
}
