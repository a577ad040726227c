package triton

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/servertest"
)

func TestNumbers(t *testing.T) {
	for version, want := range map[string]string{"": "1", "1": "1", "12": "12", "999999999": "999999999"} {
		if got := number(version); got != want {
			t.Errorf("%q is number %s, want %s", version, got, want)
		}
	}
	seen := map[string]string{}
	for _, version := range []string{"0", "-1", "01", "1000000000", "1.0", "v1", "2026-03-rc.1", "99999999999999999999"} {
		n := number(version)
		if len(n) != 10 || seen[n] != "" {
			t.Errorf("%q is number %s, as %q is", version, n, seen[n])
		}
		seen[n] = version
		s := (*shelf)(nil).with(infer.Bundle{Ref: infer.Ref{Model: "m", Version: version}})
		if got := nameOf(n, s.parameters()); got != version {
			t.Errorf("%s comes back as %q, want %q", n, got, version)
		}
	}
	if nameOf("4", nil) != "4" {
		t.Error("a version that somebody else has loaded has a name")
	}
}

// TestUnreachable: whether a name or a port is wrong is told apart, as a server's own words on either
// wire have it.
func TestUnreachable(t *testing.T) {
	e, err := Dial(t.Context(), Options{Address: "grpc://gpu-77.lab", Name: "GPU"})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close() //nolint:errcheck // the test's end
	const name, port = "nobody here knows the name gpu-77.lab.", "no server does at that port."
	for text, want := range map[string]string{
		"dial tcp: lookup gpu-77.lab: no such host":                                                                      name,
		"dial tcp: lookup gpu-77.lab: Temporary failure in name resolution":                                              name,
		"name resolver error: produced zero addresses":                                                                   name,
		`connection error: desc = "transport: Error while dialing: dial tcp 10.0.0.7:8001: connect: connection refused"`: port,
		"dial tcp 10.0.0.7:8000: connectex: No connection could be made because the target machine actively refused it.": port,
		"proxyconnect tcp: dial tcp: lookup proxy.lab: no such host":                                                     "can't be reached.",
		"dial tcp 10.0.0.7:8000: i/o timeout":                                                                            "can't be reached.",
	} {
		say, hint := fault.Explain(e.explain(&refusal{code: codes.Unavailable, text: text}, infer.Ref{Model: "m"}))
		if !strings.HasPrefix(say, "The inference server GPU can't be reached") || !strings.HasSuffix(say, want) || !strings.Contains(hint, "by itself") {
			t.Errorf("%s: %s %s", text, say, hint)
		}
	}
	e, err = Dial(t.Context(), Options{Address: "http://127.0.0.1:9"})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close() //nolint:errcheck // the test's end
	if say, _ := fault.Explain(e.Ready(t.Context())); !strings.HasSuffix(say, port) {
		t.Errorf("nobody listens: %s", say)
	}
}

// TestTooLarge: what no message holds is said so, and a shelf holds no more than one does.
func TestTooLarge(t *testing.T) {
	e, err := Dial(t.Context(), Options{Address: servertest.Need(t, "COVERSLIP_TEST_TRITON_GRPC"), Apart: true})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close() //nolint:errcheck // the test's end
	m := infer.Ref{Model: "m", Version: "1"}
	huge := infer.Tensor{Port: infer.Port{Name: "IN", Type: "UINT8", Shape: []int64{mostBytes}}, Data: make([]byte, mostBytes)}
	_, err = e.wire.ask(t.Context(), &question{model: "m", in: []infer.Tensor{huge}})
	for what, c := range map[string]struct {
		err  error
		kind fault.Kind
	}{
		"a question": {e.explain(err, m), fault.Invalid},
		"a network":  {e.loadFault(err, m), fault.Invalid},
	} {
		if say, hint := fault.Explain(c.err); fault.KindOf(c.err) != c.kind || !strings.Contains(say, "too large") || hint == "" {
			t.Errorf("%s: %v", what, c.err)
		}
	}
	var s *shelf
	for _, version := range []string{"1", "2", "3"} {
		s = s.with(infer.Bundle{Ref: infer.Ref{Model: "m", Version: version}, ONNX: huge.Data[:900<<20]})
	}
	if len(s.bundles) != 2 || s.index("1") >= 0 || s.latest != "3" {
		t.Errorf("%d versions of 900 MiB", len(s.bundles))
	}
	if s = s.with(infer.Bundle{Ref: infer.Ref{Model: "m", Version: "4"}, ONNX: huge.Data}); len(s.bundles) != 1 {
		t.Errorf("%d versions with one that fills a message", len(s.bundles))
	}
}

// TestForgotten: a model that could not be loaded from the server's repository leaves what this
// program has loaded of that name where it is, also when the next version comes.
func TestForgotten(t *testing.T) {
	e, err := Dial(t.Context(), Options{Address: servertest.Need(t, "COVERSLIP_TEST_TRITON_GRPC"), Backend: "python"})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close() //nolint:errcheck // the test's end
	b := infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName(), Version: "1"}, ONNX: infertest.Affine1()}
	defer e.Unload(t.Context(), b.Model) //nolint:errcheck // the test's end
	if err := e.Load(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if err := e.LoadStored(t.Context(), b.Model); err == nil {
		t.Fatal("loaded what is not there")
	}
	next := infer.Bundle{Ref: infer.Ref{Model: b.Model, Version: "2"}, ONNX: infertest.Affine2()}
	if err := e.Load(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	if err := infertest.Ask(t.Context(), e, b.Ref, 2, 1, 1, 1, 4, 4); err != nil {
		t.Error(err)
	}
	if err := infertest.Ask(t.Context(), e, next.Ref, 3, -1, 1, 1, 4, 4); err != nil {
		t.Error(err)
	}
}
