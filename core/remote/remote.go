// Package remote stores blobs by key in a place: a folder on the NAS, a bucket, a container.
package remote

import (
	"context"
	"io"
	"iter"
)

// Remote is a place for blobs. Its methods may be called from any goroutine. Errors
// are faults; one that is Offline or Busy may be tried again, which [Retrying] does:
// no adapter retries on its own. The contract is package remotetest.
type Remote interface {
	// Name is for people and logs; it never holds a password.
	Name() string
	Caps() Caps
	Stat(ctx context.Context, key string) (Info, error)
	Open(ctx context.Context, key string, offset int64) (io.ReadCloser, error)
	// Put stores all of r under key, or nothing: no one ever sees a part. It reads
	// r from the start. Putting what is there already is no error and changes nothing.
	Put(ctx context.Context, key string, r io.ReadSeeker, size int64) error
	Remove(ctx context.Context, key string) error
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]
	io.Closer
}

// Caps say what a remote can do, so that no one asks for its type.
type Caps struct {
	Parallel int    // how many calls at once do it good
	Local    bool   // a blob is a file of this machine's file system
	Server   string // whose place it is: a bucket of that name may be at another one, too
}

// Info is what a remote knows of a blob.
type Info struct {
	Key  string
	Size int64
}
