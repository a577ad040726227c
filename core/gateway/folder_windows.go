package gateway

import "os"

// mine reports whether a file is this user's: the folder for temporary files is.
func mine(os.FileInfo) bool { return true }
