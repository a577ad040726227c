package station_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/secret"
	"coverslip.dev/coverslip/core/servertest"
	"coverslip.dev/coverslip/core/station"
)

// TestAServerIsTried: with a key that is wrong, right, and kept; one that does not say how busy
// it is still answers.
func TestAServerIsTried(t *testing.T) {
	s := servertest.StartTriton(t, "--grpc-restricted-protocol=inference:lab=secret")
	b := open(t, t.TempDir(), nil)
	v := config.Server{Name: "GPU 1", Address: s.GRPC, Backend: "python", Metrics: s.Metrics}
	says := func(token secret.Text, want string) {
		t.Helper()
		say, err := b.TryServer(t.Context(), v, token)
		if err != nil {
			say, _ = fault.Explain(err)
		}
		if !strings.HasPrefix(say, want) || strings.Contains(say, "not tell") == strings.HasSuffix(v.Metrics, "/metrics") {
			t.Errorf("says %q, want %q", say, want)
		}
	}
	says("", "The inference server GPU 1 wants an access key in the header triton-grpc-protocol-lab.")
	v.Header = "triton-grpc-protocol-lab"
	says("guess", "The access key for the inference server GPU 1 is wrong.")
	says("secret", "It answers, with 0 models.")
	v.Metrics = s.HTTP + "/none"
	says("secret", "It answers, with 0 models. It does not tell how busy it is.")
	v.Metrics = s.HTTP // Triton's, but not of metrics
	says("secret", "It answers, with 0 models. It does not tell how busy it is. Its metrics are expected at "+s.HTTP+"/metrics.")
	lab, instance := s.Watched(t)
	watched, say := v, ""
	watched.Metrics = lab + "?instance=" + instance
	b.until(func() bool { // Prometheus has read it
		say, _ = b.TryServer(t.Context(), watched, "secret")
		return say == "It answers, with 0 models. Prometheus tells how busy it is, as "+instance+"."
	}, func() string { return "says " + say })
	set := b.Settings()
	set.Servers = []config.Server{v}
	if err := b.Save(t.Context(), set, station.Secrets{v.Secret(): "secret"}); err != nil {
		t.Fatal(err)
	}
	says("", "It answers, with 0 models. It does not tell how busy it is.")
}

// TestCertificatesThatAreNotThere are no setting, but a drive that is away keeps nobody from
// opening the workspace, or from setting something else.
func TestCertificatesThatAreNotThere(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "ca.crt"), filepath.Join(dir, "ca.key")
	certify(t, cert, key, time.Now().Add(time.Hour))
	v := config.Server{Address: "grpcs://127.0.0.1:1", Backend: "python", CA: cert}
	ws := t.TempDir()
	b := open(t, ws, func(s *config.Settings) { s.Servers = []config.Server{v} })
	set := b.Settings()
	wrong := v
	wrong.Address, wrong.CA = "grpcs://127.0.0.1:2", key
	set.Servers = []config.Server{v, wrong}
	if err := b.Save(t.Context(), set, nil); fault.KindOf(err) != fault.Invalid || len(b.Settings().Servers) != 1 {
		t.Errorf("saved a key as a certificate: %v", err)
	}
	if err := os.Remove(cert); err != nil {
		t.Fatal(err)
	}
	set = b.Settings()
	set.Person.Name = "Ada King"
	if err := b.Save(t.Context(), set, nil); err != nil {
		t.Error(err)
	}
	b.until(func() bool {
		row, _ := b.Servers().Row(v.Address)
		return !row.Ready && strings.Contains(row.Say, "There is no file "+cert) && row.Hint != ""
	}, func() string { row, _ := b.Servers().Row(v.Address); return "no file: " + row.Say })
	if _, err := b.TryServer(t.Context(), v, ""); fault.KindOf(err) != fault.Invalid {
		t.Errorf("tried: %v", err)
	}
	b.stop()
	b = open(t, ws, nil)
	b.until(func() bool { row, _ := b.Servers().Row(v.Address); return row.Say != "" }, func() string { return "opened again" })
}
