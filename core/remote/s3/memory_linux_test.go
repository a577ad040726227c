package s3

import (
	"os"
	"syscall"
	"testing"

	"coverslip.dev/coverslip/core/remote"
	"coverslip.dev/coverslip/core/remote/remotetest"
)

func TestMemory(t *testing.T) {
	conf := server(t)
	remotetest.Memory(t, partsFrom, func(t *testing.T) remote.Remote { t.Helper(); return fresh(t, conf) }, func(p *os.ProcessState) int64 {
		use, ok := p.SysUsage().(*syscall.Rusage)
		if !ok {
			t.Fatal("no figures")
		}
		return use.Maxrss
	})
}
