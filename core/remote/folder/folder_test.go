package folder_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/dataset/datasettest"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote"
	"coverslip.dev/coverslip/core/remote/folder"
	"coverslip.dev/coverslip/core/remote/remotetest"
)

func TestContract(t *testing.T) {
	remotetest.Run(t, func(t *testing.T) remote.Remote {
		t.Helper()
		f, err := folder.Create(filepath.Join(t.TempDir(), "nas", "store"))
		if err != nil {
			t.Fatal(err)
		}
		return f
	})
}

func TestPullGoesOn(t *testing.T) { datasettest.Resume(t, folder.Open(t.TempDir())) }

func TestFilesAreReadOnly(t *testing.T) {
	dir := t.TempDir()
	f := folder.Open(dir)
	if err := f.Put(t.Context(), "files/md5/ab/cd", strings.NewReader("x"), 1); err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(filepath.Join(dir, "files", "md5", "ab", "cd"))
	if err != nil || st.Mode().Perm() != 0o444 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
}

func TestDriveAway(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	f := folder.Open(dir)
	if err := f.Put(t.Context(), "a", strings.NewReader("x"), 1); fault.KindOf(err) != fault.Offline {
		t.Errorf("put: %v", err)
	}
	if _, err := f.Stat(t.Context(), "a"); fault.KindOf(err) != fault.Offline {
		t.Errorf("stat: %v", err)
	}
	for _, err := range f.List(t.Context(), "") {
		if fault.KindOf(err) != fault.Offline {
			t.Errorf("list: %v", err)
		}
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("made a folder where a drive should be mounted")
	}
}

func TestLeftoverIsNotListed(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".123.coverslip.tmp"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	for info, err := range folder.Open(dir).List(t.Context(), "") {
		t.Errorf("lists %v, %v", info, err)
	}
}
