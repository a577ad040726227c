package servertest

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Watched has the Prometheus of prometheus-up read the server's metrics until the test has ended. It
// returns Prometheus' address, and the server's instance there.
func (s *Triton) Watched(t *testing.T) (lab, instance string) {
	t.Helper()
	lab = Need(t, "COVERSLIP_TEST_PROMETHEUS")
	at, err := url.Parse(s.Metrics)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(cache(t), "prometheus", "targets", strings.ReplaceAll(at.Host, ":", "-")+".json")
	if err := os.WriteFile(file, []byte(`[{"targets": ["`+at.Host+`"]}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Remove(file); err != nil {
			t.Error(err)
		}
	})
	return lab, at.Host
}
