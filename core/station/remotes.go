package station

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"strings"

	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote"
	"coverslip.dev/coverslip/core/remote/azure"
	"coverslip.dev/coverslip/core/remote/folder"
	"coverslip.dev/coverslip/core/remote/s3"
	"coverslip.dev/coverslip/core/secret"
)

// openRemote opens what a DVC remote names: a folder, a bucket or a container. What is kept
// under the remote's name among the secrets comes before the dataset's own settings.
func openRemote(c dataset.RemoteConfig, secrets *secret.Store) (remote.Remote, error) {
	to, err := openPlace(c, secrets)
	if err != nil {
		return nil, err
	}
	return remote.Retrying(to, remote.Usual()), nil
}

func openPlace(c dataset.RemoteConfig, secrets *secret.Store) (remote.Remote, error) {
	if c.Local {
		return folder.Open(c.URL), nil
	}
	kept, err := secrets.Read(config.RemoteSecret(c.URL))
	if err != nil {
		return nil, err
	}
	return openWith(c, kept)
}

// openWith opens a remote with that secret.
func openWith(c dataset.RemoteConfig, kept secret.Text) (remote.Remote, error) {
	if c.Local {
		return folder.Open(c.URL), nil
	}
	conf, err := withLogin(c, kept)
	if err != nil {
		return nil, err
	}
	scheme, _, _ := strings.Cut(c.URL, "://")
	switch scheme {
	case "s3":
		o, err := s3.Parse(c.URL, conf)
		if err != nil {
			return nil, err
		}
		return s3.Open(o)
	case "azure":
		o, err := azure.Parse(c.URL, conf)
		if err != nil {
			return nil, err
		}
		return azure.Open(o)
	}
	return nil, fault.New(fault.Invalid, "Coverslip does not know remotes of the kind "+scheme+".",
		"Use a folder, s3:// or azure://; dvc pushes to the others.", nil)
}

// withLogin returns the options of a remote with those of its secret over them: lines of
// "option = value" as dvc names them, or a bare Azure connection string.
func withLogin(c dataset.RemoteConfig, kept secret.Text) (map[string]string, error) {
	conf := maps.Clone(c.Options)
	if conf == nil {
		conf = map[string]string{}
	}
	text := strings.TrimSpace(kept.Reveal())
	if strings.HasPrefix(c.URL, "azure://") && strings.Contains(text, ";") && !strings.Contains(text, "connection_string") {
		conf["connection_string"] = text
		return conf, nil
	}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		k, v, ok := strings.Cut(lines.Text(), "=")
		k = strings.ToLower(strings.TrimSpace(k))
		switch {
		case k == "":
		case !ok:
			return nil, fault.New(fault.Invalid, "The login that is kept for "+c.URL+" makes no sense.",
				"Enter it again, a line for each option, such as access_key_id = KEY.", nil)
		default:
			conf[k] = strings.TrimSpace(v)
		}
	}
	return conf, nil
}

// remoteOf returns the remote with that address as the dataset's settings have it, or with
// no options if they don't.
func remoteOf(r *dataset.Repository, place string) (dataset.RemoteConfig, error) {
	all, err := r.Remotes()
	if err != nil {
		return dataset.RemoteConfig{}, err
	}
	for _, c := range all {
		if c.URL == place {
			return c, nil
		}
	}
	return dataset.RemoteConfig{URL: place, Local: !strings.Contains(place, "://")}, nil
}

// nameOf is the name that the dataset's settings have for a remote, or a free one: nas,
// s3-2, ….
func nameOf(have []dataset.RemoteConfig, place string) string {
	name, _, far := strings.Cut(place, "://")
	if !far {
		name = "nas"
	}
	taken := map[string]bool{}
	for _, r := range have {
		if r.URL == place {
			return r.Name
		}
		taken[r.Name] = true
	}
	free := name
	for n := 2; taken[free]; n++ {
		free = fmt.Sprintf("%s-%d", name, n)
	}
	return free
}

// Options of remotes that the dataset's settings hold, for all benches and for dvc.
const (
	Endpoint = "endpointurl"  // of a server that speaks as Amazon's S3 does
	Region   = "region"       // of S3
	Account  = "account_name" // of Azure
)

// RemoteLogin is the secret of a remote as [config.RemoteSecret] keeps it. For s3:// it is
// of an access key and its secret key; for azure:// pw is a connection string, a shared
// access signature or an account key.
func RemoteLogin(place, user string, pw secret.Text) secret.Text {
	if pw == "" {
		return ""
	}
	if strings.HasPrefix(place, "s3://") {
		return secret.Text("access_key_id = " + user + "\nsecret_access_key = " + pw.Reveal())
	}
	switch text := strings.TrimSpace(pw.Reveal()); {
	case strings.Contains(text, ";"):
		return secret.Text(text)
	case strings.Contains(text, "sig="):
		return secret.Text("sas_token = " + text)
	default:
		return secret.Text("account_key = " + text)
	}
}

// RemoteOptions are what the dataset's settings hold of a remote, without what is secret.
func (s *Station) RemoteOptions(place string) map[string]string {
	out := map[string]string{}
	if c, err := remoteOf(s.repo, place); err == nil {
		for _, k := range []string{Endpoint, Region, Account} {
			out[k] = c.Options[k]
		}
	}
	return out
}

// UseRemote makes a place the dataset's remote and commits that. What was pushed to another
// one stays there, and the dataset goes on naming it.
func (s *Station) UseRemote(ctx context.Context, place string, options map[string]string) error {
	have, err := s.repo.Remotes()
	if err != nil {
		return err
	}
	name := nameOf(have, place)
	if err := s.repo.AddRemote(name, place, true); err != nil {
		return err
	}
	if err := s.repo.SetRemote(name, options); err != nil {
		return err
	}
	now, err := s.repo.Remotes()
	if err != nil || reflect.DeepEqual(have, now) {
		return err
	}
	_, err = s.repo.Commit(ctx, s.author(), "Name the remote", []string{".dvc/config"})
	return err
}

// secretsOf are those of the workspace that a dataset is in; one elsewhere has the keyring.
func secretsOf(r *dataset.Repository) *secret.Store {
	return secret.Open(filepath.Join(filepath.Dir(r.Dir()), "secrets.json"))
}

// OpenRemote opens a DVC remote of the dataset: the named one, or the default for "".
func OpenRemote(r *dataset.Repository, name string) (remote.Remote, error) {
	all, err := r.Remotes()
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if c.Name == name || (name == "" && c.Default) {
			return openRemote(c, secretsOf(r))
		}
	}
	if name == "" {
		name = "that is the default"
	}
	return nil, fault.New(fault.NotFound, "The dataset has no remote "+name+".", "Add one with: dvc remote add -d NAME ADDRESS.", nil)
}
