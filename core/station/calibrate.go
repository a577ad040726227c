package station

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path"
	"path/filepath"
	"strings"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/intake"
)

// pixelSize is what a person has said about the size of a capture's pixels, in micrometres,
// under meta: in its .dvc file. The image is left as the instrument wrote it.
const pixelSize = "pixel_size_um"

// Calibrate says how large the pixels of the image at rel are, in micrometres, and commits
// that; a part that is zero stays as the file says.
func Calibrate(ctx context.Context, r *dataset.Repository, who dataset.Author, rel string, x, y, z float64) (commit string, err error) {
	for _, v := range []float64{x, y, z} {
		if v < 0 || v > 1e6 || math.IsNaN(v) {
			return "", fault.New(fault.Invalid, fmt.Sprintf("%v µm is no size of a pixel.", v), "Write micrometres, such as 0.325.", nil)
		}
	}
	file, err := r.SetMeta(ctx, rel, map[string]any{pixelSize: map[string]float64{"x": x, "y": y, "z": z}})
	if err != nil {
		return "", err
	}
	msg := fmt.Sprintf("Calibrate %s: %s", path.Base(rel), sizes(x, y, z))
	return r.Commit(ctx, who, msg, []string{file})
}

func sizes(x, y, z float64) string {
	if x == 0 && y == 0 && z == 0 {
		return "as the file says"
	}
	text := fmt.Sprintf("%g × %g µm a pixel", x, y)
	if z > 0 {
		text += fmt.Sprintf(", planes %g µm apart", z)
	}
	return text
}

// CalibrateItem is [Calibrate] for a capture, signed by the station's person.
func (s *Station) CalibrateItem(ctx context.Context, it flow.Item, um imageio.Micron) error {
	var c intake.Capture
	md5, ok := Image(it)
	if !ok {
		return fault.New(fault.Busy, "This capture is still being stored.", "Wait a moment.", nil)
	}
	if err := it.Read(&c); err != nil {
		return err
	}
	rel := s.repo.Where(c.Rel, md5)
	if _, is := s.repo.Meta(rel); is && !s.repo.Names(rel, md5) {
		return fault.New(fault.Exists, "The instrument has put another image in the place of this one.", "Calibrate that one.", nil)
	}
	_, err := Calibrate(ctx, s.repo, s.author(), rel, um.X, um.Y, um.Z)
	return err
}

// openCapture opens a capture's own image, with the size of pixels that a person has given.
func (s *Station) openCapture(ctx context.Context, c intake.Capture, md5 string) (imageio.Source, error) {
	return s.openCaptureBy(ctx, s.opener, c, md5, own)
}

// openCaptureBy opens the n-th image of a capture so, or its own one.
func (s *Station) openCaptureBy(ctx context.Context, o *imageio.Opener, c intake.Capture, md5 string, n int) (imageio.Source, error) {
	at, err := s.imagePath(ctx, c, md5)
	if err != nil {
		return nil, err
	}
	src, err := openNth(ctx, o, at, pixelsID(md5), n)
	if err != nil {
		return nil, err
	}
	return imageio.Calibrated(src, given(s.repo, s.repo.Where(c.Rel, md5), md5)), nil
}

// given is the size of pixels that a person has given to the image oid at rel; zero if it is that
// of another image of that name.
func given(r *dataset.Repository, rel, oid string) imageio.Micron {
	var said map[string]any
	if r.Names(rel, oid) {
		meta, _ := r.Meta(rel)
		said, _ = meta[pixelSize].(map[string]any)
	}
	part := func(k string) float64 {
		switch v := said[k].(type) { // YAML has 1 and 1.0
		case float64:
			return v
		case int:
			return float64(v)
		}
		return 0
	}
	return imageio.Micron{X: part("x"), Y: part("y"), Z: part("z")}
}

// givenAt is [given] for the image in a file or folder, wherever that lies. Only one in a dataset that was given
// a size is hashed.
func givenAt(ctx context.Context, file string) (imageio.Micron, error) {
	none := imageio.Micron{}
	image, err := filepath.Abs(file)
	if err != nil || strings.Contains(file, "://") {
		return none, err
	}
	output, root := "", ""
	for at := image; root == "" && at != filepath.Dir(at); at = filepath.Dir(at) {
		if text, err := os.ReadFile(at + ".dvc"); err == nil && output == "" { //nolint:gosec // beside the operator's own file
			if output = at; !bytes.Contains(text, []byte(pixelSize)) {
				return none, nil
			}
		}
		if _, err := os.Stat(filepath.Join(at, ".dvc", "config")); err == nil {
			root = at
		}
	}
	if output == "" || root == "" {
		return none, nil
	}
	r, err := dataset.Open(ctx, root, dataset.Options{})
	if err != nil {
		return none, err
	}
	o, err := r.Describe(ctx, within(root, image), false, nil)
	if err != nil {
		return none, err
	}
	return given(r, within(root, output), o.MD5), nil
}

// within is the path of what lies below root, as a dataset has it.
func within(root, at string) string {
	return strings.TrimPrefix(filepath.ToSlash(strings.TrimPrefix(at, root)), "/")
}
