package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path"
	"path/filepath"

	"coverslip.dev/coverslip/core/dataset"
)

// DVC's record of runs lies in the cache as runs/<ab>/<key>/<value>: the key is a hash of
// what a stage reads and of the names of what it makes, the value one of all of it.

// repeatable reports whether a run of the stage can be remembered: what it made must
// follow from what it read.
func (s *Stage) repeatable(f facts) bool {
	if s.callback() || s.Always || len(s.Outs) == 0 || len(s.Deps)+len(s.Params) == 0 {
		return false
	}
	for _, o := range s.Outs {
		if o.Persist {
			return false
		}
	}
	for _, p := range f.params {
		if len(p.keys) == 0 {
			return false
		}
	}
	return true
}

// runKey names the runs of a stage that read the same.
func runKey(s *Stage, f facts) (string, error) {
	e := f.entry(s)
	if len(f.outs) == 0 { // not made yet
		outs := map[string]dataset.Object{}
		for _, o := range s.Outs {
			outs[o.as] = dataset.Object{}
		}
		e.set("outs", itemList(outs))
	}
	var names []any
	list, _ := e.values["outs"].([]any)
	for _, v := range list {
		if o, ok := v.(*object); ok {
			names = append(names, o.values["path"])
		}
	}
	e.set("outs", names)
	return hashed(e)
}

// hashed is DVC's hash of a mapping; sizes don't count.
func hashed(o *object) (string, error) {
	text, err := pythonJSON(o, "size", "nfiles")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:]), nil
}

func runDir(key string) string { return path.Join("runs", key[:2], key) }

// remembered returns what the newest run of a key has made; nil if there is none.
func (v *view) remembered(s *Stage, key string) map[string]item {
	dir := filepath.Join(v.repo.CacheDir(), filepath.FromSlash(runDir(key)))
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil // nobody ran it yet
	}
	newest, at := "", int64(0)
	for _, e := range list {
		if st, err := e.Info(); err == nil && st.Mode().IsRegular() && len(e.Name()) == sha256.Size*2 {
			if t := st.ModTime().UnixNano(); newest == "" || t > at {
				newest, at = e.Name(), t
			}
		}
	}
	if newest == "" {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(dir, newest))
	if err != nil {
		return nil
	}
	o, err := parseYAML(text)
	if err != nil {
		return nil
	}
	rec, err := parseRecord(o)
	if err != nil || !equal(rec.cmd, s.cmd) {
		return nil
	}
	return rec.outs
}

// remember writes a run down.
func (v *view) remember(s *Stage, f facts) error {
	key, err := runKey(s, f)
	if err != nil {
		return err
	}
	e := f.entry(s)
	value, err := hashed(e)
	if err != nil {
		return err
	}
	name := path.Join(runDir(key), value)
	if _, err := os.Stat(filepath.Join(v.repo.CacheDir(), filepath.FromSlash(name))); err == nil {
		return nil
	}
	return v.repo.WriteCache(name, []byte(emitYAML(e, 0)))
}
