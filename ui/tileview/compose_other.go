//go:build !amd64

package tileview

const vectorStep = 16

// vectors reports that there is no kernel for this machine.
func vectors() bool { return false }

// composeVectors colours nothing here.
func composeVectors([]uint32, [][]uint16, []*stain, uint32) int { return 0 }

// blendVectors lays nothing here.
func blendVectors([]uint32, []uint32, uint32) int { return 0 }
