package capture_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/capture"
	"coverslip.dev/coverslip/core/fault"
)

func named(t *testing.T, name string) capture.Profile {
	t.Helper()
	p, ok := capture.Named(name)
	if !ok {
		t.Fatalf("no profile %q", name)
	}
	return p
}

// plant writes files, small ones, below dir.
func plant(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, n := range names {
		path := filepath.Join(dir, filepath.FromSlash(n))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, path, "pixels of "+n)
	}
}

// done returns what was called done, by path in dir: the files of it, or none for a single one.
func (l *log) done(t *testing.T, dir string) map[string][]string {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[string][]string{}
	in := func(p string) string {
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			t.Fatal(err)
		}
		return filepath.ToSlash(rel)
	}
	for _, s := range l.all {
		if s.State != capture.Done {
			continue
		}
		if _, twice := out[in(s.Path)]; twice {
			t.Errorf("%s was done twice", in(s.Path))
		}
		files := []string{}
		size := int64(0)
		for _, f := range s.Files {
			files = append(files, in(f.Path))
			size += f.Size
		}
		if len(files) > 0 && size != s.Size {
			t.Errorf("%s has %d bytes, its files %d", s.Path, s.Size, size)
		}
		out[in(s.Path)] = files
	}
	return out
}

// TestWhatBelongsTogether lets instruments write as they do, and looks what becomes of it.
func TestWhatBelongsTogether(t *testing.T) {
	for _, c := range []struct {
		profile string
		want    map[string][]string // captures and their files; none: a file by itself
	}{
		{"single", map[string][]string{
			"a.tif": {}, "day/b.czi": {}, "day/b.txt": {},
			"a.ome.zarr":       {"a.ome.zarr/.zattrs", "a.ome.zarr/.zgroup", "a.ome.zarr/0/.zarray", "a.ome.zarr/0/0.0.0"},
			"day/2/B.ZARR":     {"day/2/B.ZARR/0/c/0/0", "day/2/B.ZARR/0/zarr.json", "day/2/B.ZARR/zarr.json"},
			"day/2/c.zarr.txt": {},
		}},
		{"micro-manager", map[string][]string{
			"day/cells_1": {
				"day/cells_1/DisplaySettings.json", "day/cells_1/cells_1_MMStack_Pos0.ome.tif",
				"day/cells_1/cells_1_MMStack_Pos0_metadata.txt", "day/cells_1/comments.txt",
			},
			"planes_2":      {"planes_2/Pos0/img_000000000_DAPI_000.tif", "planes_2/Pos0/metadata.txt", "planes_2/Pos1/img_000000000_DAPI_000.tif", "planes_2/Pos1/metadata.txt"},
			"flat":          {"flat_MMStack_Default.ome.tif", "flat_MMStack_Default_metadata.txt"},
			"nd_3":          {"nd_3/NDTiff.index", "nd_3/nd_3_NDTiffStack.tif"},
			"day/notes.txt": {},
		}},
		{"tiff-series", map[string][]string{
			"scan":         {"scan_t001_c1.tif", "scan_t001_c2.tif", "scan_t002_c1.tif"},
			"exp_2":        {"exp_2_0001.tif", "exp_2_0002.tif"},
			"exp_3":        {"exp_3_0001.tif"},
			"run":          {"run07.TIFF", "run08.TIFF"},
			"frames":       {"frames/000.tif", "frames/001.tif"},
			"day/m1":       {"day/m1_z00.ome.tif", "day/m1_z01.ome.tif"},
			"overview.tif": {}, "protocol.txt": {},
			"fused.zarr": {"fused.zarr/0/0/0", "fused.zarr/zarr.json"},
		}},
		{"plate", map[string][]string{
			"batch/P1":           {"batch/P1/FFC_Profile/FFC_Profile.xml", "batch/P1/Images/Index.xml", "batch/P1/Images/r01c01f01p01-ch1.tiff"},
			"P2":                 {"P2/P2.HTD", "P2/TimePoint_1/P2_A01_s1_w1.TIF", "P2/TimePoint_1/P2_A01_s2_w1.TIF"},
			"cv/plate3":          {"cv/plate3/A01_T0001F001L01.tif", "cv/plate3/MeasurementData.mlf"},
			"batch/protocol.txt": {},
		}},
		{"video", map[string][]string{"beat.avi": {}, "beat.mp4": {}}},
		{"ome-zarr", map[string][]string{
			"a.ome.zarr": {"a.ome.zarr/.zattrs", "a.ome.zarr/.zgroup", "a.ome.zarr/0/.zarray", "a.ome.zarr/0/0/0"},
			"day/b.zarr": {"day/b.zarr/0/c/0/0", "day/b.zarr/zarr.json"},
			"list.csv":   {},
		}},
	} {
		t.Run(c.profile, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			l := start(t, capture.Folder{Path: dir, Quiet: quiet, Profile: named(t, c.profile)})
			for name, files := range c.want {
				if plant(t, dir, files...); len(files) == 0 {
					plant(t, dir, name)
				}
			}
			plant(t, dir, ".DS_Store", "x.tif.part")
			if c.profile == "video" {
				plant(t, dir, "beat.txt")
			}
			l.await(t, "all done", func() bool { return l.count(capture.Done) >= len(c.want) })
			if got := l.done(t, dir); !maps.EqualFunc(got, c.want, slices.Equal) {
				t.Errorf("captured\n%v, want\n%v", got, c.want)
			}
		})
	}
}

func TestSeriesIsWaitedFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := start(t, capture.Folder{Path: dir, Quiet: quiet, Profile: named(t, "tiff-series")})
	for i := range 8 { // the pauses grow beyond what is usual
		plant(t, dir, "s_t00"+string(rune('0'+i))+".tif")
		time.Sleep(time.Duration(i) * quiet / 4)
	}
	s := l.last(t, filepath.Join(dir, "s"), capture.Done)
	if len(s.Files) != 8 || l.count(capture.Done) != 1 {
		t.Errorf("%d files, done %d times", len(s.Files), l.count(capture.Done))
	}
}

func TestCompanionOfSeveral(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := named(t, "plate")
	l := start(t, capture.Folder{Path: dir, Quiet: quiet, Profile: p})
	plant(t, dir, "P1/Images/r01c01.tiff", "P1/Images/r01c02.tiff")
	l.await(t, "its index is waited for", func() bool {
		s := l.of(filepath.Join(dir, "P1"))
		return len(s) > 0 && strings.Contains(s[len(s)-1].Say, "index*.xml")
	})
	plant(t, dir, "P1/Images/Index.xml")
	if s := l.last(t, filepath.Join(dir, "P1"), capture.Done); len(s.Files) != 3 {
		t.Errorf("%+v", s)
	}
}

func TestMaxWait(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := named(t, "micro-manager")
	p.MaxWait = 5 * quiet
	l := start(t, capture.Folder{Path: dir, Quiet: quiet, Profile: p})
	begun := time.Now()
	plant(t, dir, "old_MMStack.ome.tif")
	s := l.last(t, filepath.Join(dir, "old"), capture.Done)
	if !strings.Contains(s.Say, "without “metadata.txt”") || time.Since(begun) < p.MaxWait {
		t.Errorf("after %v: %+v", time.Since(begun), s)
	}
}

// TestMarker shortens a long quiet by the file that says that all is there.
func TestMarker(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := capture.Profile{Group: `^(.+)/[^/]+$`, Marker: "*.finished"}
	l := start(t, capture.Folder{Path: dir, Quiet: time.Minute, Profile: p})
	begun := time.Now()
	plant(t, dir, "a/1.tif", "a/2.tif", "a/run.finished")
	if s := l.last(t, filepath.Join(dir, "a"), capture.Done); len(s.Files) != 3 || time.Since(begun) > 30*time.Second {
		t.Errorf("after %v: %+v", time.Since(begun), s)
	}
}

func TestOneBadFileHoldsSeveral(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := start(t, capture.Folder{Path: dir, Quiet: quiet, Profile: named(t, "tiff-series"), Complete: func(path string) error {
		data, err := os.ReadFile(path)
		if err == nil && !strings.HasPrefix(string(data), "pixels") {
			return fault.New(fault.Corrupt, "The end is missing.", "Wait.", nil)
		}
		return err
	}})
	plant(t, dir, "s_1.tif", "s_2.tif")
	write(t, filepath.Join(dir, "s_3.tif"), "half")
	l.await(t, "the bad one is named", func() bool {
		s := l.of(filepath.Join(dir, "s"))
		return len(s) > 0 && s[len(s)-1].Say == "s_3.tif: The end is missing."
	})
	if err := os.Remove(filepath.Join(dir, "s_3.tif")); err != nil {
		t.Fatal(err)
	}
	if s := l.last(t, filepath.Join(dir, "s"), capture.Done); len(s.Files) != 2 {
		t.Errorf("%+v", s)
	}
	if err := os.Remove(filepath.Join(dir, "s_2.tif")); err != nil { // someone tidies up
		t.Fatal(err)
	}
	plant(t, dir, "s_4.tif")
	l.await(t, "done anew", func() bool { return l.count(capture.Done) == 2 })
	if s := l.last(t, filepath.Join(dir, "s"), capture.Done); len(s.Files) != 2 {
		t.Errorf("%+v", s)
	}
}

// TestKnownStaysSilent starts again on a folder that an earlier watch has finished.
func TestKnownStaysSilent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := capture.Folder{Path: dir, Quiet: quiet, Profile: named(t, "tiff-series")}
	plant(t, dir, "s_1.tif", "s_2.tif", "notes.txt")
	first := start(t, f)
	first.await(t, "done", func() bool { return first.count(capture.Done) == 2 })
	_ = first.stop()
	f.Known = func(file capture.File) bool {
		for _, s := range first.all {
			if s.State == capture.Done && s.Path == file.Path && s.Size == file.Size && s.Modified.Equal(file.Modified) {
				return true
			}
		}
		return false
	}
	second := start(t, f)
	plant(t, dir, "fresh.txt")
	second.last(t, filepath.Join(dir, "fresh.txt"), capture.Done)
	plant(t, dir, "s_3.tif")
	if s := second.last(t, filepath.Join(dir, "s"), capture.Done); len(s.Files) != 3 {
		t.Errorf("%+v", s)
	}
	if n := second.count(capture.Done); n != 2 {
		t.Errorf("%d were done", n)
	}
}

func TestPatternsAreChecked(t *testing.T) {
	for _, p := range capture.Profiles() {
		if err := p.Check(); err != nil || p.Title == "" {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
	for _, p := range []capture.Profile{{Group: "("}, {Group: "x"}, {Match: []string{"[a"}}, {Marker: "x|[a"}} {
		if err := p.Check(); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", p, err)
		}
		if err := (capture.Folder{Path: t.TempDir(), Profile: p}).Watch(t.Context(), nil); fault.KindOf(err) != fault.Invalid {
			t.Errorf("watched: %v", err)
		}
	}
}
