package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"coverslip.dev/coverslip/core/fault"
)

// config is DVC's settings: values by section and option, both in small letters.
type config map[string]map[string]string

func (c config) value(section, option string) string { return c[section][option] }

// config reads DVC's settings, the later over the earlier: those of the machine, of the
// person, of the dataset, and the uncommitted ones of this copy of it. Folders are made
// absolute: they are relative to the file that names them.
func (r *Repository) config() (config, error) {
	all := config{}
	for _, name := range []string{
		settingsFile("DVC_SYSTEM_CONFIG_DIR", systemDir()), settingsFile("DVC_GLOBAL_CONFIG_DIR", globalDir()),
		r.abs(".dvc/config"), r.abs(".dvc/config.local"),
	} {
		if name == "" {
			continue
		}
		text, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read settings: %w", err)
		}
		all.merge(string(text), filepath.Dir(name))
	}
	return all, all.check()
}

// settingsFile is DVC's settings file in the folder that a variable names, or in usual.
func settingsFile(variable, usual string) string {
	if dir := os.Getenv(variable); dir != "" {
		return filepath.Join(dir, "config")
	}
	if usual == "" {
		return ""
	}
	return filepath.Join(usual, "config")
}

// systemDir is where DVC looks for the machine's settings, as package platformdirs has it.
func systemDir() string {
	switch runtime.GOOS {
	case "windows":
		return filepath.Join(os.Getenv("PROGRAMDATA"), "iterative", "dvc")
	case "darwin":
		return "/Library/Application Support/dvc"
	}
	first, _, _ := strings.Cut(os.Getenv("XDG_CONFIG_DIRS"), string(filepath.ListSeparator))
	if first == "" {
		first = "/etc/xdg"
	}
	return filepath.Join(first, "dvc")
}

// globalDir is where DVC looks for the person's settings.
func globalDir() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(os.Getenv("LOCALAPPDATA"), "iterative", "dvc")
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "dvc")
}

// absolute returns an option's value; a folder is relative to base, and ~ is the home.
func absolute(section, option, value, base string) string {
	_, isRemote := remoteName(section)
	if (!isRemote || option != "url") && (section != "cache" || option != "dir") || strings.Contains(value, "://") || value == "" {
		return value
	}
	if rest, ok := strings.CutPrefix(value, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, filepath.FromSlash(rest))
		}
	}
	if filepath.IsAbs(value) {
		return value
	}
	return filepath.Join(base, filepath.FromSlash(value))
}

// merge takes in what a settings file in the folder base says, over what was known before.
func (c config) merge(text, base string) {
	for section, options := range parseConfig(text) {
		if c[section] == nil {
			c[section] = map[string]string{}
		}
		for k, v := range options {
			c[section][k] = absolute(section, k, v, base)
		}
	}
}

// parseConfig reads a text in the ini style of Python's ConfigObj, with quotes around a
// section that has a name.
func parseConfig(text string) config {
	c := config{}
	section := ""
	for line := range strings.Lines(text) {
		if name, ok := sectionOf(line); ok {
			if section = name; c[section] == nil {
				c[section] = map[string]string{}
			}
			continue
		}
		if k, v, ok := optionOf(line); ok && section != "" {
			c[section][k] = v
		}
	}
	return c
}

// blanks are what ConfigObj strips.
const blanks = " \t\r\n\v\f"

// sectionOf returns the section, in small letters, that a line begins.
func sectionOf(line string) (name string, ok bool) {
	line, ok = strings.CutPrefix(strings.Trim(line, blanks), "[")
	if !ok {
		return "", false
	}
	line = strings.TrimLeft(line, blanks)
	if inner, rest, quoted := cutQuoted(line); quoted && strings.HasPrefix(strings.TrimLeft(rest, blanks), "]") {
		return strings.ToLower(inner), true
	}
	name, _, _ = strings.Cut(line, "]")
	return strings.ToLower(strings.Trim(name, blanks)), true
}

// optionOf returns the option, in small letters, that a line sets.
func optionOf(line string) (name, value string, ok bool) {
	line = strings.Trim(line, blanks)
	if line == "" || line[0] == '#' || line[0] == ';' {
		return "", "", false
	}
	name, value, ok = strings.Cut(line, "=")
	if inner, rest, quoted := cutQuoted(line); quoted {
		if after, is := strings.CutPrefix(strings.TrimLeft(rest, blanks), "="); is {
			name, value, ok = inner, after, true
		}
	}
	name = strings.ToLower(strings.Trim(name, blanks))
	return name, unquote(strings.Trim(value, blanks)), ok && name != ""
}

// cutQuoted returns what is in the quotes that a text starts with, and what follows.
func cutQuoted(s string) (inner, rest string, ok bool) {
	if s == "" || s[0] != '"' && s[0] != '\'' {
		return "", s, false
	}
	return strings.Cut(s[1:], s[:1])
}

// unquote takes the quotes from a value, or the remark that follows one without quotes.
func unquote(v string) string {
	if inner, _, ok := cutQuoted(v); ok {
		return inner
	}
	v, _, _ = strings.Cut(v, "#")
	return strings.TrimRight(v, blanks)
}

// quote is the reverse of unquote for a value of one line that has not both kinds of
// quotes; ConfigObj takes one with a comma for a list.
func quote(v string) string {
	if v != "" && !strings.ContainsAny(v, ",#") && !strings.ContainsAny(v[:1]+v[len(v)-1:], blanks+"\"'") {
		return v
	}
	if strings.Contains(v, `"`) {
		return "'" + v + "'"
	}
	return `"` + v + `"`
}

var remoteForm = regexp.MustCompile(`^remote\s*"(.*)"$`)

// remoteName returns the name of the remote that a section is about.
func remoteName(section string) (string, bool) {
	m := remoteForm.FindStringSubmatch(section)
	if m == nil {
		return "", false
	}
	return m[1], true
}

// check refuses what DVC refuses: a misspelled option would be taken for its absence.
func (c config) check() error {
	for _, section := range slices.Sorted(maps.Keys(c)) {
		known := knownOptions(section, c[section]["url"])
		if known == "" {
			continue
		}
		for _, option := range slices.Sorted(maps.Keys(c[section])) {
			if !slices.Contains(strings.Fields(known), option) {
				return fault.New(fault.Invalid, "The dataset's settings have an option that DVC does not know: "+option+" in "+section+".",
					"Look for a spelling mistake in .dvc/config and .dvc/config.local.", nil)
			}
		}
	}
	return nil
}

// What DVC 3.67.1 knows, from its config_schema.py.
const (
	coreOptions   = "remote checksum_jobs interactive analytics hardlink_lock no_scm autostage experiments check_update site_cache_dir machine"
	localOptions  = "type protected shared slow_link_warning verify"
	cacheOptions  = "local s3 gs hdfs webhdfs ssh azure dir " + localOptions
	remoteOptions = "url checksum_jobs jobs worktree no_traverse version_aware verify "
	s3Options     = remoteOptions + "region profile credentialpath configpath endpointurl access_key_id secret_access_key session_token " +
		"listobjects use_ssl allow_anonymous_login ssl_verify sse sse_kms_key_id sse_customer_algorithm sse_customer_key acl " +
		"grant_read grant_read_acp grant_write_acp grant_full_control cache_regions read_timeout connect_timeout"
	azureOptions = remoteOptions + "connection_string sas_token account_name account_key tenant_id client_id client_secret " +
		"allow_anonymous_login exclude_environment_credential exclude_visual_studio_code_credential " +
		"exclude_shared_token_cache_credential exclude_managed_identity_credential timeout read_timeout connection_timeout"
)

// knownOptions are those of a section, empty where Coverslip does not read it.
func knownOptions(section, address string) string {
	_, isRemote := remoteName(section)
	scheme, _, far := strings.Cut(address, "://")
	switch {
	case section == "core":
		return coreOptions
	case section == "cache":
		return cacheOptions
	case !isRemote || address == "":
		return ""
	case !far:
		return remoteOptions + localOptions
	case scheme == "s3":
		return s3Options
	case scheme == "azure":
		return azureOptions
	}
	return ""
}
