package settings

import (
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"coverslip.dev/coverslip/ui/kit"
)

// Set fills the form. What a person has begun to write and not saved is lost.
func (s *Screen) Set(v Values) {
	s.quiet = true
	s.name.SetText(v.Name)
	s.email.SetText(v.Email)
	s.profiles = v.Profiles
	s.folders.clear()
	for _, f := range v.Folders {
		s.folders.add().set(f)
	}
	s.servers.clear()
	for _, x := range v.Servers {
		s.servers.add().set(x)
	}
	s.take.SetChecked(v.Takeover)
	s.model.SetText(v.Model)
	s.mlflow.set(v.MLflow)
	s.git.set(v.Git)
	s.remote.set(v.Remote)
	s.converter.SetPath(v.Converter)
	s.look.SetSelected(label(v.Appearance))
	s.problem.Set(kit.Bad, "", "", "", nil)
	s.quiet = false
	s.save.Disable()
	s.saved.SetText("")
	s.Refresh()
}

// Dirty reports whether something was changed and not saved.
func (s *Screen) Dirty() bool { return !s.save.Disabled() }

func (s *Screen) changed() {
	if s.quiet || s.save == nil {
		return
	}
	s.save.Enable()
	s.saved.SetText("Not saved yet")
	s.layout.Refresh()
}

// Values returns what the form holds now.
func (s *Screen) Values() Values {
	v := Values{
		Name: strings.TrimSpace(s.name.Text), Email: strings.TrimSpace(s.email.Text),
		Takeover: s.take.Checked, Model: strings.TrimSpace(s.model.Text),
		MLflow: s.mlflow.value(), Git: s.git.value(),
		Remote: s.remote.value(), Converter: strings.TrimSpace(s.converter.Path()), Appearance: mode(s.look.Selected), Profiles: s.profiles,
	}
	for _, f := range s.folders.all {
		v.Folders = append(v.Folders, f.value())
	}
	for _, r := range s.servers.all {
		v.Servers = append(v.Servers, r.value())
	}
	return v
}

func (s *Screen) trySave() {
	v := s.Values()
	say, hint := Check(v)
	for _, f := range s.folders.all {
		if t := strings.TrimSpace(f.quiet.Text); t != "" && say == "" {
			if n, err := strconv.Atoi(t); err != nil || n < 1 || n > 3600 {
				say, hint = "“"+t+"” is no time to wait for a file to be quiet.", "Write seconds, from 1 to 3600."
			}
		}
	}
	s.problem.Set(kit.Bad, say, hint, "", nil)
	s.layout.Refresh()
	if say == "" {
		ask(s.act.Save, v)
	}
}

// Check says what is wrong with v first, and what to do; "" when nothing is.
func Check(v Values) (say, hint string) {
	switch {
	case v.Name == "":
		return "Your name is missing.", "Every commit carries it. Write it under Person."
	case !mail(v.Email):
		return "“" + v.Email + "” is not an e-mail address.", "Write it like ada@lab.example."
	case strings.ContainsAny(v.Name, "<>\n"):
		return "A name can't hold < or >.", "Leave those out."
	}
	for i, f := range v.Folders {
		if !filepath.IsAbs(f.Path) {
			return fmt.Sprintf("The instrument folder %d, “%s”, is not a whole path.", i+1, f.Path), "Write it from the root, such as /data/confocal, or choose it."
		}
		if f.Instrument == "" {
			return "The folder " + f.Path + " has no instrument.", "Write which instrument writes there."
		}
		if slices.ContainsFunc(v.Folders[:i], func(o Folder) bool { return filepath.Clean(o.Path) == filepath.Clean(f.Path) }) {
			return "The folder " + f.Path + " is there twice.", "Take one of them out."
		}
	}
	for _, x := range v.Servers {
		if say, hint := address(x.Address, "grpc", "grpcs", "http", "https"); say != "" {
			return say, hint
		}
	}
	if v.MLflow.URL != "" {
		if say, hint := address(v.MLflow.URL, "http", "https"); say != "" {
			return say, hint
		}
	}
	if strings.HasPrefix(v.Remote.Address, "s3://") && (v.Remote.User == "") != (v.Remote.Password == "") {
		return "The remote has one of its two keys.", "Write both the access key and the secret key, or neither."
	}
	return "", ""
}

func mail(s string) bool {
	user, host, ok := strings.Cut(s, "@")
	return ok && user != "" && host != "" && !strings.ContainsAny(s, " <>\n,")
}

func address(raw string, schemes ...string) (say, hint string) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || !slices.Contains(schemes, u.Scheme):
		return "“" + raw + "” is not an address.", "Write it as " + schemes[0] + "://host:port."
	case u.User != nil:
		return "The address of " + u.Host + " holds a login.", "Take it out and use the fields for name and password."
	}
	return "", ""
}
