package station_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/servertest"
)

// disaster is what happens to a real server. Those without a strike are so from the start.
type disaster struct {
	name  string
	words string // that a person reads on the captures or on the Servers screen
	begin func(t *testing.T) (in config.Server, strike func(), mend func(b *bench))
}

func disasters() []disaster {
	plain := func(t *testing.T) (*servertest.Triton, config.Server) {
		t.Helper()
		s := servertest.StartTriton(t)
		return s, config.Server{Address: s.GRPC, Backend: "python", Metrics: s.Metrics}
	}
	return []disaster{
		{"killed", "can't be reached", func(t *testing.T) (config.Server, func(), func(*bench)) {
			t.Helper()
			s, in := plain(t)
			return in, func() { s.Signal(t, syscall.SIGKILL) }, func(*bench) { s.Up(t) }
		}},
		{"slow beyond all patience", "did not answer in time", func(t *testing.T) (config.Server, func(), func(*bench)) {
			t.Helper()
			s, in := plain(t)
			t.Cleanup(func() { s.Signal(t, syscall.SIGCONT) })
			return in, func() { s.Signal(t, syscall.SIGSTOP) }, func(*bench) { s.Signal(t, syscall.SIGCONT) }
		}},
		{"connections reset", "can't be reached", func(t *testing.T) (config.Server, func(), func(*bench)) {
			t.Helper()
			s, in := plain(t)
			var wire *cable
			wire, in.Address = plug(t, s.GRPC)
			return in, wire.pull, func(*bench) { wire.back() }
		}},
		{"name gone from DNS", "can't be reached", func(t *testing.T) (config.Server, func(), func(*bench)) {
			t.Helper()
			_, right := plain(t)
			wrong := right
			wrong.Address = "grpc://triton.invalid:8001"
			return wrong, nil, func(b *bench) { // by a person
				set := b.Settings()
				set.Servers = []config.Server{right}
				if err := b.Save(t.Context(), set, nil); err != nil {
					t.Error(err)
				}
			}
		}},
		{"certificate expired", "certificate", func(t *testing.T) (config.Server, func(), func(*bench)) {
			t.Helper()
			cert, key := filepath.Join(t.TempDir(), "server.crt"), filepath.Join(t.TempDir(), "server.key")
			certify(t, cert, key, time.Now().Add(-time.Minute))
			s := servertest.StartTriton(t, "--grpc-use-ssl=1", "--grpc-server-cert="+cert, "--grpc-server-key="+key)
			in := config.Server{Address: strings.Replace(s.GRPC, "grpc:", "grpcs:", 1), Backend: "python", Metrics: s.Metrics, CA: cert}
			return in, nil, func(b *bench) { // the lab renews it
				certify(t, cert, key, time.Now().Add(time.Hour))
				s.Signal(t, syscall.SIGKILL)
				s.Up(t)
				if err := b.Save(t.Context(), b.Settings(), nil); err != nil { // which reads the CA anew
					t.Error(err)
				}
			}
		}},
	}
}

// certify writes a certificate of this computer, signed by itself, that ends at a time.
func certify(t *testing.T, cert, key string, until time.Time) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	for path, b := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNothingIsLostWhateverTheServerDoes: captures meet every fault of a real server. None is
// lost, each that waits says why in a whole sentence and what to do, the Servers screen says
// what is wrong, and all are predicted by the server once it is over.
func TestNothingIsLostWhateverTheServerDoes(t *testing.T) {
	for _, d := range disasters() {
		t.Run(d.name, func(t *testing.T) {
			in, strike, mend := d.begin(t)
			b := open(t, t.TempDir(), func(s *config.Settings) { s.Servers, s.Takeover = []config.Server{in}, false })
			var names []string
			drop := func() {
				names = append(names, fmt.Sprintf("%d.ome.tif", len(names)))
				b.dropAs(field, names[len(names)-1])
			}
			if strike != nil {
				b.until(func() bool { s, _ := b.Servers().Row(in.Address); return s.Ready && len(s.Models) > 0 }, func() string { return "server ready" })
				drop()
				b.capture(names[0], predicted)
				drop()
				drop()
				b.capture(names[1], func(it flow.Item) bool { s := it.Passes["infer"].State; return s == flow.Running || s == flow.Passed })
				strike()
			}
			b.until(func() bool {
				s, _ := b.Servers().Row(in.Address)
				return strings.Contains(s.Say, d.words) && s.Hint != ""
			}, func() string {
				s, _ := b.Servers().Row(in.Address)
				return "the server's words: " + s.Say
			})
			drop()
			it := b.capture(names[len(names)-1], func(it flow.Item) bool { return it.Passes["infer"].Say != "" && it.Behind("push") })
			if p := it.Passes["infer"]; p.State != flow.Waiting || !strings.HasSuffix(p.Say, ".") || p.Hint == "" {
				t.Errorf("a capture waits with %+v", p)
			}
			mend(b)
			for _, name := range names {
				var p intake.Predicted
				if b.capture(name, predicted).Out("infer", &p); p.Objects < 100 || p.Engine == "this computer" {
					t.Errorf("%s: %+v", name, p)
				}
			}
			b.until(func() bool { return len(b.Troubles().All()) == 0 }, func() string { return "no trouble" })
		})
	}
}

// TestAFolderThatIsTakenOutIsForgotten: what was wrong with it is no longer said.
func TestAFolderThatIsTakenOutIsForgotten(t *testing.T) {
	b := open(t, t.TempDir(), func(s *config.Settings) {
		s.Folders = append(s.Folders, config.Folder{Path: filepath.Join(filepath.Dir(s.Folders[0].Path), "away")})
	})
	b.until(func() bool { return len(b.Troubles().All()) > 0 }, func() string { return "a trouble" })
	set := b.Settings()
	set.Folders = set.Folders[:1]
	if err := b.Save(t.Context(), set, nil); err != nil {
		t.Fatal(err)
	}
	b.until(func() bool { return len(b.Troubles().All()) == 0 }, func() string { return "no trouble" })
}
