package foreign_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/foreign"
)

// refusing is TIFF's reader, of a kind of TIFF that it can't read.
type refusing struct{}

func (refusing) Name() string { return "TIFF" }

func (refusing) Match(string, []byte) bool { return true }

func (refusing) Open(context.Context, string) (imageio.Source, error) {
	return nil, fault.New(fault.Invalid, "Its own sentence.", "", nil)
}

// TestFailedIsTold: what came to nothing is told to who looks again, and done anew when it is forgotten or another
// converts; one that was stopped is done anew. Of a file that a reader refuses its own sentence is told.
func TestFailedIsTold(t *testing.T) {
	runs := filepath.Join(t.TempDir(), "runs")
	t.Setenv("RUNS", runs)
	script := `echo run >>$RUNS; echo "error: no luck" >&2; exit 1`
	set, other := program(t, "openreadout", script), program(t, "openreadout", script)
	for say, formats := range map[string][]imageio.Format{"no luck": nil, "Its own sentence": {refusing{}}} {
		if err := os.WriteFile(runs, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		s, at, by := shelf(t, ""), nd2(t, "a.nd2"), set
		s.Find = func(ctx context.Context) (foreign.Converter, error) { return foreign.Find(ctx, by) }
		ctx := t.Context()
		f := foreign.Format{Shelf: s, Ask: func(c *foreign.Conversion) {
			if err := c.Do(ctx, nil); err == nil {
				t.Error("it was converted")
			}
		}}
		look := func(made bool) error {
			t.Helper()
			_, err := imageio.NewOpener(append(formats, f)...).OpenAs(t.Context(), at, "md5:00")
			m, is := errors.AsType[*imageio.Making](err)
			if is != made {
				t.Fatalf("made: %v, %v", is, err)
			}
			if is {
				<-m.Done
				return m.Why()
			}
			return err
		}
		stopped, stop := context.WithCancel(ctx)
		stop()
		ctx = stopped
		if why := look(true); !errors.Is(why, context.Canceled) {
			t.Errorf("stopped: %v", why)
		}
		ctx = t.Context()
		told := func(made bool) {
			t.Helper()
			if why := look(made); fault.KindOf(why) != fault.Invalid || !strings.Contains(why.Error(), say) {
				t.Errorf("%q is why", why)
			}
		}
		told(true)
		told(false)
		s.Forget("md5:01")
		told(false)
		s.Forget("md5:00")
		told(true)
		by = other
		told(true)
		told(false)
		if n, err := os.ReadFile(runs); err != nil || string(n) != strings.Repeat("run\n", 3) {
			t.Errorf("%q, %v", n, err)
		}
	}
}

// TestRoomAsItGrows: room is made for what a converter writes while it does; where none is left, it is ended.
func TestRoomAsItGrows(t *testing.T) {
	s := shelf(t, program(t, "openreadout", `dd if=/dev/zero of=$out bs=1 count=1 seek=100000000 2>&-; sleep 1000`))
	s.Room = func(size int64) error {
		if size > 0 {
			return nil
		}
		return fault.New(fault.Full, "No room.", "Free some.", nil)
	}
	if _, err := (foreign.Format{Shelf: s}).Open(t.Context(), nd2(t, "a.nd2")); fault.KindOf(err) != fault.Full || !strings.Contains(err.Error(), "No room.") {
		t.Errorf("%v", err)
	}
	if n := left(t, s); len(n) > 0 {
		t.Errorf("left: %v", n)
	}
}

// TestNoCommands: what cmd.exe would run of a path is not handed to a program that it runs.
func TestNoCommands(t *testing.T) {
	good, ran := tiff(t), filepath.Join(t.TempDir(), "ran")
	t.Setenv("RAN", ran)
	for name, refused := range map[string]bool{"a b (1).vsi": false, "a&calc.vsi": true, "50%.vsi": true, "a^b!.vsi": true} {
		s := shelf(t, program(t, "bfconvert.bat", `echo run >>$RAN; while [ $# -gt 2 ]; do shift; done; [ -s "$1" ] && cp `+good+` $2`))
		at := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(at, []byte("II*\x00 a preview"), 0o600); err != nil {
			t.Fatal(err)
		}
		src, err := foreign.Format{Shelf: s}.Open(t.Context(), at)
		if _, not := os.Stat(ran); (not != nil) != refused || (err != nil) != refused {
			t.Fatalf("%s: %v, ran: %v", name, err, not)
		}
		if refused {
			if say, hint := fault.Explain(err); !strings.Contains(say, name) || !strings.Contains(hint, "a name without") {
				t.Errorf("%q %q", say, hint)
			}
			continue
		}
		if err := errors.Join(src.Close(), os.Remove(ran)); err != nil {
			t.Error(err)
		}
	}
}
