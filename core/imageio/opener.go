package imageio

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"coverslip.dev/coverslip/core/fault"
)

// headSize is how many first bytes of a file a [Format] gets to see.
const headSize = 4096

// Opener opens files of the formats it was given, the first that matches.
type Opener struct{ formats []Format }

// NewOpener returns an opener that asks the formats in the given order.
func NewOpener(formats ...Format) *Opener { return &Opener{formats} }

// Completer is a [Format] that can tell a file that is still being written from a
// finished one. A file that is cut short is fault.Corrupt.
type Completer interface {
	Complete(ctx context.Context, path string) error
}

// Open opens the image at path under the name that [FileID] gives it. A caller who knows
// the file's hash uses [Opener.OpenAs].
func (o *Opener) Open(ctx context.Context, path string) (Source, error) {
	return o.OpenAs(ctx, path, "")
}

// OpenAs opens the image at path and calls its pixels id, for instance
// "md5:9e107d9d372bb6826bd81d3542a419d6". An empty id is [FileID]'s.
func (o *Opener) OpenAs(ctx context.Context, path, id string) (Source, error) {
	return o.open(ctx, path, id, func(f Format, ctx context.Context, path string) (Source, error) {
		if k, ok := f.(Keeper); ok {
			return k.OpenKept(ctx, path, id, -1)
		}
		return f.Open(ctx, path)
	})
}

// OpenImage opens the n-th image of the file at path, counted from 0, and calls its pixels
// by id as [Opener.OpenAs] does, with the number behind it.
func (o *Opener) OpenImage(ctx context.Context, path, id string, n int) (Source, error) {
	of := id
	if id != "" {
		id = ImageID(id, n)
	}
	return o.open(ctx, path, id, func(f Format, ctx context.Context, path string) (Source, error) {
		if k, ok := f.(Keeper); ok {
			return k.OpenKept(ctx, path, of, n)
		}
		if m, ok := f.(Multiple); ok {
			return m.OpenImage(ctx, path, n)
		}
		if n != 0 {
			return nil, fault.New(fault.NotFound, "“"+filepath.Base(path)+"” has no such image.", "", fmt.Errorf("image %d of a %s", n, f.Name()))
		}
		return f.Open(ctx, path)
	})
}

// ImageID names the pixels of the n-th image of a file whose pixels are called id.
func ImageID(id string, n int) string { return fmt.Sprintf("%s#%d", id, n) }

func (o *Opener) open(ctx context.Context, path, id string, by func(Format, context.Context, string) (Source, error)) (Source, error) {
	format, err := o.match(ctx, path)
	if err != nil {
		return nil, err
	}
	src, err := guardedOpen(ctx, format, path, by)
	if r := o.rescuer(format, err); r != nil {
		saved, other := guardedOpen(ctx, r, path, by)
		if m, made := errors.AsType[*Making](other); made {
			err = m.or(err)
		} else if other == nil || ctx.Err() != nil {
			src, err = saved, other
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open %s as %s: %w", shown(path), format.Name(), err)
	}
	if src = Guard(src); id == "" {
		return src, nil
	}
	return named{src, id}, nil
}

// rescuer returns who is asked for a file that its format refuses with err; nil for nobody.
func (o *Opener) rescuer(refuses Format, err error) Format {
	if fault.KindOf(err) != fault.Invalid || errors.Is(err, ErrNoFormat) {
		return nil
	}
	for _, f := range o.formats {
		if r, ok := f.(Rescuer); ok && r.Rescues(refuses.Name()) {
			return f
		}
	}
	return nil
}

func guardedOpen(ctx context.Context, f Format, path string, by func(Format, context.Context, string) (Source, error)) (src Source, err error) {
	defer Recover(&err)
	return by(f, ctx, path)
}

// Complete reports whether the file at path is whole, as far as its format can tell: nil
// also for files of formats that nobody here knows. An empty file is fault.Corrupt; one that
// brings down its reader is fault.Invalid, as waiting for more of it does not help.
func (o *Opener) Complete(ctx context.Context, path string) error {
	return Judged(func() error { return o.complete(ctx, path) })
}

func (o *Opener) complete(ctx context.Context, path string) error {
	format, err := o.match(ctx, path)
	if fault.KindOf(err) == fault.Invalid {
		return nil //nolint:nilerr // not an image of ours: nothing speaks against it
	}
	if err != nil {
		return err
	}
	if c, ok := format.(Completer); ok {
		return c.Complete(ctx, path)
	}
	return nil
}

// match returns the format of the file at path.
func (o *Opener) match(ctx context.Context, path string) (Format, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if strings.Contains(path, "://") {
		return o.matchAddress(path)
	}
	if f := o.matchFolder(path); f != nil {
		return f, nil
	}
	head, err := readHead(path)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(path)
	if len(head) == 0 {
		return nil, fault.New(fault.Corrupt, "The file is empty.",
			"The instrument may not have written it yet, or the copy broke off: copy it again.", errors.New(path))
	}
	for _, f := range o.formats {
		if f.Match(name, head) {
			return f, nil
		}
	}
	return nil, fault.New(fault.Invalid, "The file “"+name+"” is of no image format that Coverslip can read.",
		"It is kept and versioned all the same; export it as OME-TIFF to look at it here.", ErrNoFormat)
}

// ErrNoFormat is what the error of a file wraps that is no image, or none that can be read here.
var ErrNoFormat = errors.New("no image format")

func (o *Opener) matchAddress(address string) (Format, error) {
	for _, f := range o.formats {
		if a, ok := f.(AddressFormat); ok && a.MatchAddress(address) {
			return f, nil
		}
	}
	return nil, fault.New(fault.Invalid, "No image can be opened at the address “"+shown(address)+"”.",
		"Images on servers are OME-Zarr: https://server/folder.zarr or s3://bucket/folder.zarr.", nil)
}

// shown is a path, or an address without its secrets: a password, the signature of a shared link.
func shown(path string) string {
	scheme, rest, ok := strings.Cut(path, "://")
	if !ok {
		return path
	}
	rest, _, _ = strings.Cut(rest, "?")
	host, below, _ := strings.Cut(rest, "/")
	return scheme + "://" + host[strings.LastIndex(host, "@")+1:] + "/" + below
}

// matchFolder returns the format of a folder that is an image, nil for anything else.
func (o *Opener) matchFolder(path string) Format {
	if st, err := os.Stat(path); err != nil || !st.IsDir() {
		return nil
	}
	for _, f := range o.formats {
		if d, ok := f.(FolderFormat); ok && d.MatchFolder(path) {
			return f
		}
	}
	return nil
}

// Begins reports whether a file whose first bytes are head begins as a format does; ? is any byte.
func Begins(head []byte, magic string) bool {
	if len(head) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && magic[i] != head[i] {
			return false
		}
	}
	return true
}

func readHead(path string) ([]byte, error) {
	st, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, openFault(path, err)
	case st.IsDir():
		return nil, fault.New(fault.Invalid, "“"+filepath.Base(path)+"” is a folder, not an image.", "Choose a file in it.", nil)
	case !st.Mode().IsRegular(): // opening a pipe waits for whoever writes to it, and nothing ends that
		return nil, fault.New(fault.Invalid, "“"+filepath.Base(path)+"” is a pipe or a device, not an image.", "Write the image to a file.", nil)
	}
	f, err := os.Open(path) //nolint:gosec // the operator's own file
	if err != nil {
		return nil, openFault(path, err)
	}
	defer f.Close() //nolint:errcheck // only read from
	head := make([]byte, headSize)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, openFault(path, err)
	}
	return head[:n], nil
}

func openFault(path string, err error) error {
	name := filepath.Base(path)
	switch fault.KindOf(err) {
	case fault.NotFound:
		return fault.New(fault.NotFound, "The file “"+name+"” is gone.", "Check that the drive is connected.", err)
	case fault.Denied:
		return fault.New(fault.Denied, "The file “"+name+"” may not be read.", "Check its permissions.", err)
	case fault.Internal, fault.Canceled, fault.Offline, fault.Busy, fault.Exists, fault.Invalid, fault.Full, fault.Corrupt:
	}
	return fmt.Errorf("read %s: %w", path, err)
}

// FileID names the pixels of a file whose hash nobody has taken yet: a digest of its path,
// size and time of change. Equal content elsewhere gets another name, so that caches and
// overlays do not meet; hash the file and use [Opener.OpenAs] where that matters.
func FileID(path string, st os.FileInfo) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		abs = path
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%d", abs, st.Size(), st.ModTime().UnixNano()))
	return "file:" + hex.EncodeToString(sum[:16])
}

// named is a source under another name.
type named struct {
	Source
	id string
}

func (n named) ID() string { return n.id }
