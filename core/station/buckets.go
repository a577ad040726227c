package station

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio/zarr"
	"coverslip.dev/coverslip/core/remote/s3"
)

// openBucket opens the store of an image at s3://bucket/folder. Behind a question mark may
// stand endpoint_url and region of a server that is not Amazon's, and anonymous=true; keys are
// found where AWS's own programs find them.
func openBucket(_ context.Context, address string) (zarr.Store, error) { //nolint:ireturn // what the format asks for
	u, err := url.Parse(address)
	if err != nil {
		return nil, fault.New(fault.Invalid, "The address of the image makes no sense.", "Write it as s3://bucket/folder.zarr.", err)
	}
	q := u.Query()
	u.RawQuery = ""
	b, err := s3.Open(s3.Options{
		URL: u.String(), Endpoint: q.Get("endpoint_url"), Region: q.Get("region"), Anonymous: q.Get("anonymous") == "true",
	})
	if err != nil {
		return nil, err
	}
	return bucket{b}, nil
}

// bucket is one as the store of an image.
type bucket struct{ *s3.Bucket }

func (b bucket) Get(ctx context.Context, key string, limit int64) (_ []byte, err error) {
	r, err := b.Open(ctx, key, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", key, limit)
	}
	return data, err
}

func (b bucket) Range(ctx context.Context, key string, off, n int64) (_ []byte, err error) {
	r, err := b.OpenPart(ctx, key, off, n)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	data := make([]byte, n)
	_, err = io.ReadFull(r, data)
	return data, err
}
