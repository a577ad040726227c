// Command fyne makes a copy of Fyne's pinned version whose window is quicker, and prints the path
// of a go.mod that has it in Fyne's place. Why, and what for: core/decisions/0010-fyne-changed.md.
//
//	changed=$(go run ./packaging/fyne build/fyne) && go build -modfile "$changed" ...
package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// version is of the Fyne whose text is changed.
const version = "v2.8.1"

var (
	//go:embed painter.go.txt
	painter string

	//go:embed parts.go.txt
	parts string

	//go:embed exchange_amd64.s.txt
	exchange string

	//go:embed beat.go.txt
	beat string
)

// A change is a text in one of Fyne's files that is there once, and what comes in its place.
type change struct{ file, is, becomes string }

// added are files that Fyne does not have.
func added() map[string]string {
	return map[string]string{
		"internal/painter/gl/quick.go":         painter,
		"internal/painter/gl/parts.go":         parts,
		"internal/painter/gl/exchange_amd64.s": exchange,
		"internal/driver/glfw/quick.go":        beat,
	}
}

const gl, glfw = "internal/painter/gl/", "internal/driver/glfw/"

func changes() []change { return slices.Concat(drawn(), parted(), looped()) }

// drawn changes how a picture and a rectangle are drawn.
func drawn() []change {
	return []change{
		{gl + "painter.go", "\tprogram                 programState\n", "\tquick\n\tprogram                 programState\n"},
		{gl + "gl_core.go", "\tgl.Enable(gl.BLEND)\n", "\tgl.Enable(gl.BLEND)\n\tp.initQuick()\n"},
		{
			gl + "gl_core.go",
			"\t\tint32(colorFormat), //gosec:disable G115 -- colorFormat is an enum behind the scenes while the internal format is an int\n",
			"\t\tgl.RGBA,\n",
		},

		// Pictures are kept as a window is, and known to be opaque.
		{
			gl + "texture.go", "\t\ttexture := p.newTexture(textureFilter)\n\t\tp.ctx.TexImage2D(\n\t\t\ttexture2D,\n\t\t\t0,\n\t\t\ti.Rect",
			"\t\tif texture, ok := p.again(i, textureFilter); ok {\n\t\t\treturn texture\n\t\t}\n" +
				"\t\ttexture := p.newTexture(textureFilter)\n\t\tpix := p.stored(texture, i, textureFilter)\n" +
				"\t\tp.ctx.TexImage2D(\n\t\t\ttexture2D,\n\t\t\t0,\n\t\t\ti.Rect",
		},
		{gl + "texture.go", "\t\t\tcolorFormatRGBA,\n\t\t\tunsignedByte,\n\t\t\ti.Pix,\n", "\t\t\tstoredFormat,\n\t\t\tunsignedByte,\n\t\t\tpix,\n"},
		{
			gl + "texture.go", "\ttexture := p.ctx.CreateTexture()\n",
			"\ttexture := p.ctx.CreateTexture()\n\tdelete(p.quick.kinds, texture) // of one of that name before\n",
		},
		{
			gl + "draw.go", "\tinner, _ := rectInnerCoords(size, pos, fill, aspect)\n",
			"\tif cornerRadius == 0 {\n\t\tp.plain(texture, points, alpha)\n\t\treturn\n\t}\n\tinner, _ := rectInnerCoords(size, pos, fill, aspect)\n",
		},

		// Of a rectangle, what is of one colour.
		{
			gl + "draw.go", "\tbounds, points := p.vecRectCoords(pos, obj, frame, aspect, shadow)\n",
			"\tbounds, points := p.vecRectCoords(pos, obj, frame, aspect, shadow)\n" +
				"\tparts := p.oblong(bounds, fill, stroke, strokeWidth, max(topLeftRadius, topRightRadius, bottomLeftRadius, bottomRightRadius), shadow, frame)\n" +
				"\tif parts != nil && len(parts) == 0 {\n\t\treturn\n\t}\n",
		},
		{
			gl + "draw.go",
			"\tp.ctx.DrawArrays(triangleStrip, 0, 4)\n\tp.logError()\n}\n\nfunc (p *painter) drawPolygon(",
			"\tp.draw(program, points, parts, frame)\n\tp.logError()\n}\n\nfunc (p *painter) drawPolygon(",
		},
	}
}

// parted has a frame painted only where it differs from the one before.
func parted() []change {
	return []change{
		{gl + "painter.go", "\tClear()\n", "\tClear()\n\t// Finish paints what was listed: all of it, or what differs from the frame before.\n\tFinish(all bool)\n"},
		{
			gl + "painter.go", "func (p *painter) Clear() {\n",
			"func (p *painter) Clear() {\n\tp.begin()\n\tif !p.listing() {\n\t\tp.wipe()\n\t}\n}\n\nfunc (p *painter) wipe() {\n",
		},
		{
			gl + "painter.go", "\tp.drawObject(obj, pos, frame, clip)\n",
			"\tif p.listing() {\n\t\tp.list(obj, pos, frame, clip)\n\t\treturn\n\t}\n\tp.drawObject(obj, pos, frame, clip)\n",
		},
		{gl + "painter.go", "\tp.fbHeight = height\n", "\tp.fbHeight = height\n\tp.quick.parts.window.width, p.quick.parts.window.height = width, height\n"},
		{
			gl + "painter.go", "func (p *painter) StartClipping(pos fyne.Position, size fyne.Size) {\n",
			"func (p *painter) StartClipping(pos fyne.Position, size fyne.Size) {\n\tif p.listing() {\n\t\treturn\n\t}\n",
		},
		{gl + "texture.go", "func (p *painter) freeTexture(obj fyne.CanvasObject) {\n", "func (p *painter) freeTexture(obj fyne.CanvasObject) {\n\tp.freed(obj)\n"},
		{gl + "texture.go", "\tif cache.IsValid(texture) {\n", "\tif cache.IsValid(texture) && !p.keeps(obj, Texture(texture)) {\n"},
		{glfw + "canvas.go", "\tc.WalkTrees(paint, afterPaint)\n", "\tc.WalkTrees(paint, afterPaint)\n\tc.Painter().Finish(c.resized)\n\tc.resized = false\n"},
		{glfw + "canvas.go", "\tsize    fyne.Size\n", "\tsize    fyne.Size\n\tresized bool\n"},
		{glfw + "canvas.go", "\tc.size = nearestSize\n", "\tc.size, c.resized = nearestSize, true\n"},
	}
}

// looped changes when events are asked for and frames painted.
func looped() []change {
	return []change{
		{glfw + "loop.go", "eventTick := time.NewTicker(time.Second / 60)", "eventTick := newBeat()"},
		{glfw + "loop.go", "\t\t\td.drawSingleFrame()\n\t\t}\n\t}\n}\n", "\t\t\td.drawSingleFrame()\n\t\t\teventTick.adapt()\n\t\t}\n\t}\n}\n"},
		{glfw + "loop.go", "\trefreshed := false\n", "\trefreshed, due := false, due()\n"},
		{glfw + "loop.go", "decideRepaint(w.visible, w.frame.ready(), w.canvas", "decideRepaint(w.visible, w.frame.ready() && due, w.canvas"},
		{glfw + "loop.go", "\tcanvas := w.canvas\n\tfreed := false\n", "\tpainting = time.Now()\n\tcanvas := w.canvas\n\tfreed := false\n"},
	}
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "fyne: go run ./packaging/fyne FOLDER")
		os.Exit(2) //nolint:forbidigo // this is main
	}
	path, err := write(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "fyne:", err)
		os.Exit(1) //nolint:forbidigo // this is main
	}
	fmt.Fprintln(os.Stdout, path)
}

// write makes the copy under a folder, and returns the go.mod's path.
func write(folder string) (string, error) {
	var fyne struct{ Version, Dir, Error string }
	out, err := exec.Command("go", "mod", "download", "-json", "fyne.io/fyne/v2").Output() //nolint:noctx // a command that ends
	if len(out) > 0 {
		err = errors.Join(err, json.Unmarshal(out, &fyne))
	}
	switch {
	case err != nil:
		return "", fmt.Errorf("where Fyne is: %w %s", err, fyne.Error)
	case fyne.Version != version:
		return "", fmt.Errorf("the changes are for Fyne %s, not %s: see packaging/fyne", version, fyne.Version)
	}
	texts := added()
	if runtime.GOARCH != "amd64" { // others draw with OpenGL ES, which this does not know
		texts = nil
	} else if err := changed(fyne.Dir, texts); err != nil {
		return "", err
	}
	folder, err = filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	copied := filepath.Join(folder, version)
	if err := duplicate(fyne.Dir, copied, texts); err != nil {
		return "", err
	}
	return modfile(folder, copied)
}

// duplicate copies what of a module is built, with these texts in place of its own.
func duplicate(home, to string, texts map[string]string) error {
	err := filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(home, path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "testdata":
			return filepath.SkipDir
		case d.IsDir() || strings.HasSuffix(name, "_test.go"):
			return nil
		case texts[filepath.ToSlash(name)] != "":
			return nil
		}
		text, err := os.ReadFile(path) //nolint:gosec // Fyne's
		if err != nil {
			return err
		}
		return put(filepath.Join(to, name), text)
	})
	for name, text := range texts {
		err = errors.Join(err, put(filepath.Join(to, filepath.FromSlash(name)), []byte(text)))
	}
	return err
}

// put writes a file that is not so already: of two builds at once neither finds half of one.
func put(path string, text []byte) error {
	if is, err := os.ReadFile(path); err == nil && bytes.Equal(is, text) { //nolint:gosec // of this command's own
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close(), os.Rename(f.Name(), path))
}

// modfile writes this module's go.mod with the copy in Fyne's place, and go.sum beside it.
func modfile(folder, copied string) (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.GoMod}}").Output() //nolint:noctx // a command that ends
	if err != nil {
		return "", fmt.Errorf("where go.mod is: %w", err)
	}
	mod := strings.TrimSpace(string(out))
	text, err := os.ReadFile(mod) //nolint:gosec // this module's
	if err != nil {
		return "", err
	}
	sums, err := os.ReadFile(filepath.Join(filepath.Dir(mod), "go.sum"))
	if err != nil {
		return "", err
	}
	text = fmt.Appendf(text, "\nreplace fyne.io/fyne/v2 => %s\n", strconv.Quote(filepath.ToSlash(copied)))
	path := filepath.Join(folder, "go.mod")
	return path, errors.Join(put(path, text), put(filepath.Join(folder, "go.sum"), sums))
}

// changed adds the changed files of the Fyne at home.
func changed(home string, texts map[string]string) error {
	for _, c := range changes() {
		if _, ok := texts[c.file]; !ok {
			text, err := os.ReadFile(filepath.Join(home, filepath.FromSlash(c.file))) //nolint:gosec // Fyne's
			if err != nil {
				return err
			}
			texts[c.file] = string(text)
		}
		if n := strings.Count(texts[c.file], c.is); n != 1 {
			return fmt.Errorf("%s has %q %d times, not once", c.file, c.is, n)
		}
		texts[c.file] = strings.Replace(texts[c.file], c.is, c.becomes, 1)
	}
	return nil
}
