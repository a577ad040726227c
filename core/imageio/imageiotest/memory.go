package imageiotest

import (
	"runtime"
	"runtime/metrics"
)

// Allocated is how many bytes the program has taken from its heap so far, those that it gave back among them.
func Allocated() uint64 { return metric("/gc/heap/allocs:bytes") }

// Live is how many bytes of its heap are in use.
func Live() uint64 {
	runtime.GC()
	return metric("/gc/heap/live:bytes")
}

func metric(name string) uint64 {
	s := []metrics.Sample{{Name: name}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
