package station

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"coverslip.dev/coverslip/assets/sample"
	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/embedded"
	"coverslip.dev/coverslip/core/infer/triton"
	"coverslip.dev/coverslip/core/measure"
	"coverslip.dev/coverslip/core/recipe"
	"coverslip.dev/coverslip/core/secret"
)

// Question is for one model on one engine, outside any workspace.
type Question struct {
	Engine  string // "embedded", grpc://… or http://…, or several of those with commas
	Backend string // of a server
	Model   string // its name; of a folder without a network, the one that the engine has it under; empty: the folder's, or nuclei
	Folder  string // of the model; empty: the bundled one
	Token   secret.Text
	Access
	Diameter  float64
	Tile      int // side of a tile and pixels that neighbours share; 0: as infer does
	Overlap   int
	Channels  []int                         // for those of the model, in its order; none: the ones with its names for them, or the ones that are looked at first
	Region    image.Rectangle               // whose objects are wanted; empty: all of the image
	Image     *int                          // of a file with several, from 0 on, as Z and T are; nil: the one that a person would see first
	Z, T      *int                          // plane and time point; nil: the middle one, the first one
	Threshold float64                       // of probability; 0: the model's own
	Keep      string                        // folder in which answers are kept until they are used; empty: none
	Linking   measure.Linking               // of objects over time, for Track
	Patience  time.Duration                 // with a server that does not answer: so long it is asked again; 0: it is not
	Waits     func(error)                   // told when that begins, from several goroutines; nil: nobody is
	Tells     func(image, note string)      // before an image is asked about, what somebody might not expect; as Waits
	Fails     func(image string, err error) // told of an image of several that can't be read or asked about: the others are; as Waits. nil: it ends all
	Log       *slog.Logger
}

// Access is how a server wants to be asked that is encrypted, or where not everybody may ask.
type Access struct {
	Files       triton.Files // of certificates
	TokenHeader string       // carries the token as it is; empty: "Authorization: Bearer …" does
}

// Answer is what the model found, and what was measured.
type Answer struct {
	Layer    annotation.Layer
	Table    measure.Table
	Path     string // of the image, as it was given
	Image    string // file name
	Model    infer.Ref
	Size     image.Point
	Micron   imageio.Micron
	Engine   string
	Seconds  float64
	Channels []int // that the model was given, in its order
}

// How many images are under way at a time: while the engine works on one, others are read,
// measured and written. Together they have at most so many pixels, or there is only one.
const (
	mostImages = 3
	mostPixels = 16 << 20
)

// Ask loads the model into the engine and asks it about images. done is called with each
// answer, from several goroutines, in any order. The first error that is no image's own ends it.
func Ask(ctx context.Context, q Question, paths []string, done func(Answer) error) error {
	en, err := q.engine(ctx)
	if err != nil {
		return err
	}
	defer en.Close() //nolint:errcheck // the answers are there
	b, r, err := q.bundle()
	if err != nil {
		return err
	}
	if err := load(ctx, en, b); err != nil {
		return err
	}
	bad := failures{of: len(paths), tell: q.Fails}
	room := semaphore.NewWeighted(mostPixels)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(mostImages)
	for _, path := range paths {
		src, err := openGiven(ctx, path, q.image(), nil)
		if err != nil {
			if err = bad.note(path, err); err == nil {
				continue
			}
			g.Go(func() error { return err })
			break
		}
		size := src.Info().Levels[0].Size
		need := min(int64(size.X)*int64(size.Y), mostPixels)
		if room.Acquire(ctx, need) != nil {
			_ = src.Close() // read only, and something else went wrong
			break
		}
		g.Go(func() error {
			defer room.Release(need)
			defer src.Close() //nolint:errcheck // read only
			a, err := q.ask(ctx, en, b, r, src, path)
			switch {
			case err != nil && lost(ctx, en, b.Ref, err):
				return err
			case err != nil:
				return bad.note(path, err)
			}
			a.Path, a.Image = path, filepath.Base(path)
			return done(a)
		})
	}
	return cmp.Or(g.Wait(), bad.all())
}

// lost reports whether what is not there is the model, not a plane of an image.
func lost(ctx context.Context, en infer.Engine, ref infer.Ref, err error) bool {
	if fault.KindOf(err) != fault.NotFound {
		return false
	}
	_, err = en.Describe(ctx, ref)
	return err != nil
}

// failures counts the images of several that have no answer.
type failures struct {
	of   int
	tell func(image string, err error)
	n    atomic.Int32
}

// note tells of what is wrong with one image, and returns what is about them all.
func (f *failures) note(path string, err error) error {
	kind := fault.KindOf(err)
	own := kind == fault.Corrupt || kind == fault.NotFound || kind == fault.Invalid || errors.Is(err, fs.ErrPermission)
	if f.tell == nil || f.of < 2 || !own {
		return err
	}
	f.tell(path, err)
	f.n.Add(1)
	return nil
}

func (f *failures) all() error {
	if n := f.n.Load(); n > 0 {
		return fault.New(fault.Invalid, fmt.Sprintf("%d of %d images have no answer.", n, f.of), "What is wrong with each is said above.", nil)
	}
	return nil
}

// ask is about one image.
func (q Question) ask(ctx context.Context, en infer.Engine, b infer.Bundle, r *recipe.Model, src imageio.Source, path string) (Answer, error) {
	src = imageio.Cached(src, imageio.NewTileCache(tilesOfOne))
	opt, given, err := q.options(src.Info(), b, r)
	if err != nil {
		return Answer{}, err
	}
	opt.Keep = stamped(opt.Keep, path)
	q.tell(path, given, src.Info(), opt)
	begun := time.Now()
	layer, err := q.detect(ctx, en, b, r, src, opt)
	if err != nil {
		return Answer{}, err
	}
	a := Answer{
		Layer: layer, Model: b.Ref, Size: src.Info().Levels[0].Size, Micron: src.Info().Micron,
		Engine: en.Name(), Seconds: time.Since(begun).Seconds(), Channels: given.Channels,
	}
	a.Table, err = measure.Objects(ctx, src, layer.Objects, opt.Z, opt.T)
	return a, err
}

// SetRegion takes a region that is written as x,y,width,height.
func (q *Question) SetRegion(text string) (err error) {
	q.Region, err = infer.ParseRegion(text)
	return err
}

// SetChannels takes channels that are written with commas.
func (q *Question) SetChannels(text string) (err error) {
	q.Channels, err = infer.ParseChannels(text)
	return err
}

// image is which one of a file is looked at.
func (q Question) image() int {
	if q.Image == nil {
		return own
	}
	return *q.Image
}

// tell tells, before the work, what whoever asks might not expect: what is looked at where there are several
// and none was named, and that nothing is kept.
func (q Question) tell(path string, given infer.Given, info imageio.Info, opt infer.Options) {
	if q.Tells == nil {
		return
	}
	var of, all []string
	if given.Note != "" {
		all = append(all, given.Note)
	}
	add := func(named *int, n, at int, what string) {
		if named == nil && n > 1 {
			of = append(of, fmt.Sprintf("%s %d of %d", what, at, n))
		}
	}
	add(q.Image, len(info.Images), info.Image, "image")
	add(q.Z, info.Z, opt.Z, "plane")
	add(q.T, info.T, opt.T, "time point")
	if len(of) > 0 {
		all = append(all, "None was named: this is "+strings.Join(of, ", ")+", counted from 0.")
	}
	if q.Keep != "" && opt.Keep.Dir == "" {
		all = append(all, "No answers are kept: of a model or an image that only a server has, nobody can tell whether it stays the same.")
	}
	if len(all) > 0 {
		q.Tells(filepath.Base(path), strings.Join(all, " "))
	}
}

// options are those of the question, about the plane that is looked at first where none is named.
func (q Question) options(info imageio.Info, b infer.Bundle, r *recipe.Model) (opt infer.Options, given infer.Given, err error) {
	if opt, err = plane(info).Named(r, info).Choose(r, q.Channels); err != nil {
		return opt, given, err
	}
	if q.Z != nil {
		opt.Z = *q.Z
	}
	if q.T != nil {
		opt.T = *q.T
	}
	opt.Diameter, opt.Threshold, opt.Tile, opt.Overlap = q.Diameter, q.Threshold, q.Tile, q.Overlap
	opt.Region, opt.Keep = q.Region, keep(q.Keep, keptBytes, b)
	given, err = opt.Given(r, info)
	return opt, given, err
}

// keptBytes is how much disk kept answers may take.
const keptBytes = 8 << 30

// keep keeps the answers of a network in dir, if that is named, up to so many bytes, and as far as the disk
// has room. Those of
// a model that somebody else has loaded are not kept: nobody can tell whether it is still the
// same.
func keep(dir string, most int64, b infer.Bundle) infer.Keep {
	if dir == "" || len(b.ONNX) == 0 {
		return infer.Keep{}
	}
	return infer.Keep{Dir: dir, Bytes: room(dir, most), Of: hashOf(b)}
}

// hashOf tells networks apart; it is empty where somebody else has loaded the model.
func hashOf(b infer.Bundle) string {
	if len(b.ONNX) == 0 {
		return ""
	}
	sum := sha256.Sum256(b.ONNX)
	return hex.EncodeToString(sum[:])
}

// stamped keeps answers about the image at path as it is now: of a folder all files count, which may
// be rewritten one by one. Nobody can tell that of one on a server, so nothing is kept of it.
func stamped(k infer.Keep, path string) infer.Keep {
	if k.Dir == "" {
		return k
	}
	if strings.Contains(path, "://") {
		return infer.Keep{}
	}
	if slices.Contains([]string{"zarr.json", ".zattrs", ".zarray", ".zgroup"}, filepath.Base(path)) { // stands for its folder
		path = filepath.Dir(path)
	}
	sum := sha256.New()
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return infer.Keep{}
	}
	err = filepath.WalkDir(path, func(at string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		st, err := os.Stat(at) // also behind links
		if err == nil {
			_, err = fmt.Fprintf(sum, "%s\x00%d\x00%d\n", at, st.Size(), st.ModTime().UnixNano())
		}
		return err
	})
	if err != nil {
		return infer.Keep{}
	}
	k.Of += "\n" + hex.EncodeToString(sum.Sum(nil))
	return k
}

// tilesOfOne is how many bytes of an image are kept, so that tiles that overlap are read once.
const tilesOfOne = 64 << 20

// engine is what is asked.
func (q Question) engine(ctx context.Context) (infer.Engine, error) { //nolint:ireturn // one of two
	if q.Engine == "embedded" {
		return embedded.Open(embedded.DefaultLibrary(), embedded.Options{}), nil
	}
	return dialHosts(ctx, q)
}

// bundle is the model that is asked.
func (q Question) bundle() (infer.Bundle, *recipe.Model, error) {
	if q.Folder != "" {
		b, r, err := infer.ReadFolder(q.Folder)
		b.Model = cmp.Or(q.Model, b.Model)
		return b, r, err
	}
	b := infer.Bundle{Ref: infer.Ref{Model: cmp.Or(q.Model, "nuclei"), Version: "1"}}
	var err error
	if b.ONNX, err = fs.ReadFile(sample.Model(), "model.onnx"); err != nil {
		return b, nil, err
	}
	if b.Recipe, err = fs.ReadFile(sample.Model(), recipe.FileName); err != nil {
		return b, nil, err
	}
	r, err := recipe.Read(b.Recipe)
	return b, r, err
}
