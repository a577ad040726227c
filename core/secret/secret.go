// Package secret holds passwords that print as stars, and keeps them in the
// operating system's keyring or, where there is none, in a file of mode 0600.
package secret

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/zalando/go-keyring"
)

// Text is a secret. Every way of printing it gives stars; only [Text.Reveal] does not.
type Text string

const stars = "****"

// String is what %v and %s print.
func (Text) String() string { return stars }

// GoString is what %#v prints.
func (Text) GoString() string { return stars }

// LogValue is what slog writes.
func (Text) LogValue() slog.Value { return slog.StringValue(stars) }

// MarshalText is what goes into JSON and YAML.
func (Text) MarshalText() ([]byte, error) { return []byte(stars), nil }

// Reveal returns the secret itself, for the one call that sends it.
func (t Text) Reveal() string { return string(t) }

const service = "coverslip"

// Store keeps secrets by name, such as "mlflow:https://host". Its methods may be
// called from any goroutine.
type Store struct {
	mu   sync.Mutex
	file string // used where there is no keyring
}

// Open returns the store whose fallback file is at path; nothing is read yet.
func Open(path string) *Store { return &Store{file: path} }

// Read returns the secret kept under name, empty if there is none.
func (s *Store) Read(name string) (Text, error) {
	s.mu.Lock()
	m, err := s.load()
	s.mu.Unlock()
	if err != nil {
		return "", err
	}
	if v, ok := m[name]; ok { // later than what a keyring has that was locked then
		return Text(v), nil
	}
	if v, err := keyring.Get(service, name); err == nil {
		return Text(v), nil
	}
	return "", nil
}

// Keep stores t under name; an empty t forgets it. What the keyring does not take, or does not
// forget, stands in the file: an empty text there is one that was forgotten.
func (s *Store) Keep(name string, t Text) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.load()
	if err != nil {
		return err
	}
	was, had := m[name]
	if t == "" {
		err = keyring.Delete(service, name)
	} else {
		err = keyring.Set(service, name, t.Reveal())
	}
	switch {
	case err == nil, errors.Is(err, keyring.ErrNotFound):
		if !had {
			return nil
		}
		delete(m, name)
	case had && was == t.Reveal():
		return nil
	default:
		m[name] = t.Reveal()
	}
	return s.save(m)
}

func (s *Store) load() (map[string]string, error) {
	b, err := os.ReadFile(s.file)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]string{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read secrets: %w", err)
	}
	m := map[string]string{}
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("parse secrets: %w", err)
	}
	return m, nil
}

func (s *Store) save(m map[string]string) error {
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(s.file), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(s.file), "."+filepath.Base(s.file)+".*") // 0600, and another program has its own
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close()) // a power cut must not leave it empty
	if err == nil {
		err = os.Rename(f.Name(), s.file)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
