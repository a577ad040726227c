package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/servertest"
)

// guarded is a proxy before a server that wants a certificate of whoever asks; its own will do.
// It returns its address and the flags that open it.
func guarded(t *testing.T, server string) (address string, flags []string) {
	t.Helper()
	to, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewUnstartedServer(httputil.NewSingleHostReverseProxy(to))
	// In TLS 1.3 the refusal comes after the handshake: whether it or the connection's end is heard is luck.
	proxy.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12}
	proxy.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	proxy.StartTLS()
	t.Cleanup(proxy.Close)
	key, err := x509.MarshalPKCS8PrivateKey(proxy.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, keys := filepath.Join(t.TempDir(), "lab.crt"), filepath.Join(t.TempDir(), "lab.key")
	for path, b := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: proxy.Certificate().Raw}, keys: {Type: "PRIVATE KEY", Bytes: key}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return proxy.URL, []string{"--ca", cert, "--cert", cert, "--key", keys}
}

// TestAccess: infer and gateway reach a server that is encrypted, wants a certificate and lets only
// who has a key ask; whoever lacks one of these hears of the flag. What was brought there stays
// under the name that -h tells, and goes as that says.
func TestAccess(t *testing.T) {
	s := servertest.StartTriton(t, "--http-restricted-api=inference,model-repository:lab=secret")
	at, opens := guarded(t, s.HTTP)
	t.Setenv("COVERSLIP_TOKEN", "secret")
	image := "../../assets/sample/captures/2026-11-24_plate07_A03_DAPI.ome.tif"
	ask := append([]string{"infer", image, "--engine", at, "--region", "0,0,200,200", "--model", "guarded"}, opens...)
	for _, c := range []struct {
		args []string
		say  string
	}{
		{ask[:8], "Here that is --ca,"},
		{ask[:10], "does not trust this computer"},
		{ask, "wants an access key in the header lab."},
		{[]string{"infer", image, "--engine", s.GRPC, "--ca", "x"}, "are for servers at grpcs:// and https://"},
		{[]string{"infer", image, "--engine", at, "--cert", "x"}, "--cert and --key go together"},
		{append(ask, "--token-header", "lab"), ""},
	} {
		var text, errs bytes.Buffer
		if code := run(t.Context(), c.args, &text, &errs); (code == 0) != (c.say == "") || !strings.Contains(errs.String(), c.say) {
			t.Errorf("%v ended with %d: %s%s", c.args, code, &text, &errs)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	text, errs := &once{end: cancel}, &bytes.Buffer{}
	serve := append([]string{"gateway", "--listen", "127.0.0.1:0", "--engines", at, "--token-header", "lab"}, opens...)
	if code := run(ctx, serve, text, errs); code != 0 || !strings.Contains(text.String(), "listening") {
		t.Errorf("the gateway ended with %d: %s", code, errs)
	}
	brought := guests(t, s.HTTP)
	if len(brought) != 2 {
		t.Errorf("there are %v", brought)
	}
	for _, name := range brought {
		asked(t, http.MethodPost, s.HTTP+"/v2/repository/models/"+name+"/unload")
	}
	if left := guests(t, s.HTTP); len(left) > 0 {
		t.Errorf("still there: %v", left)
	}
}

// guests are the models on a server that are ready.
func guests(t *testing.T, server string) (names []string) {
	t.Helper()
	var stats struct {
		Models []struct{ Name string } `json:"model_stats"`
	}
	if err := json.Unmarshal(asked(t, http.MethodGet, server+"/v2/models/stats"), &stats); err != nil {
		t.Fatal(err)
	}
	for _, m := range stats.Models { // its index does not have those that were sent
		if !strings.HasPrefix(m.Name, "guarded-") && !strings.HasPrefix(m.Name, "nuclei-") {
			t.Errorf("a guest is named %s", m.Name)
		}
		names = append(names, m.Name)
	}
	return names
}

// asked is what a server answers to whoever has the key.
func asked(t *testing.T, method, address string) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("lab", "secret")
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close() //nolint:errcheck // read only
	b, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != http.StatusOK {
		t.Fatalf("%d %s %v", a.StatusCode, b, err)
	}
	return b
}

// TestHelp shows what a command's flags are for.
func TestHelp(t *testing.T) {
	var text, errs bytes.Buffer
	if code := run(t.Context(), []string{"infer", "-h"}, &text, &errs); code != 0 || !strings.Contains(text.String(), "NAME-HASH/unload") {
		t.Errorf("%d: %s%s", code, &text, &errs)
	}
}
