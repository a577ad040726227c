package triton

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/infer"
)

// BenchmarkClient asks identity models what packaging/run/bench_client.py wants: it gives
// the server's address, a model that answers what it is asked, bytes, questions at a time,
// and whether shared memory may be used. The processor time is the client's. The program
// holds an image and its tiles meanwhile; here that is heap of 64 MiB that nobody touches, so
// that garbage is collected as often as there.
func BenchmarkClient(b *testing.B) {
	address := os.Getenv("COVERSLIP_BENCH_TRITON")
	if address == "" {
		b.Skip("COVERSLIP_BENCH_TRITON is not set: packaging/run/bench_client.py sets it")
	}
	image := make([]byte, 64<<20)
	defer runtime.KeepAlive(image)
	for spec := range strings.FieldsSeq(os.Getenv("COVERSLIP_BENCH_ASK")) { // model:type:bytes:at a time:shared
		f := strings.Split(spec, ":")
		size, err := strconv.Atoi(f[2])
		if err != nil {
			b.Fatal(err)
		}
		atOnce, err := strconv.Atoi(f[3])
		if err != nil {
			b.Fatal(err)
		}
		b.Run(spec, func(b *testing.B) { askIdentity(b, address, f[0], f[1], size, atOnce, f[4] == "true") })
	}
}

func askIdentity(b *testing.B, address, model, kind string, size, atOnce int, share bool) {
	b.Helper()
	e, err := Dial(b.Context(), Options{Address: address, Backend: "python", Apart: !share})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close() //nolint:errcheck // measured
	width, _ := bytesOf(infer.Port{Type: kind, Shape: []int64{1}})
	port := infer.Port{Name: "IN", Type: kind, Shape: []int64{256, int64(size) / width / 256}}
	var left atomic.Int64
	var wg sync.WaitGroup
	work := func(n int) {
		left.Store(int64(n))
		for range atOnce {
			wg.Go(func() {
				in := infer.Tensor{Port: port, Data: make([]byte, size)}
				copy(in.Data, fmt.Sprint(time.Now()))
				for left.Add(-1) >= 0 {
					out, err := e.Infer(b.Context(), infer.Ref{Model: model}, []infer.Tensor{in})
					if err != nil {
						b.Error(err)
						return
					}
					if len(out[0].Data) != size || string(out[0].Data[:64]) != string(in.Data[:64]) {
						b.Error("another answer")
						return
					}
				}
			})
		}
		wg.Wait()
	}
	work(4 * atOnce)
	if share && e.memory.refused != (time.Time{}) {
		b.Fatal("no shared memory")
	}
	before := used()
	b.ResetTimer()
	work(b.N)
	b.StopTimer()
	b.ReportMetric(float64(used()-before)/float64(b.N), "cpu-ns/op")
}

// used is the processor time of this process so far.
func used() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
