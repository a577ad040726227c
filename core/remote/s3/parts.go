package s3

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"strings"
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

// orphaned is how old an upload of a blob is that no one will go on with.
const orphaned = 24 * time.Hour

// errStale says that an upload that was begun before is not of these bytes.
var errStale = errors.New("the parts that are there are others")

// parts sends a big blob part by part. Nothing shows until all are there. If the connection
// or the power goes, the next call goes on with the parts that came: what the server says
// of their MD5s is compared with the file. Two stations may so send the same upload: the
// parts are the same. What can't go on is taken back.
func (b *Bucket) parts(ctx context.Context, at, key string, src *wire.Source, size int64, resume bool) error {
	src.Hash()
	sum := wire.MD5(key)
	each := max(partSize, (size+maxParts-1)/maxParts)
	var id string
	var have map[int]minio.ObjectPart
	if sum != nil && resume { // without it the parts of two blobs might be mixed
		id, have = b.begun(ctx, at, each)
	}
	if id == "" {
		var err error
		id, err = b.core.NewMultipartUpload(ctx, b.bucket, at, minio.PutObjectOptions{ContentType: "application/octet-stream"})
		if err != nil {
			return err
		}
	}
	sent, err := b.send(ctx, at, id, src, size, each, have)
	if err == nil && sum != nil && !bytes.Equal(sum, src.MD5()) {
		err = minio.ErrorResponse{Code: minio.BadDigest} // as the server says of a smaller one
	}
	if err == nil {
		_, err = b.core.CompleteMultipartUpload(ctx, b.bucket, at, id, sent, b.options())
	}
	if err != nil && (sum == nil || src.Err() != nil || !b.goesOn(ctx, key, err)) {
		b.abort(ctx, at, id)
	}
	return err
}

// goesOn reports whether a later call may fare better with the same parts.
func (b *Bucket) goesOn(ctx context.Context, key string, err error) bool {
	if errors.Is(err, errStale) {
		return false
	}
	switch fault.KindOf(b.fault(ctx, key, err)) {
	case fault.Offline, fault.Busy, fault.Canceled:
		return true
	case fault.Internal, fault.NotFound, fault.Exists, fault.Denied, fault.Invalid, fault.Corrupt, fault.Full:
	}
	return false
}

// begun looks for an upload of the blob that was begun before, with parts of the given
// size, and takes back those that are too old. Whoever may not ask finds none.
func (b *Bucket) begun(ctx context.Context, at string, each int64) (id string, have map[int]minio.ObjectPart) {
	list, err := b.core.ListMultipartUploads(ctx, b.bucket, at, "", "", "", 100)
	if err != nil {
		return "", nil
	}
	for _, u := range list.Uploads {
		switch {
		case u.Key != at:
		case time.Since(u.Initiated) > orphaned:
			b.abort(ctx, at, u.UploadID)
		default:
			if parts := b.arrived(ctx, at, u.UploadID, each); len(parts) > len(have) {
				id, have = u.UploadID, parts
			}
		}
	}
	return id, have
}

// arrived returns the parts of an upload, none if they are of another size.
func (b *Bucket) arrived(ctx context.Context, at, id string, each int64) map[int]minio.ObjectPart {
	have := map[int]minio.ObjectPart{}
	for after := 0; ; {
		list, err := b.core.ListObjectParts(ctx, b.bucket, at, id, after, 1000)
		if err != nil {
			return nil
		}
		for _, p := range list.ObjectParts {
			if p.Size == each { // not the last one, which is soon sent
				have[p.PartNumber] = p
			}
		}
		if !list.IsTruncated || list.NextPartNumberMarker <= after {
			return have
		}
		after = list.NextPartNumberMarker
	}
}

// send sends the parts that are not there yet.
func (b *Bucket) send(
	ctx context.Context, at, id string, src *wire.Source, size, each int64, have map[int]minio.ObjectPart,
) ([]minio.CompletePart, error) {
	var sent []minio.CompletePart
	for left := size; left > 0; left -= each {
		n := len(sent) + 1
		p, there := have[n]
		if there && left >= each {
			sum, err := src.Skip(each)
			switch {
			case err != nil:
				return nil, err
			case hex.EncodeToString(sum) != strings.Trim(p.ETag, `"`):
				return nil, errStale
			case ctx.Err() != nil:
				return nil, ctx.Err()
			}
		} else {
			var err error
			part := src.Part(min(each, left))
			p, err = b.core.PutObjectPart(ctx, b.bucket, at, id, n, reader{part}, min(each, left), minio.PutObjectPartOptions{})
			_ = part.Close() // never fails
			if err != nil {
				return nil, err
			}
		}
		sent = append(sent, minio.CompletePart{PartNumber: n, ETag: p.ETag})
	}
	return sent, nil
}

// abort works for a call that was stopped, too. Where the server can't be reached any more
// the parts stay, out of sight, until they are orphaned, or the bucket's own rule for them.
func (b *Bucket) abort(ctx context.Context, at, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_ = b.core.AbortMultipartUpload(ctx, b.bucket, at, id)
}
