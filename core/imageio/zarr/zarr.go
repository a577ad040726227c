// Package zarr reads OME-Zarr (OME-NGFF 0.1 to 0.5, over Zarr 2 and 3) and plain Zarr arrays,
// chunk by chunk, from a folder or from any [Store].
//
// What metadata claim is checked before anything is allocated for it.
package zarr

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// Format is OME-Zarr in folders and on servers.
type Format struct {
	// Bucket opens the store at an s3:// address; a web server's is opened here. It may
	// be nil. A store that is an io.Closer is closed with its image.
	Bucket func(ctx context.Context, address string) (Store, error)

	wait time.Duration // before a server is asked again, where that is not as usual
}

// Name returns "OME-Zarr".
func (Format) Name() string { return "OME-Zarr" }

// Match reports whether a file is the metadata of an image: a person who can only choose
// files chooses that.
func (Format) Match(name string, head []byte) bool {
	switch name {
	case "zarr.json", ".zattrs", ".zgroup", ".zarray":
		return strings.HasPrefix(strings.TrimSpace(string(head)), "{")
	}
	return false
}

// MatchAddress reports whether an address is one of a web server or, where they can be
// opened, of a bucket.
func (f Format) MatchAddress(address string) bool {
	scheme, _, _ := strings.Cut(address, "://")
	return scheme == "http" || scheme == "https" || scheme == "s3" && f.Bucket != nil
}

// MatchFolder reports whether a folder is a Zarr group or array.
func (Format) MatchFolder(at string) bool {
	for _, name := range []string{"zarr.json", ".zgroup", ".zattrs", ".zarray"} {
		if st, err := os.Stat(filepath.Join(at, name)); err == nil && st.Mode().IsRegular() {
			return true
		}
	}
	return false
}

// Open returns the first image of the folder or address at, or of the folder that holds
// the metadata file at.
func (f Format) Open(ctx context.Context, at string) (imageio.Source, error) {
	return f.open(ctx, at, -1)
}

// OpenImage returns the n-th image: of a plate, the fields of its wells.
func (f Format) OpenImage(ctx context.Context, at string, n int) (imageio.Source, error) {
	if n < 0 {
		return nil, fault.New(fault.NotFound, "The folder has no such image.", "", fmt.Errorf("image %d", n))
	}
	return f.open(ctx, at, n)
}

func (f Format) open(ctx context.Context, at string, n int) (*source, error) {
	if strings.Contains(at, "://") {
		return f.openAddress(ctx, at, n)
	}
	st, err := os.Stat(at)
	if err != nil {
		return nil, fmt.Errorf("open image: %w", err)
	}
	if !st.IsDir() {
		at = filepath.Dir(at)
	}
	if st, err = newest(at); err != nil {
		return nil, fmt.Errorf("open image: %w", err)
	}
	abs, err := filepath.Abs(at)
	if err != nil {
		return nil, err
	}
	s, err := open(ctx, folder(abs), filepath.Base(abs), n)
	if err != nil {
		return nil, err
	}
	s.id = imageio.FileID(abs, st)
	if n >= 0 {
		s.id = imageio.ImageID(s.id, n)
	}
	return s, nil
}

// openAddress opens an image on a server. Its pixels are named by the address and the
// metadata of its root: chunks that are changed under the same metadata go unnoticed.
func (f Format) openAddress(ctx context.Context, address string, n int) (_ *source, err error) {
	var st Store
	if strings.HasPrefix(address, "s3://") {
		if f.Bucket == nil {
			return nil, fault.New(fault.Invalid, "Buckets can't be opened here.", "", nil)
		}
		st, err = f.Bucket(ctx, address)
	} else {
		st, err = newWeb(address)
	}
	if err != nil {
		return nil, err
	}
	st = newFar(st, f.wait)
	clean, _, _ := strings.Cut(address, "?")
	s, err := open(ctx, st, path.Base(clean), n)
	if err != nil {
		if c, ok := st.(io.Closer); ok {
			err = errors.Join(err, c.Close())
		}
		return nil, err
	}
	sum := sha256.New()
	sum.Write([]byte(clean)) //nolint:errcheck // a hash takes all
	for _, key := range []string{"zarr.json", ".zattrs", ".zarray"} {
		if data, err := st.Get(ctx, key, maxMeta); err == nil {
			sum.Write(data) //nolint:errcheck // a hash takes all
		}
	}
	s.id = "zarr:" + hex.EncodeToString(sum.Sum(nil)[:16])
	if n >= 0 {
		s.id = imageio.ImageID(s.id, n)
	}
	return s, nil
}

// newest is the metadata of the root that changed last: it stands for the folder.
func newest(at string) (last os.FileInfo, err error) {
	for _, name := range []string{"zarr.json", ".zattrs", ".zarray", ".zgroup"} {
		if st, err := os.Stat(filepath.Join(at, name)); err == nil && (last == nil || st.ModTime().After(last.ModTime())) {
			last = st
		}
	}
	if last == nil {
		return nil, os.ErrNotExist
	}
	return last, nil
}

// OpenStore returns the n-th image of a store under the name id; n < 0 is the first.
func OpenStore(ctx context.Context, st Store, name, id string, n int) (imageio.Source, error) {
	s, err := open(ctx, st, name, n)
	if err != nil {
		return nil, err
	}
	s.id = id
	if n >= 0 {
		s.id = imageio.ImageID(id, n)
	}
	return s, nil
}

// open finds the image and reads its metadata.
func open(ctx context.Context, st Store, name string, n int) (*source, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := newSource(st, name)
	root, err := s.node(ctx, "")
	if errors.Is(err, errNothing) {
		return nil, fault.New(fault.NotFound, "There is no Zarr image at “"+name+"”.", "Check the address: it ends with the image's own folder.", err)
	}
	if err != nil {
		return nil, s.metaFault(err)
	}
	if root.array != nil {
		if n > 0 {
			return nil, s.noImage(n, 1)
		}
		return s, s.metaFault(s.plain(root.array))
	}
	all, err := s.pictures(ctx, root)
	if err != nil {
		return nil, s.metaFault(err)
	}
	if len(all) == 0 {
		return nil, fault.New(fault.Invalid, "The Zarr folder “"+name+"” holds no image.", "Open the folder of an image in it.", nil)
	}
	if n >= len(all) {
		return nil, s.noImage(n, len(all))
	}
	if len(all) > 1 {
		for _, p := range all {
			s.info.Images = append(s.info.Images, p.name)
		}
	}
	return s, s.metaFault(s.show(ctx, all, n))
}

// metaFault is the fault of metadata that can't be followed.
func (s *source) metaFault(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	if other, ok := errors.AsType[errOther](err); ok {
		return fault.New(fault.Invalid, "The image “"+s.name+"” can't be read: it has "+string(other)+".",
			"Export it again as OME-Zarr with samples that are whole numbers or floats, with blosc, zstd, gzip or no compression, in chunks of no more than 512 MB.", err)
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	return s.broken(err)
}

func (s *source) noImage(n, of int) error {
	return fault.New(fault.NotFound, "“"+s.name+"” has no such image.", "", fmt.Errorf("image %d of %d", n, of))
}

// broken is the fault of bytes that make no sense.
func (s *source) broken(cause error) error {
	return imageio.Damaged(s.name, cause)
}

// readFault is the fault of a value that can't be read.
func (s *source) readFault(err error) error {
	if errors.Is(err, errLong) || fault.KindOf(err) == fault.Internal && !errors.Is(err, context.Canceled) {
		return s.broken(err)
	}
	return err
}

var (
	_ imageio.Format        = Format{}
	_ imageio.Multiple      = Format{}
	_ imageio.FolderFormat  = Format{}
	_ imageio.AddressFormat = Format{}
)
