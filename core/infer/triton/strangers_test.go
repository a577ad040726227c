package triton_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/infer/triton"
	"coverslip.dev/coverslip/core/servertest"
)

func TestAddresses(t *testing.T) {
	for address, name := range map[string]string{
		"grpc://gpu-1": "gpu-1:8001 (gRPC)", "grpc://gpu-1:9": "gpu-1:9 (gRPC)", "grpcs://[::1]:8001": "[::1]:8001 (gRPC)",
		"http://gpu-1": "gpu-1:8000 (HTTP)", "https://gpu-1/triton": "gpu-1:443 (HTTP)",
	} {
		if got := dial(t, triton.Options{Address: address}).Name(); got != name {
			t.Errorf("%s is called %q, want %q", address, got, name)
		}
	}
	for _, opt := range []triton.Options{
		{Address: ""}, {Address: "gpu-1:8001"}, {Address: "ftp://gpu-1"}, {Address: "grpc://"}, {Address: "grpc://gpu-1", Backend: "caffe"},
	} {
		if _, err := triton.Dial(t.Context(), opt); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", opt, err)
		}
	}
	for _, scheme := range []string{"grpc", "http", "https"} { // health would carry it, questions not
		_, err := triton.Dial(t.Context(), triton.Options{Address: scheme + "://ada:lovelace@gpu-1"})
		if say, _ := fault.Explain(err); fault.KindOf(err) != fault.Invalid || !strings.Contains(say, "password") || strings.Contains(say, "lovelace") {
			t.Errorf("%s with a password: %v", scheme, err)
		}
	}
}

// TestNoTriton: there is a server, but another one.
func TestNoTriton(t *testing.T) {
	pages := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(pages.Close)
	welcome := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := w.Write([]byte("<html>welcome</html>")); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(welcome.Close)
	for _, s := range []*httptest.Server{pages, welcome} {
		e := dial(t, triton.Options{Address: s.URL})
		if _, err := e.Models(t.Context()); fault.KindOf(err) != fault.Invalid {
			t.Errorf("models: %v", err)
		}
	}
	e := dial(t, triton.Options{Address: strings.Replace(pages.URL, "http:", "grpc:", 1)})
	if err := e.Ready(t.Context()); err == nil {
		t.Error("a web server is ready")
	}
}

// TestSentElsewhere: a server that sends whoever asks to a login page, or to anybody else, is none, and
// nobody else gets the key.
func TestSentElsewhere(t *testing.T) {
	var visits atomic.Int64
	login := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	t.Cleanup(login.Close)
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		s := httptest.NewServer(http.RedirectHandler(login.URL, status))
		t.Cleanup(s.Close)
		e := dial(t, triton.Options{Address: s.URL, Token: "let-me-in", TokenHeader: "lab-key"})
		_, models := e.Models(t.Context())
		for _, err := range []error{e.Ready(t.Context()), models, infertest.Ask(t.Context(), e, infer.Ref{Model: "m"}, 2, 1, 1, 1, 4, 4)} {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("%d: %v", status, err)
			}
		}
	}
	if n := visits.Load(); n != 0 {
		t.Errorf("the login page was asked %d times", n)
	}
}

// TestMute: a server that takes the connection and says nothing holds nobody up.
func TestMute(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	for _, scheme := range []string{"grpc://", "http://"} {
		e := dial(t, triton.Options{Address: scheme + l.Addr().String()})
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(200*time.Millisecond, cancel)
		begun := time.Now()
		if err := e.Ready(ctx); fault.KindOf(err) != fault.Canceled {
			t.Errorf("%s stopped: %v", scheme, err)
		}
		timer.Stop()
		if took := time.Since(begun); took >= 10*time.Second { // when it gives up by itself
			t.Errorf("%s stopped after %v", scheme, took)
		}
	}
}

// TestNoSuchBackend: the server can't run ONNX networks the way it was told to.
func TestNoSuchBackend(t *testing.T) {
	for _, env := range []string{"COVERSLIP_TEST_TRITON_GRPC", "COVERSLIP_TEST_TRITON_HTTP"} {
		e := dial(t, triton.Options{Address: servertest.Need(t, env), Backend: "onnxruntime"})
		err := e.Load(t.Context(), infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName()}, ONNX: infertest.Affine1()})
		if say, _ := fault.Explain(err); fault.KindOf(err) != fault.Invalid || !strings.Contains(say, "has no backend onnxruntime") {
			t.Errorf("%s: %v", e.Name(), err)
		}
	}
}
