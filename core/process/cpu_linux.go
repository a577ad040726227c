package process

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// CPU is how much a command that [Own] was called for and all that it has started have computed by now, in
// ticks of the kernel's; false where that can't be told.
func CPU(cmd *exec.Cmd) (ticks int64, ok bool) {
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, false
	}
	for _, at := range all {
		data, err := os.ReadFile(at)
		if err != nil {
			continue // it has ended
		}
		fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:]) // from the state on: a name may have anything in it
		const group, used, waited = 2, 11, 15                           // its own time in two parts, that of its children up to the last
		if len(fields) < waited {
			continue
		}
		if of, err := strconv.Atoi(string(fields[group])); err != nil || cmd.Process == nil || of != cmd.Process.Pid {
			continue
		}
		ok = true
		for _, f := range fields[used:waited] {
			n, err := strconv.ParseInt(string(f), 10, 64)
			if err != nil {
				return 0, false
			}
			ticks += n
		}
	}
	return ticks, ok
}
