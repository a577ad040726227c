package azure

import (
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
)

// TestMemory sends eight big blobs at once from a process of its own, which may take 60 MB.
func TestMemory(t *testing.T) {
	address := server(t)
	const role = "COVERSLIP_TEST_MEMORY_CHILD"
	if os.Getenv(role) == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMemory$")
		cmd.Env = append(os.Environ(), role+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		use, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		if !ok {
			t.Fatal("no figures")
		}
		t.Logf("at most %d MB", use.Maxrss/1000)
		if use.Maxrss > 60_000 {
			t.Errorf("%d kB", use.Maxrss)
		}
		return
	}
	b := fresh(t, address)
	var g sync.WaitGroup
	for i := range 8 {
		g.Go(func() {
			if err := b.Put(t.Context(), string(rune('a'+i)), &zeros{size: blocksFrom}, blocksFrom); err != nil {
				t.Error(err)
			}
		})
	}
	g.Wait()
}
