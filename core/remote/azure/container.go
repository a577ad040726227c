package azure

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote"
	"coverslip.dev/coverslip/core/remote/wire"
)

// Container is a remote in a container, or under a prefix of one.
type Container struct {
	client   *container.Client
	http     *http.Transport
	name     string
	prefix   string    // empty or with a slash at its end
	host     string    // for people
	server   string    // with the account's part of the path, if it is there
	expiry   time.Time // of the shared access signature; zero: never, or there is none
	parallel int
}

// Open makes a remote; nothing is asked of the server yet.
func Open(o Options) (*Container, error) {
	name, prefix, err := o.place()
	if err != nil {
		return nil, err
	}
	c := &Container{name: name, prefix: prefix, parallel: max(1, o.Parallel)}
	c.http = wire.Link{Connect: o.Connect, Silence: o.Silence, Parallel: c.parallel}.Transport()
	if c.client, err = o.client(name, c.http); err != nil {
		return nil, err
	}
	u, err := url.Parse(c.client.URL())
	if err != nil {
		return nil, fault.New(fault.Invalid, "The signature for "+o.URL+" makes no sense.", "Copy it anew.", nil)
	}
	c.host, c.server, c.expiry = u.Host, u.Host+path.Dir(u.Path), expiry(u)
	return c, nil
}

// Name returns the container's URL.
func (c *Container) Name() string { return strings.TrimSuffix("azure://"+c.name+"/"+c.prefix, "/") }

// Caps says how many calls at once were asked for, and whose container it is.
func (c *Container) Caps() remote.Caps { return remote.Caps{Parallel: c.parallel, Server: c.server} }

// Close ends idle connections.
func (c *Container) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// at returns the blob's name for a key.
func (c *Container) at(ctx context.Context, key string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	return c.prefix + key, wire.CheckKey(key)
}

// Stat returns the size of a blob.
func (c *Container) Stat(ctx context.Context, key string) (remote.Info, error) {
	at, err := c.at(ctx, key)
	if err != nil {
		return remote.Info{}, err
	}
	p, err := c.client.NewBlobClient(at).GetProperties(ctx, nil)
	if err != nil {
		return remote.Info{}, c.fault(ctx, key, err)
	}
	for name, v := range p.Metadata { // accounts with a hierarchy have blobs that are folders
		if strings.EqualFold(name, "hdi_isfolder") && value(v) == "true" {
			return remote.Info{}, c.missing(errors.New(key))
		}
	}
	return remote.Info{Key: key, Size: value(p.ContentLength)}, nil
}

// Open opens a blob at offset. The body ends when ctx does.
func (c *Container) Open(ctx context.Context, key string, offset int64) (io.ReadCloser, error) {
	at, err := c.at(ctx, key)
	if err != nil {
		return nil, err
	}
	if offset < 0 {
		return nil, fault.New(fault.Invalid, "A file can't be read from before its start.", "", nil)
	}
	opts := &blob.DownloadStreamOptions{}
	if offset > 0 { // an empty blob has no byte 0 to ask for
		opts.Range.Offset = offset
	}
	d, err := c.client.NewBlobClient(at).DownloadStream(ctx, opts)
	if bloberror.HasCode(err, bloberror.InvalidRange) {
		return http.NoBody, nil // from its end on
	}
	if err != nil {
		return nil, c.fault(ctx, key, err)
	}
	return &wire.Body{ReadCloser: d.Body, Fault: func(err error) error { return c.fault(ctx, key, err) }}, nil
}

// Remove removes a blob.
func (c *Container) Remove(ctx context.Context, key string) error {
	at, err := c.at(ctx, key)
	if err != nil {
		return err
	}
	if _, err := c.client.NewBlobClient(at).Delete(ctx, nil); err != nil {
		return c.fault(ctx, key, err)
	}
	return nil
}

// List lists the blobs whose keys start with prefix.
func (c *Container) List(ctx context.Context, prefix string) iter.Seq2[remote.Info, error] {
	return func(yield func(remote.Info, error) bool) {
		full := c.prefix + prefix
		pages := c.client.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: &full})
		for pages.More() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(remote.Info{}, c.fault(ctx, prefix, err))
				return
			}
			for _, item := range page.Segment.BlobItems {
				if info, ok := c.info(item); ok && !yield(info, nil) {
					return
				}
			}
		}
	}
}

// info returns what a listing tells of a blob; a folder's marker is none, nor is what has a
// name that we give to no blob.
func (c *Container) info(item *container.BlobItem) (info remote.Info, ok bool) {
	info.Key = strings.TrimPrefix(value(item.Name), c.prefix)
	if p := item.Properties; p != nil {
		info.Size = value(p.ContentLength)
		ok = value(p.ResourceType) != "directory"
	}
	return info, ok && wire.CheckKey(info.Key) == nil
}

// value is what the library points at, zero where it points nowhere.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
