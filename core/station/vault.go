package station

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"slices"
	"unicode/utf8"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/exchange"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/measure"
)

// vault implements [intake.Vault] on the workspace's dataset.
type vault struct{ *Station }

// gitServer is the name of the git server that Settings name.
const gitServer = "lab"

// denied names the folder where a write was refused.
func (v vault) denied(err error) error {
	if fault.KindOf(err) != fault.Denied {
		return err
	}
	return fault.New(fault.Denied, "The dataset folder "+v.repo.Dir()+" can't be written.",
		"Check its permissions and that the drive is not read-only, then press Try again.", err)
}

// author is who commits captures: the person of the settings, or the program.
func (s *Station) author() dataset.Author {
	p := s.file.Settings().Person
	return dataset.Author{Name: cmp.Or(p.Name, "Coverslip"), Email: cmp.Or(p.Email, "coverslip@localhost")}
}

// Push brings objects to the remote, then commits to the git server.
func (v vault) Push(ctx context.Context, p *job.Progress) ([]string, error) {
	set := v.file.Settings()
	var places []string
	before, err := v.repo.Head(ctx)
	if err != nil && set.Git.URL != "" {
		return nil, err
	}
	if set.Remote != "" {
		if err := v.pushTo(ctx, set.Remote, p); err != nil {
			return nil, err
		}
		places = append(places, set.Remote)
	}
	if set.Git.URL != "" {
		if err := v.publish(ctx, set.Remote, before, p); err != nil {
			return places, err
		}
		places = append(places, set.Git.URL)
	}
	if len(places) == 0 {
		return nil, flow.Skip("No remote and no git server are set.")
	}
	return places, nil
}

func (v vault) pushTo(ctx context.Context, place string, p *job.Progress) error {
	c, err := remoteOf(v.repo, place)
	if err != nil {
		return err
	}
	return v.pushData(ctx, c, p)
}

// publish exchanges commits with the git server. The remote has the data of the commits up to
// before; what is committed while it works comes with the next push.
func (v vault) publish(ctx context.Context, remote, before string, p *job.Progress) error {
	login, err := v.gitLogin()
	if err != nil {
		return err
	}
	if err := v.repo.GitPull(ctx, v.author(), gitServer, login); err != nil {
		return err
	}
	after, err := v.repo.Head(ctx)
	if err != nil {
		return err
	}
	if after != before && remote != "" { // data before commits; a merge may have made one folder of two
		if err := v.pushTo(ctx, remote, p); err != nil {
			return err
		}
	}
	return v.repo.GitPush(ctx, gitServer, after, login)
}

// Places implements [intake.Vault].
func (v vault) Places() []string {
	set := v.file.Settings()
	var places []string
	for _, p := range []string{set.Remote, set.Git.URL} {
		if p != "" {
			places = append(places, p)
		}
	}
	return places
}

func (s *Station) gitLogin() (dataset.Login, error) {
	g := s.file.Settings().Git
	pw, err := s.secrets.Read(g.Secret())
	return dataset.Login{User: g.User, Password: pw}, err
}

// Record writes the reviewed objects beside the image, with the log of corrections, and
// commits both with the reviewer's name.
func (v vault) Record(ctx context.Context, c intake.Capture, st intake.Stored, r intake.Reviewed) (string, error) {
	table, err := v.measure(ctx, c, st, r)
	if err != nil {
		return "", err
	}
	var geo bytes.Buffer
	layer := annotation.Layer{
		Image: pixelsID(st.MD5), By: r.Predicted.Model + "@" + r.Predicted.Version, Made: r.Review.At, Objects: slices.Clone(r.Objects),
		Z: r.Predicted.Z, T: r.Predicted.T,
	}
	tracks, err := v.trackOf(ctx, st.MD5, r.Predicted.T)
	if err != nil { // that can be found again
		v.log.WarnContext(ctx, "recorded without tracks", slog.String("image", st.MD5), slog.Any("error", err))
	}
	for i := range layer.Objects {
		layer.Objects[i].Track = tracks[layer.Objects[i].ID]
	}
	if err := exchange.WriteGeoJSON(&geo, layer, table); err != nil {
		return "", err
	}
	words := map[string]any{"image": st.MD5, "prediction": r.Predicted, "review": r.Review, "corrections": r.Log}
	if seen, err := v.corrections.layer(ctx, st.MD5); err != nil {
		return "", err
	} else if seen.Threshold > 0 {
		words["threshold"] = seen.Threshold
	}
	log, err := json.MarshalIndent(words, "", " ")
	if err != nil {
		return "", err
	}
	var paths []string
	rel := v.repo.Where(c.Rel, st.MD5)
	if _, is := v.repo.Meta(rel); is && !v.repo.Names(rel, st.MD5) { // the instrument has used the name again
		rel += "@" + st.MD5[:8]
	}
	rel = roomBeside(rel, st.MD5)
	for suffix, data := range map[string][]byte{".objects.geojson": geo.Bytes(), ".review.json": append(log, '\n')} {
		if err := replaceFile(v.workPath(rel+suffix), data); err != nil {
			return "", v.denied(err)
		}
		paths = append(paths, rel+suffix)
	}
	n := annotation.Count(r.Objects)
	msg := fmt.Sprintf("Review %s: %d objects\n\n%d accepted, %d rejected, %d drawn, %d as predicted by %s@%s\n%s",
		c.Title(), n.Kept(), n.Accepted, n.Rejected, n.Drawn, n.Predicted, r.Predicted.Model, r.Predicted.Version, r.Review.Note)
	who := dataset.Author{Name: r.Review.Who, Email: cmp.Or(r.Review.Email, "coverslip@localhost")}
	return v.repo.Commit(ctx, who, msg, paths)
}

// measure measures what was reviewed, on every channel of its plane.
func (s *Station) measure(ctx context.Context, c intake.Capture, st intake.Stored, r intake.Reviewed) (measure.Table, error) {
	src, err := s.openCapture(ctx, c, st.MD5)
	if err != nil {
		return measure.Table{}, err
	}
	defer src.Close() //nolint:errcheck // read only
	return measure.Objects(ctx, src, r.Objects, r.Predicted.Z, r.Predicted.T)
}

// roomBeside shortens a name that would be too long for a file system with the endings of what a
// review leaves beside it; the content tells such names apart.
func roomBeside(rel, md5 string) string {
	const longest = 255 - len(".objects.geojson") // bytes
	dir, base := path.Split(rel)
	if len(base) <= longest {
		return rel
	}
	tail := "@" + md5[:8]
	cut := longest - len(tail)
	for !utf8.RuneStart(base[cut]) {
		cut--
	}
	return dir + base[:cut] + tail
}

// replaceFile writes a file whole or not at all.
func replaceFile(file string, data []byte) error {
	tmp := filepath.Join(filepath.Dir(file), "."+digest(filepath.Base(file))+".tmp") // the name itself may be as long as one can be
	if err := writeSynced(tmp, data); err != nil {
		return err
	}
	return os.Rename(tmp, file)
}

// Commits returns the newest n commits of the dataset, all for 0.
func (s *Station) Commits(ctx context.Context, n int) ([]dataset.Commit, error) {
	return s.repo.Log(ctx, n)
}
