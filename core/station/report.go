package station

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"image"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"

	"coverslip.dev/coverslip/assets/sample"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/ometiff"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/embedded"
	"coverslip.dev/coverslip/core/recipe"
	"coverslip.dev/coverslip/core/segment"
)

// Accuracy is how the bundled model did on images that took no part in its making.
// AP is TP/(TP+FP+FN) at that least intersection over union, as StarDist's papers use it.
type Accuracy struct {
	Images     string  `json:"images"`
	True       int     `json:"true"`
	Found      int     `json:"found"`
	AP50       float64 `json:"ap50"`
	AP70       float64 `json:"ap70"`
	CountError float64 `json:"count_error"` // (found − true)/true
	ShiftX     float64 `json:"shift_x"`     // pixels, as [segment.Shift] has them
	ShiftY     float64 `json:"shift_y"`
}

type heldOut struct {
	Name, Image, Labels string
	Rect                [4]int // x0, y0, x1, y1 in pixels
}

// ModelReport measures the bundled model on the held-out images, as they are and scaled
// to nuclei of half and of twice the size, with the diameter setting telling so.
func ModelReport(ctx context.Context) ([]Accuracy, error) {
	en := embedded.Open(embedded.DefaultLibrary(), embedded.Options{})
	defer en.Close() //nolint:errcheck // the end
	b := infer.Bundle{Ref: infer.Ref{Model: "nuclei", Version: "bundled"}}
	var held []heldOut
	text, err := fs.ReadFile(sample.Truth(), "heldout.json")
	if err == nil {
		err = json.Unmarshal(text, &held)
	}
	if err == nil {
		b.ONNX, err = fs.ReadFile(sample.Model(), "model.onnx")
	}
	if err == nil {
		b.Recipe, err = fs.ReadFile(sample.Model(), recipe.FileName)
	}
	if err == nil {
		err = en.Load(ctx, b)
	}
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "coverslip-report-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // of this call alone
	var out []Accuracy
	for _, h := range held {
		rows, err := report(ctx, en, b, h, dir)
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return out, nil
}

// report measures one held-out image at three sizes.
func report(ctx context.Context, en infer.Engine, b infer.Bundle, h heldOut, dir string) ([]Accuracy, error) {
	img, err := crop(ctx, sample.Captures(), h.Image, h.Rect, dir)
	if err != nil {
		return nil, err
	}
	truth, err := crop(ctx, sample.Truth(), h.Labels, h.Rect, dir)
	if err != nil {
		return nil, err
	}
	r, err := recipe.Read(b.Recipe)
	if err != nil {
		return nil, err
	}
	var out []Accuracy
	for _, scale := range []struct {
		name   string
		factor float64
	}{{"", 1}, {", half the size", 0.5}, {", twice the size", 2}} {
		x, y := img.resize(scale.factor, true), truth.resize(scale.factor, false)
		src, err := x.source(ctx, filepath.Join(dir, "scaled.ome.tif"))
		if err != nil {
			return nil, err
		}
		opt := infer.Options{}
		if scale.factor != 1 {
			opt.Diameter = r.Diameter * scale.factor
		}
		layer, err := infer.Detect(ctx, en, b.Ref, r, src, opt, nil)
		if cerr := src.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return nil, err
		}
		row, err := agree(y, segment.Labels(layer.Objects, x.w, x.h))
		if err != nil {
			return nil, err
		}
		row.Images = h.Name + scale.name
		out = append(out, row)
	}
	return out, nil
}

func agree(truth samples, found []uint32) (Accuracy, error) {
	t := make([]uint32, len(truth.v))
	for i, v := range truth.v {
		t[i] = uint32(v)
	}
	a, err := segment.Match(t, found, 0.5, 0.7)
	if err != nil {
		return Accuracy{}, err
	}
	n, m := a[0].TP+a[0].FN, a[0].TP+a[0].FP
	x, y := segment.Shift(t, found, truth.w)
	return Accuracy{True: n, Found: m, AP50: a[0].AP(), AP70: a[1].AP(), CountError: float64(m-n) / float64(max(n, 1)), ShiftX: x, ShiftY: y}, nil
}

// samples is a small image of one channel, row by row.
type samples struct {
	w, h int
	v    []float32
}

// crop reads a rectangle of the first plane of a bundled image.
func crop(ctx context.Context, files fs.FS, name string, rect [4]int, dir string) (samples, error) {
	data, err := fs.ReadFile(files, name)
	if err != nil {
		return samples{}, err
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return samples{}, err
	}
	src, err := imageio.NewOpener(ometiff.Format{}).Open(ctx, path)
	if err != nil {
		return samples{}, err
	}
	defer src.Close() //nolint:errcheck // read only
	px, err := imageio.ReadRegion(ctx, src, imageio.Region{Rect: image.Rect(rect[0], rect[1], rect[2], rect[3])})
	if err != nil {
		return samples{}, err
	}
	return samples{px.Size.X, px.Size.Y, px.Float32s(nil)}, nil
}

// resize scales by f: means over 2×2 or bilinear between for pixels; labels are the nearest, or what
// most of the four about a place have, so that they do not move to one side.
func (s samples) resize(f float64, smooth bool) samples {
	if f == 1 {
		return s
	}
	out := samples{w: int(float64(s.w) * f), h: int(float64(s.h) * f)}
	out.v = make([]float32, out.w*out.h)
	for y := range out.h {
		for x := range out.w {
			cx, cy := (float64(x)+0.5)/f, (float64(y)+0.5)/f
			if smooth {
				out.v[y*out.w+x] = s.between(cx-0.5, cy-0.5)
			} else {
				out.v[y*out.w+x] = s.most(cx, cy, f)
			}
		}
	}
	return out
}

// most is the label at a place, counted from the image's corner; a label wins over nothing.
func (s samples) most(x, y, f float64) float32 {
	if f >= 1 {
		return s.at(int(x), int(y))
	}
	x0, y0 := int(x-0.5), int(y-0.5)
	four := []float32{s.at(x0, y0), s.at(x0+1, y0), s.at(x0, y0+1), s.at(x0+1, y0+1)}
	slices.Sort(four)
	best, votes := float32(0), 0
	for i, v := range four {
		n := 1
		for _, o := range four[i+1:] {
			if o == v {
				n++
			}
		}
		if n >= votes && (n > votes || v > best) {
			best, votes = v, n
		}
	}
	return best
}

func (s samples) at(x, y int) float32 {
	return s.v[min(max(y, 0), s.h-1)*s.w+min(max(x, 0), s.w-1)]
}

// between is the bilinear value at a position in pixel centres.
func (s samples) between(x, y float64) float32 {
	x, y = max(x, 0), max(y, 0)
	x0, y0 := int(x), int(y)
	fx, fy := float32(x-float64(x0)), float32(y-float64(y0))
	top := s.at(x0, y0)*(1-fx) + s.at(x0+1, y0)*fx
	low := s.at(x0, y0+1)*(1-fx) + s.at(x0+1, y0+1)*fx
	return top*(1-fy) + low*fy
}

// source writes the image and opens it, as a capture is.
func (s samples) source(ctx context.Context, path string) (imageio.Source, error) {
	info := imageio.Info{
		Levels: []imageio.Level{{Size: image.Pt(s.w, s.h), Downsample: 1}}, Channels: make([]imageio.Channel, 1),
		Z: 1, T: 1, Type: imageio.Float32, TileSize: image.Pt(256, 256),
	}
	px := &imageio.Pixels{Size: image.Pt(s.w, s.h), Type: imageio.Float32, Data: floatBytes(s.v)}
	if err := ometiff.Write(ctx, path, info, func(int, int, int) (*imageio.Pixels, error) { return px, nil }); err != nil {
		return nil, err
	}
	return imageio.NewOpener(ometiff.Format{}).Open(ctx, path)
}

func floatBytes(v []float32) []byte {
	b := make([]byte, 0, 4*len(v))
	for _, f := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return b
}
