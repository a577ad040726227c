package ometiff

import (
	"cmp"
	"strings"
)

// wanted returns which image to lay out: n, or for n < 0 the first that has a plane in
// this file.
func (f *file) wanted(doc omeXML, n int) (int, bool) {
	if n >= 0 && len(doc.Image) > 0 {
		return n, true
	}
	for i, img := range doc.Image {
		for _, d := range img.Pixels.Data {
			if f.here(d, doc.UUID) {
				return i, true
			}
		}
		if len(img.Pixels.Data) == 0 && img.Pixels.SizeC > 0 {
			return i, true
		}
	}
	return n, false
}

// otherFile names the file to open for an image that has no plane in this one.
func (f *file) otherFile(px omePixels, uuid string) string {
	other := ""
	for _, d := range px.Data {
		if f.here(d, uuid) {
			return ""
		}
		if other == "" {
			other = d.UUID.FileName
		}
	}
	return other
}

// here reports whether d speaks of this file. A file that was renamed is known by its UUID.
func (f *file) here(d omeData, uuid string) bool {
	id := strings.TrimSpace(d.UUID.Value)
	return id == "" && d.UUID.FileName == "" || id != "" && strings.EqualFold(id, strings.TrimSpace(uuid)) || strings.EqualFold(d.UUID.FileName, f.name)
}

// settle takes the blocks for this file's where it has no UUID to be known by, all of them name one
// file, and this one has the pages: it was renamed.
func (f *file) settle(doc *omeXML, pages int) {
	if strings.TrimSpace(doc.UUID) != "" {
		return
	}
	one := ""
	for _, img := range doc.Image {
		for _, d := range img.Pixels.Data {
			name := strings.ToLower(cmp.Or(strings.TrimSpace(d.UUID.Value), d.UUID.FileName))
			ifd, count := d.pages(1)
			if name == "" || one != "" && name != one || ifd < 0 || ifd > pages-count {
				return
			}
			one = name
		}
	}
	for i := range doc.Image {
		for k := range doc.Image[i].Pixels.Data {
			doc.Image[i].Pixels.Data[k].UUID = omeData{}.UUID
		}
	}
}

// elsewhere names the first file that planes are said to be in.
func elsewhere(doc omeXML) string {
	for _, img := range doc.Image {
		for _, d := range img.Pixels.Data {
			if name := cmp.Or(d.UUID.FileName, strings.TrimSpace(d.UUID.Value)); name != "" {
				return name
			}
		}
	}
	return ""
}
