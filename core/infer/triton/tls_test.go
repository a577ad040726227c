package triton_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/infer/triton"
	"coverslip.dev/coverslip/core/servertest"
)

// lab is a certificate authority of the test's own.
type lab struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{dir: t.TempDir()}
	l.cert, l.key = l.issue(t, "ca")
	return l
}

// issue makes NAME.crt and NAME.key, signed by the lab, or by itself if it is the first.
func (l *lab) issue(t *testing.T, name string) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: l.cert == nil, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := l.cert, l.key
	if parent == nil {
		parent, signer = cert, key
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for ext, b := range map[string]*pem.Block{".crt": {Type: "CERTIFICATE", Bytes: der}, ".key": {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(l.path(name+ext), pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func (l *lab) path(file string) string { return filepath.Join(l.dir, file) }

func (l *lab) config(t *testing.T, name string) *tls.Config {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(l.cert)
	c := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	if name != "" {
		pair, err := tls.LoadX509KeyPair(l.path(name+".crt"), l.path(name+".key"))
		if err != nil {
			t.Fatal(err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c
}

// TestTLS: gRPC where both sides show a certificate, and HTTPS by a proxy before Triton.
func TestTLS(t *testing.T) {
	l := newLab(t)
	l.issue(t, "server")
	l.issue(t, "station")
	s := servertest.StartTriton(t, "--grpc-use-ssl-mutual=true", "--grpc-server-cert="+l.path("server.crt"),
		"--grpc-server-key="+l.path("server.key"), "--grpc-root-cert="+l.path("ca.crt"))
	to, err := url.Parse(s.HTTP)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewUnstartedServer(httputil.NewSingleHostReverseProxy(to))
	proxy.TLS = l.config(t, "server")
	proxy.StartTLS()
	t.Cleanup(proxy.Close)
	grpcs := strings.Replace(s.GRPC, "grpc:", "grpcs:", 1)
	for _, f := range []triton.Files{{CA: l.path("none.crt")}, {CA: l.path("ca.key")}, {Cert: l.path("ca.crt"), Key: l.path("server.key")}} {
		if _, err := triton.Dial(t.Context(), triton.Options{Address: grpcs, Files: f}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", f, err)
		}
	}
	for what, c := range map[string]struct {
		opt  triton.Options
		kind fault.Kind
	}{
		"a stranger's gRPC":  {triton.Options{Address: grpcs}, fault.Denied},
		"a stranger's HTTPS": {triton.Options{Address: proxy.URL}, fault.Denied},
		"gRPC without TLS":   {triton.Options{Address: s.GRPC}, fault.Offline},
	} {
		if err := dial(t, c.opt).Ready(t.Context()); fault.KindOf(err) != c.kind {
			t.Errorf("%s: %v", what, err)
		}
	}
	// Triton just ends the connection, so the reason is not to be had.
	if err := dial(t, triton.Options{Address: grpcs, TLS: l.config(t, "")}).Ready(t.Context()); err == nil {
		t.Error("no certificate, but ready")
	}
	for _, opt := range []triton.Options{
		{Address: grpcs, TLS: l.config(t, "station"), Backend: "python"},
		{Address: grpcs, Files: triton.Files{CA: l.path("ca.crt"), Cert: l.path("station.crt"), Key: l.path("station.key")}, Backend: "python"},
		{Address: proxy.URL, TLS: l.config(t, "station"), Backend: "python"},
	} {
		e := dial(t, opt)
		b := infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName(), Version: "1"}, ONNX: infertest.Affine1()}
		if err := e.Load(t.Context(), b); err != nil {
			t.Errorf("%s: %v", e.Name(), err)
		}
		if err := infertest.Ask(t.Context(), e, b.Ref, 2, 1, 1, 1, 64, 64); err != nil {
			t.Errorf("%s: %v", e.Name(), err)
		}
	}
}
