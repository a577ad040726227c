//go:build !windows && !linux

package process

import "syscall"

// leaveNone can't be had here: a killed program leaves its command running.
func leaveNone(*syscall.SysProcAttr) {}
