package capture

import (
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/fault"
)

// Profile says what an instrument writes and what belongs together. The zero value takes
// every file by itself.
type Profile struct {
	Name  string   // as settings name it
	Title string   // for people
	Match []string // patterns of names that are taken, such as "*.ome.tif"; empty: all
	// Group is a regular expression (RE2) of a file's path in the folder, with slashes. The
	// first of its groups that holds something names the capture that the file belongs to.
	// A file that it does not match is a capture by itself, and so is a Zarr store, which is a
	// folder. Empty: so is every file.
	Group string
	// Companions are patterns of names that must be met by a file of the capture, or one
	// beside it, before it is finished; with a Group, only of what it matches. {stem} stands for a file's name without its endings,
	// | parts patterns of which one is enough.
	Companions []string
	// Marker is the pattern of a file that says that the acquisition has ended. Where there
	// is a pattern the capture waits for the file, and then no longer to be quiet.
	Marker string
	// Quiet is how long nothing may have changed; 0 means as long as usual. A capture of
	// several files waits three times its longest pause so far, up to 30 min.
	Quiet time.Duration
	// MaxWait is how long Companions and Marker are waited for since the last change; then
	// the capture is taken without. 0 means for ever.
	MaxWait time.Duration
}

// Check returns what is wrong with the patterns, as a fault.
func (p Profile) Check() error {
	_, err := p.rules()
	return err
}

// rules are a profile that is ready for use.
type rules struct {
	Profile

	group *regexp.Regexp // nil: every file by itself
}

// storePath is that of a file of a store, which is one capture in every profile: its chunks by
// themselves are nothing that can be looked at.
var storePath = regexp.MustCompile(inStore)

// kin is whether more files may belong to the capture of a file.
type kin uint8

const (
	alone   kin = iota
	grouped     // by the profile
	stored      // in a store, of which the profile says nothing
)

func (p Profile) rules() (rules, error) {
	r := rules{Profile: p}
	for _, m := range append(append([]string{p.Marker}, p.Match...), p.Companions...) {
		for one := range strings.SplitSeq(m, "|") {
			if _, err := path.Match(one, ""); err != nil {
				return r, badPattern(one, err)
			}
		}
	}
	if p.Group == "" {
		return r, nil
	}
	g, err := regexp.Compile(p.Group)
	if err == nil && g.NumSubexp() == 0 {
		err = fmt.Errorf("no group in %q", p.Group)
	}
	if err != nil {
		return r, badPattern(p.Group, err)
	}
	r.group = g
	return r, nil
}

func badPattern(p string, err error) error {
	return fault.New(fault.Invalid, "“"+p+"” is no pattern of files' names.", "Write it like *.ome.tif, or choose another instrument profile.", err)
}

// takes reports whether the profile is about files of this name.
func (r rules) takes(name string) bool {
	if passing(name) {
		return false
	}
	if len(r.Match) == 0 {
		return true
	}
	for _, m := range r.Match {
		if match(m, name) {
			return true
		}
	}
	return false
}

// unit names the capture of the file rel, a path in the folder with slashes.
func (r rules) unit(rel string) (string, kin) {
	if r.group != nil {
		if name := named(r.group, rel); name != "" {
			return name, grouped
		}
	}
	if name := named(storePath, rel); name != "" {
		return name, stored
	}
	return rel, alone
}

// named is the first of the groups of a match that holds a name, "" if there is none.
func named(by *regexp.Regexp, rel string) string {
	for i, s := range by.FindStringSubmatch(rel) {
		if s = path.Clean(s); i > 0 && s != "." && filepath.IsLocal(s) {
			return s
		}
	}
	return ""
}

// nameOf is the path of the capture of several that a file in folder belongs to, "" if it
// is one by itself.
func (r rules) nameOf(folder, file string) (string, kin) {
	rel, err := filepath.Rel(folder, file)
	if err != nil {
		return "", alone
	}
	if name, kin := r.unit(filepath.ToSlash(rel)); kin != alone {
		return filepath.Join(folder, filepath.FromSlash(name)), kin
	}
	return "", alone
}

// missing returns the first companion that none of the names meets, "" if there is none.
func (p Profile) missing(stem string, met func(pattern string) bool) string {
	patterns := p.Companions
	if p.Marker != "" {
		patterns = append([]string{p.Marker}, patterns...)
	}
	for _, c := range patterns {
		if !met(strings.ReplaceAll(c, "{stem}", literal(stem))) {
			return strings.ReplaceAll(c, "{stem}", stem)
		}
	}
	return ""
}

// match reports whether a name meets one of the patterns that | parts. Case counts for
// nothing: instruments run on Windows.
func match(patterns, name string) bool {
	name = strings.ToLower(name)
	for p := range strings.SplitSeq(strings.ToLower(patterns), "|") {
		if ok, err := path.Match(p, name); err == nil && ok {
			return true
		}
	}
	return false
}

// stem is a name without its endings.
func stem(name string) string {
	for _, end := range []string{".tif", ".tiff", ".ome", path.Ext(name)} {
		name = strings.TrimSuffix(name, end)
	}
	return name
}

// literal guards the letters of a name that a pattern would take for its own.
func literal(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `|`, `?`).Replace(s)
}

// passing reports whether a name is that of a file that is not meant to stay.
func passing(name string) bool {
	low := strings.ToLower(name)
	switch low {
	case ".zarray", ".zattrs", ".zgroup", ".zmetadata": // a Zarr store is made of them
		return false
	case "thumbs.db", "desktop.ini":
		return true
	}
	if strings.HasPrefix(low, ".") || strings.HasPrefix(low, "~") || strings.HasSuffix(low, "~") {
		return true
	}
	switch path.Ext(low) {
	case ".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".lock", ".swp":
		return true
	}
	return false
}

// Picture reports whether a name is that of an image or a film: one that is empty is not
// finished, while an empty file of notes may be.
func Picture(name string) bool {
	switch path.Ext(strings.ToLower(name)) {
	case ".tif", ".tiff", ".png", ".jpg", ".jpeg", ".bmp", ".czi", ".nd2", ".lif", ".lsm", ".stk", ".svs", ".ims", ".vsi", ".oir", ".oib",
		".avi", ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".c01", ".flex", ".dib":
		return true
	}
	return false
}
