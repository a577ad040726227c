// Package tileview is a pannable, zoomable view of a tiled image with objects on it.
//
// One canvas.Raster paints everything. Its generator runs on the screen's thread
// and only blits what is in memory; tiles are read, coloured and overlaid by the
// workers of [View.Run].
package tileview

import (
	"image"
	"sync"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
)

// Channel is how one channel is shown. Min and Max are sample values.
type Channel struct {
	Name     string
	Color    [3]uint8
	Min, Max float64
	Gamma    float64 // 1 is linear; 0 counts as 1
	On       bool
}

// Readout is what lies under the pointer.
type Readout struct {
	Inside bool               // the pointer is on the image
	Still  bool               // the pointer stays where it was
	X, Y   float64            // pixels of the full image
	Micron imageio.Micron     // the same in micrometres; zero when not calibrated
	Values []float64          // by channel; NaN where nothing is loaded, or nothing is in the image
	Object *annotation.Object // the one under the pointer, or nil
}

// Actions are what a view tells; each may be nil. All are called on the screen's thread.
type Actions struct {
	Ranged   func([]Range) // what the samples span, soon after [View.Set]
	Measured func([]Range) // the same of the plane that was shown at [View.Measure]; nil where it can't be read
	Moved    func(Readout)
	Selected func(id string)               // "" when nothing is
	Planed   func()                        // another plane or time is shown, or playing began or ended
	Drawn    func(ring []annotation.Point) // a finished outline
	// Reshaped has the new outline, and those of what broke off of the object.
	Reshaped func(id string, ring []annotation.Point, off [][]annotation.Point)
	Erased   func(id string)        // nothing of it was left
	Brushed  func(diameter float64) // the brush has another size, in pixels of the image
	Zoomed   func(scale float64)
	Key      func(e *fyne.KeyEvent) // keys that the view has no use for
	Rune     func(r rune)
	Undo     func()
	Redo     func()
	Copy     func()
	Shortcut func(fyne.Shortcut) // shortcuts that the view has no use for
	Trouble  func(error)         // the first tile that could not be read
	Away     func(error)         // the image's server is busy or out of reach; nil: no longer
}

// View is the widget. Its methods are for the screen's thread, but for Run.
type View struct {
	widget.BaseWidget

	act  Actions
	post func(func())

	// Of the screen's thread.
	src      imageio.Source
	info     imageio.Info
	channels []Channel
	tint     Tint
	z, t     int
	step     [2]int // how many planes and time points the last turn of the page went
	stepped  camera // where that was: whoever moves on looks at this plane
	player   *player

	projection Projection
	objectsAt  int // the time point that the objects lie in
	series     Lying
	was        [2]int // the plane and the time that were last shown whole; a time below 0 for none
	whole      bool   // no tile of the screen is missing
	owes       bool   // objects of the last frame are still being drawn

	at       camera
	painted  image.Point // the size of the last frame
	angle    float64     // degrees clockwise
	upper    []uint32    // the upright picture under a turned screen
	overview bool
	fitted   bool // fit once the size is known
	contrast bool // was set since the image is open
	ratio    float64
	buf      *image.RGBA
	rest     rest
	cols     []int32 // the columns of a frame's pieces, reused
	raster   *canvas.Raster
	scale    *scaleBar
	tool     Tool
	pen      pen
	space    bool
	shift    bool
	alt      bool
	focused  bool
	over     bool // the pointer is over the view
	pointer  fyne.Position
	said     Readout // what was told last to lie under it
	brush    brush
	drawing  bool // the drag that goes on draws
	stale    bool // what is dragged was given up, or began on the image before
	mini     bool // it began on the overview
	lens     lens
	peers    []*View // tied to this one
	objects  *index
	filter   Filter
	style    Style
	hover    string
	selected string
	track    int // of what is selected, 0 for none

	work *work // shared with the workers
	lay  *layer

	dirty  sync.Mutex // guards queued
	queued bool
}

// New returns a view without an image. post runs a function on the screen's thread.
func New(post func(func()), act Actions) *View {
	v := &View{act: act, post: post, ratio: 1, work: newWork(), lay: newLayer(), objects: newIndex(), overview: true}
	v.lens = lens{radius: firstLens, other: newIndex(), lay: newLayer()}
	v.player = &player{more: make(chan struct{}, 1)}
	v.at = camera{scale: 1}
	v.rest.moved = make(chan struct{}, 1)
	v.raster = canvas.NewRaster(v.paint)
	v.raster.ScaleMode = canvas.ImageScalePixels
	v.scale = newScaleBar()
	v.ExtendBaseWidget(v)
	return v
}

// Set shows an image, fitted; nil shows none. The view does not close it.
func (v *View) Set(src imageio.Source) {
	v.src, v.info, v.channels = src, imageio.Info{}, nil
	v.Stop()
	v.contrast = false
	v.z, v.t, v.fitted, v.angle, v.projection, v.was = 0, 0, false, 0, Slice, [2]int{0, -1}
	v.step = [2]int{}
	v.drop()
	v.lay.clear()
	v.lens.lay.clear()
	v.lens.other = newIndex()
	v.selected, v.track, v.hover, v.series = "", 0, "", nil
	v.tell(Readout{})
	if src != nil {
		v.info = src.Info()
		colors := imageio.DisplayColors(v.info.Channels)
		for i, c := range v.info.Channels {
			v.channels = append(v.channels, Channel{Name: c.Name, Color: colors[i], Max: 1, Gamma: 1, On: true})
		}
		v.work.open(src, v.info)
	} else {
		v.work.open(nil, imageio.Info{})
	}
	v.recolor()
	v.SetObjects(nil)
	v.relay()
}

// Renew shows the same image from another source, which may say otherwise how large its pixels are: its place, turn,
// plane and projection stay.
func (v *View) Renew(src imageio.Source) {
	at, fitted, angle, how, z, t := v.at, v.fitted, v.angle, v.projection, v.z, v.t
	v.Set(src)
	v.at, v.fitted, v.angle, v.projection = at, fitted, angle, how
	v.SetPlane(z, t)
}

// SetChannels changes contrast, colours and which channels are on. An image is shown from the
// first call on: before it nobody knows how bright it is.
func (v *View) SetChannels(cs []Channel) {
	v.contrast = true
	v.channels = append(v.channels[:0:0], cs...)
	v.recolor()
	v.stir() // an end of a histogram may be dragged
	v.redraw()
}

// Channels returns a copy of how the channels are shown.
func (v *View) Channels() []Channel { return append([]Channel(nil), v.channels...) }

// SetTint turns the colours of all channels at once.
func (v *View) SetTint(t Tint) {
	v.tint = t
	v.recolor()
	v.redraw()
}

// Tint returns how all colours are turned.
func (v *View) Tint() Tint { return v.tint }

func (v *View) recolor() {
	t := v.tint
	t.Inverted = t.Inverted != v.info.Negative
	v.work.recolor(v.channels, t)
	v.stir()
}

// SetObjects replaces what lies on the image.
func (v *View) SetObjects(objs []annotation.Object) {
	v.SetFollowed(objs, nil)
}

// SetFollowed replaces what lies on the image; tails are where each object was before, from
// the oldest place on.
func (v *View) SetFollowed(objs []annotation.Object, tails [][]annotation.Point) {
	if tails == nil && v.objects.tails == nil && v.objects.holds(objs) {
		return
	}
	v.objects = newTailed(objs, tails, v.filter.lets)
	v.relay()
}

// Filter says which predictions that nobody has judged are shown.
type Filter struct {
	Score    float64 // least
	From, To float64 // area in square pixels of the image; To 0 for any
}

func (f Filter) lets(x *index, i int) bool {
	return f.Lets(x.all[i], x.areas[i])
}

// Lets reports whether an object of that area is shown.
func (f Filter) Lets(o annotation.Object, area float64) bool {
	if o.State != annotation.Predicted {
		return true
	}
	return o.Score >= f.Score && area >= f.From && (f.To == 0 || area <= f.To)
}

// SetFilter hides predictions; it asks nobody anew.
func (v *View) SetFilter(f Filter) {
	if v.filter != f {
		v.filter = f
		v.objects, v.lens.other = v.objects.sift(f.lets), v.lens.other.sift(f.lets)
		v.relay()
	}
}

// SetStyle changes how objects are shown.
func (v *View) SetStyle(s Style) {
	if v.style != s {
		v.style = s
		v.relay()
	}
}

// Style returns how objects are shown.
func (v *View) Style() Style { return v.style }

func (v *View) relay() {
	v.restyle()
	v.redraw()
}

// restyle tells the overlays how to draw.
func (v *View) restyle() {
	st := v.style
	st.unit = v.ratio
	v.lay.set(v.objects, st)
	v.lens.lay.set(v.lens.other, st)
}

// Select marks an object; "" marks none.
func (v *View) Select(id string) {
	track := 0
	if o := v.objects.object(id); o != nil {
		track = o.Track
	}
	v.Follow(id, track)
}

// Follow is Select of an object that may lie at another time point: here what has its track is
// marked. Track 0 is none.
func (v *View) Follow(id string, track int) {
	if v.selected == id && v.track == track {
		return
	}
	fresh := v.selected != id
	v.selected, v.track = id, track
	v.redraw()
	if fresh && v.act.Selected != nil {
		v.act.Selected(id)
	}
}

// Track returns the track of what is marked, 0 for none.
func (v *View) Track() int { return v.track }

// Selected returns the ID of the marked object, or "".
func (v *View) Selected() string { return v.selected }

// marked is what is selected, or the same thing at the time point that is on the screen; nil for
// nothing.
func (v *View) marked() *annotation.Object {
	o := v.objects.object(v.selected)
	for i := 0; o == nil && v.track > 0 && i < len(v.objects.all); i++ {
		if v.objects.all[i].Track == v.track {
			o = &v.objects.all[i]
		}
	}
	return o
}

// redraw asks for one new frame, however often it is called before that.
func (v *View) redraw() {
	v.point(true)
	v.raster.Refresh()
	v.measureBar()
}

func (v *View) measureBar() { v.scale.set(v.across(), v.at.scale/v.ratio) }

// wake is redraw for workers.
func (v *View) wake() {
	v.dirty.Lock()
	defer v.dirty.Unlock()
	if v.queued {
		return
	}
	v.queued = true
	v.post(func() {
		v.dirty.Lock()
		v.queued = false
		v.dirty.Unlock()
		v.redraw()
	})
}

// CreateRenderer makes View a Fyne widget.
func (v *View) CreateRenderer() fyne.WidgetRenderer {
	return &viewRenderer{v: v}
}

type viewRenderer struct{ v *View }

func (r *viewRenderer) Destroy() {}

func (r *viewRenderer) Layout(s fyne.Size) {
	r.v.raster.Resize(s)
	b := r.v.scale.MinSize()
	r.v.scale.Resize(b)
	r.v.scale.Move(fyne.NewPos(14, s.Height-b.Height-12))
}

// MinSize is small: the view takes what it gets.
func (r *viewRenderer) MinSize() fyne.Size { return fyne.NewSize(120, 120) }

func (r *viewRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.v.raster, r.v.scale}
}

func (r *viewRenderer) Refresh() {
	r.v.redraw()
	r.Layout(r.v.Size())
}
