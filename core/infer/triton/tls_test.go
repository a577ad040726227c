package triton_test

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/infer/triton"
	"coverslip.dev/coverslip/core/secret"
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
	return l.issueFor(t, name, "127.0.0.1", time.Now().Add(time.Hour))
}

// issueFor makes one for a computer that counts until a time.
func (l *lab) issueFor(t *testing.T, name, computer string, until time.Time) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.ParseIP(computer)},
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

// TestWhatIsWrongWithTLS: each thing that goes wrong before Triton has heard a question is
// said by what a person can do about it, over gRPC and HTTPS.
func TestWhatIsWrongWithTLS(t *testing.T) {
	l, other := newLab(t), newLab(t)
	l.issue(t, "server")
	l.issue(t, "station")
	other.issue(t, "station")
	l.issueFor(t, "elsewhere", "10.0.0.9", time.Now().Add(time.Hour))
	l.issueFor(t, "late", "127.0.0.1", time.Now().Add(-time.Minute))
	ca := triton.Files{CA: l.path("ca.crt")}
	own := func(cert, key string) triton.Files { return triton.Files{CA: ca.CA, Cert: cert, Key: key} }
	locked := l.path("locked.key")
	if err := os.WriteFile(locked, []byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mutual := func(name string) (grpcs, https string) {
		s := servertest.StartTriton(t, "--grpc-use-ssl-mutual=true", "--grpc-server-cert="+l.path(name+".crt"),
			"--grpc-server-key="+l.path(name+".key"), "--grpc-root-cert="+l.path("ca.crt"))
		to, err := url.Parse(s.HTTP)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Replace(s.GRPC, "grpc:", "grpcs:", 1), l.mutualProxy(t, name, to)
	}
	grpcs, https := mutual("server")
	elsewhere, elsewhereHTTPS := mutual("elsewhere")
	late, lateHTTPS := mutual("late")
	good := own(l.path("station.crt"), l.path("station.key"))
	for _, c := range []struct {
		address string
		files   triton.Files
		kind    fault.Kind
		say     string
	}{
		{grpcs, good, 0, ""},
		{https, good, 0, ""},
		{late, good, fault.Denied, "has expired"},
		{lateHTTPS, good, fault.Denied, "has expired"},
		{elsewhere, good, fault.Denied, "is for another name"},
		{elsewhereHTTPS, good, fault.Denied, "is for another name"},
		{grpcs, triton.Files{}, fault.Denied, "nobody signed it"},
		{https, triton.Files{}, fault.Denied, "nobody signed it"},
		{grpcs, triton.Files{CA: other.path("ca.crt")}, fault.Denied, "CA of the settings did not sign it"},
		{https, triton.Files{CA: other.path("ca.crt")}, fault.Denied, "CA of the settings did not sign it"},
		{grpcs, ca, fault.Offline, "ended the secure connection"}, // Triton does not say why
		{https, ca, fault.Denied, "does not trust this computer"},
		{grpcs, own(other.path("station.crt"), other.path("station.key")), fault.Offline, "ended the secure connection"},
		{https, own(other.path("station.crt"), other.path("station.key")), fault.Denied, "does not trust this computer"},
		{grpcs, own(l.path("late.crt"), l.path("late.key")), fault.Denied, "expired on"},
		{https, own(l.path("late.crt"), l.path("late.key")), fault.Denied, "expired on"},
		{grpcs, triton.Files{CA: l.path("none.crt")}, fault.Invalid, "There is no file"},
		{https, triton.Files{CA: l.path("none.crt")}, fault.Invalid, "There is no file"},
		{grpcs, triton.Files{CA: l.path("ca.key")}, fault.Invalid, "holds no certificate"},
		{grpcs, own(l.path("station.key"), l.path("station.key")), fault.Invalid, "holds no certificate"},
		{grpcs, own(l.path("station.crt"), l.path("gone.key")), fault.Invalid, "There is no file"},
		{grpcs, own(l.path("station.crt"), l.path("station.crt")), fault.Invalid, "holds no private key"},
		{grpcs, own(l.path("station.crt"), locked), fault.Invalid, "locked with a passphrase"},
		{grpcs, own(l.path("station.crt"), l.path("server.key")), fault.Invalid, "does not belong"},
		{strings.Replace(grpcs, "grpcs:", "grpc:", 1), ca, fault.Offline, "ended the connection at once"},
		{strings.Replace(servertest.Need(t, "COVERSLIP_TEST_TRITON_GRPC"), "grpc:", "grpcs:", 1), ca, fault.Denied, "does not encrypt"},
	} {
		err := dial(t, triton.Options{Name: "GPU 1", Address: c.address, Files: c.files}).Ready(t.Context())
		if !says(err, c.kind, c.say) {
			t.Errorf("%s, %+v: %v, want %q", c.address, c.files, err, c.say)
		}
	}
}

// TestMetricsOverTLS: a proxy shows Triton's metrics to those of the lab.
func TestMetricsOverTLS(t *testing.T) {
	l := newLab(t)
	l.issue(t, "server")
	l.issue(t, "station")
	s := servertest.StartTriton(t)
	to, err := url.Parse(s.Metrics)
	if err != nil {
		t.Fatal(err)
	}
	at := l.mutualProxy(t, "server", &url.URL{Scheme: to.Scheme, Host: to.Host}) + to.Path
	good := triton.Files{CA: l.path("ca.crt"), Cert: l.path("station.crt"), Key: l.path("station.key")}
	for _, f := range []triton.Files{good, {}, {CA: good.CA}} {
		load, err := dial(t, triton.Options{Address: s.GRPC, Metrics: at, Files: f}).Busy(t.Context())
		if f == good && (err != nil || load.CPU < 0) || f != good && fault.KindOf(err) != fault.Offline {
			t.Errorf("%+v: %+v, %v", f, load, err)
		}
	}
}

// mutualProxy is one before a server that wants to know who asks; it returns its address.
func (l *lab) mutualProxy(t *testing.T, name string, to *url.URL) string {
	t.Helper()
	proxy := httptest.NewUnstartedServer(httputil.NewSingleHostReverseProxy(to))
	proxy.TLS = l.config(t, name)
	proxy.TLS.ClientAuth, proxy.TLS.ClientCAs = tls.RequireAndVerifyClientCert, proxy.TLS.RootCAs
	proxy.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	proxy.StartTLS()
	t.Cleanup(proxy.Close)
	return proxy.URL
}

// says tells whether err is of that kind, with those words and a hint; none if say is empty.
func says(err error, kind fault.Kind, say string) bool {
	if say == "" || err == nil {
		return say == "" && err == nil
	}
	text, hint := fault.Explain(err)
	return fault.KindOf(err) == kind && strings.Contains(text, say) && hint != ""
}

// TestCertificatesAreReadAnew: a client's certificate that comes late, or is renewed, counts
// from the next connection on.
func TestCertificatesAreReadAnew(t *testing.T) {
	l := newLab(t)
	l.issue(t, "server")
	s := servertest.StartTriton(t, "--grpc-use-ssl-mutual=true", "--grpc-server-cert="+l.path("server.crt"),
		"--grpc-server-key="+l.path("server.key"), "--grpc-root-cert="+l.path("ca.crt"))
	e := dial(t, triton.Options{
		Address: strings.Replace(s.GRPC, "grpc:", "grpcs:", 1), Files: triton.Files{CA: l.path("ca.crt"), Cert: l.path("station.crt"), Key: l.path("station.key")},
	})
	if err := e.Ready(t.Context()); fault.KindOf(err) != fault.Invalid {
		t.Errorf("without a certificate: %v", err)
	}
	l.issueFor(t, "station", "127.0.0.1", time.Now().Add(-time.Minute))
	l.until(t, e, func(err error) bool { return fault.KindOf(err) == fault.Denied })
	l.issue(t, "station")
	l.until(t, e, func(err error) bool { return err == nil })
}

// until asks until the answer is as it should be: a connection that failed rests before the next.
func (l *lab) until(t *testing.T, e *triton.Engine, enough func(error) bool) {
	t.Helper()
	servertest.Succeeds(t, func() error {
		if err := e.Ready(t.Context()); !enough(err) {
			return fmt.Errorf("still: %w", cmp.Or(err, errors.New("it answers")))
		}
		return nil
	})
}

// TestKeysOfRestrictedAPIs: the server's own word for the header is passed on.
func TestKeysOfRestrictedAPIs(t *testing.T) {
	s := servertest.StartTriton(t, "--grpc-restricted-protocol=inference,model-repository:lab=secret", "--http-restricted-api=inference,model-repository:lab=secret")
	for address, header := range map[string]string{s.GRPC: "triton-grpc-protocol-lab", s.HTTP: "lab"} {
		for _, c := range []struct {
			header, token, say string
		}{
			{"", "", "in the header " + header + "."},
			{"", "secret", "in the header " + header + "."},
			{header, "guess", "is wrong"},
			{header, "secret", ""},
		} {
			e := dial(t, triton.Options{Address: address, TokenHeader: c.header, Token: secret.Text(c.token)})
			err := e.Allowed(t.Context())
			if !says(err, fault.Denied, c.say) || err != nil && strings.Contains(err.Error(), "guess") {
				t.Errorf("%s with %q: %v", address, c.header, err)
			}
		}
	}
}

// TestAServerThatSpeaksNoTLS and hangs up on those who do: that it may not encrypt is said first.
func TestAServerThatSpeaksNoTLS(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer l.Close()
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 4096))
			_ = c.Close()
		}
	})
	err = dial(t, triton.Options{Address: "https://" + l.Addr().String()}).Ready(t.Context())
	if _, hint := fault.Explain(err); fault.KindOf(err) != fault.Offline || !strings.HasPrefix(hint, "If it does not encrypt, write its address with http://") {
		t.Errorf("%v: %s", err, hint)
	}
}
