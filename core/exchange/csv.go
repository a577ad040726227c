package exchange

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"

	"coverslip.dev/coverslip/core/measure"
)

// Provenance is where a table comes from: it stands in every line, so that lines of many
// tables can be laid together.
type Provenance struct {
	Image, MD5     string // file name, and hash of the file
	Model, Version string
	Commit         string // of the dataset
	Z, T           int    // plane and time point, from 0 on
}

// WriteCSV writes a table with one line an object; the names of the columns carry the
// units. Numbers have a point and as many digits as they need. The last columns are the object's number
// in a label image of the same objects, and where they were looked for.
func WriteCSV(w io.Writer, t measure.Table, p Provenance) error {
	out := csv.NewWriter(w)
	head := []string{"Image", "Image MD5", "Dataset commit", "Model", "Model version", "Object", "Class", "State", "By", "Score"}
	followed := slices.ContainsFunc(t.Rows, func(r measure.Row) bool { return r.Object.Track > 0 })
	if followed {
		head = append(head, track)
	}
	for _, v := range t.Values(measure.Row{Channels: make([]measure.Intensity, len(t.Channels))}) {
		head = append(head, cell(v.Name))
	}
	err := out.Write(append(head, "Label", "Z", "T"))
	for i, r := range t.Rows {
		if err != nil {
			break
		}
		o := r.Object
		line := []string{
			cell(p.Image), p.MD5, p.Commit, cell(p.Model), cell(p.Version),
			cell(o.ID), cell(o.Class), string(o.State), cell(o.By), number(o.Score),
		}
		if followed {
			line = append(line, strconv.Itoa(o.Track))
		}
		for _, v := range t.Values(r) {
			line = append(line, number(v.Value))
		}
		err = out.Write(append(line, strconv.Itoa(i+1), strconv.Itoa(p.Z), strconv.Itoa(p.T)))
	}
	if out.Flush(); err == nil {
		err = out.Error()
	}
	if err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// cell keeps a spreadsheet from running a name as a formula.
func cell(s string) string {
	if s != "" && (s[0] == '=' || s[0] == '+' || s[0] == '-' || s[0] == '@' || s[0] == '\t' || s[0] == '\r') {
		return "'" + s
	}
	return s
}
