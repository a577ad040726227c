package capture

import (
	"path/filepath"
	"strings"
)

// Profile says what belongs together in an instrument's folder. The zero value takes every
// file by itself.
type Profile struct {
	Name  string
	Match []string // patterns of names that are taken, such as "*.ome.tif"; empty: all
	// Companions are patterns beside the file that must be met before it is finished;
	// {stem} stands for its name without its endings.
	Companions []string
}

// MicroManager is how Micro-Manager writes stacks: the metadata come last.
func MicroManager() Profile {
	return Profile{Name: "Micro-Manager", Match: []string{"*.tif", "*.tiff"}, Companions: []string{"{stem}_metadata.txt"}}
}

// takes reports whether the profile is about files of this name.
func (p Profile) takes(name string) bool {
	if len(p.Match) == 0 {
		return true
	}
	for _, m := range p.Match {
		if ok, err := filepath.Match(strings.ToLower(m), strings.ToLower(name)); err == nil && ok {
			return true
		}
	}
	return false
}

// missing returns the first companion that is not there yet.
func (p Profile) missing(path string) string {
	stem := filepath.Base(path)
	for _, end := range []string{".tif", ".tiff", ".ome", filepath.Ext(stem)} {
		stem = strings.TrimSuffix(stem, end)
	}
	for _, c := range p.Companions {
		want := strings.ReplaceAll(c, "{stem}", literal(stem))
		found, err := filepath.Glob(filepath.Join(literal(filepath.Dir(path)), want))
		if err == nil && len(found) == 0 {
			return strings.ReplaceAll(c, "{stem}", stem)
		}
	}
	return ""
}

// literal guards the letters of a name that a pattern would take for its own.
func literal(s string) string {
	if filepath.Separator == '\\' {
		return s // a Windows pattern has no escape
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(s)
}

// passing reports whether a name is that of a file that is not meant to stay.
func passing(name string) bool {
	low := strings.ToLower(name)
	if strings.HasPrefix(low, ".") || strings.HasPrefix(low, "~") || strings.HasSuffix(low, "~") {
		return true
	}
	switch filepath.Ext(low) {
	case ".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".lock", ".swp":
		return true
	}
	return low == "thumbs.db" || low == "desktop.ini"
}
