package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/fault"
)

func TestSaveAndLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings.json")
	f, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	s := f.Settings()
	s.Person = config.Person{Name: "Ada Lovelace", Email: "ada@example.org"}
	s.Servers = []config.Server{{
		Name: "GPU", Address: "grpcs://gpu:8001", Backend: "python", Metrics: "http://gpu:8002/metrics", Header: "triton-grpc-protocol-lab",
		CA: "/etc/ca.pem", Cert: "/etc/lab.pem", Key: "/etc/lab.key", Compress: true,
	}}
	if err := f.Save(s); err != nil {
		t.Fatal(err)
	}
	g, err := config.Load(path)
	if err != nil || !reflect.DeepEqual(g.Settings(), s) {
		t.Fatalf("loaded %+v, %v", g.Settings(), err)
	}
}

func TestCheckRefuses(t *testing.T) {
	for name, s := range map[string]config.Settings{
		"password in address":  {MLflow: config.Platform{URL: "http://a:b@host"}},
		"no scheme":            {Servers: []config.Server{{Address: "gpu:8001", Backend: "python"}}},
		"metrics of no URL":    {Servers: []config.Server{{Address: "grpc://gpu", Backend: "python", Metrics: "8002"}}},
		"cert without key":     {Servers: []config.Server{{Address: "grpcs://gpu", Backend: "python", Cert: "/etc/lab.pem"}}},
		"relative ca":          {Servers: []config.Server{{Address: "grpcs://gpu", Backend: "python", CA: "lab.pem"}}},
		"odd header":           {Servers: []config.Server{{Address: "grpc://gpu", Backend: "python", Header: "x: y"}}},
		"cert for all to read": {Servers: []config.Server{{Address: "grpc://gpu", Backend: "python", CA: "/etc/ca.pem"}}},
		"server twice":         {Servers: []config.Server{{Address: "grpc://gpu", Backend: "python"}, {Address: "grpc://gpu", Backend: "python"}}},
		"name twice":           {Servers: []config.Server{{Name: "GPU", Address: "grpc://a", Backend: "python"}, {Name: "GPU", Address: "grpc://b", Backend: "python"}}},
		"relative folder":      {Folders: []config.Folder{{Path: "data"}}},
		"relative remote":      {Remote: "nas"},
		"remote of no bucket":  {Remote: "s3:///data"},
		"other remote":         {Remote: "gs://lab/data"},
		"password in remote":   {Remote: "azure://a:b@lab/data"},
		"password for git":     {Git: config.Platform{URL: "https://a:b@git.lab/x.git"}},
		"password for ssh":     {Git: config.Platform{URL: "ssh://a:b@git.lab/x.git"}},
		"git without a place":  {Git: config.Platform{URL: "cells"}},
		"an option as git":     {Git: config.Platform{URL: "--upload-pack=x:y"}},
		"odd name":             {Person: config.Person{Name: "A <b>"}},
	} {
		s.Linking = config.Default().Linking
		if err := s.Check(); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCheckSaysThatNothingIsWritten, and quotes nothing.
func TestCheckSaysThatNothingIsWritten(t *testing.T) {
	s := config.Default()
	s.Servers = []config.Server{{Backend: "onnxruntime"}}
	if say, hint := fault.Explain(s.Check()); strings.Contains(say, "“") || !strings.Contains(hint, "grpc://") {
		t.Errorf("an empty address: %s %s", say, hint)
	}
}

func TestCheckTakesRemotes(t *testing.T) {
	for _, place := range []string{"", "/mnt/nas/dvc", "s3://lab/data", "azure://lab"} {
		s := config.Default()
		s.Remote = place
		if err := s.Check(); err != nil {
			t.Errorf("%q: %v", place, err)
		}
	}
}

func TestCheckTakesGitServers(t *testing.T) {
	for _, at := range []string{"", "https://git.lab/x.git", "ssh://git@git.lab:22/x.git", "git@git.lab:lab/x.git", "/srv/git/x.git"} {
		s := config.Default()
		s.Git.URL = at
		if err := s.Check(); err != nil {
			t.Errorf("%q: %v", at, err)
		}
	}
}

// TestLoadOfOldDays reads what was saved before instruments had profiles.
func TestLoadOfOldDays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings.json")
	old := `{"folders": [{"path": "/data/scope1", "instrument": "Scope 1", "quiet": 30000000000}], "takeover": false}`
	if err := os.WriteFile(path, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	want := []config.Folder{{Path: "/data/scope1", Instrument: "Scope 1", Quiet: 30 * time.Second}}
	s := f.Settings()
	if !reflect.DeepEqual(s.Folders, want) || s.Takeover {
		t.Errorf("loaded %+v", s)
	}
	if err := f.Save(s); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); err != nil || strings.Contains(string(b), "profile") {
		t.Errorf("what was not chosen was written: %s, %v", b, err)
	}
	s.Folders[0].Profile, s.Folders[0].Own = "plate", &config.Profile{Group: "(.+)/x", Companions: []string{"*.done"}, MaxWait: time.Minute}
	if err := f.Save(s); err != nil {
		t.Fatal(err)
	}
	if g, err := config.Load(path); err != nil || !reflect.DeepEqual(g.Settings(), s) {
		t.Errorf("loaded %+v, %v", g.Settings(), err)
	}
}

// TestFollowingByAStepOfNothing: the rule that earlier forms saved, by which nothing is followed,
// is read as the usual one, and is not saved again.
func TestFollowingByAStepOfNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings.json")
	if err := os.WriteFile(path, []byte(`{"linking": {"reach": 0, "gap": 0}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	s := f.Settings()
	if s.Linking != config.Default().Linking {
		t.Errorf("loaded %+v", s.Linking)
	}
	s.Linking = config.Linking{}
	if err := f.Save(s); fault.KindOf(err) != fault.Invalid {
		t.Errorf("saved: %v", err)
	}
}

func TestLoadBroken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings.json")
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(path); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("got %v", err)
	}
}

// TestModelFor: each folder has its own model, also where two are of one instrument.
func TestModelFor(t *testing.T) {
	dir := t.TempDir()
	at := func(names ...string) string { return filepath.Join(append([]string{dir}, names...)...) }
	s := config.Settings{Model: "nuclei", Folders: []config.Folder{
		{Path: at("left"), Instrument: "Confocal 2", Model: "bright"},
		{Path: at("right"), Instrument: "Confocal 2", Model: "dim"},
		{Path: at("right", "test"), Instrument: "Confocal 2"},
		{Path: at("nameless"), Model: "other"},
	}}
	for _, c := range []struct{ instrument, path, want string }{
		{"Confocal 2", at("left", "day 1", "a.tif"), "bright"},
		{"Confocal 2", at("right", "a.tif"), "dim"},
		{"Confocal 2", at("right", "test", "a.tif"), "nuclei"},
		{"Confocal 2", at("rights", "a.tif"), "bright"}, // its folder is no longer named
		{"", at("nameless", "a.tif"), "other"},
		{"", at("a.tif"), "nuclei"}, // taken by hand
	} {
		if got := s.ModelFor(c.instrument, c.path); got != c.want {
			t.Errorf("%s of %q goes to %s, not to %s", c.path, c.instrument, got, c.want)
		}
	}
}
