// Package local tracks training runs and registers models in a folder of the workspace,
// for labs without a server and for days without a network.
//
// All of it is plain files:
//
//	experiments.json            names of experiments
//	registry.json               models, versions, aliases, tags
//	runs/ID/run.json            a run
//	runs/ID/metrics.jsonl       its metrics, a line each, only ever appended to
//	runs/ID/files/...           its files
//	bundles/SHA256/...          the files of model versions, once for each content
//
// A writer holds the lock file, so several programs may share the folder. What is there is
// never changed in place: a .json file and a folder appear by rename, whole and synced,
// and a line of metrics that a crash cut off is taken away by the next writer.
package local

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"sync"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/model"
)

var (
	_ model.Tracker  = (*Store)(nil)
	_ model.Registry = (*Store)(nil)
)

// Store is a tracker and a registry in a folder. Its methods may be called from any
// goroutine.
type Store struct {
	dir    string
	turn   chan struct{} // holds one token: who has it may take the file lock
	person string        // who is logged in to this machine

	mu    sync.Mutex
	tails map[string]*tail // by run: the last values as far as they were read
}

// Open returns the store in dir, which it makes.
func Open(dir string) (*Store, error) {
	for _, d := range []string{runsDir, bundlesDir} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil { //nolint:gosec // a lab shares it
			return nil, fmt.Errorf("open registry: %w", err)
		}
	}
	s := &Store{dir: dir, turn: make(chan struct{}, 1), tails: map[string]*tail{}}
	if u, err := user.Current(); err == nil {
		s.person = u.Username
	}
	return s, nil
}

// Name says where this is, for people.
func (*Store) Name() string { return "This workspace" }

const (
	runsDir    = "runs"
	bundlesDir = "bundles"
	newPrefix  = ".new-" // begins the names of folders and files that are being written
)

func (s *Store) path(parts ...string) string {
	return filepath.Join(append([]string{s.dir}, parts...)...)
}

// freshID returns a name for a run, in the form that MLflow has too.
func freshID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, its documentation says
	return hex.EncodeToString(b[:])
}

// isID reports whether an outsider's name of a run may become a path.
func isID(id string) bool {
	return len(id) == 32 && strings.Trim(id, "0123456789abcdef") == ""
}

func missing(what string) error {
	return fault.New(fault.NotFound, "This workspace has no "+what+".", "Refresh the screen: it may be out of date.", nil)
}

// live returns why ctx has ended, so that no call goes on after a stop.
func live(ctx context.Context, what string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
