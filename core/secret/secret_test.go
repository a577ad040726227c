package secret_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zalando/go-keyring"

	"coverslip.dev/coverslip/core/secret"
	"coverslip.dev/coverslip/core/servertest"
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

// TestStoreInAKeyring keeps secrets in GNOME's keyring, on a bus of its own.
func TestStoreInAKeyring(t *testing.T) {
	if os.Getenv("COVERSLIP_TEST_CHILD") == "1" {
		inAKeyring(t)
		return
	}
	run := servertest.Program(t, "dbus-run-session", "servers")
	servertest.Program(t, "gnome-keyring-daemon", "servers")
	home := t.TempDir()
	const script = `printf pw >"$HOME/pw"
gnome-keyring-daemon --foreground --unlock --components=secrets <"$HOME/pw" >/dev/null 2>&1 &
for i in $(seq 200); do
	dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.GetNameOwner \
		string:org.freedesktop.secrets >/dev/null 2>&1 && break
	sleep 0.05
done
"$0" -test.v -test.run='^TestStoreInAKeyring$'
kill $!; wait $!; true`
	cmd := exec.CommandContext(t.Context(), run, "--", "sh", "-c", script, os.Args[0]) //nolint:gosec // itself
	cmd.Env = append(os.Environ(), "COVERSLIP_TEST_CHILD=1", "HOME="+home, "XDG_DATA_HOME="+home, "XDG_RUNTIME_DIR="+home)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestStoreInAKeyring") {
		t.Errorf("%v\n%s", err, out)
	}
}

func inAKeyring(t *testing.T) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secrets.json")
	s := secret.Open(file)
	keep := func(name string, v secret.Text) {
		t.Helper()
		if err := s.Keep(name, v); err != nil {
			t.Fatal(err)
		}
		if got, err := secret.Open(file).Read(name); err != nil || got != v {
			t.Errorf("%s is %q, %v", name, got.Reveal(), err)
		}
	}
	login := secret.Text("access_key_id = Ключ\nsecret_access_key = a=b\\ \n")
	keep("remote:s3://lab", login)
	keep("server:grpc://gpu", secret.Text(strings.Repeat("-----BEGIN KEY-----\n", 500)))
	keep("server:grpc://gpu", "shorter")
	keep("server:grpc://gpu", "")
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("a copy is in the file: %v", err)
	}
	if got, err := keyring.Get("coverslip", "remote:s3://lab"); err != nil || got != login.Reveal() {
		t.Errorf("the keyring has %q, %v", got, err)
	}
	write := func(text string) { // as while the keyring was locked
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"remote:s3://lab":"later","mlflow:x":"pw"}`)
	if got, err := s.Read("remote:s3://lab"); err != nil || got != "later" {
		t.Errorf("an older secret was read: %q, %v", got.Reveal(), err)
	}
	write(`{"remote:s3://lab":"","mlflow:x":"pw"}`)
	if got, err := s.Read("remote:s3://lab"); err != nil || got != "" {
		t.Errorf("a secret was read that was forgotten: %q, %v", got.Reveal(), err)
	}
	keep("remote:s3://lab", "new")
	keep("mlflow:x", "pw")
	if text, err := os.ReadFile(file); err != nil || string(text) != "{}" {
		t.Errorf("left in the file: %s, %v", text, err)
	}
}
