package process

import (
	"os/exec"
	"strconv"
)

// Own has cmd, which is not started yet, end with all that it has started when its context does.
func Own(cmd *exec.Cmd) { cmd.Cancel = func() error { KillAll(cmd); return nil } }

// KillAll ends a command and all that it has started.
func KillAll(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(cmd.Process.Pid)).Run() //nolint:gosec,noctx // after ctx has ended
	}
}
