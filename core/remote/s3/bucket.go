package s3

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote"
	"coverslip.dev/coverslip/core/remote/wire"
)

// Bucket is a remote in a bucket, or under a prefix of one.
type Bucket struct {
	core     *minio.Core
	http     *http.Transport
	bucket   string
	prefix   string // empty or with a slash at its end
	host     string
	parallel int

	seen  atomic.Bool // the bucket is there
	plain atomic.Bool // the server knows no conditional writes
}

// Open makes a remote; nothing is asked of the server yet.
func Open(o Options) (*Bucket, error) {
	bucket, prefix, err := o.place()
	if err != nil {
		return nil, err
	}
	host, secure, err := o.server()
	if err != nil {
		return nil, err
	}
	trust, err := wire.Trust(o.Verify)
	if err != nil {
		return nil, err
	}
	creds, err := o.credentials()
	if err != nil {
		return nil, err
	}
	b := &Bucket{bucket: bucket, prefix: prefix, host: host, parallel: max(1, o.Parallel)}
	b.http = wire.Link{Connect: o.Connect, Silence: o.Silence, Parallel: b.parallel, TLS: trust}.Transport()
	b.core, err = minio.NewCore(host, &minio.Options{
		Creds: creds, Secure: secure, Region: o.region(), Transport: b.http,
		MaxRetries: 1, // remote.Retrying tries again
	})
	if err != nil {
		return nil, fault.New(fault.Invalid, "The address of the S3 server makes no sense.", "Write it as http://host:port.", err)
	}
	return b, nil
}

// credentials are the remote's own keys, or those that AWS's programs find too.
func (o Options) credentials() (*credentials.Credentials, error) {
	file := &credentials.FileAWSCredentials{Filename: o.KeyFile, Profile: o.Profile}
	var c *credentials.Credentials
	switch {
	case o.Anonymous:
		return credentials.NewStatic("", "", "", credentials.SignatureAnonymous), nil
	case o.AccessKey != "":
		return credentials.NewStaticV4(o.AccessKey, o.SecretKey.Reveal(), o.Session.Reveal()), nil
	case o.Profile != "" || o.KeyFile != "":
		c = credentials.New(file)
	default:
		c = credentials.NewChainCredentials([]credentials.Provider{&credentials.EnvAWS{}, file})
	}
	if v, err := c.GetWithContext(nil); err != nil || v.AccessKeyID == "" {
		return nil, fault.New(fault.Denied, "There are no keys for the remote "+o.URL+".",
			"Enter its access key and secret key in Settings, or with: dvc remote modify --local.", err)
	}
	return c, nil
}

// Name returns the bucket's URL.
func (b *Bucket) Name() string { return strings.TrimSuffix("s3://"+b.bucket+"/"+b.prefix, "/") }

// Caps says how many calls at once were asked for, and whose bucket it is.
func (b *Bucket) Caps() remote.Caps { return remote.Caps{Parallel: b.parallel, Server: b.host} }

// Close ends idle connections.
func (b *Bucket) Close() error {
	b.http.CloseIdleConnections()
	return nil
}

// at returns the object's name for a key.
func (b *Bucket) at(ctx context.Context, key string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	return b.prefix + key, wire.CheckKey(key)
}

// Stat returns the size of a blob.
func (b *Bucket) Stat(ctx context.Context, key string) (remote.Info, error) {
	at, err := b.at(ctx, key)
	if err != nil {
		return remote.Info{}, err
	}
	o, err := b.core.StatObject(ctx, b.bucket, at, minio.StatObjectOptions{})
	if err != nil {
		return remote.Info{}, b.why(ctx, key, err)
	}
	b.seen.Store(true)
	return remote.Info{Key: key, Size: o.Size}, nil
}

// Open opens a blob at offset. The body ends when ctx does.
func (b *Bucket) Open(ctx context.Context, key string, offset int64) (io.ReadCloser, error) {
	at, err := b.at(ctx, key)
	if err != nil {
		return nil, err
	}
	opts := minio.GetObjectOptions{}
	if offset != 0 { // an empty blob has no byte 0 to ask for
		if err := opts.SetRange(offset, 0); err != nil {
			return nil, fault.New(fault.Invalid, "A file can't be read from before its start.", "", err)
		}
	}
	rc, _, err := b.get(ctx, key, at, opts)
	if code(err) == minio.InvalidRange {
		return http.NoBody, nil // from its end on
	}
	if err != nil {
		return nil, b.why(ctx, key, err)
	}
	return rc, nil
}

// OpenPart opens n bytes of a blob from offset on, or for offset < 0 its last n: no more is sent. Of
// a blob that is too small there are fewer.
func (b *Bucket) OpenPart(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error) {
	at, err := b.at(ctx, key)
	if err != nil {
		return nil, err
	}
	from, to := offset, offset+n-1
	if offset < 0 {
		from, to = 0, -n
	}
	opts := minio.GetObjectOptions{}
	if err := opts.SetRange(from, to); err != nil || n < 1 {
		return nil, fault.New(fault.Invalid, "A part of a file has no bytes.", "", err)
	}
	rc, head, err := b.get(ctx, key, at, opts)
	if code(err) == minio.InvalidRange {
		return http.NoBody, nil
	}
	if err != nil {
		return nil, b.why(ctx, key, err)
	}
	if head.Get("Content-Range") == "" {
		err := fault.New(fault.Invalid, "The S3 server "+b.host+" does not give out parts of files.", "Copy the file to this computer.", nil)
		return nil, errors.Join(err, rc.Close())
	}
	return rc, nil
}

func (b *Bucket) get(ctx context.Context, key, at string, opts minio.GetObjectOptions) (*wire.Body, http.Header, error) {
	rc, _, head, err := b.core.GetObject(ctx, b.bucket, at, opts)
	if err != nil {
		return nil, nil, err
	}
	b.seen.Store(true)
	return &wire.Body{ReadCloser: rc, Fault: func(err error) error { return b.fault(ctx, key, err) }}, head, nil
}

// Remove removes a blob.
func (b *Bucket) Remove(ctx context.Context, key string) error {
	if _, err := b.Stat(ctx, key); err != nil { // S3 removes what is not there, too
		return err
	}
	if err := b.core.RemoveObject(ctx, b.bucket, b.prefix+key, minio.RemoveObjectOptions{}); err != nil {
		return b.why(ctx, key, err)
	}
	return nil
}

// List lists the blobs whose keys start with prefix.
func (b *Bucket) List(ctx context.Context, prefix string) iter.Seq2[remote.Info, error] {
	return func(yield func(remote.Info, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel() // of a page that is still asked for
		opts := minio.ListObjectsOptions{Prefix: b.prefix + prefix, Recursive: true}
		for o := range b.core.ListObjectsIter(ctx, b.bucket, opts) {
			if o.Err != nil {
				yield(remote.Info{}, b.fault(ctx, prefix, o.Err))
				return
			}
			info := remote.Info{Key: strings.TrimPrefix(o.Key, b.prefix), Size: o.Size}
			if wire.CheckKey(info.Key) != nil {
				continue // a folder's marker, or not ours
			}
			if !yield(info, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(remote.Info{}, err)
		}
	}
}

// ask lists one object: what fails then has an answer with a reason, which HEAD has not.
func (b *Bucket) ask(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	opts := minio.ListObjectsOptions{Prefix: b.prefix, Recursive: true, MaxKeys: 1}
	for o := range b.core.ListObjectsIter(ctx, b.bucket, opts) {
		return o.Err
	}
	return nil
}

// why finds out what a bare "not found" or "forbidden" is about, and returns the fault.
func (b *Bucket) why(ctx context.Context, key string, err error) error {
	var asked error
	switch c := code(err); {
	case c == minio.NoSuchKey && !b.seen.Load():
		if asked = b.ask(ctx); asked == nil {
			b.seen.Store(true)
		} else if errors.Is(asked, context.Canceled) || code(asked) == minio.AccessDenied {
			asked = nil // one may read there but not list
		}
	case c == minio.AccessDenied:
		asked = b.ask(ctx)
	}
	if asked != nil {
		err = asked
	}
	return b.fault(ctx, key, err)
}
