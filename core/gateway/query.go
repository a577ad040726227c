package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/recipe"
)

// query is what a request says of how it is to be answered.
type query struct {
	model               string
	format              string // geojson, json, csv or labels
	image               int    // of a file with several; -1: the one that a person would see first
	channels            []int  // none: the gateway's choice
	z, t                int    // -1: the gateway's choice
	frames              bool   // counts of every frame from t on, in place of objects of one
	diameter, threshold float64
	region              image.Rectangle // whose objects are wanted; empty: all
}

// readQuery takes the parameters that are allowed; any other is refused, as a typing error
// must not be silence.
func readQuery(r *http.Request, allowed ...string) (query, error) {
	q := query{format: "geojson", image: -1, z: -1, t: -1}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return q, bad("The query can't be read.")
	}
	for name, v := range values {
		if !slices.Contains(allowed, name) {
			return q, bad("The parameter %q is not known here.", name)
		}
		if len(v) != 1 {
			return q, bad("The parameter %q is there more than once.", name)
		}
		if err := q.set(name, v[0]); err != nil {
			return q, err
		}
	}
	return q, nil
}

func (q *query) set(name, v string) error {
	switch name {
	case "model":
		q.model = v
	case "format":
		if q.format = v; !slices.Contains([]string{"geojson", "json", "csv", "labels"}, v) {
			return bad("The format is one of geojson, json, csv and labels.")
		}
	case "frames":
		if q.frames = v == "count"; !q.frames {
			return bad("The parameter \"frames\" is count, or left out.")
		}
	case "region":
		var err error
		if q.region, err = infer.ParseRegion(v); err != nil {
			return bad("The parameter \"region\" is x,y,width,height in whole pixels.")
		}
	case "channel":
		var err error
		if q.channels, err = infer.ParseChannels(v); err != nil {
			return bad("The parameter \"channel\" is a whole number from 0 on, or as many with commas as the model takes.")
		}
	case "image", "z", "t":
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || n > math.MaxInt32 || strings.HasPrefix(v, "+") {
			return bad("The parameter %q is a whole number from 0 on.", name)
		}
		*map[string]*int{"image": &q.image, "z": &q.z, "t": &q.t}[name] = n
	case "diameter", "threshold":
		x, err := strconv.ParseFloat(v, 64)
		top := map[string]float64{"diameter": 10_000, "threshold": 1}[name]
		if err != nil || !(x >= 0 && x <= top) {
			return bad("The parameter %q is a number from 0 to %v.", name, top)
		}
		*map[string]*float64{"diameter": &q.diameter, "threshold": &q.threshold}[name] = x
	}
	return nil
}

// chosen is the model that is asked.
func (g *Gateway) chosen(q query) (Model, error) {
	for _, m := range g.opt.Models {
		if q.model == "" || m.Model == q.model {
			return m, nil
		}
	}
	return Model{}, fault.New(fault.NotFound, "There is no model of that name here.", "See /v1/models.", nil)
}

// options are the query's for Detect, in place of what is chosen where nothing is said.
func (q query) options(o infer.Options, m *recipe.Model) (infer.Options, error) {
	if q.z >= 0 {
		o.Z = q.z
	}
	if q.t >= 0 {
		o.T = q.t
	}
	o.Diameter, o.Threshold, o.Region = q.diameter, q.threshold, q.region
	return o.Choose(m, q.channels)
}

// upload is an image to be looked at: a file of our own, or one of the dataset.
type upload struct {
	path, name string
	size       int64  // of our own
	sum        *sum   // of one of our own
	owner      string // the client
}

// opened opens an image of an upload: n as for [Options.Open].
func (g *Gateway) opened(ctx context.Context, u upload, n int) (imageio.Source, error) {
	if u.sum == nil { // it stays where it is, and its pixels have its name
		return g.opt.Open(ctx, u.path, "", n)
	}
	as := "upload:" + u.path
	src, err := g.opt.Open(ctx, u.path, as, n)
	if err != nil {
		return nil, err
	}
	return summed{src, as, u.sum}, nil
}

// unreadable says of an upload what is said of a file that cannot be read: not by the name that it has on
// the disk, and with what its sender can do. Other errors stay.
func (u upload) unreadable(err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	file := "“" + filepath.Base(u.path) + "”"
	_, crashed := errors.AsType[*imageio.Crash](err)
	if !ok || u.sum == nil || !crashed && !strings.Contains(f.Say, file) {
		return err
	}
	hint := f.Hint
	switch {
	case errors.Is(err, imageio.ErrNoFormat):
		hint = "Send the bytes of an image's or a video's file as they are, as TIFF or PNG, neither compressed nor in a form."
	case f.Kind == fault.Corrupt:
		hint = "Send it again, whole."
	}
	return fault.New(f.Kind, strings.ReplaceAll(f.Say, file, "“"+u.name+"”"), hint, err)
}

func (g *Gateway) drop(u upload) {
	if u.size < 0 {
		return // not ours
	}
	if u.sum != nil {
		<-u.sum.done
	}
	g.spooled.add(u.owner, -u.size)
	if err := os.Remove(u.path); err != nil {
		g.opt.Log.Warn("upload not removed", slog.Any("error", err))
	}
}

// receive brings the request's image to the disk, or finds it in the dataset.
func (g *Gateway) receive(w http.ResponseWriter, r *http.Request) (upload, error) {
	for _, c := range r.Header.Values("Content-Encoding") {
		if !strings.EqualFold(strings.TrimSpace(c), "identity") {
			return upload{}, status{http.StatusUnsupportedMediaType, "The body is compressed.", "Send it as it is, without Content-Encoding.", map[string]string{"Accept-Encoding": "identity"}}
		}
	}
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	switch kind = strings.ToLower(strings.TrimSpace(kind)); {
	case kind == "application/json":
		return g.named(w, r)
	case kind == "application/octet-stream", strings.HasPrefix(kind, "video/"), slices.Contains([]string{"image/tiff", "image/png", "image/jpeg", "image/bmp"}, kind):
	default:
		return upload{}, status{http.StatusUnsupportedMediaType, "The body is neither an image, a video nor JSON.", "Say what it is by Content-Type, such as image/tiff; application/octet-stream is any image or video. Forms are not taken.", nil}
	}
	if r.ContentLength > g.opt.MaxUpload {
		return upload{}, tooLarge(g.opt.MaxUpload)
	}
	owner := g.client(r)
	own, all := g.spooled.add(owner, 0)
	if said := max(r.ContentLength, 0); said > 0 { // before it is sent in vain
		if err := g.fits(own+said, all+said); err != nil {
			return upload{}, err
		}
	}
	f, err := g.folder.create("upload-*")
	if err != nil {
		return upload{}, noRoom(err)
	}
	u := upload{path: f.Name(), name: "upload", sum: g.newSum(), owner: owner}
	from := newSlow(w, r)
	u.size, err = io.Copy(io.MultiWriter(&spool{g: g, f: f, owner: owner}, u.sum), io.LimitReader(from, g.opt.MaxUpload+1))
	u.sum.end()
	if cerr := f.Close(); err == nil && cerr != nil {
		err = noRoom(cerr)
	}
	if err == nil {
		err = from.end()
	}
	g.counts.bytes.Add(u.size)
	if err == nil && u.size > g.opt.MaxUpload {
		err = tooLarge(g.opt.MaxUpload)
	}
	if err == nil && u.size == 0 {
		err = fault.New(fault.Corrupt, "The body is empty.", "Send an image.", nil)
	}
	if err != nil {
		g.drop(u)
		return upload{}, broken(err)
	}
	return u, nil
}

// broken says that an upload broke off; what the gateway says itself stays.
func broken(err error) error {
	_, ours := errors.AsType[status](err)
	if _, isFault := errors.AsType[*fault.Error](err); ours || isFault {
		return err
	}
	return status{http.StatusBadRequest, "The upload broke off.", "", nil}
}

func tooLarge(most int64) error {
	size := fmt.Sprintf("%d bytes", most)
	if whole := most >> 20; whole<<20 == most {
		size = fmt.Sprintf("%d MiB", whole)
	}
	return status{http.StatusRequestEntityTooLarge, "The upload is larger than " + size + ".", "", nil}
}

// silence is how long a client may send nothing.
const silence = 30 * time.Second

// slow ends a connection that sends nothing for half a minute: also where nobody reads the body,
// as the server does before it answers.
type slow struct {
	r io.Reader
	c *http.ResponseController
}

func newSlow(w http.ResponseWriter, r *http.Request) *slow {
	return &slow{r: r.Body, c: http.NewResponseController(w)}
}

func (s *slow) begin() error { return s.until(time.Now().Add(silence)) }

func (s *slow) Read(b []byte) (int, error) {
	if err := s.begin(); err != nil {
		return 0, err
	}
	return s.r.Read(b)
}

// end is to be called after the last byte: else an answer that takes longer is broken off.
func (s *slow) end() error { return s.until(time.Time{}) }

func (s *slow) until(t time.Time) error {
	if err := s.c.SetReadDeadline(t); !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// noRoom says that the gateway can't write, which is no fault of who asks.
func noRoom(err error) error {
	return fault.New(fault.Busy, "The gateway has no room for that.", "Try again in a while.", err)
}

// fits tells whether uploads of so many bytes have room, those of one client and those of all. Where
// there are several clients one may have no more than it leaves free: then the next one always has
// some.
func (g *Gateway) fits(own, all int64) error {
	switch {
	case all > g.opt.MaxSpool:
		return fault.New(fault.Busy, "There are too many uploads at once.", "Try again in a while.", nil)
	case len(g.tokens) > 1 && own > g.opt.MaxSpool-all:
		return yours("Uploads of this client take as much room as is left for others.", "Try again when some of its images are done, or delete jobs that wait.")
	}
	return nil
}

// spool counts the bytes of uploads.
type spool struct {
	g     *Gateway
	f     *os.File
	owner string
}

func (s *spool) Write(b []byte) (int, error) {
	n, err := s.f.Write(b)
	own, all := s.g.spooled.add(s.owner, int64(n))
	if err != nil {
		return n, noRoom(err)
	}
	return n, s.g.fits(own, all)
}

// named finds an image of the dataset: never one outside of it and of its cache, also not by a link.
func (g *Gateway) named(w http.ResponseWriter, r *http.Request) (upload, error) {
	var said struct {
		Path string `json:"path"`
	}
	from := newSlow(w, r)
	d := json.NewDecoder(http.MaxBytesReader(w, io.NopCloser(from), 64<<10))
	d.DisallowUnknownFields()
	err := d.Decode(&said)
	if err == nil {
		_, err = d.Token() // the body's end
	}
	if !errors.Is(err, io.EOF) || said.Path == "" {
		return upload{}, bad(`The body is not like {"path": "plate/A01.tif"}.`)
	}
	hint := ""
	if g.opt.Dataset == "" {
		hint = "This gateway was given no dataset: send the image."
	}
	missing := fault.New(fault.NotFound, "There is no such image in the dataset.", hint, nil)
	if g.opt.Dataset == "" || !filepath.IsLocal(said.Path) {
		return upload{}, missing
	}
	if err := from.end(); err != nil {
		return upload{}, err
	}
	root, err := filepath.Abs(g.opt.Dataset)
	if err == nil {
		root, err = filepath.EvalSymlinks(root)
	}
	if err != nil {
		return upload{}, fmt.Errorf("dataset: %w", err)
	}
	name := filepath.Clean(filepath.FromSlash(said.Path))
	path := filepath.Join(root, name)
	if !inside(path, root, g.opt.Cache) || !g.image(r.Context(), path) {
		return upload{}, missing
	}
	return upload{path: path, name: filepath.ToSlash(name), size: -1, owner: g.client(r)}, nil // not where links lead to: the files of a set lie beside one another
}

// inside tells whether what lies at path is in one of the folders, wherever links lead to.
func inside(path string, folders ...string) bool {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(folders, func(folder string) bool {
		folder, err := filepath.EvalSymlinks(folder)
		if err != nil || folder == "" {
			return false // as where there is no cache
		}
		rel, err := filepath.Rel(folder, path)
		return err == nil && filepath.IsLocal(rel)
	})
}

// image tells whether there is a file, or a folder that is one image, as OME-Zarr is.
func (g *Gateway) image(ctx context.Context, path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return err == nil && info.Mode().IsRegular()
	}
	src, err := g.opt.Open(ctx, path, "", -1)
	if err != nil {
		return fault.KindOf(err) != fault.Invalid // what is wrong with an image is told when it is looked at
	}
	return src.Close() == nil
}
