package zarr

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"coverslip.dev/coverslip/core/fault"
)

// The part of OME-NGFF (0.1 to 0.5, and what is drafted as 0.6) that is read.
type (
	attributes struct {
		Multiscales few[multiscale] `json:"multiscales"`
		Omero       omero           `json:"omero"`
		Layout      int             `json:"bioformats2raw.layout"`
		Series      few[string]     `json:"series"`
		Plate       struct {
			Fields int        `json:"field_count"` // the most that a well has
			Wells  few[child] `json:"wells"`
		} `json:"plate"`
		Well struct {
			Images few[child] `json:"images"`
		} `json:"well"`
	}
	child struct {
		Path string `json:"path"`
	}
	multiscale struct {
		Name       string         `json:"name"`
		Axes       few[axis]      `json:"axes"`
		Systems    few[system]    `json:"coordinateSystems"` // 0.6
		Datasets   few[dataset]   `json:"datasets"`
		Transforms few[transform] `json:"coordinateTransformations"`
	}
	dataset struct {
		Path       string         `json:"path"`
		Transforms few[transform] `json:"coordinateTransformations"`
	}
	transform struct {
		Type        string         `json:"type"`
		Scale       []float64      `json:"scale"`
		Translation []float64      `json:"translation"`
		Output      string         `json:"output"`          // the system that it leads to
		Parts       few[transform] `json:"transformations"` // of a sequence
	}
	system struct {
		Name string    `json:"name"`
		Axes few[axis] `json:"axes"`
	}
	axis struct {
		Name string `json:"name"`
		Unit string `json:"unit"`
	}
	omero struct {
		Channels few[struct {
			Label  string          `json:"label"`
			Color  string          `json:"color"`
			Active json.RawMessage `json:"active"`
			Window struct {
				Start float64 `json:"start"`
				End   float64 `json:"end"`
			} `json:"window"`
		}] `json:"channels"`
	}
)

// few is a list of no more than maxImages: an empty element takes fifty times its letters.
type few[T any] []T

// UnmarshalJSON reads an array; what else is there under its name is none of it, as with [lenient].
func (f *few[T]) UnmarshalJSON(data []byte) error {
	*f = nil
	if !bytes.HasPrefix(data, []byte("[")) {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		if len(*f) >= maxImages {
			return errOther(fmt.Sprintf("lists of more than %d images or levels", maxImages))
		}
		var one T
		if err := dec.Decode(&one); err != nil && !foreign(err) {
			return err
		}
		*f = append(*f, one)
	}
	return nil
}

// UnmarshalJSON also takes the axes of 0.3, which are names alone.
func (a *axis) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte(`"`)) {
		return json.Unmarshal(data, &a.Name)
	}
	type plain axis
	return lenient(data, (*plain)(a))
}

// lenient decodes attributes. A lab may keep its own under any name, so that one of another type
// than OME-NGFF's is none of it: json reads all others.
func lenient(data []byte, into any) error {
	if err := json.Unmarshal(data, into); err != nil && !foreign(err) {
		return err
	}
	return nil
}

func foreign(err error) bool {
	_, is := errors.AsType[*json.UnmarshalTypeError](err)
	return is
}

// axes are those of an image: of the system that its first level is placed in, or always five in 0.1 and 0.2.
func (m multiscale) axes() []axis {
	if len(m.Axes) > 0 {
		return m.Axes
	}
	if len(m.Systems) > 0 {
		for _, t := range m.Datasets[0].Transforms {
			for _, s := range m.Systems {
				if s.Name == t.Output {
					return s.Axes
				}
			}
		}
		return m.Systems[0].Axes
	}
	return []axis{{Name: "t"}, {Name: "c"}, {Name: "z"}, {Name: "y"}, {Name: "x"}}
}

// steps are the transforms one by one.
func steps(of []transform) (one []transform) {
	for _, t := range of {
		if t.Type == "sequence" {
			one = append(one, t.Parts...)
		} else {
			one = append(one, t)
		}
	}
	return one
}

// maxMeta is the most bytes of a piece of metadata.
const maxMeta = 64 << 20

// maxImages is the most images that are looked for.
const maxImages = 1 << 16

// node is a group or an array.
type node struct {
	path  string
	array *array
	attributes
}

// node reads what lies at a path, of either version.
func (s *source) node(ctx context.Context, at string) (*node, error) {
	n := &node{path: at}
	var denied error // some servers forbid what is not there
	gone := func(err error) bool {
		if fault.KindOf(err) == fault.Denied {
			denied = err
			return true
		}
		return absent(err)
	}
	data, err := s.store.Get(ctx, join(at, "zarr.json"), maxMeta)
	if err == nil {
		return n, n.version3(data)
	}
	if !gone(err) {
		return nil, s.readFault(err)
	}
	data, err = s.store.Get(ctx, join(at, ".zarray"), maxMeta)
	if err == nil {
		n.array, err = arrayV2(at, data)
		return n, err
	}
	if !gone(err) {
		return nil, s.readFault(err)
	}
	if data, err = s.store.Get(ctx, join(at, ".zattrs"), maxMeta); err != nil {
		if gone(err) {
			if denied != nil {
				return nil, s.readFault(denied)
			}
			return nil, fmt.Errorf("nothing at %q: %w", at, errNothing)
		}
		return nil, s.readFault(err)
	}
	if err := lenient(data, &n.attributes); err != nil {
		return nil, fmt.Errorf(".zattrs: %w", err)
	}
	return n, nil
}

var errNothing = errors.New("neither a group nor an array")

func (n *node) version3(data []byte) error {
	var m metaV3
	if err := json.Unmarshal(data, &m); err != nil {
		return fmt.Errorf("zarr.json: %w", err)
	}
	if m.Node == "array" {
		var err error
		n.array, err = arrayV3(n.path, m)
		return err
	}
	var in struct {
		OME json.RawMessage `json:"ome"`
	}
	if len(m.Attributes) == 0 {
		return nil
	}
	if err := json.Unmarshal(m.Attributes, &in); err != nil {
		return fmt.Errorf("zarr.json: %w", err)
	}
	if in.OME == nil {
		in.OME = m.Attributes
	}
	if err := lenient(in.OME, &n.attributes); err != nil {
		return fmt.Errorf("zarr.json: %w", err)
	}
	return nil
}

// picture is one image of a store: a group and which of its pyramids.
type picture struct {
	path, name string
	scale      int
	well       string // not empty: its path is what this well calls its field, once one looks
	field      int
}

// pictures lists the images below the root.
func (s *source) pictures(ctx context.Context, root *node) ([]picture, error) {
	switch {
	case len(root.Plate.Wells) > 0:
		return s.fields(ctx, root)
	case len(root.Multiscales) > 0:
		var out []picture
		for i, m := range root.Multiscales {
			out = append(out, picture{path: root.path, name: orElse(m.Name, fmt.Sprintf("Image %d", i+1)), scale: i})
		}
		return out, nil
	case len(root.Well.Images) > 0: // a well's folder is opened by itself
		var out []picture
		for _, i := range root.Well.Images {
			out = append(out, picture{path: i.Path, name: i.Path})
		}
		return out, nil
	case root.Layout == 3:
		return s.series(ctx, root)
	}
	return nil, nil
}

// series lists the images that bioformats2raw wrote: those of a list, else 0, 1, 2 and so on. It kept
// the OME-XML of what it converted: there they have names.
func (s *source) series(ctx context.Context, root *node) ([]picture, error) {
	list := root.Series
	if ome, err := s.node(ctx, "OME"); err == nil && len(ome.Series) > 0 {
		list = ome.Series
	}
	var out []picture
	var own []string
	for _, at := range list[:min(len(list), maxImages)] {
		out = append(out, picture{path: at, name: at})
	}
	for i := 0; len(list) == 0 && i < maxImages; i++ {
		at := strconv.Itoa(i)
		n, err := s.node(ctx, at)
		if errors.Is(err, errNothing) {
			break
		}
		if err != nil {
			return nil, err
		}
		out = append(out, picture{path: at, name: at})
		if own = append(own, ""); len(n.Multiscales) > 0 {
			own[i] = n.Multiscales[0].Name
		}
	}
	if len(out) > 1 && !called(out, s.omeNames(ctx, len(out))) {
		called(out, own)
	}
	return out, nil
}

// called gives pictures these names if that tells all of them apart: some programs call each “image”.
func called(all []picture, names []string) bool {
	out, seen := slices.Clone(all), map[string]bool{}
	for i := range out {
		if i < len(names) {
			out[i].name = orElse(names[i], out[i].name)
		}
		if seen[out[i].name] {
			return false
		}
		seen[out[i].name] = true
	}
	copy(all, out)
	return len(names) > 0
}

// maxNames is the most bytes of OME-XML that names are looked for in: it says much of each plane, and is
// read whenever one of the images is opened, from a server, too.
const maxNames = 4 << 20

// omeNames are those of the first n images of the OME-XML, if there is one that can be read.
func (s *source) omeNames(ctx context.Context, n int) (names []string) {
	rest, err := s.store.Get(ctx, "OME/METADATA.ome.xml", maxNames)
	for word := []byte("Image"); err == nil && len(names) < n; {
		at := bytes.Index(rest, word) // all other tags would be read for nothing
		if at < 0 {
			break
		}
		end := at + len(word)
		if tag := bytes.LastIndexByte(rest[max(0, at-maxPrefix):at], '<'); tag >= 0 {
			at = max(0, at-maxPrefix) + tag
			dec := xml.NewDecoder(bytes.NewReader(rest[at:]))
			var t xml.Token
			t, err = dec.RawToken()
			if e, ok := t.(xml.StartElement); ok && e.Name.Local == string(word) {
				names = append(names, nameOf(e))
			}
			end = max(end, at+int(dec.InputOffset())) // nothing is read twice
		}
		rest = rest[end:]
	}
	return names
}

// maxPrefix is the most letters before the name of a tag, with its <.
const maxPrefix = 32

// nameOf is what an element says that it is called.
func nameOf(e xml.StartElement) string {
	for _, a := range e.Attr {
		if a.Name.Local == "Name" {
			return a.Value
		}
	}
	return ""
}

// channelColor reads a colour of six hexadecimal digits; without one it is white.
func channelColor(s string) [3]uint8 {
	v, err := strconv.ParseUint(strings.TrimPrefix(s, "#"), 16, 32)
	if err != nil || s == "" {
		return [3]uint8{255, 255, 255}
	}
	return [3]uint8{uint8(v >> 16), uint8(v >> 8), uint8(v)}
}
