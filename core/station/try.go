package station

import (
	"context"
	"fmt"
	"maps"

	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/model/mlflow"
	"coverslip.dev/coverslip/core/secret"
)

// or returns t, or what is kept under name where t is empty.
func (s *Station) or(t secret.Text, name string) (secret.Text, error) {
	if t != "" {
		return t, nil
	}
	return s.secrets.Read(name)
}

// makesSense looks at a part of the settings by itself.
func makesSense(put func(*config.Settings)) error {
	alone := config.Default()
	put(&alone)
	return alone.Check()
}

// TryServer asks an inference server whether it is ready, and says what it found.
func (s *Station) TryServer(ctx context.Context, v config.Server, token secret.Text) (string, error) {
	token, err := s.or(token, v.Secret())
	if err != nil {
		return "", err
	}
	if err := makesSense(func(s *config.Settings) { s.Servers = []config.Server{v} }); err != nil {
		return "", err
	}
	if err := certificates(v).Check(); err != nil {
		return "", err
	}
	en, err := s.dialServer(ctx, v, token)
	if err != nil {
		return "", err
	}
	defer en.Close() //nolint:errcheck // only asked
	if err := en.Ready(ctx); err != nil {
		return "", err
	}
	ms, err := en.Models(ctx)
	if err == nil {
		err = en.Allowed(ctx)
	}
	if err != nil {
		return "", err
	}
	say := fmt.Sprintf("It answers, with %d models.", len(ms))
	l, err := en.Busy(ctx)
	switch {
	case err != nil:
		_, hint := fault.Explain(err)
		say += " It does not tell how busy it is. " + hint
	case l.Instance != "":
		say += " Prometheus tells how busy it is, as " + l.Instance + "."
	}
	return say, nil
}

// TryMLflow logs in to an MLflow server and counts its models.
func (s *Station) TryMLflow(ctx context.Context, p config.Platform, pw secret.Text) (string, error) {
	pw, err := s.or(pw, p.Secret())
	if err != nil {
		return "", err
	}
	if err := makesSense(func(s *config.Settings) { s.MLflow = p }); err != nil {
		return "", err
	}
	c, err := mlflow.New(mlflow.Options{URL: p.URL, User: p.User, Password: pw})
	if err != nil {
		return "", err
	}
	ms, err := c.Models(ctx)
	return fmt.Sprintf("It answers, with %d registered models.", len(ms)), err
}

// TryGit logs in to a git server.
func (s *Station) TryGit(ctx context.Context, p config.Platform, pw secret.Text) (string, error) {
	pw, err := s.or(pw, p.Secret())
	if err != nil {
		return "", err
	}
	n, err := s.repo.GitTry(ctx, p.URL, dataset.Login{User: p.User, Password: pw})
	if err != nil {
		return "", err
	}
	if n == 0 {
		return "It answers, and has nothing in it yet.", nil
	}
	return "It answers, and holds a dataset.", nil
}

// TryRemote looks whether the remote can be read with those options and that secret, or
// with what is kept where they are empty.
func (s *Station) TryRemote(ctx context.Context, place string, options map[string]string, pw secret.Text) (string, error) {
	if err := makesSense(func(s *config.Settings) { s.Remote = place }); err != nil {
		return "", err
	}
	c, err := remoteOf(s.repo, place)
	if err != nil {
		return "", err
	}
	if pw, err = s.or(pw, config.RemoteSecret(place)); err != nil {
		return "", err
	}
	if c.Options = maps.Clone(c.Options); c.Options == nil {
		c.Options = map[string]string{}
	}
	for k, v := range options {
		if delete(c.Options, k); v != "" {
			c.Options[k] = v
		}
	}
	at, err := openWith(c, pw) // without patience: a person waits
	if err != nil {
		return "", err
	}
	defer at.Close() //nolint:errcheck // only asked
	const enough = 10_000
	n := 0
	for _, err := range at.List(ctx, "") {
		if err != nil {
			return "", err
		}
		if n++; n == enough {
			return fmt.Sprintf("It can be read, with %d objects or more.", n), nil
		}
	}
	return fmt.Sprintf("It can be read, with %d objects.", n), nil
}
