package foreign

import (
	"path"
	"slices"
	"strings"

	"coverslip.dev/coverslip/core/imageio"
)

// longestMagic is how many first bytes tell a kind.
const longestMagic = 32

// kind is a kind of files that converters read.
type kind struct {
	name   string
	magic  string // ? stands for any byte
	exts   []string
	named  bool // its first bytes are also those of others: the name decides
	beside bool // other files belong to it
	first  bool // it looks like a TIFF, of its preview
}

const (
	compound = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" // Microsoft's, of office documents, too
	hdf5     = "\x89HDF\r\n\x1a\n"
)

// kinds returns all kinds.
func kinds() []kind {
	return []kind{
		{name: "Nikon ND2", magic: "\xda\xce\xbe\x0a", exts: []string{".nd2"}},
		{name: "Nikon ND2", magic: "\x00\x00\x00\x0cjP  \r\n\x87\n", exts: []string{".nd2"}, named: true}, // of before 2009
		{name: "Leica LIF", magic: "\x70\x00\x00\x00????\x2a", exts: []string{".lif", ".lof"}},
		{name: "Olympus OIR", magic: "OLYMPUSRAWFORMAT", exts: []string{".oir"}, beside: true},
		{name: "Olympus OIB", magic: compound, exts: []string{".oib"}, named: true},
		{name: "Olympus OIF", magic: "\xff\xfe[\x00", exts: []string{".oif"}, named: true, beside: true},
		{name: "Olympus VSI", magic: "II*\x00", exts: []string{".vsi"}, named: true, beside: true, first: true},
		{name: "Zeiss ZVI", magic: compound, exts: []string{".zvi"}, named: true},
		{name: "Imaris", magic: hdf5, exts: []string{".ims"}, named: true},
		{name: "Velox EMD", magic: hdf5, exts: []string{".emd"}, named: true},
		{name: "Hamamatsu DCIMG", magic: "DCIMG", exts: []string{".dcimg"}},
		{name: "DigitalMicrograph", magic: "\x00\x00\x00?", exts: []string{".dm3", ".dm4"}, named: true},
		{name: "TIA SER", magic: "II\x97\x01", exts: []string{".ser"}, named: true},
		{name: "MRC", exts: []string{".mrc"}, named: true},
		{name: "DeltaVision", exts: []string{".dv", ".r3d"}, named: true},
		{name: "SlideBook", exts: []string{".sld"}, named: true},
		{name: "Cellomics", exts: []string{".c01"}, named: true},
		{name: "Leica XLEF", exts: []string{".xlef"}, named: true, beside: true},
	}
}

// kindOf returns the kind of a file of this name with these first bytes, nil for none.
func kindOf(name string, head []byte) *kind {
	for _, k := range kinds() {
		if imageio.Begins(head, k.magic) && (!k.named || slices.Contains(k.exts, extension(name))) {
			return &k
		}
	}
	return nil
}

func extension(name string) string { return strings.ToLower(path.Ext(name)) }

// plain is a name of the kind for a file of that name without anything in it that a converter may take for
// something else; empty where it needs its own, as other files go by that.
func (k *kind) plain(name string) string {
	switch ext := extension(name); {
	case k.beside:
		return ""
	case slices.Contains(k.exts, ext):
		return "image" + ext
	}
	return "image" + k.exts[0]
}
