package capture

import (
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// remote reports whether path lies on a share: events of SMB get lost in bursts.
func remote(path string) bool {
	abs, err := filepath.Abs(path)
	if err != nil {
		return true
	}
	volume := filepath.VolumeName(abs)
	if len(volume) != 2 { // \\server\share
		return true
	}
	root, err := windows.UTF16PtrFromString(volume + `\`)
	return err != nil || windows.GetDriveType(root) == windows.DRIVE_REMOTE
}

// device is always 0: a drive that went can't be read, rather than being empty.
func device(fs.FileInfo) uint64 { return 0 }
