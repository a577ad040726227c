//go:build unix

package folder_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"coverslip.dev/coverslip/core/remote/folder"
)

// TestFoldersAreOfTheGroup puts a blob as a lab's umask wants it: others of the group add to the
// same folders.
func TestFoldersAreOfTheGroup(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o002))
	top := filepath.Join(t.TempDir(), "nas")
	if err := os.Mkdir(top, 0o775); err != nil {
		t.Fatal(err)
	}
	if err := folder.Open(top).Put(t.Context(), "files/md5/ab/cd", strings.NewReader("x"), 1); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "files", "files/md5", "files/md5/ab"} {
		st, err := os.Stat(filepath.Join(top, name))
		if err != nil || st.Mode().Perm() != 0o775 {
			t.Errorf("%q: %v, %v", name, st.Mode(), err)
		}
	}
}
