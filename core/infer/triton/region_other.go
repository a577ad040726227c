//go:build !linux

package triton

import "errors"

// region is memory that another process can map; only Linux is a home of Triton.
type region struct {
	name string
	data []byte
}

func newRegion(string, int64) (*region, error) { return nil, errors.ErrUnsupported }

func (r *region) close() {}

func (r *region) unmap() error { return nil }

func removeRegion(string) {}

func orphans(string) []string { return nil }
