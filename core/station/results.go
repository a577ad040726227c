package station

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/exchange"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/segment"
)

// Found is an answer for another program, which knows images by the names that it gave.
type Found struct {
	File string
	annotation.Layer
}

// Found is what the model has found.
func (a Answer) Found() Found { return Found{a.Path, a.Layer} }

// Export writes the answer to path, in the form that its ending asks for: .geojson, .csv,
// .tif. The file appears whole or not at all.
func (a Answer) Export(path string) error {
	write, err := a.writer(path)
	if err != nil {
		return err
	}
	return WriteResult(path, write)
}

// CheckExport refuses a path whose ending asks for no form that there is.
func CheckExport(path string) error {
	_, err := Answer{}.writer(path)
	return err
}

// CheckResult refuses a path that no result can be written to, before hours are spent on what is to
// go there. What is there already is only replaced if somebody says so.
func CheckResult(path string, replace bool) error {
	dir := filepath.Dir(path)
	if st, err := os.Stat(dir); err != nil || !st.IsDir() {
		return fault.New(fault.NotFound, "There is no folder “"+dir+"” for the result.", "Make it, or choose another one.", err)
	}
	switch st, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case !replace || !st.Mode().IsRegular():
		return fault.New(fault.Exists, "“"+path+"” is there already.", "Choose another name, or say that it is to be replaced.", nil)
	}
	probe, err := os.CreateTemp(dir, exports)
	if err != nil {
		return unwritable(dir, err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// exports are the names that results have until they are whole.
const exports = ".export-*"

// unwritable names the folder that a result can't be written to.
func unwritable(dir string, err error) error {
	if fault.KindOf(err) != fault.Denied {
		return fmt.Errorf("write to %s: %w", dir, err)
	}
	return fault.New(fault.Denied, "No result may be written to the folder “"+dir+"”.", "Check its permissions, or choose another one.", err)
}

// WriteResult makes the file at path what write writes, whole or not at all.
func WriteResult(path string, write func(io.Writer) error) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), exports)
	if err != nil {
		return unwritable(filepath.Dir(path), err)
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // gone already when all went well
	if err = write(tmp); err == nil {
		err = errors.Join(tmp.Chmod(0o644), tmp.Sync()) // as people's own files
	}
	err = errors.Join(err, tmp.Close())
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

func (a Answer) writer(path string) (func(io.Writer) error, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".geojson", ".json":
		return func(w io.Writer) error { return exchange.WriteGeoJSON(w, a.Layer, a.Table) }, nil
	case ".csv":
		return func(w io.Writer) error {
			return exchange.WriteCSV(w, a.Table, exchange.Provenance{
				Image: a.Image, Model: a.Model.Model, Version: a.Model.Version, Z: a.Layer.Z, T: a.Layer.T,
			})
		}, nil
	case ".tif", ".tiff":
		return func(w io.Writer) error {
			return exchange.WriteLabels(w, exchange.Labels{
				Width: a.Size.X, Height: a.Size.Y, Most: uint32(len(a.Layer.Objects)), //nolint:gosec // not more than pixels
				Rows: segment.NewPainter(a.Layer.Objects, a.Size.X, a.Size.Y).Rows,
			}, a.Micron, a.Layer.By)
		}, nil
	}
	return nil, fault.New(fault.Invalid, "The ending of "+filepath.Base(path)+" is none of .geojson, .csv and .tif.", "Choose one of them.", nil)
}
