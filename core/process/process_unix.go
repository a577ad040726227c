//go:build !windows

package process

import (
	"os/exec"
	"syscall"
)

// Own puts cmd, which is not started yet, into a group of its own: it ends with all that it has
// started when its context does, and itself when this program is killed, where that can be had.
func Own(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	leaveNone(cmd.SysProcAttr)
	cmd.Cancel = func() error { KillAll(cmd); return nil }
}

// KillAll ends what is left of a command's group.
func KillAll(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // fails if none is left
	}
}
