package ui

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/capture"
	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/secret"
	"coverslip.dev/coverslip/core/station"
	"coverslip.dev/coverslip/ui/bind"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/settings"
)

func (w *window) settingsActions() settings.Actions {
	return settings.Actions{
		Save: w.save, Appearance: w.look, PickFolder: w.pickFolder, PickFile: w.pickFile,
		TestServer: func(s settings.Server) {
			v := serverOf(s)
			w.try(settings.ServerPart+settings.Part(s.Address), func(ctx context.Context) (string, error) {
				say, err := w.station.TryServer(ctx, v, secret.Text(s.Token))
				return w.asSeen(v, say, err)
			})
		},
		TestMLflow: func(p settings.Platform) {
			w.try(settings.MLflow, func(ctx context.Context) (string, error) {
				return w.station.TryMLflow(ctx, config.Platform{URL: trimmed(p.URL), User: p.User}, secret.Text(p.Password))
			})
		},
		TestGit: func(p settings.Platform) {
			w.try(settings.Git, func(ctx context.Context) (string, error) {
				return w.station.TryGit(ctx, config.Platform{URL: trimmed(p.URL), User: p.User}, secret.Text(p.Password))
			})
		},
		TestConverter: func(program string) {
			w.try(settings.Converter, func(ctx context.Context) (string, error) { return station.TryConverter(ctx, program) })
		},
		TestRemote: func(p settings.RemotePlace) {
			w.try(settings.Remote, func(ctx context.Context) (string, error) {
				return w.station.TryRemote(ctx, p.Address, remoteOptions(p), station.RemoteLogin(p.Address, p.User, secret.Text(p.Password)))
			})
		},
	}
}

// asSeen adds to how a server answered a test why, as the Servers screen says, captures can't be predicted
// on it nevertheless; not what was said while it did not answer.
func (w *window) asSeen(v config.Server, say string, err error) (string, error) {
	seen, ok := w.station.Servers().Row(v.Address)
	if err != nil || !ok || seen.Ready || !seen.Answers || seen.Say == "" || !slices.Contains(w.station.Settings().Servers, v) {
		return say, err
	}
	return "", fault.New(fault.Invalid, say+" But: "+seen.Say, seen.Hint, nil)
}

// try runs a test off the screen's thread and shows how it went beside the field.
func (w *window) try(part settings.Part, f func(context.Context) (string, error)) {
	w.settings.Answer(part, kit.Busy, "Asking…")
	w.slow.do(func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		say, err := f(ctx)
		tone := kit.Good
		if err != nil {
			tone = kit.Bad
			var hint string
			if say, hint = fault.Explain(err); hint != "" {
				say += " " + hint
			}
		}
		bind.Screen(func() { w.settings.Answer(part, tone, say) })
		return nil
	})
}

// fillSettings shows what is in force. Which secrets there are is asked beside the screen: a
// keyring that is locked asks the person first, and waits.
func (w *window) fillSettings() {
	w.showSettings()
	w.longs.do(func(ctx context.Context) error {
		found := make(chan map[string]bool, 1)
		go func() { found <- w.secretsOf(w.station.Settings()) }() // not waited for at the end: nor is the person
		select {
		case <-ctx.Done():
			return ctx.Err()
		case has := <-found:
			bind.Screen(func() {
				if !maps.Equal(has, w.secrets) && !w.settings.Dirty() {
					w.secrets = has
					w.showSettings()
				}
			})
			return nil
		}
	})
}

// secretsOf tells which secrets of the settings there are.
func (w *window) secretsOf(set config.Settings) map[string]bool {
	has := map[string]bool{}
	ask := func(address, name string) {
		if address != "" {
			has[name] = w.station.HasSecret(name)
		}
	}
	ask(set.MLflow.URL, set.MLflow.Secret())
	ask(set.Git.URL, set.Git.Secret())
	ask(set.Remote, config.RemoteSecret(set.Remote))
	for _, s := range set.Servers {
		ask(s.Address, s.Secret())
	}
	return has
}

func (w *window) showSettings() {
	set := w.station.Settings()
	v := settings.Values{
		Name: set.Person.Name, Email: set.Person.Email, Takeover: set.Takeover, Model: set.Model,
		Converter: set.Converter, Appearance: string(set.Appearance),
		MLflow: settings.Platform{URL: set.MLflow.URL, User: set.MLflow.User, HasPassword: w.secrets[set.MLflow.Secret()]},
		Git:    settings.Platform{URL: set.Git.URL, User: set.Git.User, HasPassword: w.secrets[set.Git.Secret()]},
	}
	o := w.station.RemoteOptions(set.Remote)
	v.Remote = settings.RemotePlace{
		Address: set.Remote, Endpoint: o[station.Endpoint], Region: o[station.Region], Account: o[station.Account],
		HasPassword: w.secrets[config.RemoteSecret(set.Remote)],
	}
	for _, p := range capture.Profiles() {
		v.Profiles = append(v.Profiles, settings.Profile{Name: p.Name, Title: p.Title})
	}
	own := false
	for i, f := range set.Folders {
		row := settings.Folder{Path: f.Path, Instrument: f.Instrument, Quiet: int(f.Quiet / time.Second), Profile: f.Profile, Model: f.Model, From: i + 1}
		if f.Own != nil {
			row.Profile = ownProfile
			own = true
		}
		v.Folders = append(v.Folders, row)
	}
	if own {
		v.Profiles = append(v.Profiles, settings.Profile{Name: ownProfile, Title: "Own profile"})
	}
	for _, s := range set.Servers {
		v.Servers = append(v.Servers, serverForm(s, w.secrets[s.Secret()]))
	}
	w.settings.Set(v)
}

// remoteOptions are what the dataset's own settings are to hold of a remote.
func remoteOptions(p settings.RemotePlace) map[string]string {
	switch {
	case strings.HasPrefix(p.Address, "s3://"):
		return map[string]string{station.Endpoint: trimmed(p.Endpoint), station.Region: trimmed(p.Region)}
	case strings.HasPrefix(p.Address, "azure://"):
		return map[string]string{station.Account: trimmed(p.Account)}
	}
	return nil
}

// ownProfile is how the form names a profile that the lab wrote into the settings file.
const ownProfile = "own"

// folders are the instruments' folders as the form has them; what it does not show stays.
func folders(before []config.Folder, form []settings.Folder) []config.Folder {
	var out []config.Folder
	for _, f := range form {
		var c config.Folder
		if f.From > 0 && f.From <= len(before) {
			c = before[f.From-1]
		}
		c.Model = trimmed(f.Model)
		c.Path, c.Instrument, c.Quiet = trimmed(f.Path), trimmed(f.Instrument), time.Duration(f.Quiet)*time.Second
		if f.Profile != ownProfile {
			c.Profile, c.Own = f.Profile, nil
		}
		out = append(out, c)
	}
	return out
}

// serverForm is an inference server as the form shows it.
func serverForm(s config.Server, hasToken bool) settings.Server {
	return settings.Server{
		Name: s.Name, Address: s.Address, Backend: s.Backend, HasToken: hasToken, Header: s.Header,
		CA: s.CA, Cert: s.Cert, Key: s.Key, Metrics: s.Metrics, Compress: s.Compress,
	}
}

// serverOf is an inference server as the form has it.
func serverOf(form settings.Server) config.Server {
	return config.Server{
		Name: trimmed(form.Name), Address: trimmed(form.Address), Backend: form.Backend, Metrics: trimmed(form.Metrics), Header: trimmed(form.Header),
		CA: trimmed(form.CA), Cert: trimmed(form.Cert), Key: trimmed(form.Key), Compress: form.Compress,
	}
}

// settingsOf are the settings as the form has them; what it does not show stays.
func settingsOf(before config.Settings, form settings.Values) config.Settings {
	set := before
	set.Person = config.Person{Name: trimmed(form.Name), Email: trimmed(form.Email)}
	set.Takeover, set.Remote, set.Model = form.Takeover, trimmed(form.Remote.Address), trimmed(form.Model)
	set.Converter, set.Appearance = trimmed(form.Converter), config.Appearance(form.Appearance)
	set.MLflow = config.Platform{URL: trimmed(form.MLflow.URL), User: trimmed(form.MLflow.User)}
	set.Git = config.Platform{URL: trimmed(form.Git.URL), User: trimmed(form.Git.User)}
	set.Folders, set.Servers = folders(before.Folders, form.Folders), nil
	for _, s := range form.Servers {
		set.Servers = append(set.Servers, serverOf(s))
	}
	return set
}

// save keeps the form; a password that was not entered stays as it is.
func (w *window) save(v settings.Values) {
	set := settingsOf(w.station.Settings(), v)
	pw := station.Secrets{}
	keep := func(name, text string) {
		if text != "" {
			pw[name] = secret.Text(text)
		}
	}
	keep(set.MLflow.Secret(), v.MLflow.Password)
	keep(set.Git.Secret(), v.Git.Password)
	keep(config.RemoteSecret(set.Remote), station.RemoteLogin(set.Remote, v.Remote.User, secret.Text(v.Remote.Password)).Reveal())
	for _, s := range v.Servers {
		keep(serverOf(s).Secret(), s.Token)
	}
	w.work.do(func(ctx context.Context) error {
		say, hint := "", ""
		err := set.Check()
		if err == nil && set.Remote != "" { // first: nothing may go to a server that the options don't mean
			err = w.station.UseRemote(ctx, set.Remote, remoteOptions(v.Remote))
		}
		if err == nil {
			err = w.station.Save(ctx, set, pw)
		}
		if err != nil {
			say, hint = fault.Explain(err)
		}
		has := w.secretsOf(set)
		bind.Screen(func() {
			if say == "" {
				w.secrets = has
				w.showSettings()
				w.strip()
			}
			w.settings.Saved(say, hint)
		})
		return nil
	})
}
