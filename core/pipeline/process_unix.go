//go:build !windows

package pipeline

import (
	"context"
	"os/exec"
	"path"
	"syscall"

	"coverslip.dev/coverslip/core/process"
)

// shell makes the command that runs a line as DVC runs it, in a process group of its own.
func shell(ctx context.Context, program, line string) *exec.Cmd {
	if program == "" {
		program = "/bin/sh"
	}
	args := []string{"-c", line}
	switch path.Base(program) {
	case "bash":
		args = append([]string{"--noprofile", "--norc"}, args...)
	case "zsh":
		args = append([]string{"--no-rcs"}, args...)
	case "fish":
		args = append([]string{"--no-config"}, args...)
	}
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // to run commands is what it is for
	process.Own(cmd)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	return cmd
}
