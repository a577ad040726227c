//go:build !amd64

package inflate

func weigh([]byte) (n int, sum, weighted uint64) { return 0, 0, 0 }
