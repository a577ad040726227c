package station_test

import (
	"errors"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/servertest"
	"coverslip.dev/coverslip/core/station"
)

// vendors makes files as microscopes write them, and returns their folder.
func vendors(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	imageiotest.Peer(t, filepath.Join("..", "imageio", "foreign", "testdata", "make.py"), folder)
	return folder
}

// TestVendorsFileIsConvertedOnce: an ND2 is captured as it is, converted once for the model and whoever
// looks, predicted and shown; what it was converted into lies with the kept levels.
func TestVendorsFileIsConvertedOnce(t *testing.T) {
	python := servertest.Need(t, "COVERSLIP_TEST_IMAGEIO_PYTHON")
	data, err := os.ReadFile(filepath.Join(vendors(t), "-x.nd2"))
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, t.TempDir(), func(s *config.Settings) { s.Converter = python })
	if err := os.WriteFile(filepath.Join(b.ws, "scope", "-x.nd2"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	it := b.capture("-x.nd2", predicted)
	if it.Passes["infer"].State != flow.Passed {
		t.Fatalf("predicted: %+v", it.Passes["infer"])
	}
	for n := range 2 {
		src, err := b.OpenNth(t.Context(), it, n)
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		if i := src.Info(); i.Levels[0].Size != image.Pt(52, 40) || i.Z != 4 || i.T != 3 || len(i.Channels) != 2 || len(i.Images) != 2 || i.Format != "Nikon ND2" {
			t.Errorf("image %d: %+v", n, i)
		}
	}
	if _, err := b.Thumb(t.Context(), it, 64); err != nil {
		t.Errorf("no small picture: %v", err)
	}
	jobs := 0
	for _, j := range b.Jobs().Jobs.All() {
		if j.Kind == station.Converting {
			if jobs++; j.State != job.Done {
				t.Errorf("%+v", j)
			}
		}
	}
	md5, _ := station.Image(it)
	kept, err := os.ReadDir(filepath.Join(b.ws, "pyramids"))
	if err != nil || jobs != 1 || len(kept) != 1 || kept[0].Name() != "md5-"+md5+".converted.ome.tif" {
		t.Errorf("converted %d times, kept %v, %v", jobs, kept, err)
	}
	if now, err := os.ReadFile(filepath.Join(b.ws, "scope", "-x.nd2")); err != nil || string(now) != string(data) {
		t.Errorf("the instrument's file has changed: %v", err)
	}

	path := filepath.Join(t.TempDir(), "other.nd2") // only looked at
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = b.OpenFile(t.Context(), path)
	m, ok := errors.AsType[*imageio.Making](err)
	if !ok {
		t.Fatalf("opened at once: %v", err)
	}
	select {
	case <-m.Done:
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	}
	src, err := b.OpenFile(t.Context(), path)
	if err != nil || m.Why() != nil {
		t.Fatalf("%v, %v", err, m.Why())
	}
	if err := src.Close(); err != nil {
		t.Error(err)
	}
}

// TestConversionsThatFail: a capture says why it can't be seen, and is converted anew when it is tried again;
// one that a person stops waits for a person. Small pictures start none.
func TestConversionsThatFail(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "openreadout")
	script := "#!/bin/sh\nif [ -e " + dir + "/fail ]; then echo 'no luck' >&2; exit 1; fi\nsleep 1000\n"
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "fail"), nil, 0o600), os.WriteFile(program, []byte(script), 0o700)); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	b := open(t, t.TempDir(), func(s *config.Settings) { s.Converter = program })
	file, err := os.ReadFile(filepath.Join(vendors(t), "two.lif"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.ws, "scope", "two.lif"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	failed := func(say string) func(flow.Item) bool {
		return func(it flow.Item) bool {
			return it.Behind("push") && it.Passes["infer"].State == flow.Failed && strings.Contains(it.Passes["infer"].Say, say)
		}
	}
	jobs := func(state job.State) (all []job.Job) {
		for _, j := range b.Jobs().Jobs.All() {
			if j.Kind == station.Converting && j.State == state {
				all = append(all, j)
			}
		}
		return all
	}
	it := b.capture("two.lif", failed("no luck"))
	if n := len(jobs(job.Failed)); n != 1 {
		t.Errorf("converted %d times", n)
	}
	if _, err := b.Thumb(t.Context(), it, 64); fault.KindOf(err) != fault.Busy || len(jobs(job.Running)) > 0 {
		t.Errorf("a small picture: %v", err)
	}
	if _, err := b.OpenImage(t.Context(), it); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "no luck") {
		t.Errorf("looked at: %v", err)
	}
	if err := errors.Join(os.Remove(filepath.Join(dir, "fail")), b.Retry(t.Context(), it.ID)); err != nil {
		t.Fatal(err)
	}
	b.until(func() bool { return len(jobs(job.Running)) == 1 }, func() string { return "it is converted anew" })
	b.Jobs().Stop(jobs(job.Running)[0].ID)
	b.capture("two.lif", failed("stopped"))
	if left, err := os.ReadDir(filepath.Join(b.ws, "pyramids")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestNoConverter: a vendor's file is captured and versioned, and says what to install.
func TestNoConverter(t *testing.T) {
	b := open(t, t.TempDir(), func(s *config.Settings) { s.Converter = "/nowhere/bfconvert" })
	file, err := os.ReadFile(filepath.Join(vendors(t), "two.lif"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.ws, "scope", "two.lif"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	it := b.capture("two.lif", func(it flow.Item) bool { return it.Behind("push") && it.Passes["infer"].State == flow.Failed })
	if p := it.Passes["infer"]; !strings.Contains(p.Say, "/nowhere/bfconvert") || !strings.Contains(p.Hint, "Settings, Image converter") {
		t.Errorf("says %q %q", p.Say, p.Hint)
	}
}
