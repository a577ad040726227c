// Command git-http serves the bare repositories of a folder through the real git
// http-backend, behind a name and a password: git-http FOLDER ADDRESS. It is there for
// tests, so a repository is made when it is first asked for.
package main

import (
	"context"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cgi" //nolint:gosec // the flaw is of Go 1.6
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

func main() {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := serve(log); err != nil {
		log.Error("git-http ended", slog.Any("error", err))
		os.Exit(1) //nolint:forbidigo // this is a main
	}
}

func serve(log *slog.Logger) error {
	if len(os.Args) != 3 {
		return fmt.Errorf("usage: %s FOLDER ADDRESS", os.Args[0])
	}
	root, err := filepath.Abs(os.Args[1])
	if err != nil {
		return err
	}
	programs, err := exec.CommandContext(context.Background(), "git", "--exec-path").Output() //nolint:forbidigo // this is a main
	if err != nil {
		return fmt.Errorf("find git: %w", err)
	}
	h := &host{
		root: root, backend: filepath.Join(strings.TrimSpace(string(programs)), "git-http-backend"),
		user: os.Getenv("GIT_HTTP_USER"), password: os.Getenv("GIT_HTTP_PASSWORD"), log: log,
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.Handle("/", h)
	s := http.Server{Addr: os.Args[2], Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	return s.ListenAndServe()
}

// host answers git's calls.
type host struct {
	root, backend  string
	user, password string
	log            *slog.Logger

	mu sync.Mutex // one repository is made at a time
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	if !same(user, h.user) || !same(password, h.password) {
		w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
		http.Error(w, "a name and a password are needed", http.StatusUnauthorized)
		return
	}
	if err := h.prepare(r); err != nil {
		h.log.ErrorContext(r.Context(), "repository not made", slog.String("path", r.URL.Path), slog.Any("error", err))
		http.Error(w, "the repository can't be made", http.StatusInternalServerError)
		return
	}
	(&cgi.Handler{
		Path: h.backend, InheritEnv: []string{"PATH", "HOME"},
		Env: []string{"GIT_PROJECT_ROOT=" + h.root, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=" + user},
	}).ServeHTTP(w, r)
}

// prepare makes the repository that r asks for, unless it is there.
func (h *host) prepare(r *http.Request) error {
	m := regexp.MustCompile(`^/([a-zA-Z0-9][a-zA-Z0-9_-]*\.git)/`).FindStringSubmatch(r.URL.Path)
	if m == nil {
		return nil // git http-backend says that there is none
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	dir := filepath.Join(h.root, m[1])
	if _, err := os.Stat(filepath.Join(dir, "HEAD")); err == nil { //nolint:gosec // the name is checked above
		return nil
	}
	for _, args := range [][]string{
		{"init", "--quiet", "--bare", "--initial-branch=main", dir},
		{"-C", dir, "config", "http.receivepack", "true"},
	} {
		if out, err := exec.CommandContext(r.Context(), "git", args...).CombinedOutput(); err != nil { //nolint:gosec // the name is checked above
			return fmt.Errorf("git %s: %w: %s", args[0], err, out)
		}
	}
	return nil
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
