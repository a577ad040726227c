package dataset

import (
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
)

func TestHostileTrees(t *testing.T) {
	const h = "d41d8cd98f00b204e9800998ecf8427e"
	one := func(p string) string { return `[{"md5": "` + h + `", "relpath": "` + p + `"}]` }
	for _, text := range []string{
		one("../x"), one("/etc/x"), one("a/../../x"), one(""), one("."), one("a//b"), one(`a\u0000`), one(".git/hooks/post-commit"),
		one("a/.GIT/config"), one(".dvc/config"), `{}`, `[`, `[{"md5": "zz", "relpath": "a"}]`, `[{"md5": "` + h + `.dir", "relpath": "a"}]`,
		`[{"md5": "` + h + `", "relpath": "a"}, {"md5": "` + h + `", "relpath": "a"}]`,
		`[{"md5": "` + h + `", "relpath": "a"}, {"md5": "` + h + `", "relpath": "a/b"}]`,
	} {
		_, err := parseTree([]byte(text))
		wantKind(t, text, err, fault.Corrupt)
	}
}

func TestHostileFiles(t *testing.T) {
	const h = "d41d8cd98f00b204e9800998ecf8427e"
	for _, text := range []string{
		"", "- a", "outs: 1", "outs:\n- 1", "outs:\n- md5: ../../x\n  path: a", "outs:\n- md5: " + h + "\n",
		"outs:\n- md5: " + h + "\n  size: -1\n  path: a\n", "outs:\n- md5: " + h + "\n  hash: md5\n  path: ../../a\n",
		"outs:\n- md5: " + h + "\n  hash: md5\n  path: /etc/a\n", "wdir: ../..\nouts:\n- md5: " + h + "\n  hash: md5\n  path: a\n",
		"outs:\n- md5: " + h + "\n  hash: md5\n  path: .git/config\n", "a: *b\n",
	} {
		_, err := outputs("sub/x.dvc", []byte(text))
		wantKind(t, text, err, fault.Corrupt)
	}
}

func FuzzTree(f *testing.F) {
	f.Add([]byte(`[{"md5": "d41d8cd98f00b204e9800998ecf8427e", "relpath": "a/\u00b5.tif"}]`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		entries, err := parseTree(b)
		if err != nil {
			return
		}
		for _, e := range entries {
			if !filepath.IsLocal(e.Path) || strings.HasPrefix(strings.ToLower(e.Path), ".git/") {
				t.Errorf("accepts %q", e.Path)
			}
		}
		again, err := parseTree(encodeTree(entries))
		if err != nil || len(again) != len(entries) {
			t.Errorf("does not come back: %v", err)
		}
	})
}

func FuzzFile(f *testing.F) {
	f.Add([]byte("outs:\n- md5: d41d8cd98f00b204e9800998ecf8427e\n  size: 0\n  hash: md5\n  path: a\n"))
	f.Add([]byte("# c\nouts:\n- {md5: d41d8cd98f00b204e9800998ecf8427e, size: 0, hash: md5, path: 'a b'} # x\nmeta: {a: [1]}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parseFile(b)
		if err != nil || len(p.outs) != 1 {
			return
		}
		if _, err := outputs("d/x.dvc", b); err != nil {
			return
		}
		o := output{oid: "0123456789abcdef0123456789abcdef.dir", size: 7, files: 2, path: p.outs[0].path}
		text, err := p.patch(o, map[string]any{"by": "x"})
		if err != nil {
			return
		}
		again, err := parseFile(text)
		if err != nil || len(again.outs) != 1 || again.outs[0] != o {
			t.Errorf("%q\nbecomes %q: %v", b, text, err)
		}
	})
}
