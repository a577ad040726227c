package infer_test

import (
	"fmt"
	"image"
	"slices"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/recipe"
	"coverslip.dev/coverslip/core/segment"
)

// TestStarsAsStardistHandsThemOut: its networks repeat the numbers of each position of their grid in
// all of its pixels, and its descriptions name thresholds in a place of their own. What comes out is
// what the positions make.
func TestStarsAsStardistHandsThemOut(t *testing.T) {
	coarse := starMaps(t)
	want := starsOf(t, coarse, 2)
	src := sheets{w: 2 * coarse.w, h: 2 * coarse.h, names: coarse.names}
	for _, of := range coarse.channels {
		plane := make([]float32, src.w*src.h)
		for i := range plane {
			plane[i] = of[i/src.w/2*coarse.w+i%src.w/2]
		}
		src.channels = append(src.channels, plane)
	}
	const text = `
format_version: 0.4.6
name: StarDist Fluorescence Nuclei Segmentation
inputs: [{name: image, axes: AXES, data_type: float32, shape: {min: [MIN], step: [STEP]}}]
outputs: [{name: y, axes: AXES, data_type: float32, halo: [HALO], shape: {reference_tensor: image, scale: [SCALE], offset: [OFFSET]}}]
config: {stardist: {config: {grid: [2, 2], n_rays: 32, n_dim: 2}, thresholds: {nms: 0.4, prob: 0.4}}}
`
	for _, r := range []*strings.Replacer{
		strings.NewReplacer("AXES", "bcyx", "MIN", "1, 33, 80, 80", "STEP", "0, 0, 1, 1", "HALO", "0, 0, 32, 32", "SCALE", "1, 0, 1, 1", "OFFSET", "0, 16.5, 0, 0"),
		strings.NewReplacer("AXES", "byxc", "MIN", "1, 80, 80, 33", "STEP", "0, 16, 16, 0", "HALO", "0, 32, 32, 0", "SCALE", "1, 1, 1, 0", "OFFSET", "0, 0, 0, 16.5"),
	} {
		m, err := recipe.Read([]byte(r.Replace(text)))
		if err != nil {
			t.Fatal(err)
		}
		for _, opt := range []infer.Options{{Tile: 1024}, {Tile: 160}, {Tile: 151, Overlap: 65}} {
			l, err := infer.Detect(t.Context(), echo{}, ref, m, src, opt, nil)
			if err != nil || len(l.Objects) != len(want) {
				t.Fatalf("%s, %+v: %d stars of %d: %v", m.Inputs[0].Axes[1].ID, opt, len(l.Objects), len(want), err)
			}
			for _, s := range want {
				b := segment.Bounds(s.Outline)
				same := func(o annotation.Object) bool { return s.Score == o.Score && segment.Bounds(o.Outline) == b }
				if b.In(image.Rect(0, 0, src.w, src.h)) && !slices.ContainsFunc(l.Objects, same) { // those at edges are cut there
					t.Errorf("%+v: there is no star at %v", opt, b)
				}
			}
		}
	}
}

// TestLabelsOfEachChannel: a network that numbers nuclei and cells in a channel each has objects of
// two classes.
func TestLabelsOfEachChannel(t *testing.T) {
	src := sheets{w: 64, h: 48, channels: [][]float32{make([]float32, 64*48), make([]float32, 64*48)}, names: []string{"nuclei", "cells"}}
	for c, side := range []int{4, 10} {
		for k := range 3 { // which touch
			for i := range side * side {
				src.channels[c][(8+i/side)*64+5+k*side+i%side] = float32(7 + k)
			}
		}
	}
	const channels = "{type: batch}, {type: channel, channel_names: [nuclei, cells]}, "
	m, err := recipe.Read([]byte("format_version: 0.5.3\nname: InstanSeg model\ninputs: [{id: image, axes: [" + channels +
		"{type: space, id: y, size: {min: 32, step: 1}}, {type: space, id: x, size: {min: 32, step: 1}}]}]\n" +
		"outputs: [{id: instance_segmentation, axes: [" + channels +
		"{type: space, id: y, size: {tensor_id: image, axis_id: y}}, {type: space, id: x, size: {tensor_id: image, axis_id: x}}]}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := infer.Detect(t.Context(), echo{}, ref, m, src, infer.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, o := range l.Objects {
		got[o.Class]++
	}
	if fmt.Sprint(got) != "map[cells:3 nuclei:3]" {
		t.Errorf("objects %v", got)
	}
}
