package dataset

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"

	"coverslip.dev/coverslip/core/fault"
)

// entry is a file of a versioned folder.
type entry struct {
	MD5  string `json:"md5"`
	Path string `json:"relpath"` // with slashes
}

const dirSuffix = ".dir"

var oidForm = regexp.MustCompile(`^[0-9a-f]{32}(\.dir)?$`)

// encodeTree returns the .dir object of a folder: the bytes of Python's
// json.dumps(list, sort_keys=True), sorted by path.
func encodeTree(entries []entry) []byte {
	byPath := func(a, b entry) int { return cmp.Compare(a.Path, b.Path) }
	if !slices.IsSortedFunc(entries, byPath) {
		entries = slices.SortedFunc(slices.Values(entries), byPath)
	}
	var b bytes.Buffer
	b.Grow(len(entries) * (leastEntry + 16)) // if paths are short
	b.WriteByte('[')
	for i, e := range entries {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(`{"md5": "` + e.MD5 + `", "relpath": `)
		pythonString(&b, e.Path)
		b.WriteByte('}')
	}
	b.WriteByte(']')
	return b.Bytes()
}

// pythonString writes s as Python's json does: ASCII only.
func pythonString(b *bytes.Buffer, s string) {
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\f':
			b.WriteString(`\f`)
		case c == '\b':
			b.WriteString(`\b`)
		case c >= ' ' && c <= '~':
			b.WriteRune(c)
		case c > 0xffff:
			hi, lo := utf16.EncodeRune(c)
			fmt.Fprintf(b, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(b, `\u%04x`, c)
		}
	}
	b.WriteByte('"')
}

// parseTree reads a .dir object that may come from anywhere: every path must stay inside
// the folder, and no two may be the same file or lie in one another.
func parseTree(data []byte) ([]entry, error) {
	var entries []entry
	if err := json.Unmarshal(data, &entries); err != nil {
		return nil, corruptTree(err)
	}
	sorted := true
	for i, e := range entries {
		if !oidForm.MatchString(e.MD5) || strings.HasSuffix(e.MD5, dirSuffix) {
			return nil, corruptTree(fmt.Errorf("hash %q", e.MD5))
		}
		if e.Path == "." || !fs.ValidPath(e.Path) || !filepath.IsLocal(filepath.FromSlash(e.Path)) ||
			strings.ContainsRune(e.Path, 0) || reserved(e.Path) {
			return nil, corruptTree(fmt.Errorf("path %q", e.Path))
		}
		sorted = sorted && (i == 0 || entries[i-1].Path < e.Path)
	}
	if err := distinct(entries, sorted); err != nil {
		return nil, corruptTree(err)
	}
	return entries, nil
}

// distinct fails if two entries are the same file, or one is a folder of another.
func distinct(entries []entry, sorted bool) error {
	if !sorted { // DVC's are
		paths := make([]string, len(entries))
		for i, e := range entries {
			paths[i] = e.Path
		}
		slices.Sort(paths)
		for i := 1; i < len(paths); i++ {
			if paths[i] == paths[i-1] {
				return fmt.Errorf("path %q twice", paths[i])
			}
		}
	}
	folders := map[string]bool{}
	for _, e := range entries {
		for d := path.Dir(e.Path); d != "." && !folders[d]; d = path.Dir(d) {
			folders[d] = true
		}
	}
	for _, e := range entries {
		if folders[e.Path] {
			return fmt.Errorf("path %q is a file and a folder", e.Path)
		}
	}
	return nil
}

// maxTree bounds a .dir object, of which all is in memory at times: some three million files.
const maxTree = 256 << 20

// leastEntry is what a file takes in it at least.
const leastEntry = len(`{"md5": "d41d8cd98f00b204e9800998ecf8427e", "relpath": "a"}, `)

// errTooLong is why a list of files is refused; it is no reason to stop at the others.
var errTooLong = errors.New("a list of more than 256 MiB")

func tooLong() error {
	return fault.New(fault.Invalid, "A folder of the dataset has more files than can be versioned as one, which is some three million.",
		"Version its subfolders one by one.", errTooLong)
}

func corruptTree(err error) error {
	return fault.New(fault.Corrupt, "The list of a versioned folder's files is damaged.",
		"Do not use this version; ask whoever made it to push it again.", err)
}
