package embedded

import (
	"errors"
	"io/fs"
	"os"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"coverslip.dev/coverslip/core/fault"
)

// library is the ONNX Runtime of this process. It can be opened once only, by whoever
// comes first, and stays: closing a library whose threads may still run is no good end.
var library struct { //nolint:gochecknoglobals // so it is in the binding: one C library in one process
	sync.Mutex
	path string      // of the open one; empty: none
	file os.FileInfo // of it, when it was opened
}

// useLibrary opens the library at path, if that was not done.
func useLibrary(path string) error {
	library.Lock()
	defer library.Unlock()
	if library.path == path && path != "" {
		return nil
	}
	file, err := os.Stat(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return fault.New(fault.NotFound, "The built-in inference engine is not installed.",
				"Run packaging/stack/onnxruntime-fetch, or connect an inference server in Settings, Servers.", err)
		}
		return broken(err)
	}
	switch {
	case library.path == "":
	case os.SameFile(file, library.file): // by another name of its
		return nil
	default:
		return fault.New(fault.Invalid, "The program already works with another inference library.",
			"Start the program again.", errors.New(library.path+" is open"))
	}
	ort.SetSharedLibraryPath(path)
	if err := ort.InitializeEnvironment(ort.WithLogLevelError()); err != nil {
		return broken(err)
	}
	library.path, library.file = path, file
	return nil
}

func broken(err error) error {
	return fault.New(fault.Corrupt, "The built-in inference engine can't be started.",
		"Remove its library and run packaging/stack/onnxruntime-fetch again.", err)
}
