package infer

import (
	"context"
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sync/errgroup"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/recipe"
)

// Frame is how many objects a time point has.
type Frame struct {
	T       int     `json:"t"`       // from 0 on
	Seconds float64 `json:"seconds"` // since the first; 0 where the image does not say
	Objects int     `json:"objects"`
}

// framesAtOnce is how many time points are under way: while one is decoded, the engine works
// on another.
const framesAtOnce = 2

// Count asks for the objects of every time point from opt.T on, on the plane that opt names,
// and hands out how many there are, and which, in order of time. each is called by one
// goroutine at a time, and its error ends it; what it was given stays true when ctx ends or a
// later time point fails.
func Count(
	ctx context.Context, e Engine, ref Ref, m *recipe.Model, src imageio.Source, opt Options, p Progress, each func(Frame, []annotation.Object) error,
) error {
	if p == nil {
		p = silent{}
	}
	info := src.Info()
	if opt.T < 0 || opt.T >= info.T {
		return fault.New(fault.Invalid, "The image has no such time point.", "Choose another one.", nil)
	}
	p.Grow(int64(info.T - opt.T))
	var mu sync.Mutex // guards below
	found, next := map[int][]annotation.Object{}, opt.T
	tell := func(t int, objects []annotation.Object) error {
		mu.Lock()
		defer mu.Unlock()
		found[t] = objects
		for ; ctx.Err() == nil; next++ {
			objects, ok := found[next]
			if !ok {
				return nil
			}
			delete(found, next)
			p.Add(1)
			if err := each(Frame{T: next, Seconds: info.At(next).Seconds(), Objects: len(objects)}, objects); err != nil {
				return err
			}
		}
		return nil
	}
	g, work := errgroup.WithContext(ctx)
	g.SetLimit(framesAtOnce)
	for t := opt.T; t < info.T && work.Err() == nil; t++ {
		g.Go(func() (err error) {
			defer imageio.Recover(&err)
			at := opt
			at.T = t
			layer, err := Detect(work, e, ref, m, src, at, nil)
			if err != nil {
				return err
			}
			return tell(t, layer.Objects)
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// WriteFrames writes a table with a row for each time point. The seconds are empty where the image does
// not say how long it is from one to the next.
func WriteFrames(w io.Writer, all []Frame) error {
	rows := [][]string{{"frame", "seconds", "objects"}}
	known := slices.ContainsFunc(all, func(f Frame) bool { return f.Seconds > 0 })
	for _, f := range all {
		seconds := ""
		if known {
			seconds = strconv.FormatFloat(f.Seconds, 'g', 6, 64)
		}
		rows = append(rows, []string{strconv.Itoa(f.T), seconds, strconv.Itoa(f.Objects)})
	}
	return csv.NewWriter(w).WriteAll(rows)
}
