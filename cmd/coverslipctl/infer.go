package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"coverslip.dev/coverslip/core/secret"
	"coverslip.dev/coverslip/core/station"
)

func inferOne(ctx context.Context, c call, args []string) error {
	flags := flag.NewFlagSet("infer", flag.ContinueOnError)
	q := station.Question{Log: c.log}
	flags.StringVar(&q.Engine, "engine", "embedded", "embedded, grpc://HOST:PORT or http://HOST:PORT; or several servers, parted by commas")
	flags.StringVar(&q.Backend, "backend", "python", "of the server: onnxruntime or python")
	flags.StringVar(&q.Model, "model", "nuclei", "name of the model on the engine")
	flags.StringVar(&q.Folder, "folder", "", "of the model, with its network and rdf.yaml or coverslip.yaml; empty: the bundled one")
	flags.Float64Var(&q.Diameter, "diameter", 0, "of a nucleus, in pixels; 0: as the model was made for")
	out := flags.String("out", "", "objects.geojson, table.csv or labels.tif")
	rest, err := c.parse(flags, args)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return usageError("one image is needed")
	}
	q.Image, q.Token = rest[0], secret.Text(os.Getenv("COVERSLIP_TOKEN"))
	a, err := station.Ask(ctx, q)
	if err != nil {
		return err
	}
	if *out != "" {
		if err := a.Export(*out); err != nil {
			return err
		}
	}
	return c.print(a.Layer, fmt.Sprintf("%d objects on %s in %.2f s", len(a.Layer.Objects), a.Engine, a.Seconds))
}
