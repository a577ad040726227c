package disk_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"coverslip.dev/coverslip/core/disk"
)

func TestManyShareASync(t *testing.T) {
	dir := t.TempDir()
	var s disk.Syncer
	var g sync.WaitGroup
	errs := make([]error, 500)
	for i := range errs {
		g.Go(func() {
			f, err := os.Create(filepath.Join(dir, fmt.Sprint(i)))
			if err == nil {
				_, err = f.WriteString("data")
				disk.Begin(f, 0, 4)
				err = errors.Join(err, s.Sync(f), f.Close())
			}
			errs[i] = err
		})
	}
	g.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if err := s.Names(dir, filepath.Dir(dir)); err != nil {
		t.Error(err)
	}
	if err := s.Names(filepath.Join(dir, "none")); err == nil {
		t.Error("a folder that is not there is safe")
	}
}

func TestAClosedFileIsAnError(t *testing.T) {
	var s disk.Syncer
	f, err := os.Create(filepath.Join(t.TempDir(), "a"))
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	if s.Sync(f) == nil {
		t.Error("synced a closed file")
	}
	if err := s.Sync(f); err == nil { // the next round runs, too
		t.Error("synced a closed file")
	}
}
