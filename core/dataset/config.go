package dataset

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"coverslip.dev/coverslip/core/fault"
)

// RemoteConfig is a remote as DVC's settings have it.
type RemoteConfig struct {
	Name, URL string // a folder's URL is made absolute
	Default   bool
	Local     bool              // it is a folder
	Options   map[string]string // all else: region, endpointurl, …; may hold secrets, so never log it
}

// Remotes returns the remotes of the settings by name.
func (r *Repository) Remotes() ([]RemoteConfig, error) {
	conf, err := r.config()
	if err != nil {
		return nil, err
	}
	var all []RemoteConfig
	for _, section := range slices.Sorted(maps.Keys(conf)) {
		name, ok := remoteName(section)
		if !ok {
			continue
		}
		rc := RemoteConfig{
			Name: name, URL: conf[section]["url"], Default: strings.EqualFold(conf.value("core", "remote"), name),
			Options: map[string]string{},
		}
		for k, v := range conf[section] {
			if k != "url" {
				rc.Options[k] = v
			}
		}
		rc.Local = !strings.Contains(rc.URL, "://")
		all = append(all, rc)
	}
	return all, nil
}

// AddRemote writes a remote into .dvc/config, to be committed. The same again changes
// nothing; another URL for a name that is taken is refused.
func (r *Repository) AddRemote(name, url string, isDefault bool) error {
	if name == "" || url == "" || strings.ContainsAny(name+url, "\"'[]") || strings.ContainsFunc(name+url, breaksLine) {
		return fault.New(fault.Invalid, "A remote needs a name and an address without quotes or brackets.", "Change them.",
			fmt.Errorf("remote %q", name))
	}
	if hideSecrets(url) != url {
		return fault.New(fault.Invalid, "The remote's address holds a password, which everyone with the dataset could read.",
			"Leave it out, and enter the password in Settings.", nil)
	}
	if !strings.Contains(url, "://") && !filepath.IsAbs(url) {
		return fault.New(fault.Invalid, "The remote's folder needs its whole path.", "Choose the folder again.", fmt.Errorf("url %q", url))
	}
	text, err := os.ReadFile(r.abs(".dvc/config"))
	if err != nil {
		return fmt.Errorf("add remote: %w", err)
	}
	now, err := withRemote(string(text), name, url, isDefault)
	if err != nil || now == string(text) {
		return err
	}
	if err := writeFile(r.tmp(), r.abs(".dvc/config"), []byte(now)); err != nil {
		return fmt.Errorf("add remote: %w", err)
	}
	return nil
}

// breaksLine reports whether Python may end a line at c.
func breaksLine(c rune) bool {
	return unicode.IsControl(c) || c == '\u2028' || c == '\u2029' || c == utf8.RuneError
}

// withRemote is [Repository.AddRemote] for the text of the settings.
func withRemote(text, name, url string, isDefault bool) (string, error) {
	name = strings.ToLower(name) // as DVC reads it
	section := `remote "` + name + `"`
	old := parseConfig(text).value(section, "url")
	if old != "" && old != url {
		return "", fault.New(fault.Exists, "There is a remote named "+name+" with another address.", "Choose another name.", nil)
	}
	if isDefault {
		text = setOption(text, "core", "remote", name)
	}
	if old == "" {
		text = setOption(text, section, "url", url)
	}
	return text, nil
}

// SetRemote writes options of a remote into .dvc/config, to be committed; an empty one is
// taken out. Those that are secret are refused: everyone with the dataset reads that file.
func (r *Repository) SetRemote(name string, options map[string]string) error {
	text, err := os.ReadFile(r.abs(".dvc/config"))
	if err != nil {
		return fmt.Errorf("set remote: %w", err)
	}
	section := `remote "` + strings.ToLower(name) + `"`
	url := parseConfig(string(text)).value(section, "url")
	if url == "" {
		return fault.New(fault.NotFound, "The dataset has no remote named "+name+".", "Add it first.", nil)
	}
	known := strings.Fields(knownOptions(section, url))
	now := string(text)
	for _, k := range slices.Sorted(maps.Keys(options)) {
		v := options[k]
		if secretOption(k) || !slices.Contains(known, k) || k == "url" || strings.ContainsAny(v, "\"'") || strings.ContainsFunc(v, breaksLine) || hideSecrets(v) != v {
			return fault.New(fault.Invalid, "The option "+k+" of the remote "+name+" can't be kept in the dataset.", "Leave it out.", nil)
		}
		now = setOption(now, section, k, v)
	}
	if now == string(text) {
		return nil
	}
	if err := writeFile(r.tmp(), r.abs(".dvc/config"), []byte(now)); err != nil {
		return fmt.Errorf("set remote: %w", err)
	}
	return nil
}

// secretOption reports whether nobody but the person may read an option.
func secretOption(option string) bool {
	for _, word := range []string{"key", "secret", "token", "password", "connection_string"} {
		if strings.Contains(option, word) {
			return true
		}
	}
	return false
}

// setOption sets an option in an ini text, or takes it out if its value is empty, and
// leaves every other line as it is. A new section with a name gets the quotes that DVC puts
// around it.
func setOption(text, section, option, value string) string {
	line := "    " + option + " = " + quote(value) + "\n"
	if value == "" {
		line = ""
	}
	head := section
	if strings.Contains(section, `"`) {
		head = "'" + section + "'"
	}
	var b strings.Builder
	in, done := false, false
	for l := range strings.Lines(text) {
		if name, ok := sectionOf(l); ok {
			if in && !done {
				b.WriteString(line)
				done = true
			}
			in = name == section
		} else if k, _, ok := optionOf(l); ok && in && k == option {
			if !done {
				b.WriteString(line)
			}
			done = true
			continue
		}
		b.WriteString(l)
		if !strings.HasSuffix(l, "\n") {
			b.WriteByte('\n') // the last line: something may follow it
		}
	}
	if done || value == "" {
		return b.String()
	}
	if !in {
		b.WriteString("[" + head + "]\n")
	}
	return b.String() + line
}
