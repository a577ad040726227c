package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/secret"
	"coverslip.dev/coverslip/core/station"
)

func inferImages(ctx context.Context, c call, args []string) error {
	flags := flag.NewFlagSet("infer", flag.ContinueOnError)
	q := station.Question{Log: c.log}
	questionFlags(flags, &q)
	var r results
	flags.StringVar(&r.out, "out", "", "objects.geojson, table.csv or labels.tif, of one image")
	flags.StringVar(&r.into, "into", "", "folder for the results, one of each kind an image")
	kinds := flags.String("as", "tif,csv", "kinds of results --into: tif (NAME.labels.tif), csv and geojson (NAME.objects.…)")
	flags.StringVar(&r.tracks, "tracks", "", "table.csv of one film: where each object is at each time point, linked over time")
	flags.Float64Var(&q.Linking.Reach, "reach", 20, "pixels that an object moves at most from one time point to the next (--tracks)")
	flags.BoolVar(&r.force, "force", false, "replace results that are there")
	flags.IntVar(&q.Linking.Gap, "gap", 1, "time points in which an object may be missing (--tracks)")
	images, err := c.parse(flags, args)
	if err != nil {
		return err
	}
	r.kinds = strings.Split(*kinds, ",")
	if err := r.fit(q, images); err != nil {
		return err
	}
	q.Token = secret.Text(os.Getenv("COVERSLIP_TOKEN"))
	var mu sync.Mutex // one line at a time
	q.Waits = func(err error) {
		mu.Lock()
		defer mu.Unlock()
		say, _ := fault.Once(err)
		fmt.Fprintf(c.errs, "coverslipctl: %s It is asked again for up to %v.\n", say, q.Patience)
	}
	q.Tells = func(image, note string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(c.errs, "coverslipctl: "+image+": "+note)
	}
	q.Fails = func(image string, err error) {
		mu.Lock()
		defer mu.Unlock()
		say, hint := fault.Once(err)
		fmt.Fprintln(c.errs, strings.TrimSpace("coverslipctl: "+image+": "+say+" "+here(hint)))
	}
	if r.tracks != "" {
		return trackFilm(ctx, c, q, images[0], r.tracks)
	}
	return station.Ask(ctx, q, images, func(a station.Answer) error {
		if err := r.write(a); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		line := fmt.Sprintf("%d objects on %s in %.2f s", len(a.Layer.Objects), a.Engine, a.Seconds)
		if len(images) == 1 {
			return c.print(a.Found(), line)
		}
		return c.printLine(a.Found(), a.Path+": "+line)
	})
}

// questionFlags are those that say what is asked, and whom.
func questionFlags(flags *flag.FlagSet, q *station.Question) {
	flags.StringVar(&q.Engine, "engine", "embedded", "embedded, grpc://HOST:PORT or http://HOST:PORT; or several servers, parted by commas")
	flags.StringVar(&q.Backend, "backend", "python", "of the server: onnxruntime or python")
	flags.StringVar(&q.Model, "model", "", "name of the model, also in the results; of a folder without a network, the one that the server has it under; empty: the folder's, or nuclei. "+
		"Where a network is brought along, a server's own model of that name stays as it is")
	flags.StringVar(&q.Folder, "folder", "", "of the model, with rdf.yaml or coverslip.yaml and its network, if the engine has it not; empty: the bundled one. "+stays)
	flags.Float64Var(&q.Diameter, "diameter", 0, "of a nucleus, in pixels; 0: as the model was made for")
	flags.IntVar(&q.Tile, "tile", 0, "side of a tile in pixels; 0: 512")
	flags.IntVar(&q.Overlap, "overlap", 0, "pixels that neighbouring tiles share; 0: what the model says, or 96")
	flags.Func("channels", "of the image for those of the model, in its order and from 0 on, such as 1,0; else the ones with its names for them, or the nuclei's, or the first", q.SetChannels)
	flags.Func("region", "of which objects are wanted: X,Y,WIDTH,HEIGHT in pixels of the image; else all of it", q.SetRegion)
	flags.Func("image", "which image of a file that holds several, counted from 0; else the one that the window shows", from0(&q.Image))
	flags.Func("z", "which plane of a stack, counted from 0; else the middle one", from0(&q.Z))
	flags.Func("t", "which time point of a film, counted from 0; else the first one, and with --tracks it and all after it", from0(&q.T))
	flags.Float64Var(&q.Threshold, "threshold", 0, "of the model's probability, up to 1; 0: the model's own")
	flags.StringVar(&q.Keep, "keep", "", "folder in which the model's answers are kept, up to 8 GB and while 1 GB of the disk stays free: the same call, with --force where results are there, goes on from there after a crash, as it does itself after an outage")
	flags.DurationVar(&q.Patience, "patience", 10*time.Minute, "how long a server that does not answer any more is asked again; 0: not at all")
	access(flags, &q.Access)
}

// from0 takes a whole number from 0 on.
func from0(to **int) func(string) error {
	return func(s string) error {
		n, err := strconv.ParseUint(s, 10, 31)
		if err != nil {
			return errors.New("it is a whole number from 0 on")
		}
		*to = new(int(n))
		return nil
	}
}

func trackFilm(ctx context.Context, c call, q station.Question, film, table string) error {
	var rows bytes.Buffer // or a file that is half written stays behind when the program is killed
	n, err := station.Track(ctx, q, film, &rows)
	if err != nil {
		return err
	}
	if err := station.WriteResult(table, func(w io.Writer) error { _, err := rows.WriteTo(w); return err }); err != nil {
		return err
	}
	return c.print(map[string]int{"tracks": n}, fmt.Sprintf("%d tracks in %s", n, table))
}

// results say where answers go.
type results struct {
	out, into, tracks string // empty: nowhere
	kinds             []string
	force             bool // what is there is replaced
}

// files are where the results of an image go, under names that no instrument gives.
func (r results) files(image string) (all []string) {
	if r.out != "" {
		all = append(all, r.out)
	}
	if r.tracks != "" {
		all = append(all, r.tracks)
	}
	if r.into == "" {
		return all
	}
	name := filepath.Base(image)
	name = strings.TrimSuffix(strings.TrimSuffix(name, filepath.Ext(name)), ".ome")
	for _, kind := range r.kinds {
		what := ".objects."
		if kind == "tif" {
			what = ".labels."
		}
		all = append(all, filepath.Join(r.into, name+what+kind))
	}
	return all
}

// The sides that tiles may have. In smaller ones hardly an object is whole.
const (
	leastTile = 32
	mostTile  = 1 << 15
)

// fit refuses a call whose words are off or don't go together.
func (r results) fit(q station.Question, images []string) error {
	if i := slices.IndexFunc(r.kinds, func(k string) bool { return k != "tif" && k != "csv" && k != "geojson" }); i >= 0 {
		return usageError("--as takes tif, csv and geojson, not " + r.kinds[i])
	}
	switch {
	case len(images) == 0:
		return usageError("an image is needed")
	case len(images) > 1 && r.out != "":
		return usageError("--out is for one image, --into for several")
	case r.tracks != "" && (len(images) > 1 || r.out != "" || r.into != ""):
		return usageError("--tracks is for one film, and without --out and --into")
	case !(q.Threshold >= 0 && q.Threshold <= 1):
		return usageError("--threshold is from 0 to 1")
	case !(q.Diameter >= 0 && q.Diameter <= 10_000):
		return usageError("--diameter is from 0 to 10000")
	case q.Tile != 0 && (q.Tile < leastTile || q.Tile > mostTile):
		return usageError(fmt.Sprintf("--tile is from %d to %d, or 0", leastTile, mostTile))
	case q.Overlap < 0 || q.Overlap >= cmp.Or(q.Tile, mostTile): // without --tile they are as the network wants
		return usageError("--overlap is not below 0, and less than a tile")
	case q.Linking.Gap < 0 || !(q.Linking.Reach > 0):
		return usageError("--reach is above 0, and --gap not below")
	}
	if err := checkAccess(q.Access, q.Engine); err != nil {
		return err
	}
	return r.check(images)
}

// check refuses results that would replace an image, or one another, or that can't be written, before
// anything is asked.
func (r results) check(images []string) error {
	if err := station.CheckExport(r.out); r.out != "" && err != nil {
		return err
	}
	var sources []os.FileInfo
	for _, image := range images {
		if st, err := os.Stat(image); err == nil {
			sources = append(sources, st)
		}
	}
	of := map[string]string{}
	for _, image := range images {
		for _, file := range r.files(image) {
			if other, is := of[file]; is {
				return fault.New(fault.Invalid, "The results of "+other+" and "+image+" would both be "+file+".",
					"Ask about them in two calls, into two folders.", nil)
			}
			of[file] = image
			st, err := os.Stat(file)
			if err == nil && slices.ContainsFunc(sources, func(s os.FileInfo) bool { return os.SameFile(s, st) }) {
				return fault.New(fault.Invalid, "The result "+file+" would replace an image.", "Choose another name or folder.", nil)
			}
			if err := station.CheckResult(file, r.force); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r results) write(a station.Answer) error {
	for _, file := range r.files(a.Image) {
		if err := a.Export(file); err != nil {
			return err
		}
	}
	return nil
}
