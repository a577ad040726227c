package ui

import (
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"math"
	"slices"
	"sync/atomic"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/measure"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/tileview"
	"coverslip.dev/coverslip/ui/viewer"
)

// TestFactsLeaveOutWhatIsNotKnown, as of an outline that is as large as a slide; samples are not all
// whole numbers.
func TestFactsLeaveOutWhatIsNotKnown(t *testing.T) {
	nan := math.NaN()
	info := imageio.Info{Micron: imageio.Micron{X: 0.5, Y: 0.5}, Channels: []imageio.Channel{{Name: "DAPI"}, {Name: "GFP"}}}
	got := tell(measure.Table{Image: info, Channels: []int{0, 1}, Rows: []measure.Row{
		{Object: annotation.Object{ID: "a"}, Circularity: nan, Eccentricity: 0.5, Perimeter: 30, Channels: []measure.Intensity{{Mean: nan}, {Mean: 0.25}}},
	}})
	if want := []kit.Fact{{Name: "Perimeter", Value: "15 µm"}, {Name: "Eccentricity", Value: "0.50"}, {Name: "Mean of GFP", Value: "0.25"}}; !slices.Equal(got.facts["a"], want) {
		t.Errorf("%v, want %v", got.facts, want)
	}
	at := func(name string) float64 { return got.table.Rows["a"][slices.Index(got.table.Names, name)] }
	if at("Perimeter µm") != 15 || at("GFP: Mean") != 0.25 || !math.IsNaN(at("Circularity")) || slices.Contains(got.table.Names, "Area px^2") {
		t.Errorf("the table is %v, %v", got.table.Names, got.table.Rows["a"])
	}
}

// TestTheTableHasWhereThePixelsLie: of an object that was reshaped not until it is measured anew, and of one
// without a pixel never.
func TestTheTableHasWhereThePixelsLie(t *testing.T) {
	m := measured{outlines: map[string][]annotation.Point{}, facts: map[string][]kit.Fact{}}
	all := []annotation.Object{{ID: "a", Outline: square(10, 20)}, {ID: "b", Outline: square(40, 0)}}
	m.take(m.due(all), tell(measure.Table{Rows: []measure.Row{{Object: all[0], X: 20, Y: 21, Area: 400}, {Object: all[1]}}}), nil)
	if got, want := m.table.Places, (map[string]viewer.Place{"a": {X: 20, Y: 21, Area: 400}}); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	all[0].Outline = square(10, 30)
	if m.due(all); len(m.table.Places) != 0 {
		t.Errorf("of the outline before it has %v", m.table.Places)
	}
}

// scan is an image whose tiles are read by read.
type scan struct {
	imageio.Source
	read func(ctx context.Context) error
}

func (s scan) ReadTile(ctx context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	if err := s.read(ctx); err != nil {
		return nil, err
	}
	return s.Source.ReadTile(ctx, t)
}

// TestNoDecisionWaitsForAMeasurement: while one goes on, what a person decides is kept and shown, and
// is taken back; another image ends it.
func TestNoDecisionWaitsForAMeasurement(t *testing.T) {
	w, posts := corrected(t)
	measuring, ended := make(chan struct{}), make(chan struct{})
	w.desk.src = &scan{w.desk.src, func(ctx context.Context) error {
		close(measuring)
		<-ctx.Done()
		close(ended)
		return ctx.Err()
	}}
	begin(t, w)
	w.draw(square(10, 20))
	<-measuring
	w.judge(w.desk.objects[0].ID, annotation.Accepted)
	wait(t, posts, func() bool { return w.desk.log[len(w.desk.log)-1].Seq > 0 })
	if got := kept(t, w); len(got) != 2 || got[1].After.State != annotation.Accepted {
		t.Errorf("kept: %+v", got)
	}
	w.step(annotation.Undo, w.station.Undo)
	if s := w.desk.objects[0].State; s != annotation.Drawn {
		t.Errorf("undone is shown as %s", s)
	}
	w.step(annotation.Undo, w.station.Undo)
	if w.step(annotation.Redo, w.station.Redo); len(w.desk.objects) != 1 {
		t.Errorf("shown: %+v", w.desk.objects)
	}
	wait(t, posts, func() bool { return w.desk.log[len(w.desk.log)-1].Seq > 0 })
	if got := kept(t, w); len(got) != 5 || got[4].Redoes != got[0].Seq {
		t.Errorf("kept: %+v", got)
	}
	select {
	case <-ended:
		t.Error("a decision ended the measurement")
	default:
	}
	w.put(desk{})
	<-ended
}

// TestWhatCanNotBeMeasuredIsShown: objects whose pixels can't be read are there, without what
// those say, and the banner says why; they are measured when it is tried again.
func TestWhatCanNotBeMeasuredIsShown(t *testing.T) {
	w, posts := corrected(t)
	broken := fault.New(fault.Corrupt, "A tile is damaged.", "Copy the file again.", errors.New("tile 3"))
	src, mended := w.desk.src, atomic.Bool{}
	one := annotation.Object{ID: "1", Outline: square(10, 20)}
	w.desk.src = nil // else it is closed
	begin(t, w)
	w.put(desk{id: "a", objects: []annotation.Object{one}, src: &scan{src, func(context.Context) error {
		if mended.Load() {
			return nil
		}
		return broken
	}}})
	wait(t, posts, func() bool { return w.desk.measured.waiting == 0 })
	if m := w.desk.measured; len(w.desk.objects) != 1 || len(m.facts["1"]) != 3 || m.hint != "A tile is damaged. Copy the file again." {
		t.Errorf("shown: %+v, %+v", w.desk.objects, m)
	}
	mended.Store(true)
	w.draw(square(60, 20))
	wait(t, posts, func() bool { return w.desk.measured.waiting == 0 && len(w.desk.measured.facts["1"]) > 3 })
	if m := w.desk.measured; m.say != "" {
		t.Errorf("still said: %s", m.say)
	}
}

// TestOnlyNewOutlinesAreMeasured: not all of an image because of one of its objects.
func TestOnlyNewOutlinesAreMeasured(t *testing.T) {
	m := measured{outlines: map[string][]annotation.Point{}, facts: map[string][]kit.Fact{}}
	all := []annotation.Object{{ID: "a", Outline: square(10, 20)}, {ID: "b", Outline: square(40, 20)}}
	table := measure.Table{Rows: []measure.Row{{Object: all[0]}, {Object: all[1]}}}
	first := m.due(all)
	again := slices.Clone(all)
	again[0].State, again[1].Outline = annotation.Accepted, square(40, 30)
	second := m.due(again)
	if len(first) != 2 || len(second) != 1 || second[0].ID != "b" {
		t.Fatalf("due: %+v, then %+v", first, second)
	}
	if m.take(first, tell(table), nil); m.waiting != 1 || m.facts["a"] == nil || m.facts["b"] != nil {
		t.Errorf("after the first: %+v", m)
	}
	if m.take(second, told{}, errors.New("no")); m.waiting != 0 || m.facts["a"] == nil || m.say == "" || len(m.due(again)) != 1 {
		t.Errorf("after the second: %+v", m)
	}
}

// TestAnotherPredictionLeavesWhereObjectsLie: while it waits they are shown and measured on the plane
// where they were found.
func TestAnotherPredictionLeavesWhereObjectsLie(t *testing.T) {
	w, _ := corrected(t)
	it, _ := w.station.Items().Row("a")
	it.Passes["infer"] = flow.Pass{Out: []byte(`{"diameter":30,"before":{"infer":{"State":"passed","Out":"` +
		base64.StdEncoding.EncodeToString([]byte(`{"model":"nuclei","version":"3","z":2}`)) + `"}}}`)}
	w.station.Items().Put("a", it)
	src := w.desk.src
	w.desk.src = nil
	w.put(desk{id: "a", src: deep{src}})
	if z, _ := w.viewer.Keys().(*tileview.View).Plane(); z != 2 || w.desk.measured.z != 2 {
		t.Errorf("shown on plane %d, measured on %d", z, w.desk.measured.z)
	}
}

// TestAStackThatIsLookedAtOpensInTheMiddle, where its objects would have been found.
func TestAStackThatIsLookedAtOpensInTheMiddle(t *testing.T) {
	w, _ := corrected(t)
	w.desk = desk{file: "a.tif", src: deep{w.desk.src}}
	if v := w.onlyLooked(); v.Z != 4 {
		t.Errorf("it opens on plane %d", v.Z)
	}
}

// deep is an image as a stack.
type deep struct{ imageio.Source }

func (d deep) Info() imageio.Info {
	info := d.Source.Info()
	info.Z = 9
	return info
}
