package ometiff

import (
	"encoding/binary"
	"encoding/json"
	"io"
)

// ndName is what NDTiff calls the list of all planes of a set.
const ndName = "NDTiff.index"

// ndPlane is what an NDTiff.index says of a plane.
type ndPlane struct {
	axes map[string]any
	name string // of the file it is in
	ifd  int    // its page there
}

// indexed returns the planes of the set that the file belongs to, as its index lists them, or as they are where there
// is none that knows the file. What a page says of itself may be what the first tile said that was merged into it.
func (f *file) indexed(own []managerPlane) []managerPlane {
	var all []managerPlane
	known := false
	for _, p := range f.ndPlanes() {
		m := managerPlane{at: -1, away: &place{p.name, p.ifd}}
		if p.name == f.name {
			if p.ifd >= len(own) { // it is about to be written
				continue
			}
			m, known = own[p.ifd], true
		}
		m.Axes = p.axes
		all = append(all, m)
	}
	if !known {
		return own
	}
	return all
}

// ndPlanes reads the index beside the file. It ends where nothing more is written yet.
func (f *file) ndPlanes() (planes []ndPlane) {
	set := &set{folder: f.folder, own: f.name}
	r, size, err := set.sibling(ndName)
	if err != nil {
		return nil
	}
	defer r.Close() //nolint:errcheck // only read from
	data, err := io.ReadAll(io.NewSectionReader(r, 0, min(size, maxText)))
	if err != nil {
		return nil
	}
	text := func() (s []byte) {
		if len(data) < 4 {
			return nil
		}
		if n := uint64(binary.LittleEndian.Uint32(data)); n > 0 && n <= uint64(len(data)-4) {
			s, data = data[4:4+n], data[4+n:]
		}
		return s
	}
	const places = 32 // of pixels and words in the file, sizes and kinds
	count := map[string]int{}
	for len(planes) < maxPages {
		axes, name := text(), text()
		p := ndPlane{name: string(name)}
		if name == nil || len(data) < places || json.Unmarshal(axes, &p.axes) != nil {
			return planes
		}
		data = data[places:]
		p.ifd = count[p.name]
		count[p.name]++
		planes = append(planes, p)
	}
	return planes
}
