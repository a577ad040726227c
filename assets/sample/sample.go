// Package sample is the sample bench's captures, ground truth and model, built into the
// program. Where they come from is in LICENSES.md.
package sample

import (
	"embed"
	"io/fs"
)

//go:embed captures/*.tif truth/* model/*
var files embed.FS

// Captures are image files as an instrument writes them.
func Captures() fs.FS { return sub("captures") }

// Truth is labels for some captures, and heldout.json: which parts of which captures took
// no part in making the model.
func Truth() fs.FS { return sub("truth") }

// Model is model.onnx, its description coverslip.yaml, and training.json, the run that
// made it.
func Model() fs.FS { return sub("model") }

func sub(dir string) fs.FS {
	f, err := fs.Sub(files, dir)
	if err != nil {
		return files // can't be: the names above are right
	}
	return f
}
