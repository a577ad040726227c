package station_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"coverslip.dev/coverslip/assets/sample"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/gateway"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/infer/triton"
	"coverslip.dev/coverslip/core/secret"
	"coverslip.dev/coverslip/core/servertest"
	"coverslip.dev/coverslip/core/station"
)

// serve opens a gateway before a server, and ends it with the test.
func serve(t *testing.T, server string) (address string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	opened, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- station.ServeGateway(ctx, station.Front{
			Listen: "127.0.0.1:0", Servers: []string{server}, Backend: "python", Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		}, func(at string) { opened <- at })
	}()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	select {
	case at := <-opened:
		return "http://" + at
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
	}
	return ""
}

// call puts a request, with a body if there is one, and returns what comes back.
func call(t *testing.T, url string, body []byte) (code int, text string) {
	t.Helper()
	method := http.MethodGet
	if body != nil {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "image/tiff")
	rsp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer rsp.Body.Close()
	b, err := io.ReadAll(rsp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return rsp.StatusCode, string(b)
}

// TestGuestsOnALabsServer: a gateway and a question from the shell bring a model of the name that
// the lab's own has on the server, in the same version. That one stays as it is; people see the
// plain name. The gateway brings its own again to a server that was started anew, and is not
// ready meanwhile.
func TestGuestsOnALabsServer(t *testing.T) {
	s := servertest.StartTriton(t)
	lab, err := triton.Dial(t.Context(), triton.Options{Address: s.GRPC, Backend: "python"})
	if err != nil {
		t.Fatal(err)
	}
	defer lab.Close()
	own := infer.Bundle{Ref: infer.Ref{Model: "nuclei", Version: "1"}, ONNX: infertest.Affine1()} // 2x + 1
	if err := lab.Load(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	stays := func() {
		t.Helper()
		spec, err := lab.Describe(t.Context(), own.Ref)
		if err != nil || len(spec.In) != 1 {
			t.Fatalf("%+v, %v", spec, err)
		}
		in := spec.In[0]
		in.Shape = []int64{1, 1, 1, 1}
		out, err := lab.Infer(t.Context(), own.Ref, []infer.Tensor{{Port: in, Data: []byte{0, 0, 128, 63}}})
		if err != nil || len(out) != 1 || !bytes.Equal(out[0].Data, []byte{0, 0, 64, 64}) {
			t.Fatalf("the lab's model answers %v, %v", out, err)
		}
	}
	stays()
	image, err := fs.ReadFile(sample.Captures(), field)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), field)
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	q := station.Question{Engine: s.GRPC, Backend: "python", Model: "nuclei"}
	err = station.Ask(t.Context(), q, []string{path}, func(a station.Answer) error {
		if a.Layer.By != "nuclei@1" || a.Model.Model != "nuclei" || len(a.Layer.Objects) < 100 || a.Layer.Objects[0].By != "nuclei@1" {
			t.Errorf("%d objects by %s, %v", len(a.Layer.Objects), a.Layer.By, a.Model)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	stays()

	at := serve(t, s.GRPC)
	predict := func() (code int, objects int, text string) {
		t.Helper()
		code, text = call(t, at+"/v1/predict?format=json&model=nuclei", image)
		var a struct {
			Model   string
			Objects []json.RawMessage
		}
		if code == http.StatusOK && (json.Unmarshal([]byte(text), &a) != nil || a.Model != "nuclei") {
			t.Errorf("answers %.200s", text)
		}
		return code, len(a.Objects), text
	}
	ready := func() bool { code, _ := call(t, at+"/readyz", nil); return code == http.StatusOK }
	if _, n, text := predict(); n < 100 || !ready() {
		t.Fatalf("%d objects, %.200s", n, text)
	}
	stays()
	s.Signal(t, syscall.SIGKILL)
	if code, text := call(t, at+"/readyz", nil); code != http.StatusServiceUnavailable {
		t.Errorf("ready without a server: %d, %s", code, text)
	}
	s.Up(t)
	servertest.Until(t, ready, func() string { return "the model comes back" })
	if _, n, text := predict(); n < 100 {
		t.Errorf("after the restart %d objects, %.200s", n, text)
	}
}

// TestTroubleOfTheServerIsNotTheClients: what a server refuses its gateway is no mistake of who
// asked that.
func TestTroubleOfTheServerIsNotTheClients(t *testing.T) {
	s := servertest.StartTriton(t, "--grpc-restricted-protocol=inference:lab=secret")
	image, err := fs.ReadFile(sample.Captures(), field)
	if err != nil {
		t.Fatal(err)
	}
	if code, text := call(t, serve(t, s.GRPC)+"/v1/predict", image); code != http.StatusServiceUnavailable || !strings.Contains(text, "access key") {
		t.Errorf("without the key: %d, %s", code, text)
	}
	at := serve(t, s.HTTP)
	replaceModel(t, s, outOfMemory)
	if code, text := call(t, at+"/v1/predict", image); code != http.StatusServiceUnavailable || !strings.Contains(text, "too little memory") {
		t.Errorf("out of memory: %d, %s", code, text)
	}
}

// TestOneServerOfTwoIsOff: the gateway and a question from the shell work with the server that is
// there, whichever is named first.
func TestOneServerOfTwoIsOff(t *testing.T) {
	s := servertest.StartTriton(t)
	image, err := fs.ReadFile(sample.Captures(), field)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), field)
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	const off = "grpc://127.0.0.1:9"
	for _, both := range []string{s.GRPC + "," + off, off + "," + s.GRPC} {
		q := station.Question{Engine: both, Backend: "python", Model: "nuclei"}
		err := station.Ask(t.Context(), q, []string{path}, func(a station.Answer) error {
			if len(a.Layer.Objects) < 100 {
				t.Errorf("%d objects", len(a.Layer.Objects))
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", both, err)
		}
		at := serve(t, both)
		if code, text := call(t, at+"/readyz", nil); code != http.StatusOK {
			t.Errorf("%s: %d, %s", both, code, text)
		}
		if code, text := call(t, at+"/v1/predict", image); code != http.StatusOK {
			t.Errorf("%s: %d, %.200s", both, code, text)
		}
	}
}

// TestAskOutlastsAServer that is killed when the first of many images is there, and started again
// when somebody has noticed.
func TestAskOutlastsAServer(t *testing.T) {
	s := servertest.StartTriton(t)
	image, err := fs.ReadFile(sample.Captures(), field)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for i := range 6 { // more than are under way at a time
		paths = append(paths, filepath.Join(t.TempDir(), fmt.Sprint(i, field)))
		if err := os.WriteFile(paths[i], image, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	kill, again := sync.OnceFunc(func() { s.Signal(t, syscall.SIGKILL) }), sync.OnceFunc(func() { s.Up(t) })
	var answers atomic.Int32
	q := station.Question{Engine: s.GRPC, Backend: "python", Model: "nuclei", Patience: 5 * time.Minute, Waits: func(error) { again() }}
	if err := station.Ask(t.Context(), q, paths, func(a station.Answer) error {
		kill()
		if answers.Add(1); len(a.Layer.Objects) < 100 {
			t.Errorf("%d objects", len(a.Layer.Objects))
		}
		return nil
	}); err != nil || int(answers.Load()) != len(paths) {
		t.Errorf("%d of %d images: %v", answers.Load(), len(paths), err)
	}
}

// TestWhoMayListen: without tokens the gateway answers this computer only.
func TestWhoMayListen(t *testing.T) {
	servertest.Need(t, "COVERSLIP_TEST_ORT")
	stopped, stop := context.WithCancel(t.Context())
	stop() // what may be opened ends at once
	for listen, allowed := range map[string]bool{
		"127.0.0.1:0": true, "[::1]:0": true, "localhost:0": true,
		"0.0.0.0:0": false, ":0": false, "[::]:0": false, "192.0.2.1:0": false, "gateway.lab:0": false,
	} {
		f := station.Front{Listen: listen, Log: slog.New(slog.DiscardHandler)}
		err := station.ServeGateway(stopped, f, func(string) {})
		if denied := fault.KindOf(err) == fault.Denied; denied == allowed {
			t.Errorf("%s: %v", listen, err)
		}
		f.Options = gateway.Options{Tokens: []secret.Text{"let-me-in"}}
		if err := station.ServeGateway(stopped, f, func(string) {}); fault.KindOf(err) == fault.Denied {
			t.Errorf("%s with a token: %v", listen, err)
		}
	}
	if err := station.ServeGateway(t.Context(), station.Front{Listen: "8090"}, nil); fault.KindOf(err) != fault.Invalid || errors.Is(err, context.Canceled) {
		t.Errorf("no address: %v", err)
	}
}

// TestGatewayOfAServersOwnModel: a description alone stands for the model that the server has,
// whatever version it has of it.
func TestGatewayOfAServersOwnModel(t *testing.T) {
	server := servertest.Need(t, "COVERSLIP_TEST_TRITON_GRPC")
	en, err := triton.Dial(t.Context(), triton.Options{Address: server, Backend: "python"})
	if err != nil {
		t.Fatal(err)
	}
	defer en.Close() //nolint:errcheck // the test's end
	b := infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName(), Version: "7"}, ONNX: infertest.Affine1()}
	if err := en.Load(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	defer en.Unload(context.WithoutCancel(t.Context()), b.Model) //nolint:errcheck // tidying up
	folder := t.TempDir()
	text := bytes.Replace(infertest.Recipe("y"), []byte("name: contract"), []byte("name: "+b.Model), 1)
	if err := os.WriteFile(filepath.Join(folder, "coverslip.yaml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	opened := false
	err = station.ServeGateway(ctx, station.Front{
		Listen: "127.0.0.1:0", Servers: []string{server}, Backend: "python", Folders: []string{folder}, Log: slog.New(slog.DiscardHandler),
	}, func(string) { opened = true; cancel() })
	if err != nil || !opened {
		t.Errorf("opened: %v, %v", opened, err)
	}
	if err := infertest.Ask(t.Context(), en, b.Ref, 2, 1, 1, 1, 4, 4); err != nil { // before it goes, as infertest does
		t.Error(err)
	}
}
