package station

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/model"
	"coverslip.dev/coverslip/core/recipe"
	"coverslip.dev/coverslip/core/release"
)

// bundles keeps the model versions that were fetched, so that they load with the cable
// pulled: dir/registry/model/version/{model.onnx,coverslip.yaml,made,tests/…}.
type bundles struct {
	dir string
	mu  sync.Mutex // held while a version is read or written
}

// fetch returns a version from disk, or from r and then keeps it. A model may have been removed
// from the registry and registered anew, which begins at version 1 again: now is the version as
// the registry lists it, zero where it was not heard.
func (b *bundles) fetch(ctx context.Context, r model.Registry, m infer.Ref, now model.Version) (infer.Bundle, error) {
	home := b.home(r.Name(), m)
	got, err := b.kept(home, m, now)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return got, err
	}
	got, err = release.Bundle(ctx, r, m.Model, m.Version)
	if err != nil {
		return got, err
	}
	return got, b.keep(home, got, now)
}

// kept reads a version that is still the one that the registry has.
func (b *bundles) kept(home string, m infer.Ref, now model.Version) (infer.Bundle, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	text, err := os.ReadFile(filepath.Join(home, "made"))
	same := string(text) == made(now)
	if errors.Is(err, fs.ErrNotExist) { // an earlier program kept it
		if st, err := os.Stat(filepath.Join(home, "model.onnx")); err == nil {
			same = !st.ModTime().Before(now.Created)
		}
	}
	if !same && made(now) != "" {
		return infer.Bundle{}, fs.ErrNotExist
	}
	return read(home, m)
}

// made tells a version from another of the same number; empty where the registry was not heard.
func made(v model.Version) string {
	if v.Created.IsZero() {
		return ""
	}
	return v.Created.UTC().Format(time.RFC3339Nano) + " " + v.Run
}

// home is the folder of a version. Names come from a server, so only a digest of them
// becomes a path.
func (b *bundles) home(registry string, m infer.Ref) string {
	return filepath.Join(b.dir, digest(registry), digest(m.Model), digest(m.Version))
}

func digest(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:8])
}

func read(home string, m infer.Ref) (infer.Bundle, error) {
	onnx, err := os.ReadFile(filepath.Join(home, "model.onnx"))
	if err != nil {
		return infer.Bundle{}, err
	}
	text, err := os.ReadFile(filepath.Join(home, "coverslip.yaml"))
	b := infer.Bundle{Ref: m, ONNX: onnx, Recipe: text, Tests: map[string][]byte{}}
	r, rerr := recipe.Read(text)
	if err != nil || rerr != nil {
		return b, err // whoever uses the description tells what is wrong with it
	}
	for _, t := range slices.Concat(r.Inputs, r.Outputs) {
		if data, err := os.ReadFile(filepath.Join(home, testFile(t.Test.Source))); err == nil {
			b.Tests[t.Test.Source] = data
		}
	}
	return b, nil
}

// testFile is where a test tensor lies in a version's folder. Its name comes from a server.
func testFile(name string) string { return filepath.Join("tests", digest(name)) }

// keep writes the folder whole, by rename, in place of what is there. The same again is left as it lies:
// a crash between the renames would leave none.
func (b *bundles) keep(home string, got infer.Bundle, now model.Version) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	text, _ := os.ReadFile(filepath.Join(home, "made")) //nolint:errcheck // then it is not the same
	if was, err := read(home, got.Ref); err == nil && string(text) == made(now) && bytes.Equal(was.ONNX, got.ONNX) &&
		bytes.Equal(was.Recipe, got.Recipe) && maps.EqualFunc(was.Tests, got.Tests, bytes.Equal) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(home), 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(home), ".new-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp) //nolint:errcheck // gone already when all went well
	files := map[string][]byte{"model.onnx": got.ONNX, "coverslip.yaml": got.Recipe, "made": []byte(made(now))}
	for name, data := range got.Tests {
		files[testFile(name)] = data
	}
	if err := os.Mkdir(filepath.Join(tmp, "tests"), 0o755); err != nil {
		return fmt.Errorf("keep model: %w", err)
	}
	for name, data := range files {
		if err := writeSynced(filepath.Join(tmp, name), data); err != nil {
			return fmt.Errorf("keep model: %w", err)
		}
	}
	old := tmp + ".old"
	defer os.RemoveAll(old) //nolint:errcheck // what is left of it does no harm
	if err := os.Rename(home, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keep model: %w", err)
	}
	if err := os.Rename(tmp, home); err != nil {
		return fmt.Errorf("keep model: %w", err)
	}
	return nil
}

// bundle returns a version of a registry's model.
func (s *Station) bundle(ctx context.Context, p platform, m infer.Ref) (infer.Bundle, error) {
	return s.bundles.fetch(ctx, p, m, s.shelves.version(p, m))
}

func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644) //nolint:gosec // a lab shares its models
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}
