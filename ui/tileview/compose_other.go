//go:build !amd64

package tileview

const vectorStep = 16

// vectors reports that there is no kernel for this machine.
func vectors() bool { return false }

// kernel is none here.
type kernel struct{}

func newKernel([]*stain, uint32) *kernel { return nil }

// compose colours nothing here.
func (*kernel) compose([]uint32, [][]uint16, int) int { return 0 }

// blendVectors lays nothing here.
func blendVectors([]uint32, []uint32, uint32) int { return 0 }
