package local_test

import (
	"testing"

	"coverslip.dev/coverslip/core/model/local"
	"coverslip.dev/coverslip/core/model/modeltest"
)

func open(t *testing.T, dir string) *local.Store {
	t.Helper()
	s, err := local.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestContract(t *testing.T) {
	modeltest.Run(t, func(t *testing.T) modeltest.Platform {
		t.Helper()
		return open(t, t.TempDir())
	})
}
