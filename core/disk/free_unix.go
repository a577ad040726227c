//go:build !windows

package disk

import "golang.org/x/sys/unix"

// Free is how many bytes may still be written to the file system that dir is on; false where it does
// not say.
func Free(dir string) (bytes int64, ok bool) {
	var st unix.Statfs_t
	if unix.Statfs(dir, &st) != nil || st.Blocks == 0 {
		return 0, false
	}
	return int64(st.Bavail) * int64(st.Bsize), true //nolint:gosec,unconvert // of another width on other systems
}
