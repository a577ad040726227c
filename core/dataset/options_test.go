package dataset

import (
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
)

func TestSettingsOfAllLevels(t *testing.T) {
	system, global := t.TempDir(), t.TempDir()
	t.Setenv("DVC_SYSTEM_CONFIG_DIR", system)
	t.Setenv("DVC_GLOBAL_CONFIG_DIR", global)
	r := newRepo(t)
	put(t, &Repository{dir: system}, "config", "[core]\n    remote = NAS\n['remote \"nas\"']\n    url = store\n    jobs = 2\n")
	put(t, &Repository{dir: global}, "config", "['remote \"cloud\"']\n    url = s3://lab/data\n    profile = \"bench one\" # a remark\n")
	put(t, r, ".dvc/config", "['remote \"cloud\"']\n    region = eu-1 # near\n['remote \"NAS\"']\n    jobs = 4\n")
	put(t, r, ".dvc/config.local", "['remote \"cloud\"']\n    Access_Key_ID = 'key#1'\n")
	all, err := r.Remotes()
	if err != nil || len(all) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	cloud, nas := all[0], all[1]
	if cloud.Options["profile"] != "bench one" || cloud.Options["region"] != "eu-1" || cloud.Options["access_key_id"] != "key#1" || cloud.Local {
		t.Errorf("cloud: %+v", cloud)
	}
	if nas.URL != filepath.Join(system, "store") || nas.Options["jobs"] != "4" || !nas.Default || !nas.Local {
		t.Errorf("nas: %+v", nas)
	}
}

func TestMisspelledSettings(t *testing.T) {
	r := newRepo(t)
	for _, text := range []string{
		"[core]\n    remot = nas\n",
		"['remote \"c\"']\n    url = s3://lab/data\n    endpoint_url = http://h\n",
		"['remote \"a\"']\n    url = azure://box\n    region = x\n",
		"['remote \"n\"']\n    url = /mnt/nas\n    region = x\n",
	} {
		put(t, r, ".dvc/config", text)
		_, err := r.Remotes()
		wantKind(t, text, err, fault.Invalid)
		if _, hint := fault.Explain(err); !strings.Contains(hint, ".dvc/config") {
			t.Errorf("hint %q", hint)
		}
	}
	put(t, r, ".dvc/config", "[core]\n    analytics = false\n[feature]\n    any = 1\n['remote \"w\"']\n    url = webdav://h/x\n    user = me\n")
	if _, err := r.Remotes(); err != nil {
		t.Errorf("refused: %v", err)
	}
}

// TestSettingsAsDVC compares the place of a remote with what dvc makes of the same files.
func TestSettingsAsDVC(t *testing.T) {
	run := dvc(t)
	global := t.TempDir()
	t.Setenv("DVC_GLOBAL_CONFIG_DIR", global)
	r := newRepo(t)
	run(r, "remote", "add", "-q", "--global", "far", filepath.Join(global, "far"))
	run(r, "remote", "add", "-q", "-d", "near", filepath.Join(r.dir, "near"))
	run(r, "remote", "modify", "-q", "--local", "near", "verify", "true")
	all, err := r.Remotes()
	if err != nil || len(all) != 2 || all[0].URL != filepath.Join(global, "far") || all[1].URL != filepath.Join(r.dir, "near") ||
		all[1].Options["verify"] != "true" || !all[1].Default {
		t.Errorf("%+v, %v", all, err)
	}
	put(t, r, "a.tif", "a")
	add(t, r, "a.tif", nil)
	run(r, "push", "-q")
}
