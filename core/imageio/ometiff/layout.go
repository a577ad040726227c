package ometiff

import (
	"errors"
	"fmt"
	"image"
	"strings"
	"time"
	"unicode/utf8"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// layout says which page holds which plane.
type layout struct {
	info    imageio.Info
	planes  [][]*page     // of each level that has directories of its own in the chain
	subs    int           // further levels, as SubIFDs of the planes
	index   []int         // of planes[0], at (t·Z+z)·stacks+c; -1: not in this file
	stacks  int           // channels that have pages of their own
	samples int           // channels in each page
	mix     mix           // makes the channels of the samples of a page; nil: they are the channels
	base    *page         // the first plane, which the others are like
	lacks   int           // how many pages the planes would need that have none; 0: all are there
	away    map[int]place // of planes in other files, by their place in index
	other   string        // the file to open instead: nothing of the wanted image is here
}

// layout tells what kind of TIFF the pages make, and lays out the image that is wanted:
// the n-th, or for n < 0 the first that has a plane in this file.
func (f *file) layout(pages []*page, n int) (*layout, error) {
	l, err := f.arrange(pages, n)
	if err != nil {
		return nil, err
	}
	if n >= max(1, len(l.info.Images)) {
		return nil, fault.New(fault.NotFound, "“"+f.name+"” has no such image.", "", fmt.Errorf("image %d of %d", n, max(1, len(l.info.Images))))
	}
	if l.other != "" {
		return l, nil
	}
	if l.base = l.firstPage(); l.base == nil {
		return nil, f.cut(errors.New("no plane has a page"))
	}
	base := l.base
	if base.depth > 1 {
		return nil, f.unread("tiles in three dimensions (ImageDepth)")
	}
	for i, at := range l.index {
		if at >= len(l.planes[0]) { // promised before a recording that was stopped
			l.index[i], l.lacks = -1, max(l.lacks, at+1)
			continue
		}
		if at >= 0 && !l.planes[0][at].same(base) {
			return nil, f.unread("planes of different sizes or types")
		}
	}
	if l.lacks > 0 {
		l.stopped()
	}
	if err := f.check(base); err != nil {
		return nil, err
	}
	if l.mix == nil && base.mixable() {
		return nil, f.unreadColors("those of print (CMYK) or CIE L*a*b* in an image of several channels")
	}
	if err := f.levels(l, base); err != nil {
		return nil, err
	}
	return l, f.describe(l, base)
}

// arrange asks the program's own words which page is which plane.
func (f *file) arrange(pages []*page, n int) (*layout, error) {
	first := pages[0]
	var texts [2]string
	for i, d := range first.texts {
		var err error
		if texts[i], err = f.text(d); err != nil {
			return nil, err
		}
	}
	for _, text := range texts {
		if isOME(text) {
			return f.fromOME(pages, text, n)
		}
	}
	if first.manager.count > 0 {
		if l, err := f.fromMicroManager(pages, n); l != nil || err != nil {
			return l, err
		}
	}
	for _, text := range texts {
		if strings.HasPrefix(text, "ImageJ=") {
			return f.fromImageJ(pages, text)
		}
	}
	if says, err := f.scanImage(first, texts[0]); says != nil || err != nil {
		if err != nil {
			return nil, err
		}
		return f.fromScanImage(pages, says), nil
	}
	return f.untold(pages, n, texts[0])
}

// untold arranges pages of which no program's words tell which plane they are.
func (f *file) untold(pages []*page, n int, text string) (*layout, error) {
	l, err := f.stack(pages, n)
	if err != nil || len(l.planes) == 0 {
		return l, err
	}
	if l.stacks == 1 {
		if err := f.palette(l); err != nil {
			return nil, err
		}
		if m := l.planes[0][0].mixed(); m != nil {
			l.asRGB(m)
		}
	}
	if l.info.Micron == (imageio.Micron{}) {
		l.info.Micron = f.electronMicron(l.planes[0][0])
	}
	if l.info.Micron == (imageio.Micron{}) {
		l.info.Micron = f.resolution(l.planes[0][0])
	}
	if mpp := aperioMicron(text); mpp > 0 {
		l.info.Micron = imageio.Micron{X: mpp, Y: mpp}
	}
	return l, nil
}

// stopped leaves out the last time points, of which nothing was recorded.
func (l *layout) stopped() {
	per, last := l.stacks*l.info.Z, 0
	for i, at := range l.index {
		if _, away := l.away[i]; away || at >= 0 {
			last = i
		}
	}
	l.info.T = last/per + 1
	l.index = l.index[:l.info.T*per]
	l.info.Times = l.info.Times[:min(l.info.T, len(l.info.Times))]
}

// firstPage is the page of the first plane that this file holds.
func (l *layout) firstPage() *page {
	for _, at := range l.index {
		if at >= 0 && at < len(l.planes[0]) {
			return l.planes[0][at]
		}
	}
	return nil
}

// levels fills the sizes of all levels.
func (f *file) levels(l *layout, base *page) error {
	l.info.Levels = []imageio.Level{{Size: base.size, Downsample: 1}}
	for _, planes := range l.planes[1:] {
		l.level(planes[0].size)
	}
	if len(l.planes) > 1 {
		return nil
	}
	for i := range min(base.subs.count, 64) {
		p, err := f.sub(base, i)
		if err != nil {
			return fmt.Errorf("level %d: %w", i+1, err)
		}
		if !p.alike(base) || !l.level(p.size) {
			break // something else hangs there
		}
		if err := f.check(p); err != nil {
			return err
		}
		l.subs++
	}
	return nil
}

// level takes one of that size as the next, if it is coarser than the last.
func (l *layout) level(size image.Point) bool {
	last := l.info.Levels[len(l.info.Levels)-1]
	by := imageio.Downsample(l.info.Levels, size)
	if size.X > last.Size.X || size.Y > last.Size.Y || by <= last.Downsample {
		return false
	}
	l.info.Levels = append(l.info.Levels, imageio.Level{Size: size, Downsample: by})
	return true
}

// sub reads the i-th directory below p.
func (f *file) sub(p *page, i uint64) (*page, error) {
	off, err := f.number(p.subs, i)
	if err != nil {
		return nil, err
	}
	q, _, err := f.page(f.offset(off))
	return q, err
}

// describe fills what every kind of TIFF says in tags, where nothing better is known.
func (f *file) describe(l *layout, base *page) error {
	l.info.Name = f.name
	if m := &l.info.Micron; (m.X > 0) != (m.Y > 0) { // a line scan over time: neither lengths nor areas can be told
		m.X, m.Y = 0, 0
	}
	l.info.Type, _ = base.sampleType()
	l.info.Negative = base.photometric == photometricWhite && base.samples == 1
	l.info.TileSize = tileSize(base)
	named := len(l.info.Channels)
	for c := named; c < l.stacks*l.samples; c++ {
		l.info.Channels = append(l.info.Channels, channel(c, l.stacks, l.samples, base.photometric))
	}
	if base.alpha && l.stacks == 1 && (l.samples == 4 || named == 0) { // no instrument writes it: dropped, as of everyday pictures
		l.info.Channels = l.info.Channels[:l.samples-1]
	}
	if l.info.Instrument == "" {
		for _, d := range base.made {
			text, err := f.text(d)
			if err != nil {
				return err
			}
			l.info.Instrument = strings.TrimSpace(l.info.Instrument + " " + text)
		}
	}
	if l.info.Acquired.IsZero() {
		text, err := f.text(base.date)
		if err != nil {
			return err
		}
		if at, err := time.ParseInLocation("2006:01:02 15:04:05", text, time.Local); err == nil { //nolint:gosmopolitan // TIFF has no zone: the instrument's clock
			l.info.Acquired = at
		}
	}
	return nil
}

// tileSize is the size in which a page is handed out: its own tiles where they are of a
// handy size, else whole multiples or, for strips, bands over the full width.
func tileSize(p *page) image.Point {
	const side, most = 512, 4 << 20 // pixels
	if p.contiguous() && p.size.X <= 4*side {
		return image.Pt(p.size.X, side)
	}
	if p.contiguous() || p.chunk.X*p.chunk.Y > most {
		return image.Pt(side, side)
	}
	s := p.chunk
	if p.tiled {
		for s.X < side/2 {
			s.X += p.chunk.X
		}
		for s.Y < side/2 {
			s.Y += p.chunk.Y
		}
		return s
	}
	if s.X > 8*side {
		return image.Pt(side, max(side, s.Y))
	}
	for s.Y < p.size.Y && s.X*s.Y < side*side {
		s.Y += p.chunk.Y
	}
	return s
}

// text returns an ASCII tag without its end.
func (f *file) text(d field) (string, error) {
	if d.count == 0 || d.width() != 1 {
		return "", nil
	}
	b, err := f.bytes(d)
	if err != nil {
		return "", err
	}
	s, _, _ := strings.Cut(string(b), "\x00")
	return strings.TrimSpace(unicoded(s)), nil
}

// aside is text of a tag without which the pixels are what they are: one that is not in the file says nothing.
func (f *file) aside(d field) (string, error) {
	text, err := f.text(d)
	if fault.KindOf(err) == fault.Corrupt {
		return "", nil
	}
	return text, err
}

// unicoded is text of a program that writes Latin-1, such as its µ, as UTF-8; any other as it is.
func unicoded(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	r := make([]rune, len(s))
	for i := range len(s) {
		r[i] = rune(s[i])
	}
	return string(r)
}
