package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"coverslip.dev/coverslip/core/secret"
	"coverslip.dev/coverslip/core/station"
)

func inferImages(ctx context.Context, c call, args []string) error {
	flags := flag.NewFlagSet("infer", flag.ContinueOnError)
	q := station.Question{Log: c.log}
	flags.StringVar(&q.Engine, "engine", "embedded", "embedded, grpc://HOST:PORT or http://HOST:PORT; or several servers, parted by commas")
	flags.StringVar(&q.Backend, "backend", "python", "of the server: onnxruntime or python")
	flags.StringVar(&q.Model, "model", "nuclei", "name of the model on the engine")
	flags.StringVar(&q.Folder, "folder", "", "of the model, with rdf.yaml or coverslip.yaml and its network, if the engine has it not; empty: the bundled one")
	flags.Float64Var(&q.Diameter, "diameter", 0, "of a nucleus, in pixels; 0: as the model was made for")
	flags.IntVar(&q.Tile, "tile", 0, "side of a tile in pixels; 0: 512")
	flags.IntVar(&q.Overlap, "overlap", 0, "pixels that neighbouring tiles share; 0: what the model says, or 96")
	flags.StringVar(&q.Keep, "keep", "", "folder in which the model's answers are kept, up to 8 GB: the same call goes on from there after a crash")
	var r results
	flags.StringVar(&r.out, "out", "", "objects.geojson, table.csv or labels.tif, of one image")
	flags.StringVar(&r.into, "into", "", "folder for the results, one of each kind an image")
	kinds := flags.String("as", "tif,csv", "kinds of results --into: tif (labels), csv, geojson")
	images, err := c.parse(flags, args)
	if err != nil {
		return err
	}
	r.kinds = strings.Split(*kinds, ",")
	switch {
	case len(images) == 0:
		return usageError("an image is needed")
	case len(images) > 1 && r.out != "":
		return usageError("--out is for one image, --into for several")
	}
	q.Token = secret.Text(os.Getenv("COVERSLIP_TOKEN"))
	var mu sync.Mutex // one line at a time
	return station.Ask(ctx, q, images, func(a station.Answer) error {
		if err := r.write(a); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		line := fmt.Sprintf("%d objects on %s in %.2f s", len(a.Layer.Objects), a.Engine, a.Seconds)
		if len(images) > 1 {
			line = a.Image + ": " + line
		}
		return c.print(a.Layer, line)
	})
}

// results say where answers go.
type results struct {
	out, into string // empty: nowhere
	kinds     []string
}

func (r results) write(a station.Answer) error {
	if r.out != "" {
		if err := a.Export(r.out); err != nil {
			return err
		}
	}
	if r.into == "" {
		return nil
	}
	name := strings.TrimSuffix(a.Image, filepath.Ext(a.Image))
	for _, kind := range r.kinds {
		if err := a.Export(filepath.Join(r.into, name+"."+kind)); err != nil {
			return err
		}
	}
	return nil
}
