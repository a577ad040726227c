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
		"outs:\n- md5: " + h + "\n  hash: md5\n  path: a\n  md5:\n", "outs: []\nouts: []\n",
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

// FuzzConfig adds a remote to settings from anywhere and reads them again: it is there, and
// nothing else has changed. Beside other settings that come later, those count.
func FuzzConfig(f *testing.F) {
	f.Add("[core]\n    remote = nas\n['remote \"nas\"']\n    url = /mnt/nas # here\n", "[core]\nanalytics = false\n", "Cloud", "s3://lab/a b,c#d")
	f.Add("[ 'remote \"nas\"' ]\njobs = 1", "['remote \"nas\"']\n'url' = x\n", "nas", " /mnt/nas ")
	f.Add("[core]\n[core]\n= 1\n[x", "", "a", "b")
	f.Fuzz(func(t *testing.T, text, local, name, url string) {
		if name == "" || url == "" || strings.ContainsAny(name+url, "\"'[]") || strings.ContainsFunc(name+url, breaksLine) {
			return
		}
		before := parseConfig(text)
		now, err := withRemote(text, name, url, true)
		if err != nil {
			return
		}
		name = strings.ToLower(name)
		section := `remote "` + name + `"`
		after := parseConfig(now)
		if after.value(section, "url") != url || after.value("core", "remote") != strings.Trim(name, blanks) && after.value("core", "remote") != name {
			t.Errorf("%q: not there in\n%s", name, now)
		}
		for s, options := range before {
			for k, v := range options {
				if after[s][k] != v && (s != "core" || k != "remote") && (s != section || k != "url") {
					t.Errorf("%s of %s has become %q in\n%s", k, s, after[s][k], now)
				}
			}
		}
		if again, err := withRemote(now, name, url, true); err != nil || again != now {
			t.Errorf("the same once more changes it: %v\n%s", err, again)
		}
		all := config{}
		all.merge(now, "/base")
		all.merge(local, "/base")
		for s, options := range parseConfig(local) {
			for k, v := range options {
				if all[s][k] != absolute(s, k, v, "/base") {
					t.Errorf("the local %s of %s does not count", k, s)
				}
			}
		}
		_ = all.check()
	})
}

// FuzzIgnore reads rules from anywhere, and has a name ignored as [Repository.Ignore] does.
func FuzzIgnore(f *testing.F) {
	f.Add("*.tmp\n!keep.tmp\n/a/**/b\n# x\nc/\n[!a-c]?\\ \n", "sub", "a (1)[x]*.tif ")
	f.Add("**\n**/\n/**\n[]a]\n[a\n\\", "a/b", "!x")
	f.Fuzz(func(t *testing.T, text, dir, name string) {
		if checkPath(name) != nil || strings.Contains(name, "/") || checkPath(dir) != nil {
			return
		}
		rules := parseIgnores(dir, text)
		first := rules.match(dir+"/"+name, false)
		if rules.match(dir+"/"+name, false) != first {
			t.Error("it depends")
		}
		if rules.match("elsewhere"+dir+"/"+name, false) {
			t.Errorf("rules of %q count elsewhere", dir)
		}
		line := "/" + escapeGlob(name)
		own, ok := parseIgnore(".", line)
		if !ok || !own.re.MatchString(name) || own.negate || own.dirs {
			t.Fatalf("%q does not ignore %q", line, name)
		}
		for _, other := range []string{name + "x", "x" + name, "x" + name + "/" + name, strings.ToUpper(name) + "x"} {
			if own.re.MatchString(other) {
				t.Errorf("%q ignores %q", line, other)
			}
		}
		if list := withLine(withLine(text, line), line); strings.Count("\n"+list, "\n"+line+"\n") > 1 && strings.Count("\n"+text, "\n"+line+"\n") < 2 {
			t.Errorf("%q is there twice", line)
		}
	})
}
