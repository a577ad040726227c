package process

import "syscall"

// leaveNone ends the command when this program is killed, so that it does not write beside
// the next run. What the command itself has started may go on.
func leaveNone(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }
