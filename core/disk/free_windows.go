package disk

import (
	"math"

	"golang.org/x/sys/windows"
)

// Free is how many bytes may still be written to the file system that dir is on; false where it does
// not say.
func Free(dir string) (bytes int64, ok bool) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, false
	}
	var free uint64
	if windows.GetDiskFreeSpaceEx(path, &free, nil, nil) != nil {
		return 0, false
	}
	return int64(min(free, math.MaxInt64)), true
}
