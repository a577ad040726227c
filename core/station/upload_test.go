package station

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/imageio"
)

// TestUploadsAreNotConverted: a stranger's file is given to no other program.
func TestUploadsAreNotConverted(t *testing.T) {
	dir := t.TempDir()
	program, at, ran := filepath.Join(dir, "openreadout"), filepath.Join(dir, "a.nd2"), filepath.Join(dir, "ran")
	err := errors.Join(os.WriteFile(program, []byte("#!/bin/sh\necho ran >"+ran+"\n"), 0o700), //nolint:gosec // it is to be run
		os.WriteFile(at, []byte("\xda\xce\xbe\x0a and what follows"), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("COVERSLIP_CONVERTER", program)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	if _, err := openUpload(t.Context(), at, "", -1); !errors.Is(err, imageio.ErrNoFormat) {
		t.Errorf("an upload: %v", err)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("the converter was run")
	}
	if _, err := openGiven(t.Context(), at, "", -1, nil); err == nil {
		t.Error("an own file: nothing was written")
	}
	if _, err := os.Stat(ran); err != nil {
		t.Errorf("the converter was not run on an own file: %v", err)
	}
}
