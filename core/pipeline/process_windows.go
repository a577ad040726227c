package pipeline

import (
	"context"
	"os/exec"
	"syscall"

	"coverslip.dev/coverslip/core/process"
)

// shell makes the command that runs a line as DVC runs it: through cmd.exe.
func shell(ctx context.Context, program, line string) *exec.Cmd {
	if program == "" {
		program = "cmd.exe"
	}
	cmd := exec.CommandContext(ctx, program)                                        //nolint:gosec // to run commands is what it is for
	cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: program + ` /c "` + line + `"`} // cmd.exe has quoting of its own
	process.Own(cmd)
	return cmd
}
