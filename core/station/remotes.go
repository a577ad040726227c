package station

import (
	"bufio"
	"maps"
	"path/filepath"
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

// nameOf is the name that the dataset's settings get for a remote.
func nameOf(place string) string {
	if scheme, _, ok := strings.Cut(place, "://"); ok {
		return scheme
	}
	return "nas"
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
