package station

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/recipe"
)

// SelfTest loads the model of q's folder into the engine and asks it about the test images
// that its maker packed with it. What it has brought to a server that had none of it goes again, once it has
// answered: Triton 2.51 may end itself where a model is unloaded that was only just loaded.
func SelfTest(ctx context.Context, q Question) (infer.Verdict, error) {
	b, m, err := q.bundle()
	if err != nil {
		return infer.Verdict{}, err
	}
	en, err := q.engine(ctx)
	if err != nil {
		return infer.Verdict{}, err
	}
	defer en.Close() //nolint:errcheck // the verdict is there
	h, remote := en.(*hosts)
	brings := remote && len(h.members) == 1 && len(b.ONNX) > 0 && !h.have(ctx, guest(b).Model) // of several one has answered
	if err := load(ctx, en, b); err != nil {
		return infer.Verdict{}, err
	}
	w := &witness{Engine: en}
	v, err := infer.SelfTest(ctx, w, b.Ref, m, b.Tests)
	if brings && w.answered.Load() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaving)
		defer cancel()
		if gone := h.Unload(end, b.Model); gone != nil && q.Log != nil {
			q.Log.Warn("the tested model stays on the server", slog.String("model", guest(b).Model), slog.Any("error", gone))
		}
	}
	return v, err
}

// leaving is how long servers may take to let go of a model.
const leaving = 30 * time.Second

// witness is an engine that is seen to answer.
type witness struct {
	infer.Engine

	answered atomic.Bool
}

// Infer asks the engine.
func (w *witness) Infer(ctx context.Context, m infer.Ref, in []infer.Tensor) ([]infer.Tensor, error) {
	out, err := w.Engine.Infer(ctx, m, in)
	if err == nil {
		w.answered.Store(true)
	}
	return out, err
}

// verdicts are the outcomes of self-tests, by engine and model version, in a file of the
// workspace. A workspace that loses it tests again.
type verdicts struct {
	path string
	log  *slog.Logger

	mu sync.Mutex                    // guards all below
	by map[string]map[string]verdict // by name of the engine and model@version
}

// verdict is a verdict on a network and its description, of which another may have the same
// version later.
type verdict struct {
	infer.Verdict

	Of string `json:"of"`
}

func readVerdicts(path string, log *slog.Logger) *verdicts {
	v := &verdicts{path: path, log: log, by: map[string]map[string]verdict{}}
	if b, err := os.ReadFile(path); err == nil && json.Unmarshal(b, &v.by) != nil {
		clear(v.by)
	}
	return v
}

// of returns what is known of an engine, by model@version.
func (v *verdicts) of(engine string) map[string]infer.Verdict {
	v.mu.Lock()
	defer v.mu.Unlock()
	out := map[string]infer.Verdict{}
	for m, k := range v.by[engine] {
		out[m] = k.Verdict
	}
	return out
}

// has reports whether there is a verdict on just this.
func (v *verdicts) has(engine, key, of string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	k, ok := v.by[engine][key]
	return ok && k.Of == of
}

// test asks an engine about a bundle's test images, once, and keeps the verdict.
func (v *verdicts) test(ctx context.Context, en infer.Engine, b infer.Bundle) {
	if len(b.Tests) == 0 {
		return
	}
	key, sum := b.String(), sha256.New()
	sum.Write(b.ONNX)
	sum.Write(b.Recipe)
	of := hex.EncodeToString(sum.Sum(nil)[:8])
	if v.has(en.Name(), key, of) {
		return
	}
	m, err := recipe.Read(b.Recipe)
	var got infer.Verdict
	if err == nil {
		got, err = infer.SelfTest(ctx, en, b.Ref, m, b.Tests)
	}
	if err != nil {
		if fault.KindOf(err) != fault.NotFound {
			v.log.Warn("no self-test", slog.String("engine", en.Name()), slog.String("model", key), slog.Any("error", err))
		}
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.by[en.Name()] == nil {
		v.by[en.Name()] = map[string]verdict{}
	}
	v.by[en.Name()][key] = verdict{got, of}
	text, err := json.MarshalIndent(v.by, "", " ")
	if err == nil {
		err = writeSynced(v.path+".new", text)
	}
	if err == nil {
		err = os.Rename(v.path+".new", v.path)
	}
	if err != nil {
		v.log.Warn("self-test is not kept", slog.Any("error", err))
	}
}
