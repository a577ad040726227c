package foreign_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/foreign"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/ometiff"
	"coverslip.dev/coverslip/core/servertest"
)

// program writes a converter called name that does what script says: $out is what it is to write, $in what
// it is to read, as the program openreadout is asked.
func program(t *testing.T, name, script string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a script of the shell's")
	}
	at := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(at, []byte("#!/bin/sh\nout=$5 in=$7\n"+script+"\n"), 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	return at
}

// nd2 is a file that begins as an ND2.
func nd2(t *testing.T, name string) string {
	t.Helper()
	at := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(at, []byte("\xda\xce\xbe\x0a and what follows"), 0o600); err != nil {
		t.Fatal(err)
	}
	return at
}

// tiff is an image as a converter may write it.
func tiff(t *testing.T) string {
	t.Helper()
	at := filepath.Join(t.TempDir(), "small.ome.tif")
	info := imageio.Info{Z: 1, T: 2, Channels: []imageio.Channel{{Name: "DAPI"}}, Levels: []imageio.Level{{Downsample: 1}}}
	info.Levels[0].Size.X, info.Levels[0].Size.Y = 7, 5
	px := &imageio.Pixels{Size: info.Levels[0].Size, Data: make([]byte, 35)}
	if err := ometiff.Write(t.Context(), at, info, func(int, int, int) (*imageio.Pixels, error) { return px, nil }); err != nil {
		t.Fatal(err)
	}
	return at
}

// left are the names in a shelf's folder.
func left(t *testing.T, s *foreign.Shelf) (names []string) {
	t.Helper()
	all, err := os.ReadDir(s.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, d := range all {
		names = append(names, d.Name())
	}
	return names
}

// TestHostileConverters: whatever a converter does, there is a sentence and nothing is left.
func TestHostileConverters(t *testing.T) {
	good := tiff(t)
	for name, c := range map[string]struct {
		script string
		kind   fault.Kind
		say    string
	}{
		"fails":           {`echo "a line"; echo "error: no luck" >&2; echo "hint: try" >&2; exit 1`, fault.Invalid, "could not be converted by OpenReadout: no luck."},
		"says corrupt":    {`echo "plane 3 is damaged" >&2; exit 4`, fault.Corrupt, "plane 3 is damaged"},
		"is Java":         {`echo 'Exception in thread "main": no reader' >&2; echo "	at loci.Main" >&2; exit 1`, fault.Invalid, "no reader"},
		"says all":        {`i=0; while [ $i -lt 3000 ]; do echo "line $i of very many that nobody wants to read"; i=$((i+1)); done; exit 3`, fault.Invalid, "line 2999"},
		"writes nothing":  {`exit 0`, fault.Invalid, "made nothing"},
		"writes a part":   {`head -c 300 ` + good + ` >$out`, fault.Invalid, "made nothing"},
		"writes noise":    {`echo "no image at all" >$out`, fault.Invalid, "made nothing"},
		"writes a folder": {`mkdir $out`, fault.Invalid, "made nothing"},
		"no room":         {`cat $in /dev/zero >/dev/full || exit 5`, fault.Full, "disk is full"},
		"is killed":       {`head -c 300 ` + good + ` >$out; kill -9 $$`, fault.Invalid, "ended from outside"},
		"another's":       {`cp ` + good + ` $out; echo " more" >>$FILE`, fault.Busy, "changed while"},
	} {
		t.Run(name, func(t *testing.T) {
			s, at := shelf(t, program(t, "openreadout", c.script)), nd2(t, "a.nd2")
			t.Setenv("FILE", at)
			_, err := foreign.Format{Shelf: s}.Open(t.Context(), at)
			say, hint := fault.Explain(err)
			if fault.KindOf(err) != c.kind || !strings.Contains(say, c.say) || hint == "" || len(say) > 400 {
				t.Errorf("%v: %q %q", fault.KindOf(err), say, hint)
			}
			if n := left(t, s); len(n) > 0 {
				t.Errorf("left: %v", n)
			}
		})
	}
}

// TestNoProgram: what is set is no program, or not there, or a Python without it; each has a sentence.
func TestNoProgram(t *testing.T) {
	text := filepath.Join(t.TempDir(), "openreadout")
	if err := os.WriteFile(text, []byte("no program"), 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	for set, want := range map[string]string{
		text:                              "could not be converted",
		"/nowhere/openreadout":            "not on this computer",
		program(t, "python3.9", "exit 1"): "does not have OpenReadout",
		filepath.Dir(text):                "not on this computer",
	} {
		s := shelf(t, set)
		_, err := foreign.Format{Shelf: s}.Open(t.Context(), nd2(t, "a.nd2"))
		if say, hint := fault.Explain(err); fault.KindOf(err) != fault.Invalid || !strings.Contains(say, want) || hint == "" {
			t.Errorf("%s: %v: %q %q", set, fault.KindOf(err), say, hint)
		}
	}
	t.Setenv("PATH", t.TempDir())
	_, err := foreign.Format{Shelf: shelf(t, "")}.Open(t.Context(), nd2(t, "a.nd2"))
	if say, hint := fault.Explain(err); !errors.Is(err, imageio.ErrNoFormat) || !strings.Contains(say, "Nikon ND2") || !strings.Contains(hint, "pip install openreadout") {
		t.Errorf("without any: %v", err)
	}
}

// TestOrderOfConverters: what is set, then the program openreadout, a Python that has it, bfconvert.
func TestOrderOfConverters(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	var found []string
	look := func(set string) {
		c, err := foreign.Find(t.Context(), set)
		if err != nil {
			c.Name = "none"
		}
		found = append(found, c.Name)
	}
	look("")
	for _, name := range []string{"bfconvert", "openreadout"} {
		if err := os.Rename(program(t, name, ""), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		look("")
	}
	look("bfconvert")
	if want := []string{"none", "Bio-Formats", "OpenReadout", "Bio-Formats"}; !slices.Equal(found, want) {
		t.Errorf("%v, want %v", found, want)
	}
}

// TestFoundForAWhile: a Python is not asked again at once whether it has the module, unless another is set or a
// while has passed; what came of a look that was broken off is not kept.
func TestFoundForAWhile(t *testing.T) {
	asked := filepath.Join(t.TempDir(), "asked")
	t.Setenv("ASKED", asked)
	first, second := program(t, "python3", `echo $0 >>$ASKED`), program(t, "python3", `echo $0 >>$ASKED; exit 1`)
	var f foreign.Finder
	synctest.Test(t, func(t *testing.T) {
		stopped, stop := context.WithCancel(t.Context())
		stop()
		if _, err := f.Find(stopped, first); !errors.Is(err, context.Canceled) {
			t.Errorf("broken off: %v", err)
		}
		for _, set := range []string{first, first, second, second} {
			if c, err := f.Find(t.Context(), set); (err == nil) != (set == first) || (c.Program == set) != (set == first) {
				t.Errorf("%s: %v, %v", set, c.Program, err)
			}
		}
		time.Sleep(time.Minute)
		if _, err := f.Find(t.Context(), second); !errors.Is(err, foreign.ErrNone) {
			t.Errorf("%v", err)
		}
	})
	if who, err := os.ReadFile(asked); err != nil || string(who) != first+"\n"+second+"\n"+second+"\n" {
		t.Errorf("asked %q, %v", who, err)
	}
}

// TestHangs: one that does nothing any more is ended, with what it has started, and so is one that a person
// stops.
func TestHangs(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("whether it computes can't be told")
	}
	pids := filepath.Join(t.TempDir(), "pids")
	t.Setenv("PIDS", pids)
	script := `sleep 1000 & echo $! >$PIDS.new; mv $PIDS.new $PIDS; echo begun >$out; wait`
	s := shelf(t, program(t, "openreadout", script))
	s.Patience = 200 * time.Millisecond
	_, err := foreign.Format{Shelf: s}.Open(t.Context(), nd2(t, "a.nd2"))
	if say, hint := fault.Explain(err); fault.KindOf(err) != fault.Invalid || !strings.Contains(say, "did nothing") || hint == "" {
		t.Errorf("%v", err)
	}
	s.Patience = time.Hour
	gone(t, pids)

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() {
		_, err := foreign.Format{Shelf: s}.Open(ctx, nd2(t, "b.nd2"))
		ended <- err
	}()
	for _, err := os.Stat(pids); err != nil && t.Context().Err() == nil; _, err = os.Stat(pids) {
		time.Sleep(time.Millisecond)
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	gone(t, pids)
	if n := left(t, s); len(n) > 0 {
		t.Errorf("left: %v", n)
	}
}

// gone waits until the process that a file names, if it was begun, has ended, and removes the file.
func gone(t *testing.T, pids string) {
	t.Helper()
	pid, err := os.ReadFile(pids)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	at := fmt.Sprintf("/proc/%s/stat", strings.TrimSpace(string(pid)))
	for t.Context().Err() == nil {
		if stat, err := os.ReadFile(at); err != nil || strings.Contains(string(stat), ") Z ") {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if err := os.Remove(pids); err != nil {
		t.Error(err)
	}
}

// TestConvertedOnce: many who open equal files at once have them converted once; who waits for one that is
// stopped goes on by itself; a kept one that is damaged is made anew.
func TestConvertedOnce(t *testing.T) {
	runs := filepath.Join(t.TempDir(), "runs")
	t.Setenv("RUNS", runs)
	s := shelf(t, program(t, "openreadout", `echo run >>$RUNS; cp `+tiff(t)+` $out`))
	f := foreign.Format{Shelf: s}
	var files []string // made here: a goroutine can't end the test
	for range 9 {
		files = append(files, nd2(t, "a.nd2"))
	}
	open := func(at string) {
		t.Helper()
		src, err := f.OpenKept(t.Context(), at, "md5:9e107d9d372bb6826bd81d3542a419d6", -1)
		if err != nil {
			t.Error(err)
			return
		}
		defer src.Close()
		if i := src.Info(); i.Name != "a.nd2" || i.Format != "Nikon ND2" || i.T != 2 || src.ID() != "md5:9e107d9d372bb6826bd81d3542a419d6" {
			t.Errorf("%s: %+v", src.ID(), i)
		}
	}
	var all sync.WaitGroup
	for _, at := range files[1:] {
		all.Go(func() { open(at) })
	}
	all.Wait()
	kept := left(t, s)
	if !slices.Equal(kept, []string{"md5-9e107d9d372bb6826bd81d3542a419d6.converted.ome.tif"}) {
		t.Fatalf("kept: %v", kept)
	}
	if err := os.Truncate(filepath.Join(s.Dir, kept[0]), 100); err != nil {
		t.Fatal(err)
	}
	open(files[0])
	if n, err := os.ReadFile(runs); err != nil || string(n) != strings.Repeat("run\n", 2) {
		t.Errorf("%q, %v", n, err)
	}
}

// TestConvertedMeanwhile: who has looked before another's conversion ended, and asks after, opens what that made.
func TestConvertedMeanwhile(t *testing.T) {
	runs := filepath.Join(t.TempDir(), "runs")
	t.Setenv("RUNS", runs)
	s, at := shelf(t, program(t, "openreadout", `echo run >>$RUNS; cp `+tiff(t)+` $out`)), nd2(t, "a.nd2")
	open := func() {
		t.Helper()
		src, err := foreign.Format{Shelf: s}.Open(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
	find, found := s.Find, 0
	s.Find = func(ctx context.Context) (foreign.Converter, error) {
		if found++; found == 1 {
			open()
		}
		return find(ctx)
	}
	open()
	if n, err := os.ReadFile(runs); err != nil || string(n) != "run\n" {
		t.Errorf("%q, %v", n, err)
	}
}

// TestAsked: a conversion that is done elsewhere is told to all who open meanwhile, and what becomes of it;
// where nothing is to be converted, nobody who would is looked for.
func TestAsked(t *testing.T) {
	s := shelf(t, program(t, "openreadout", `exit 1`))
	at := nd2(t, "a.nd2")
	find, found := s.Find, 0
	s.Find = func(ctx context.Context) (foreign.Converter, error) { found++; return find(ctx) }
	if _, err := (foreign.Format{Shelf: s, Never: true}).Open(t.Context(), at); fault.KindOf(err) != fault.Busy || found > 0 {
		t.Errorf("not converted: %v, looked for %d times", err, found)
	}
	var asked []*foreign.Conversion
	f := foreign.Format{Shelf: s, Ask: func(c *foreign.Conversion) { asked = append(asked, c) }}
	var all []*imageio.Making
	for range 2 {
		_, err := f.Open(t.Context(), at)
		m, ok := errors.AsType[*imageio.Making](err)
		if !ok || fault.KindOf(err) != fault.Busy {
			t.Fatalf("opened at once: %v", err)
		}
		all = append(all, m)
	}
	if len(asked) != 1 {
		t.Fatalf("asked %d times", len(asked))
	}
	if err := asked[0].Do(t.Context(), nil); fault.KindOf(err) != fault.Invalid {
		t.Errorf("done: %v", err)
	}
	for _, m := range all {
		<-m.Done
		if fault.KindOf(m.Why()) != fault.Invalid {
			t.Errorf("why: %v", m.Why())
		}
	}
}

// TestTooLarge: what would not fit is not begun, or ended when it gets too large.
func TestTooLarge(t *testing.T) {
	for script, most := range map[string]int64{`exit 1`: 5, `while :; do head -c 100000 /dev/zero; sleep 0.01; done >$out`: 1 << 20, `head -c 2000000 /dev/zero >$out`: 1 << 20} {
		s := shelf(t, program(t, "openreadout", script))
		s.Most = most
		_, err := foreign.Format{Shelf: s}.Open(t.Context(), nd2(t, "a.nd2"))
		if say, hint := fault.Explain(err); !strings.Contains(say, "too large") || hint == "" || len(left(t, s)) > 0 {
			t.Errorf("%s: %v, left %v", script, err, left(t, s))
		}
	}
}

// TestThrownAway: what is thrown away at once is not converted for ever.
func TestThrownAway(t *testing.T) {
	runs := filepath.Join(t.TempDir(), "runs")
	t.Setenv("RUNS", runs)
	s := shelf(t, program(t, "openreadout", `echo run >>$RUNS; cp `+tiff(t)+` $out`))
	s.Room = func(size int64) error {
		if size > 0 {
			return nil
		}
		return os.RemoveAll(s.Dir)
	}
	if _, err := (foreign.Format{Shelf: s}).Open(t.Context(), nd2(t, "a.nd2")); fault.KindOf(err) != fault.Busy {
		t.Errorf("%v", err)
	}
	if n, err := os.ReadFile(runs); err != nil || len(n) > 4*len("run\n") {
		t.Errorf("%q, %v", n, err)
	}
}

// TestBioFormats: bfconvert gets what it may take for patterns under plain names.
func TestBioFormats(t *testing.T) {
	args := filepath.Join(t.TempDir(), "args")
	t.Setenv("ARGS", args)
	s := shelf(t, program(t, "bfconvert", `echo "$@" >$ARGS; while [ $# -gt 2 ]; do shift; done; [ -s $1 ] && cp `+tiff(t)+` $2`))
	src, err := foreign.Format{Shelf: s}.Open(t.Context(), nd2(t, "-%s_<1-3>.nd2"))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if a, err := os.ReadFile(args); err != nil || !strings.HasSuffix(string(a), " image.nd2 converted.ome.tif\n") || !strings.HasPrefix(string(a), "-no-upgrade ") {
		t.Errorf("asked with %q, %v", a, err)
	}
}

// TestSweep removes what a conversion left that was cut off, and nothing that is kept or another's.
func TestSweep(t *testing.T) {
	s := shelf(t, "")
	if err := s.Sweep(0); err != nil {
		t.Errorf("without a folder: %v", err)
	}
	for _, name := range []string{"converting-1/converted.ome.tif", "converting-2", "md5-00.converted.ome.tif", "other/x"} {
		at := filepath.Join(s.Dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o700), os.WriteFile(at, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Sweep(time.Hour); err != nil || len(left(t, s)) != 4 {
		t.Errorf("at work: %v, %v", left(t, s), err)
	}
	if err := s.Sweep(-time.Hour); err != nil || !slices.Equal(left(t, s), []string{"converting-2", "md5-00.converted.ome.tif", "other"}) {
		t.Errorf("%v, %v", left(t, s), err)
	}
}

// TestKinds: the first bytes decide, and the name where they are others', too.
func TestKinds(t *testing.T) {
	const office = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
	for name, c := range map[string]struct {
		head string
		is   bool
	}{
		"none": {"\xda\xce\xbe\x0a", true}, "x.ND2": {"\x00\x00\x00\x0cjP  \r\n\x87\n", true}, "x.jp2": {"\x00\x00\x00\x0cjP  \r\n\x87\n", false},
		"x.lif": {"\x70\x00\x00\x00\x09\x00\x00\x00\x2a", true}, "p.txt": {"p\x00\x00\x00", false}, "x.OIB": {office, true}, "x.doc": {office, false},
		"x.ims": {"\x89HDF\r\n\x1a\n", true}, "x.h5": {"\x89HDF\r\n\x1a\n", false}, "x.nd2": {"none of Nikon's", false}, "x.dv": {"anything", true},
	} {
		if is := (foreign.Format{}).Match(name, []byte(c.head)); is != c.is {
			t.Errorf("%s: %v", name, is)
		}
	}
}

// TestFilesBeside: what a file of several was converted into is of all of them as they are, wherever they lie.
func TestFilesBeside(t *testing.T) {
	s := shelf(t, program(t, "openreadout", `cp `+tiff(t)+` $out`))
	kept := map[string]bool{}
	for _, c := range []struct{ size, hour, kept int }{{5, 1, 1}, {5, 1, 1}, {6, 1, 2}, {5, 2, 3}} {
		when := time.Unix(int64(c.hour)*3600, 0)
		dir := t.TempDir()
		at := filepath.Join(dir, "a[1].vsi")
		for name, data := range map[string][]byte{"a[1].vsi": []byte("II*\x00 a preview"), "_a[1]_/stack1/frame.ets": make([]byte, c.size), "other.txt": []byte(dir)} {
			file := filepath.Join(dir, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, data, 0o600), os.Chtimes(file, when, when)); err != nil {
				t.Fatal(err)
			}
		}
		src, err := imageio.NewOpener(foreign.First{Format: foreign.Format{Shelf: s}}, ometiff.Format{}).OpenAs(t.Context(), at, "md5:00")
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		if src.ID() != "md5:00" || src.Info().Format != "Olympus VSI" {
			t.Errorf("%s: %+v", src.ID(), src.Info())
		}
		for _, n := range left(t, s) {
			kept[n] = true
		}
		if len(kept) != c.kept {
			t.Errorf("kept %v", kept)
		}
	}
}

// TestRescue: what TIFF's own reader refuses is converted, if there is a converter; if not, or if that fails, it
// is told why it can't be read.
func TestRescue(t *testing.T) {
	at := filepath.Join(t.TempDir(), "jxl.tif")
	imageiotest.Peer(t, "-c", `import sys, numpy, tifffile
tifffile.imwrite(sys.argv[1], numpy.arange(35, dtype='u1').reshape(5, 7), compression='jpegxl')`, at)
	for set, reads := range map[string]bool{
		servertest.Need(t, "COVERSLIP_TEST_IMAGEIO_PYTHON"): true, "/nowhere": false, program(t, "openreadout", "exit 1"): false,
	} {
		src, err := imageio.NewOpener(ometiff.Format{}, foreign.Format{Shelf: shelf(t, set)}).Open(t.Context(), at)
		if !reads {
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "JPEG XL") {
				t.Errorf("%s: %v", set, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		want := make([]byte, 35)
		for i := range want {
			want[i] = byte(i)
		}
		imageiotest.Equal(t, src, want, 0)
	}
}
