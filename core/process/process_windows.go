package process

import (
	"os/exec"
	"strconv"
)

// Own has cmd, which is not started yet, end with all that it has started when its context does.
func Own(cmd *exec.Cmd) { cmd.Cancel = func() error { end(cmd); return nil } }

// KillAll ends a command and all that it has started. Of one that was waited for nothing can be told: its number
// may be another's by now.
func KillAll(cmd *exec.Cmd) {
	if cmd.ProcessState == nil {
		end(cmd)
	}
}

func end(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(cmd.Process.Pid)).Run() //nolint:gosec,noctx // after ctx has ended
	}
}
