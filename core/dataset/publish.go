package dataset

import (
	"context"
	"net/url"
	"os"
	"strings"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/secret"
)

// Login is a name and password for a git server over HTTP; the zero value has none, and
// then git's own helpers are asked.
type Login struct {
	User     string
	Password secret.Text
}

// helper answers git's question for a login from the environment, which only this user
// can read, so that no password is in an argument, an address or a file.
const helper = `!f() { test "$1" = get && printf 'username=%s\npassword=%s\n' "$COVERSLIP_GIT_USER" "$COVERSLIP_GIT_PASSWORD"; }; f`

// AddGitServer sets the address of the git server named name.
func (r *Repository) AddGitServer(ctx context.Context, name, address string) error {
	if err := CheckGitServer(address); err != nil {
		return err
	}
	if strings.HasPrefix(name, "-") || name == "" {
		return fault.New(fault.Invalid, "A git server needs a name.", "Give it one, such as lab.", nil)
	}
	if old, err := r.git.run(ctx, "remote", "get-url", name); err == nil {
		if strings.TrimSpace(old) == address {
			return nil
		}
		_, err := r.git.run(ctx, "remote", "set-url", name, address)
		return err
	}
	_, err := r.git.run(ctx, "remote", "add", name, address)
	return err
}

// CheckGitServer returns why an address can't be a git server's, as a fault. git knows URLs
// (https, ssh, …), host:folder for SSH, and folders.
func CheckGitServer(address string) error {
	if holdsSecret(address) {
		return fault.New(fault.Invalid, "The git server's address holds a password.", "Leave it out, and enter the password in Settings.", nil)
	}
	if strings.HasPrefix(address, "-") || address == "" || strings.Contains(address, "::") || strings.ContainsAny(address, "\n\r\x00") {
		return fault.New(fault.Invalid, "That is no address of a git server.", "It looks like https://host/lab/dataset.git.", nil)
	}
	return nil
}

// GitTry logs in to a git server and returns how many branches it has; nothing is changed.
func (r *Repository) GitTry(ctx context.Context, address string, l Login) (branches int, err error) {
	if err := CheckGitServer(address); err != nil {
		return 0, err
	}
	out, err := r.reach(ctx, address, l).run(ctx, "ls-remote", "-q", "--heads", "--", address)
	return strings.Count(out, "\n"), err
}

// holdsSecret reports whether an address has a password in it. A name alone is none for
// SSH; over HTTP it may be a token.
func holdsSecret(address string) bool {
	u, err := url.Parse(address)
	if err == nil && u.Scheme == "ssh" && u.User != nil {
		_, has := u.User.Password()
		return has
	}
	return hideSecrets(address) != address
}

// GitPush brings the commits up to one of them, such as HEAD, to a git server. Call it after
// [Repository.Push] has succeeded for every remote since that commit was made, so that no one
// gets a commit without its data.
func (r *Repository) GitPush(ctx context.Context, name, upTo string, l Login) error {
	g, branch, err := r.server(ctx, name, l)
	if err != nil {
		return err
	}
	if _, err := g.run(ctx, "push", "-q", "--no-verify", name, upTo+":refs/heads/"+branch); err != nil {
		return err
	}
	if _, err := r.git.run(ctx, "rev-parse", "-q", "--verify", "@{upstream}"); err == nil {
		return nil
	}
	_, err = r.git.run(ctx, "branch", "-q", "--set-upstream-to", name+"/"+branch) // a push does so for branches only
	return err
}

// GitPull takes in the commits of a git server and merges them. Benches that capture
// different files never conflict; where two changed the same file, both versions stay.
func (r *Repository) GitPull(ctx context.Context, who Author, name string, l Login) error {
	g, branch, err := r.server(ctx, name, l)
	if err != nil {
		return err
	}
	if _, err := g.run(ctx, "fetch", "-q", name, "refs/heads/"+branch); err != nil {
		if strings.Contains(err.Error(), "couldn't find remote ref") {
			return nil // an empty server
		}
		return err
	}
	unlock, err := r.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := r.git.run(ctx, "rev-parse", "-q", "--verify", "@{upstream}"); err != nil {
		// What is published is told by the upstream, also before the first push.
		if _, err := r.git.run(ctx, "branch", "-q", "--set-upstream-to", name+"/"+branch); err != nil {
			return err
		}
	}
	return r.merge(ctx, who)
}

// server returns a git that can log in there, and the branch to exchange.
func (r *Repository) server(ctx context.Context, name string, l Login) (git, string, error) {
	g := r.git
	address, err := g.run(ctx, "remote", "get-url", name)
	if err != nil {
		return g, "", fault.New(fault.NotFound, "The dataset has no git server named "+name+".", "Enter its address in Settings.", err)
	}
	branch, err := g.run(ctx, "symbolic-ref", "--short", "HEAD")
	if err != nil {
		return g, "", fault.New(fault.Invalid, "The dataset is at an old version, not on a branch.", "Run git switch main in its folder.", err)
	}
	return r.reach(ctx, strings.TrimSpace(address), l), strings.TrimSpace(branch), nil
}

// reach returns a git that can log in at an address, and that gives up two minutes after the
// server has fallen silent.
func (r *Repository) reach(ctx context.Context, address string, l Login) git {
	g := r.git
	g.env = append(g.env, "GIT_SSH_COMMAND="+r.ssh(ctx)+" -o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=30 -o ServerAliveCountMax=4")
	for _, kv := range []string{"GIT_HTTP_LOW_SPEED_LIMIT=1", "GIT_HTTP_LOW_SPEED_TIME=120"} {
		if k, _, _ := strings.Cut(kv, "="); os.Getenv(k) == "" {
			g.env = append(g.env, kv)
		}
	}
	u, err := url.Parse(address)
	if l.User != "" && err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		// Only this host is told: a server that redirects elsewhere gains nothing.
		section := "credential." + u.Scheme + "://" + u.Host + ".helper"
		g.env = append(g.env, "COVERSLIP_GIT_USER="+l.User, "COVERSLIP_GIT_PASSWORD="+l.Password.Reveal(), "GIT_CONFIG_COUNT=2",
			"GIT_CONFIG_KEY_0="+section, "GIT_CONFIG_VALUE_0=", "GIT_CONFIG_KEY_1="+section, "GIT_CONFIG_VALUE_1="+helper)
	}
	return g
}

// ssh is the command that git would run for SSH. The keys are those of the person's agent
// and ~/.ssh; what they do not settle is an error, not a question on a terminal.
func (r *Repository) ssh(ctx context.Context) string {
	if c := os.Getenv("GIT_SSH_COMMAND"); c != "" {
		return c
	}
	if c, err := r.git.run(ctx, "config", "core.sshCommand"); err == nil && strings.TrimSpace(c) != "" {
		return strings.TrimSpace(c)
	}
	return "ssh"
}
