package station

import (
	"context"
	"errors"
	"slices"

	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer/pool"
	"coverslip.dev/coverslip/core/infer/triton"
	"coverslip.dev/coverslip/core/model/mlflow"
	"coverslip.dev/coverslip/core/secret"
)

// Settings returns the settings in force.
func (s *Station) Settings() config.Settings { return s.file.Settings() }

// Secrets are passwords by the names that the settings give them.
type Secrets map[string]secret.Text

// Save checks and keeps settings, with the passwords that were entered, and works by
// them from now on. A password that is not named stays as it was.
func (s *Station) Save(ctx context.Context, set config.Settings, pw Secrets) error {
	for _, f := range set.Folders {
		if _, err := profile(f); err != nil {
			return err
		}
	}
	for _, v := range set.Servers {
		if slices.Contains(s.Settings().Servers, v) {
			continue // its drive may be away
		}
		if err := certificates(v).Check(); fault.KindOf(err) == fault.Invalid {
			return err
		}
	}
	if err := s.file.Save(set); err != nil {
		return err
	}
	for name, t := range pw {
		if err := s.secrets.Keep(name, t); err != nil {
			return err
		}
	}
	if err := s.apply(ctx, set); err != nil {
		return err
	}
	s.LookAgain()
	s.flow.Nudge()
	return nil
}

// apply connects what the settings name.
func (s *Station) apply(ctx context.Context, set config.Settings) error {
	list, err := s.dial(ctx, set.Servers)
	if err == nil {
		err = s.engines.use(list, set.Takeover)
	}
	server, perr := s.platformOf(set.MLflow)
	if perr == nil {
		s.shelves.connect(server)
	}
	return errors.Join(err, perr, s.publishTo(ctx, set))
}

func (s *Station) dial(ctx context.Context, servers []config.Server) ([]remoteEngine, error) {
	var list []remoteEngine
	var errs []error
	for _, v := range servers {
		token, err := s.secrets.Read(v.Secret())
		if err != nil {
			errs = append(errs, err)
			continue
		}
		by := dialling{v, token}
		if r, ok := s.engines.made(by); ok {
			list = append(list, r)
			continue
		}
		en, err := s.dialServer(ctx, v, token)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		list = append(list, remoteEngine{address: v.Address, Engine: &counted{Engine: en}, by: by})
	}
	return list, errors.Join(errs...)
}

// dialling is all that the connection to a server depends on. Where nothing of it is new, the
// server stays when settings are saved, with what is asked on it and what a person took off it.
type dialling struct {
	config.Server

	token secret.Text
}

// made returns the server that was made of just this.
func (e *engines) made(by dialling) (remoteEngine, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if i := slices.IndexFunc(e.remote, func(r remoteEngine) bool { return r.by == by }); i >= 0 {
		return e.remote[i], true
	}
	return remoteEngine{}, false
}

// replaced makes list ready to be used, in which those that stay are as they are now, and returns
// the servers that are not on it. e.mu is held.
func (e *engines) replaced(list []remoteEngine) (old []remoteEngine) {
	in := func(all []remoteEngine, r remoteEngine) int {
		return slices.IndexFunc(all, func(o remoteEngine) bool { return o.Engine == r.Engine })
	}
	for i, r := range list {
		if at := in(e.remote, r); at >= 0 {
			list[i] = e.remote[at]
		} else {
			list[i].member = pool.NewMember(r.Engine, func(err error) { e.doubt(r.address, err) })
		}
	}
	for _, o := range e.remote {
		if in(list, o) < 0 {
			old = append(old, o)
		}
	}
	return old
}

// dialServer prepares an engine for a server that the settings name.
func (s *Station) dialServer(ctx context.Context, v config.Server, token secret.Text) (*triton.Engine, error) {
	return triton.Dial(ctx, triton.Options{
		Name: v.Name, Address: v.Address, Backend: v.Backend, Metrics: v.Metrics, Token: token, TokenHeader: v.Header,
		Files: certificates(v), Compress: v.Compress, Log: s.log,
	})
}

func certificates(v config.Server) triton.Files {
	return triton.Files{CA: v.CA, Cert: v.Cert, Key: v.Key}
}

// platformOf returns the MLflow server that the settings name, nil for none.
func (s *Station) platformOf(p config.Platform) (platform, error) {
	if p.URL == "" {
		return nil, nil //nolint:nilnil // none is a good answer
	}
	pw, err := s.secrets.Read(p.Secret())
	if err != nil {
		return nil, err
	}
	return mlflow.New(mlflow.Options{URL: p.URL, User: p.User, Password: pw})
}

// publishTo writes the remote and the git server into the dataset's own settings, so that
// plain dvc and git find them too.
func (s *Station) publishTo(ctx context.Context, set config.Settings) error {
	if set.Remote != "" {
		have, err := s.repo.Remotes()
		if err != nil {
			return err
		}
		// One that is named already stays as dvc's settings have it, the default or not.
		if !slices.ContainsFunc(have, func(r dataset.RemoteConfig) bool { return r.URL == set.Remote }) {
			if err := s.UseRemote(ctx, set.Remote, nil); err != nil {
				return err
			}
		}
	}
	if set.Git.URL != "" {
		return s.repo.AddGitServer(ctx, gitServer, set.Git.URL)
	}
	return nil
}
