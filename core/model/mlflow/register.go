package mlflow

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/model"
)

// ownExperiment is where runs go that were made only to register a model.
const ownExperiment = "Coverslip"

// Register makes the next version of a model. The files are uploaded first, to a folder of
// the run that their content names, so that no version changes another's and a second try
// finds its place; the version is made once all are there.
func (c *Client) Register(ctx context.Context, name, run string, files map[string][]byte, tags map[string]string) (model.Version, error) {
	if name == "" || strings.ContainsAny(name, "/:") {
		return model.Version{}, fault.New(fault.Invalid, "A model's name can't be empty or have a / or : in it.", "Give it another name.", nil)
	}
	if err := c.checkFiles(files); err != nil {
		return model.Version{}, err
	}
	if run != "" {
		return c.register(ctx, name, run, files, tags)
	}
	r, err := c.start(ctx, ownExperiment, "register "+name, nil)
	if err != nil {
		return model.Version{}, err
	}
	v, err := c.register(ctx, name, r.Info.ID, files, tags)
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if ferr := c.Finish(late, r.Info.ID, err != nil); err == nil && ferr != nil {
		return v, fmt.Errorf("finish the run of %s %s: %w", name, v.Version, ferr)
	}
	return v, err
}

func (c *Client) register(ctx context.Context, name, run string, files map[string][]byte, tags map[string]string) (model.Version, error) {
	found, err := c.run(ctx, run)
	if err != nil {
		return model.Version{}, err
	}
	folder := "model/" + digest(files)
	at, err := c.proxied(found.Info.Artifacts, folder)
	if err != nil {
		return model.Version{}, err
	}
	if err := c.fill(ctx, at, describe(files, run, folder)); err != nil {
		return model.Version{}, fmt.Errorf("register %s: %w", name, err)
	}
	if err := c.remember(ctx, found, folder); err != nil {
		return model.Version{}, err
	}
	err = c.post(ctx, "registered-models/create", map[string]any{"name": name}, nil)
	if err != nil && fault.KindOf(err) != fault.Exists {
		return model.Version{}, err
	}
	all := pairs(tags)
	if _, ok := tags[userTag]; !ok && c.login.user != "" {
		all = append(all, pair{userTag, c.login.user})
	}
	var out struct {
		Version wireVersion `json:"model_version"`
	}
	err = c.post(ctx, "model-versions/create", map[string]any{
		"name": name, "run_id": run, "tags": all, "source": strings.TrimRight(found.Info.Artifacts, "/") + "/" + folder,
	}, &out)
	return out.Version.version(nil), err
}

func (c *Client) checkFiles(files map[string][]byte) error {
	if len(files) == 0 {
		return fault.New(fault.Invalid, "The model has no files.", "Give it at least model.onnx.", nil)
	}
	for name := range files {
		if name == "" {
			name = "." // which below refuses
		}
		if _, err := c.below("", name); err != nil {
			return err
		}
		for other := range files {
			if strings.HasPrefix(other, name+"/") {
				return fault.New(fault.Invalid, "The model has a file and a folder of the same name.", "Rename one of them.",
					fmt.Errorf("%s and %s", name, other))
			}
		}
	}
	return nil
}

func (c *Client) fill(ctx context.Context, at place, files map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		to, err := c.below(at, name)
		if err != nil {
			return err
		}
		if err := c.upload(ctx, to, bytes.NewReader(files[name])); err != nil {
			return err
		}
	}
	return nil
}

// digest names the content of files, 12 hexadecimal digits.
func digest(files map[string][]byte) string {
	all := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		sum := sha256.Sum256(files[name])
		_, _ = fmt.Fprintf(all, "%x %q\n", sum, name) // a hash takes all
	}
	return hex.EncodeToString(all.Sum(nil))[:12]
}

// historyTag is where a run's page in MLflow finds the models that the run made: a list.
const historyTag = "mlflow.log-model.history"

// remember adds a folder to the models of a run, the newest last. It is for the page only,
// which shows the last few, so a list that is too long for a tag loses its oldest.
func (c *Client) remember(ctx context.Context, run wireRun, folder string) error {
	type made struct {
		Run     string         `json:"run_id"`
		Path    string         `json:"artifact_path"`
		At      string         `json:"utc_time_created"`
		Flavors map[string]any `json:"flavors"`
	}
	entry, err := json.Marshal(made{run.Info.ID, folder, time.Now().UTC().Format("2006-01-02 15:04:05.000000"), map[string]any{"onnx": struct{}{}}})
	if err != nil {
		return err
	}
	var list []json.RawMessage
	for _, t := range run.Data.Tags {
		if t.Key != historyTag {
			continue
		}
		if err := json.Unmarshal([]byte(t.Value), &list); err != nil {
			return nil //nolint:nilerr // another program's, in a form that is not ours to replace
		}
	}
	list = slices.DeleteFunc(list, func(m json.RawMessage) bool {
		var old made
		return json.Unmarshal(m, &old) == nil && old.Path == folder
	})
	list = append(list, entry)
	for len(list) > 0 {
		b, err := json.Marshal(list)
		if err != nil {
			return err
		}
		if len(b) <= 8000 {
			return c.TagRun(ctx, run.Info.ID, historyTag, string(b))
		}
		list = list[1:]
	}
	return errors.New("a model's entry is too long for a tag")
}
