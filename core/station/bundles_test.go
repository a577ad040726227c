package station

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/model"
	"coverslip.dev/coverslip/core/model/local"
)

// cut is a registry that no longer answers.
type cut struct{ platform }

func (cut) Fetch(context.Context, string, string) (map[string][]byte, error) {
	return nil, errors.New("the cable is pulled")
}

// TestWhatIsKeptIsFoundOffline: as long as it is what the registry listed last, or the registry
// was never heard, also where an earlier program had kept it.
func TestWhatIsKeptIsFoundOffline(t *testing.T) {
	dir := t.TempDir()
	own, err := local.Open(filepath.Join(dir, "registry"))
	if err != nil {
		t.Fatal(err)
	}
	now, err := own.Register(t.Context(), "doubled", "", zooFiles(0), nil)
	if err != nil {
		t.Fatal(err)
	}
	now.Created = now.Created.Add(-time.Minute) // as it is in life: files tell their time less finely
	b := bundles{dir: filepath.Join(dir, "models")}
	ref := infer.Ref{Model: "doubled", Version: "1"}
	if _, err := b.fetch(t.Context(), own, ref, now); err != nil {
		t.Fatal(err)
	}
	other := now
	other.Created = time.Now().Add(time.Hour)
	for range 2 {
		for _, c := range []struct {
			v    model.Version
			here bool
		}{{now, true}, {model.Version{}, true}, {other, false}} {
			if _, err := b.fetch(t.Context(), cut{own}, ref, c.v); (err == nil) != c.here {
				t.Errorf("made at %v: %v", c.v.Created, err)
			}
		}
		_ = os.Remove(filepath.Join(b.home(own.Name(), ref), "made")) // as an earlier program left it
	}
}
