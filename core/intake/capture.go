package intake

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// Capture is a finished capture of an instrument, a file or several that belong together:
// an item's own words.
type Capture struct {
	Path       string    `json:"path"` // of the instrument's file; of several, what its profile calls them
	Rel        string    `json:"rel"`  // where it goes in the dataset, with slashes; of several, a folder
	Instrument string    `json:"instrument"`
	Size       int64     `json:"size"`     // of several, all together
	Modified   time.Time `json:"modified"` // of several, the newest

	Count int    `json:"count,omitempty"` // of several files; 0: it is a single one
	Root  string `json:"root,omitempty"`  // the instrument's folder that the names below are in
	Lead  string `json:"lead,omitempty"`  // the file of several that stands for all when one is looked at
	Names []byte `json:"names,omitempty"` // of several, packed by Several
}

// Part is one of several files of a capture.
type Part struct {
	Path string // of the instrument's file
	Rel  string // where it goes in the dataset, with slashes
}

// Several returns c with the names of its files: paths in root, with slashes. A plate has
// tens of thousands of them, so they are packed.
func Several(c Capture, root string, names []string) (Capture, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.DefaultCompression)
	if err != nil {
		return c, err
	}
	if _, err := io.WriteString(w, strings.Join(names, "\x00")); err != nil {
		return c, err
	}
	if err := w.Close(); err != nil {
		return c, err
	}
	c.Root, c.Count, c.Names = root, len(names), b.Bytes()
	return c, nil
}

// Files are the files of the capture, and where they go.
func (c Capture) Files() ([]Part, error) {
	if c.Count == 0 {
		return []Part{{c.Path, c.Rel}}, nil
	}
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(c.Names)))
	if err != nil {
		return nil, fmt.Errorf("files of %s: %w", c.Path, err)
	}
	out := make([]Part, 0, c.Count)
	for name := range strings.SplitSeq(string(text), "\x00") {
		out = append(out, Part{filepath.Join(c.Root, filepath.FromSlash(name)), path.Join(c.Rel, name)})
	}
	return out, nil
}

// Image is where the dataset has the image that stands for the capture.
func (c Capture) Image() string { return path.Join(c.Rel, c.Lead) }

// ID names the item of a capture: the same file seen again is the same item, one that was
// written anew is another.
func (c Capture) ID() string {
	h := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%d", c.Path, c.Size, c.Modified.UnixNano()))
	return hex.EncodeToString(h[:8])
}

// Title is the file's name.
func (c Capture) Title() string { return filepath.Base(c.Path) }
