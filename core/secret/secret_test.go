package secret_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zalando/go-keyring"

	"coverslip.dev/coverslip/core/secret"
)

func TestTextNeverPrints(t *testing.T) {
	s := secret.Text("hunter2")
	for _, f := range []string{"%s", "%v", "%+v", "%#v", "%q"} {
		if out := fmt.Sprintf(f, struct{ P secret.Text }{s}); strings.Contains(out, "hunter2") {
			t.Errorf("%s printed %s", f, out)
		}
	}
}

func TestStoreWithoutKeyring(t *testing.T) {
	keyring.MockInitWithError(fmt.Errorf("no keyring here"))
	file := filepath.Join(t.TempDir(), "sub", "secrets.json")
	s := secret.Open(file)
	if err := s.Keep("mlflow", "pw"); err != nil {
		t.Fatal(err)
	}
	got, err := secret.Open(file).Read("mlflow")
	if err != nil || got.Reveal() != "pw" {
		t.Fatalf("read %q, %v", got.Reveal(), err)
	}
	st, err := os.Stat(file)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", st.Mode(), err)
	}
	if err := s.Keep("mlflow", ""); err != nil {
		t.Fatal(err)
	}
	if got, _ := s.Read("mlflow"); got != "" {
		t.Error("not forgotten")
	}
}
