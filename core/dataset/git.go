package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"

	"coverslip.dev/coverslip/core/fault"
)

// git runs the git program in a folder: never through a shell, never asking on a terminal.
type git struct {
	dir string
	env []string // more of the environment
	in  []byte   // standard input
}

// helpersEnd is how long git may take to stop, and its helpers to close their output after it.
const helpersEnd = 5 * time.Second

// run returns what git printed.
func (g git) run(ctx context.Context, args ...string) (string, error) {
	// No hooks: they may wait for a person, and DVC's own run dvc, which waits for our lock.
	cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "core.hooksPath=/dev/null"}, args...)...) //nolint:gosec // fixed words, paths after --
	cmd.Dir = g.dir
	cmd.Env = append(cleanEnviron(), g.env...)
	if g.in != nil {
		cmd.Stdin = bytes.NewReader(g.in)
	}
	var out, told bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &told
	cmd.Cancel = func() error { // git removes its locks, and ends its helpers
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return cmd.Process.Kill() // Windows has no such signal
		}
		return nil
	}
	cmd.WaitDelay = helpersEnd
	err := cmd.Run()
	if err == nil || errors.Is(err, exec.ErrWaitDelay) && cmd.ProcessState.Success() {
		return out.String(), nil
	}
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	return out.String(), gitFault(args[0], err, told.String()+out.String())
}

// cleanEnviron is this process's environment without what would lead git elsewhere.
// Messages are in English because [gitFault] reads them; paths are taken as they are.
func cleanEnviron() []string {
	var env []string
	for _, kv := range os.Environ() {
		switch k, _, _ := strings.Cut(kv, "="); k {
		case "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE",
			"GIT_PREFIX", "GIT_CEILING_DIRECTORIES", "LANGUAGE", "GIT_GLOB_PATHSPECS", "GIT_ICASE_PATHSPECS":
		default:
			env = append(env, kv)
		}
	}
	return append(env, "LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "SSH_ASKPASS=", "GIT_LITERAL_PATHSPECS=1",
		"GIT_EDITOR=true", "GIT_PAGER=cat")
}

var urlSecret = regexp.MustCompile(`(://)[^/@\s']*@`)

// hideSecrets takes a name and password out of the URLs in a text.
func hideSecrets(s string) string { return urlSecret.ReplaceAllString(s, "$1") }

// gitFault turns git's words into a fault.
func gitFault(what string, err error, told string) error {
	told = hideSecrets(strings.TrimSpace(told))
	cause := fmt.Errorf("git %s: %w: %s", what, err, told)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(told, w) {
				return true
			}
		}
		return false
	}
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return fault.New(fault.NotFound, "The program git is not on this machine.", "Install git, then start again.", cause)
	case has("Authentication failed", "could not read Username", "could not read Password", "returned error: 401", "returned error: 403", "Permission denied ("):
		return fault.New(fault.Denied, "The git server does not accept the login.", "Check the name and password in Settings.", cause)
	case has("Could not resolve host", "Failed to connect", "Couldn't connect", "Connection refused", "Connection timed out", "Connection reset",
		"returned error: 5", "unexpectedly", "hung up", "early EOF", "Network is unreachable", "Operation too slow", "not responding"):
		return fault.New(fault.Offline, "The git server does not answer.", "Check the network; the work goes on by itself when it is back.", cause)
	case has("not found", "does not appear to be a git repository", "returned error: 404"):
		return fault.New(fault.NotFound, "The git server does not have this repository.", "Check its address in Settings.", cause)
	case has("[rejected]", "non-fast-forward", "fetch first"):
		return fault.New(fault.Busy, "Someone else has pushed to the git server meanwhile.", "Pull, then push again.", cause)
	case has("index.lock", "cannot lock ref", "Unable to create"):
		return fault.New(fault.Busy, "Another program is working on this dataset's git repository.",
			"It goes on by itself; if no git is running, remove .git/index.lock.", cause)
	case has("during a merge", "unmerged", "MERGE_HEAD", "you need to resolve"):
		return fault.New(fault.Exists, "Someone has begun a merge in this dataset and not finished it.", "Finish it with git, then try again.", cause)
	case has("would be overwritten by merge"):
		return fault.New(fault.Exists, "Files of the dataset that are not committed stand in the way of those from the git server.",
			"Commit them or move them away; then it goes on by itself.", cause)
	case has("Host key verification failed"):
		return fault.New(fault.Denied, "This computer does not know the git server's key yet, or the key has changed.",
			"Run ssh with the server's name in a terminal once, and compare the key with what your administrator says.", cause)
	case has("dubious ownership"):
		return fault.New(fault.Denied, "The dataset's folder belongs to another user, so that git refuses it.",
			"Have it allowed with: git config --global --add safe.directory FOLDER", cause)
	case has("not a git repository"):
		return fault.New(fault.NotFound, "The dataset's folder is not under git.", "Make it a dataset first.", cause)
	case has("No space left"):
		return fault.New(fault.Full, "The disk is full.", "Free some room; the work goes on by itself.", cause)
	}
	return cause
}
