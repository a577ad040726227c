package station

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"coverslip.dev/coverslip/assets/sample"
	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/event"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/recipe"
)

// seer implements [intake.Seer] on the engines.
type seer struct{ *Station }

// Detect predicts the capture's copy in the dataset with the version in force of the model
// that a person or the rules chose.
func (s seer) Detect(ctx context.Context, c intake.Capture, st intake.Stored, ask intake.Ask, p *job.Progress) (intake.Predicted, error) {
	src, err := s.openSeen(ctx, c, st.MD5)
	if err != nil {
		return intake.Predicted{}, err
	}
	defer src.Close() //nolint:errcheck // read only
	b, err := s.served(ctx, cmp.Or(ask.Model, s.file.Settings().ModelFor(c.Instrument, c.Path)))
	if err != nil {
		return intake.Predicted{}, err
	}
	en, err := s.engines.pick(b.Ref)
	if err != nil {
		return intake.Predicted{}, err
	}
	m, err := recipe.Read(b.Recipe)
	if err != nil {
		return intake.Predicted{}, err
	}
	opt := plane(src.Info()).Named(m, src.Info())
	if ask.At != nil {
		opt.Z, opt.T = ask.At.Z, ask.At.T
	}
	given, err := opt.Given(m, src.Info())
	if err != nil {
		return intake.Predicted{}, err
	}
	opt.Diameter, opt.Region, opt.Keep, opt.Forming = ask.Diameter, ask.Region, s.answers(b), s.form(st.MD5)
	defer s.forming.Drop(st.MD5)
	begun := time.Now()
	layer, err := s.see(infer.WithTerms(ctx, s.terms(st.MD5)), en, b.Ref, m, src, opt, p)
	if err != nil {
		return intake.Predicted{}, err
	}
	out := intake.Predicted{
		Model: b.Model, Version: b.Version, Engine: en.Name(), Objects: len(layer.Objects), Seconds: time.Since(begun).Seconds(),
		Channel: opt.Channel, Z: opt.Z, T: opt.T, Diameter: ask.Diameter, Region: ask.Region, At: ask.At,
		Note: given.Note,
	}
	return out, s.corrections.keepLayer(ctx, st.MD5, layer)
}

// Forming are the objects found so far in the capture that is on screen, by the MD5 of its
// image, while it is predicted.
func (s *Station) Forming() *event.Feed[string, []annotation.Object] { return &s.forming }

// form tells what is found so far, if the capture is on screen: it takes at most a tenth of the
// time.
func (s *Station) form(md5 string) func(sofar func() []annotation.Object) {
	var next time.Time
	return func(sofar func() []annotation.Object) {
		begun := time.Now()
		if at := s.looked.Load(); at == nil || *at != md5 || begun.Before(next) {
			return
		}
		s.forming.Put(md5, sofar())
		next = time.Now().Add(max(300*time.Millisecond, 10*time.Since(begun)))
	}
}

// see asks en about src; an engine that does not answer is out until its next check.
func (s *Station) see(
	ctx context.Context, en infer.Engine, ref infer.Ref, m *recipe.Model, src imageio.Source, opt infer.Options, p *job.Progress,
) (annotation.Layer, error) {
	layer, err := infer.Detect(ctx, en, ref, m, src, opt, p)
	if fault.KindOf(err) == fault.Offline {
		s.engines.down(en)
	}
	return layer, err
}

// pixelsID names the pixels of a file by its content.
func pixelsID(md5 string) string { return "md5:" + md5 }

// workPath is where a capture lies in the dataset.
func (s *Station) workPath(rel string) string {
	return filepath.Join(s.repo.Dir(), filepath.FromSlash(rel))
}

// plane chooses what to look at: the channel that is named as nuclei are, or the first;
// the middle plane of a stack; the first time point.
func plane(info imageio.Info) infer.Options {
	opt := infer.Options{Z: info.Z / 2}
	for i, ch := range info.Channels {
		name := strings.ToLower(ch.Name)
		for _, stain := range []string{"dapi", "hoechst", "nuc", "dna"} {
			if strings.Contains(name, stain) {
				opt.Channel = i
				return opt
			}
		}
	}
	return opt
}

// count asks how many objects a version finds in an image, and loads it where it is missing.
func (s *Station) count(ctx context.Context, en infer.Engine, m infer.Ref, path string) (int, error) {
	src, err := s.opener.Open(ctx, path)
	if err != nil {
		return 0, err
	}
	defer src.Close() //nolint:errcheck // read only
	layer, err := s.detectWith(ctx, en, m, src, plane(src.Info()), nil)
	if err != nil {
		return 0, fmt.Errorf("probe %s with %s: %w", filepath.Base(path), m, err)
	}
	return len(layer.Objects), nil
}

// probe is an image that new versions prove themselves on.
type probe struct{ Name, Path string }

// probes are the images of the workspace's probe folder; it is filled with the bundled
// ones when it is made, and the lab adds its own.
func (s *Station) probes(ctx context.Context) ([]probe, error) {
	dir := filepath.Join(s.opt.Workspace, "probe")
	if err := fillProbes(dir); err != nil {
		return nil, err
	}
	paths, err := filepath.Glob(filepath.Join(escapeGlob(dir), "*"))
	if err != nil {
		return nil, err
	}
	var out []probe
	for _, p := range paths {
		if s.opener.Complete(ctx, p) == nil {
			out = append(out, probe{filepath.Base(p), p})
		}
	}
	if len(out) == 0 {
		return nil, fault.New(fault.NotFound, "There are no probe images.", "Put some of the lab's own images into "+dir+".", nil)
	}
	return out, nil
}

func escapeGlob(dir string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(dir)
}

// fillProbes makes the probe folder with two bundled images, once.
func fillProbes(dir string) error {
	if _, err := os.Stat(dir); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	tmp := dir + ".new"
	if err := os.MkdirAll(tmp, 0o755); err != nil {
		return err
	}
	names, err := sampleNames()
	if err != nil {
		return err
	}
	for _, name := range names[:2] {
		data, err := fs.ReadFile(sample.Captures(), name)
		if err == nil {
			err = writeSynced(filepath.Join(tmp, name), data)
		}
		if err != nil {
			return err
		}
	}
	return os.Rename(tmp, dir)
}
