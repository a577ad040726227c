package main

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/station"
)

// imageInfo is what info prints as JSON. Lengths are in micrometres, times in seconds; what
// the file does not say is left out.
type imageInfo struct {
	Name       string         `json:"name"`
	Format     string         `json:"format"`
	Axes       string         `json:"axes"`
	Shape      [5]int         `json:"shape"` // in the order of the axes
	Type       string         `json:"type"`
	Negative   bool           `json:"zero_is_white,omitempty"`
	Levels     []imageLevel   `json:"levels"`
	Tile       [2]int         `json:"tile"` // columns, rows
	Channels   []imageChannel `json:"channels"`
	Pixel      *imageMicron   `json:"pixel_um,omitempty"`
	Stage      *imageMicron   `json:"stage_um,omitempty"`
	Interval   float64        `json:"interval_s,omitempty"` // on average, where there are times
	Times      []float64      `json:"times_s,omitempty"`    // of all time points, where they are uneven
	Acquired   *time.Time     `json:"acquired,omitempty"`
	Instrument string         `json:"instrument,omitempty"`
	Lens       *imageLens     `json:"objective,omitempty"`
	Title      string         `json:"title,omitempty"`
	Image      int            `json:"image"`
	Images     []string       `json:"images,omitempty"`
	From       *imageFrom     `json:"converted_from,omitempty"`
}

// imageFrom says which image of a file was converted that holds several, where nobody chose one.
type imageFrom struct {
	Image int    `json:"image"`
	Of    int    `json:"of"`
	Name  string `json:"name"`
}

type imageLevel struct {
	Width      int     `json:"width"`
	Height     int     `json:"height"`
	Downsample float64 `json:"downsample"`
}

type imageChannel struct {
	Name  string      `json:"name"`
	Color string      `json:"color"`
	Range *[2]float64 `json:"range,omitempty"` // the samples that are to be shown dark and bright
	Off   bool        `json:"off,omitempty"`   // it is not to be shown at first
	Light float64     `json:"exposure_s,omitempty"`
}

type imageLens struct {
	Power    float64 `json:"magnification,omitempty"`
	Aperture float64 `json:"na,omitempty"`
}

type imageMicron struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
	Z float64 `json:"z,omitempty"`
}

func (l imageLens) String() string {
	text := "through an objective"
	if l.Power > 0 {
		text += fmt.Sprintf(" of %g×", l.Power)
	}
	if l.Aperture > 0 {
		text += fmt.Sprintf(", NA %g", l.Aperture)
	}
	return text
}

func info(ctx context.Context, c call, args []string) error {
	flags := flag.NewFlagSet("info", flag.ContinueOnError)
	n := flags.Int("image", -1, "which image of a file that holds several, counted from 0")
	rest, err := c.parse(flags, args)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return usageError("one image is needed")
	}
	var i imageInfo
	err = c.do(ctx, "reading", func(ctx context.Context, p *job.Progress) error {
		i, err = describe(ctx, rest[0], *n, p)
		return err
	})
	if err != nil {
		return err
	}
	return c.print(i, i.lines()...)
}

func describe(ctx context.Context, path string, n int, p *job.Progress) (imageInfo, error) {
	i, err := station.DescribeImage(ctx, path, n, p)
	if err != nil {
		return imageInfo{}, err
	}
	size := i.Levels[0].Size
	out := imageInfo{
		Name: i.Name, Format: i.Format, Axes: "TCZYX", Shape: [5]int{i.T, len(i.Channels), i.Z, size.Y, size.X}, Type: i.Type.String(), Negative: i.Negative,
		Tile: [2]int{i.TileSize.X, i.TileSize.Y}, Interval: i.Interval.Seconds(), Instrument: i.Instrument, Title: i.Title, Image: i.Image, Images: i.Images,
	}
	for _, at := range i.Times {
		out.Times = append(out.Times, at.Seconds())
	}
	for _, l := range i.Levels {
		out.Levels = append(out.Levels, imageLevel{l.Size.X, l.Size.Y, l.Downsample})
	}
	for _, ch := range i.Channels {
		c := imageChannel{Name: ch.Name, Color: fmt.Sprintf("#%02x%02x%02x", ch.Color[0], ch.Color[1], ch.Color[2]), Off: ch.Off, Light: ch.Exposure.Seconds()}
		if ch.Low < ch.High {
			c.Range = &[2]float64{ch.Low, ch.High}
		}
		out.Channels = append(out.Channels, c)
	}
	if m := imageMicron(i.Micron); m != (imageMicron{}) {
		out.Pixel = &m
	}
	if l := imageLens(i.Lens); l != (imageLens{}) {
		out.Lens = &l
	}
	if m := imageMicron(i.Stage); m != (imageMicron{}) {
		out.Stage = &m
	}
	if !i.Acquired.IsZero() {
		out.Acquired = &i.Acquired
	}
	return out, nil
}

// lines is the same for people.
func (i imageInfo) lines() []string {
	var channels, levels []string
	for _, c := range i.Channels {
		channels = append(channels, c.Name)
	}
	for _, l := range i.Levels {
		levels = append(levels, fmt.Sprintf("%d × %d", l.Width, l.Height))
	}
	out := []string{
		fmt.Sprintf("%s: %s, %d × %d pixels of %s", i.Name, i.Format, i.Shape[4], i.Shape[3], i.Type),
		some(len(i.Channels), "channel") + ": " + strings.Join(channels, ", "),
		some(i.Shape[2], "plane") + ", " + some(i.Shape[0], "time point"),
		some(len(i.Levels), "level") + ": " + strings.Join(levels, ", "),
	}
	if i.Negative {
		out = append(out, "0 is white")
	}
	if i.Pixel != nil {
		out = append(out, fmt.Sprintf("a pixel is %g × %g µm", i.Pixel.X, i.Pixel.Y))
		if i.Pixel.Z > 0 {
			out = append(out, fmt.Sprintf("planes are %g µm apart", i.Pixel.Z))
		}
	}
	switch {
	case len(i.Times) > 0:
		out = append(out, fmt.Sprintf("time points are uneven, %.3g s apart on average", i.Interval))
	case i.Interval > 0:
		out = append(out, fmt.Sprintf("a time point every %g s", i.Interval))
	}
	if i.Acquired != nil {
		out = append(out, "acquired "+i.Acquired.Format(time.RFC1123))
	}
	if i.Instrument != "" {
		out = append(out, "by "+i.Instrument)
	}
	if i.Lens != nil {
		out = append(out, i.Lens.String())
	}
	if i.From != nil {
		out = append(out, fmt.Sprintf("converted only image %d (%s) of 0 to %d: --image converts another", i.From.Image, i.From.Name, i.From.Of-1))
	}
	if len(i.Images) > 0 {
		out = append(out, fmt.Sprintf("image %d of 0 to %d: %s", i.Image, len(i.Images)-1, strings.Join(i.Images, ", ")))
	}
	return out
}

// some counts what people count.
func some(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

func convert(ctx context.Context, c call, args []string) error {
	flags := flag.NewFlagSet("convert", flag.ContinueOnError)
	v := station.Conversion{}
	flags.IntVar(&v.Image, "image", -1, "which image of a file that holds several, counted from 0")
	flags.StringVar(&v.Compression, "compression", "deflate", "deflate, zstd or none")
	flags.BoolVar(&v.Replace, "force", false, "replace a file that is there")
	rest, err := c.parse(flags, args)
	if err != nil {
		return err
	}
	if len(rest) != 2 {
		return usageError("an image and the name of the result are needed")
	}
	v.In, v.Out = rest[0], rest[1]
	if !strings.HasSuffix(strings.ToLower(v.Out), ".ome.tif") && !strings.HasSuffix(strings.ToLower(v.Out), ".ome.tiff") {
		return usageError("the result is an OME-TIFF: its name ends in .ome.tif")
	}
	var from *imageFrom
	err = c.do(ctx, "converting", func(ctx context.Context, p *job.Progress) error {
		if from, err = unchosen(ctx, v, p); err != nil {
			return err
		}
		return station.Convert(ctx, v, p)
	})
	if err != nil {
		return err
	}
	i, err := describe(ctx, v.Out, -1, nil)
	if err != nil {
		return err
	}
	i.From = from
	return c.print(i, i.lines()...)
}

// unchosen is the image that is converted of several where nobody chose one, else nil.
func unchosen(ctx context.Context, v station.Conversion, p *job.Progress) (*imageFrom, error) {
	if v.Image >= 0 {
		return nil, nil //nolint:nilnil // see above
	}
	in, err := station.DescribeImage(ctx, v.In, v.Image, p)
	if err != nil || len(in.Images) < 2 || in.Image >= len(in.Images) {
		return nil, err
	}
	return &imageFrom{in.Image, len(in.Images), in.Images[in.Image]}, nil
}

func calibrate(ctx context.Context, c call, args []string) error {
	rest, err := c.parse(flag.NewFlagSet("calibrate", flag.ContinueOnError), args)
	if err != nil {
		return err
	}
	if len(rest) < 2 || len(rest) > 4 {
		return usageError("a path and one to three sizes in µm are needed")
	}
	var um [3]float64
	for i, text := range rest[1:] {
		if um[i], err = strconv.ParseFloat(text, 64); err != nil {
			return usageError("“" + text + "” is no size in µm")
		}
	}
	if len(rest) == 2 {
		um[1] = um[0]
	}
	r, err := station.OpenDataset(ctx, c.dir, c.log)
	if err != nil {
		return err
	}
	who, err := c.person(ctx, r)
	if err != nil {
		return err
	}
	id, err := station.Calibrate(ctx, r, who, filepath.ToSlash(rest[0]), um[0], um[1], um[2])
	if err != nil {
		return err
	}
	return c.print(map[string]string{"commit": id}, "commit "+id)
}
