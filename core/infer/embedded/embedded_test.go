package embedded_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/embedded"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/servertest"
)

func TestContract(t *testing.T) {
	lib := servertest.Need(t, "COVERSLIP_TEST_ORT")
	infertest.Run(t, infertest.Traits{FreesStopped: true}, func(*testing.T) infer.Engine {
		return embedded.Open(lib, embedded.Options{Threads: 2})
	})
}

func TestNotInstalled(t *testing.T) {
	e := embedded.Open(filepath.Join(t.TempDir(), "none.so"), embedded.Options{})
	ctx := t.Context()
	_, models := e.Models(ctx)
	_, describe := e.Describe(ctx, infer.Ref{Model: "m"})
	_, ask := e.Infer(ctx, infer.Ref{Model: "m"}, nil)
	for _, err := range []error{e.Ready(ctx), models, describe, ask, e.Load(ctx, infer.Bundle{}), e.Unload(ctx, "m")} {
		say, hint := fault.Explain(err)
		if fault.KindOf(err) != fault.NotFound || say != "The built-in inference engine is not installed." || hint == "" {
			t.Errorf("%v: %q, %q", err, say, hint)
		}
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

func TestNoLibrary(t *testing.T) {
	p := filepath.Join(t.TempDir(), "lib.so")
	if err := os.WriteFile(p, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := embedded.Open(p, embedded.Options{}).Ready(t.Context())
	// The real library may be open already: a process has only one.
	if say, _ := fault.Explain(err); fault.KindOf(err) != fault.Corrupt && !strings.HasPrefix(say, "The program already") {
		t.Error(err)
	}
}

// TestOneLibrary: the open library is also that of its other names; another file is refused.
func TestOneLibrary(t *testing.T) {
	lib := servertest.Need(t, "COVERSLIP_TEST_ORT")
	link := filepath.Join(t.TempDir(), "link.so")
	if err := os.Symlink(lib, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{lib, link, lib} {
		if err := embedded.Open(path, embedded.Options{}).Ready(t.Context()); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := os.WriteFile(link+".other", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := embedded.Open(link+".other", embedded.Options{}).Ready(t.Context()); fault.KindOf(err) != fault.Invalid {
		t.Errorf("another: %v", err)
	}
}
