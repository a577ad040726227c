package pipeline

import (
	"context"
	"os/exec"
	"strconv"
	"syscall"
)

// shell makes the command that runs a line as DVC runs it: through cmd.exe.
func shell(ctx context.Context, program, line string) *exec.Cmd {
	if program == "" {
		program = "cmd.exe"
	}
	cmd := exec.CommandContext(ctx, program)                                        //nolint:gosec // to run commands is what it is for
	cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: program + ` /c "` + line + `"`} // cmd.exe has quoting of its own
	cmd.Cancel = func() error { killAll(cmd); return nil }
	return cmd
}

// killAll ends a command and all that it has started.
func killAll(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(cmd.Process.Pid)).Run() //nolint:gosec,noctx // after ctx has ended
	}
}
