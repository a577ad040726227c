package core_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "coverslip.dev/coverslip"

// arrows says which packages of this module each package may import: the map of the
// house. Add a package or an arrow here first, then in the code. "*" may import every
// package under core but the contract suites.
var arrows = map[string]string{
	"assets":           "",
	"assets/sample":    "",
	"packaging/triton": "",

	// The ground: words that everyone uses.
	"core":         "",
	"core/fault":   "",
	"core/secret":  "",
	"core/event":   "",
	"core/disk":    "",
	"core/process": "",
	"core/ruamel":  "",

	// The things: each knows itself and the ground.
	"core/annotation":     "",
	"core/capture":        "core/fault",
	"core/capture/ending": "core/fault",
	"core/config":         "core/event core/fault",
	"core/health":         "core/event",
	"core/imageio":        "core/fault",
	"core/job":            "core/event core/fault",
	"core/model":          "core/fault",
	"core/recipe":         "core/fault",
	"core/remote":         "core/fault",
	"core/session":        "core/fault",

	// The adapters: each meets one outside thing, and only station knows it.
	"core/imageio/inflate": "", // what several of the formats hold inside
	"core/imageio/j2k":     "",
	"core/imageio/jpeg":    "",
	"core/imageio/jxr":     "",
	"core/imageio/czi":     "core/fault core/imageio core/imageio/jpeg core/imageio/jxr",
	"core/imageio/foreign": "core/disk core/fault core/imageio core/process",
	"core/imageio/ometiff": "core/fault core/imageio core/imageio/inflate core/imageio/j2k core/imageio/jpeg",
	"core/imageio/raster":  "core/fault core/imageio core/imageio/jpeg",
	"core/imageio/video":   "core/fault core/imageio core/imageio/jpeg",
	"core/imageio/zarr":    "core/fault core/imageio",
	"core/infer/embedded":  "core/fault core/infer",
	"core/infer/pool":      "core/fault core/infer", // several of them as one
	"core/infer/triton":    "core/fault core/infer core/secret packaging/triton",
	"core/model/local":     "core/disk core/fault core/model",
	"core/model/mlflow":    "core/fault core/model core/secret",
	"core/remote/azure":    "core/fault core/remote core/remote/wire core/secret",
	"core/remote/folder":   "core/disk core/fault core/remote",
	"core/remote/s3":       "core/fault core/remote core/remote/wire core/secret",
	"core/remote/wire":     "core/fault", // what the HTTP ones share

	// The contracts: suites that every adapter passes, and how tests find real servers.
	"core/servertest":          "",
	"core/imageio/imageiotest": "core/fault core/imageio core/servertest",
	"core/infer/infertest":     "core/fault core/infer",
	"core/model/modeltest":     "core/fault core/model",
	"core/remote/remotetest":   "core/fault core/remote",
	"core/dataset/datasettest": "core/dataset core/fault core/remote core/servertest",

	// The work.
	"core/dataset":  "core/disk core/fault core/job core/remote core/ruamel core/secret",
	"core/pipeline": "core/dataset core/fault core/job core/process core/ruamel",
	"core/segment":  "core/annotation core/fault",
	"core/infer":    "core/annotation core/fault core/imageio core/job core/recipe core/segment",
	"core/measure":  "core/annotation core/fault core/imageio core/segment",
	"core/exchange": "core/annotation core/fault core/imageio core/measure",
	"core/gateway":  "core/annotation core/disk core/exchange core/fault core/imageio core/infer core/measure core/recipe core/secret core/segment",
	"core/flow":     "core/event core/fault core/job core/session",
	"core/intake": "core/annotation core/capture core/dataset core/exchange core/fault core/flow core/imageio " +
		"core/infer core/job core/recipe core/remote",
	"core/release": "core/annotation core/fault core/flow core/imageio core/infer core/job core/model core/recipe",
	"core/station": "* assets/sample",

	// The window.
	"ui/theme":    "assets",
	"ui/bind":     "core/event",
	"ui/kit":      "core/fault core/health core/job ui/bind ui/theme",
	"ui/tileview": "core/annotation core/fault core/imageio ui/bind ui/theme",
	"ui/shell":    "ui/kit ui/theme",
	"ui/inbox":    "ui/bind ui/kit ui/theme",
	"ui/viewer":   "core/annotation core/imageio ui/kit ui/theme ui/tileview",
	"ui/datasets": "core/job ui/kit ui/theme",
	"ui/models":   "ui/kit ui/theme",
	"ui/runs":     "ui/kit ui/theme",
	"ui/servers":  "ui/kit ui/theme",
	"ui/jobs":     "core/job ui/kit ui/theme",
	"ui/settings": "ui/kit ui/theme",
	"ui": "* assets ui/bind ui/datasets ui/inbox ui/jobs ui/kit ui/models ui/runs ui/servers ui/settings " +
		"ui/shell ui/theme ui/tileview ui/viewer",

	"cmd/coverslip":            "assets core/fault core/station ui",
	"cmd/coverslipctl":         "core/dataset core/event core/fault core/job core/pipeline core/remote core/secret core/station",
	"packaging/fyne":           "",
	"packaging/run/frames":     "",
	"packaging/run/images":     "core/imageio core/imageio/ometiff",
	"packaging/stack/git-http": "",
}

// only says who alone may import a thing from outside, by the longest prefix.
var only = map[string]string{
	"fyne.io/fyne/v2/app":             "cmd/coverslip packaging/run/frames",
	"fyne.io/fyne/v2":                 "ui cmd/coverslip packaging/run/frames",
	"github.com/go-gl/glfw":           "cmd/coverslip packaging/run/frames",
	"database/sql":                    "core/session",
	"github.com/mattn/go-sqlite3":     "core/session",
	"google.golang.org/grpc":          "core/infer/triton",
	"github.com/yalue/onnxruntime_go": "core/infer/embedded",
	"github.com/fsnotify/fsnotify":    "core/capture",
	"github.com/minio/minio-go":       "core/remote/s3",
	"github.com/Azure":                "core/remote/azure",
	"github.com/zalando/go-keyring":   "core/secret",
	"github.com/stretchr/testify":     "",
	"github.com/pkg/errors":           "",
	"log":                             "",
	"log/slog":                        "core ui cmd packaging",
}

func TestArrows(t *testing.T) {
	seen := map[string]bool{}
	walk(t, func(file, pkg string, imports []string) {
		seen[pkg] = true
		allowed, ok := arrows[pkg]
		if !ok {
			t.Errorf("%s: package %s is not on the map", file, pkg)
			return
		}
		for _, imp := range imports {
			if in, ok := strings.CutPrefix(imp, module+"/"); ok {
				if !may(in, pkg, allowed) {
					t.Errorf("%s: %s may not import %s", file, pkg, in)
				}
			} else if who, by, ok := owner(imp); ok && !under(pkg, who) {
				t.Errorf("%s: only %q may import %s", file, who, by)
			}
		}
	})
	for pkg := range arrows {
		if !seen[pkg] {
			t.Errorf("package %s is on the map but nowhere else", pkg)
		}
	}
}

func may(in, pkg, allowed string) bool {
	if in == pkg || strings.HasPrefix(in, pkg+"/internal/") {
		return true
	}
	words := strings.Fields(allowed)
	if slices.Contains(words, "*") && strings.HasPrefix(in, "core/") && !strings.HasSuffix(in, "test") {
		return true
	}
	return slices.Contains(words, in)
}

func owner(imp string) (who, by string, ok bool) {
	for p := imp; p != "." && p != "/"; p = path.Dir(p) {
		if who, ok := only[p]; ok {
			return who, p, true
		}
	}
	return "", "", false
}

func under(pkg, who string) bool {
	for w := range strings.FieldsSeq(who) {
		if pkg == w || strings.HasPrefix(pkg, w+"/") {
			return true
		}
	}
	return false
}

// walk calls fn for each Go file that is no test, whatever its build tags.
func walk(t *testing.T, fn func(file, pkg string, imports []string)) {
	t.Helper()
	root := ".."
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			hidden := strings.HasPrefix(d.Name(), ".") && p != root
			if d.Name() == "testdata" || hidden || p == filepath.Join(root, "build") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		var imports []string
		for _, s := range f.Imports {
			imp, err := strconv.Unquote(s.Path.Value)
			if err != nil {
				return err
			}
			imports = append(imports, imp)
		}
		pkg := filepath.ToSlash(filepath.Dir(rel))
		pkg, _, _ = strings.Cut(pkg, "/internal/") // a package's inside is its own
		fn(rel, pkg, imports)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
