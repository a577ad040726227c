package dataset

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"coverslip.dev/coverslip/core/fault"
)

// sshServer is an SSH server that lets one key in and runs git for it, on an empty
// repository; git uses the real ssh program. It returns the repository's address, a file
// with the key, and the server's own key as a line of known_hosts.
func sshServer(t *testing.T) (address, keyFile, known string) {
	t.Helper()
	root := t.TempDir()
	gitHere(t, root, "init", "-q", "--bare", "-b", "main", "data.git")
	host, _ := sshKey(t)
	client, private := sshKey(t)
	keyFile = filepath.Join(root, "key")
	must(t, os.WriteFile(keyFile, private, 0o600))
	conf := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, k ssh.PublicKey) (*ssh.Permissions, error) {
		if string(k.Marshal()) != string(client.PublicKey().Marshal()) {
			return nil, os.ErrPermission
		}
		return nil, nil //nolint:nilnil // what the package wants of who may come in without limits
	}}
	conf.AddHostKey(host)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() { // ends with the listener
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serveSSH(t.Context(), c, conf, root)
		}
	}()
	_, port, err := net.SplitHostPort(l.Addr().String())
	must(t, err)
	line := "[127.0.0.1]:" + port + " " + string(ssh.MarshalAuthorizedKey(host.PublicKey()))
	return "ssh://op@127.0.0.1:" + port + "/data.git", keyFile, line
}

func sshKey(t *testing.T) (s ssh.Signer, private []byte) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	s, err = ssh.NewSignerFromKey(key)
	must(t, err)
	block, err := ssh.MarshalPrivateKey(key, "")
	must(t, err)
	return s, pem.EncodeToMemory(block)
}

// serveSSH runs git's programs for a connection until it closes.
func serveSSH(ctx context.Context, c net.Conn, conf *ssh.ServerConfig, root string) {
	conn, channels, requests, err := ssh.NewServerConn(c, conf)
	if err != nil {
		return // refused
	}
	defer conn.Close() //nolint:errcheck // the client has gone
	go ssh.DiscardRequests(requests)
	for n := range channels {
		ch, requests, err := n.Accept()
		if err != nil {
			return
		}
		for q := range requests {
			if q.Type != "exec" {
				_ = q.Reply(false, nil)
				continue
			}
			_ = q.Reply(true, nil)
			var line struct{ Command string }
			if ssh.Unmarshal(q.Payload, &line) != nil {
				break
			}
			program, repo, _ := strings.Cut(line.Command, " ")
			cmd := exec.CommandContext(ctx, "git", strings.TrimPrefix(program, "git-"), filepath.Join(root, strings.Trim(repo, "'")))
			cmd.Stdin, cmd.Stdout, cmd.Stderr = ch, ch, ch.Stderr()
			status := [4]byte{}
			if cmd.Run() != nil {
				status[3] = 1
			}
			_, _ = ch.SendRequest("exit-status", false, status[:])
			break
		}
		_ = ch.Close()
	}
}

func TestGitOverSSH(t *testing.T) {
	address, key, known := sshServer(t)
	home := t.TempDir()
	t.Setenv("GIT_SSH_COMMAND", "ssh -F none -i "+key+" -o IdentitiesOnly=yes -o UserKnownHostsFile="+home+"/known")
	a, b := newRepo(t), newRepo(t)
	ctx := t.Context()
	must(t, a.AddGitServer(ctx, "lab", address), b.AddGitServer(ctx, "lab", address))
	put(t, a, "a.tif", "1")
	commit(t, a, "a", add(t, a, "a.tif", nil).Changed...)

	wantKind(t, "an unknown server", a.GitPush(ctx, "lab", "HEAD", Login{}), fault.Denied)
	must(t, os.WriteFile(home+"/known", []byte(known), 0o600))
	must(t, a.GitPush(ctx, "lab", "HEAD", Login{}), b.GitPull(ctx, operator, "lab", Login{}))
	if _, err := os.Stat(b.abs("a.tif.dvc")); err != nil {
		t.Error(err)
	}
	_, other := sshKey(t)
	must(t, os.Chmod(key, 0o600), os.WriteFile(key, other, 0o600))
	wantKind(t, "a key that the server does not know", a.GitPush(ctx, "lab", "HEAD", Login{}), fault.Denied)
}

func TestSSHNeverAsksOnATerminal(t *testing.T) {
	r := newRepo(t)
	t.Setenv("GIT_SSH_COMMAND", "")
	must(t, r.AddGitServer(t.Context(), "lab", "ssh://op@127.0.0.1:1/data.git"))
	g, _, err := r.server(t.Context(), "lab", Login{})
	must(t, err)
	if env := strings.Join(g.env, " "); !strings.Contains(env, "GIT_SSH_COMMAND=ssh -o BatchMode=yes") {
		t.Errorf("git is run with %q", env)
	}
	wantKind(t, "no server", r.GitPush(t.Context(), "lab", "HEAD", Login{}), fault.Offline)
	gitHere(t, r.dir, "config", "core.sshCommand", "ssh -i my-key")
	g, _, err = r.server(t.Context(), "lab", Login{})
	must(t, err)
	if env := strings.Join(g.env, " "); !strings.Contains(env, "GIT_SSH_COMMAND=ssh -i my-key -o BatchMode=yes") {
		t.Errorf("a person's own command became %q", env)
	}
}
