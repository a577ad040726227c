package azure

import (
	"os"
	"syscall"
	"testing"

	"coverslip.dev/coverslip/core/remote"
	"coverslip.dev/coverslip/core/remote/remotetest"
)

func TestMemory(t *testing.T) {
	address := server(t)
	remotetest.Memory(t, blocksFrom, func(t *testing.T) remote.Remote { t.Helper(); return fresh(t, address) }, func(p *os.ProcessState) int64 {
		use, ok := p.SysUsage().(*syscall.Rusage)
		if !ok {
			t.Fatal("no figures")
		}
		return use.Maxrss
	})
}
