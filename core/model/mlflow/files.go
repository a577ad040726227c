package mlflow

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"

	"coverslip.dev/coverslip/core/fault"
)

// place is where files lie: a path below the server's own store of files.
type place string

const filesRoute = "api/2.0/mlflow-artifacts/artifacts"

// place returns where the files of a uri lie. A model's may be named by its run or by the
// model that a run logged.
func (c *Client) place(ctx context.Context, uri string) (place, error) {
	u, err := url.Parse(uri)
	if err != nil {
		return "", unreachable(uri)
	}
	first, rest, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	switch {
	case u.Scheme == "mlflow-artifacts" && (u.Host == "" || u.Host == c.base.Host):
		return c.below("", strings.Trim(u.Path, "/"))
	case u.Scheme == "runs":
		r, err := c.run(ctx, first)
		if err != nil {
			return "", err
		}
		return c.proxied(r.Info.Artifacts, rest)
	case u.Scheme == "models" && strings.HasPrefix(first, "m-") && rest == "":
		var found struct {
			Model struct {
				Info struct {
					Artifacts string `json:"artifact_uri"`
				} `json:"info"`
			} `json:"model"`
		}
		if err := c.get(ctx, "logged-models/"+first, nil, &found); err != nil {
			return "", err
		}
		return c.proxied(found.Model.Info.Artifacts, "")
	}
	return "", unreachable(uri)
}

// proxied returns the place of a file below a uri that the server itself hands out.
func (c *Client) proxied(uri, rest string) (place, error) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "mlflow-artifacts" || u.Host != "" && u.Host != c.base.Host {
		return "", unreachable(uri)
	}
	return c.below(place(strings.Trim(u.Path, "/")), rest)
}

// below returns a place in a place, and refuses names that lead elsewhere.
func (c *Client) below(p place, name string) (place, error) {
	if name == "" {
		return p, nil
	}
	if name == "." || !fs.ValidPath(name) || strings.ContainsAny(name, "\\\x00") {
		return "", fault.New(fault.Invalid, "A file of a run or model has a name that leads outside of its place.",
			"Rename the file.", fmt.Errorf("name %q", name))
	}
	// The server decodes a path until nothing changes, so %2F, even if it was escaped, ends
	// as a slash; and it refuses or drops the rest of these.
	mangled := regexp.MustCompile(`%[0-9a-fA-F]{2}|[?#\x00-\x1f\x7f]|\.\.`)
	if mangled.MatchString(name) {
		return "", fault.New(fault.Invalid, "MLflow can't keep a file named "+name+".",
			"Rename it without ?, # and two dots, and without a % before a letter or digit.", nil)
	}
	return place(path.Join(string(p), name)), nil
}

func unreachable(uri string) error {
	return fault.New(fault.Invalid, "MLflow does not hand out the files of this run or model.",
		"Ask who runs it to start it with --serve-artifacts.", fmt.Errorf("they are at %q", uri))
}

// Put keeps a file with a run; one of that name is replaced.
func (c *Client) Put(ctx context.Context, run, name string, r io.Reader) error {
	if name == "" { // below would take it for the run's own place
		name = "."
	}
	if _, err := c.below("", name); err != nil {
		return err
	}
	found, err := c.run(ctx, run)
	if err != nil {
		return err
	}
	to, err := c.proxied(found.Info.Artifacts, name)
	if err != nil {
		return err
	}
	return c.upload(ctx, to, r)
}

// Open opens a file of a run.
func (c *Client) Open(ctx context.Context, run, name string) (io.ReadCloser, error) {
	found, err := c.run(ctx, run)
	if err != nil {
		return nil, err
	}
	from, err := c.proxied(found.Info.Artifacts, name)
	if err != nil {
		return nil, err
	}
	resp, err := c.send(ctx, http.MethodGet, c.at(filesRoute+"/"+string(from), nil), "", nil)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	return resp.Body, nil
}

func (c *Client) upload(ctx context.Context, to place, r io.Reader) error {
	resp, err := c.send(ctx, http.MethodPut, c.at(filesRoute+"/"+string(to), nil), "application/octet-stream", r)
	if err != nil {
		return fmt.Errorf("put %s: %w", path.Base(string(to)), err)
	}
	return resp.Body.Close()
}

// entry is a file or folder in a listing.
type entry struct {
	Path string `json:"path"` // below the folder that was listed
	Dir  bool   `json:"is_dir"`
	Size whole  `json:"file_size"`
}

func (c *Client) list(ctx context.Context, p place) ([]entry, error) {
	var out struct {
		Files []entry `json:"files"`
	}
	resp, err := c.send(ctx, http.MethodGet, c.at(filesRoute, url.Values{"path": {string(p)}}), "", nil)
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // was only read
	err = c.decode(resp.Body, &out)
	return out.Files, err
}

// walk downloads all files below p into out, by their path below it.
func (c *Client) walk(ctx context.Context, p place, prefix string, out map[string][]byte) error {
	entries, err := c.list(ctx, p)
	if err != nil {
		return err
	}
	for _, e := range entries {
		at, err := c.below(p, e.Path)
		if err == nil && (e.Path == "" || strings.Contains(e.Path, "/")) {
			err = stranger(fmt.Errorf("%q in a listing", e.Path))
		}
		if err == nil && strings.Count(prefix, "/") > 20 {
			err = stranger(fmt.Errorf("folders within folders at %q", prefix))
		}
		if err != nil {
			return err
		}
		name := path.Join(prefix, e.Path)
		if e.Dir {
			err = c.walk(ctx, at, name, out)
		} else if len(out) >= c.limits.files {
			err = fault.New(fault.Invalid, "The model has too many files.", "Check that the right folder was registered.", nil)
		} else {
			out[name], err = c.download(ctx, at, int64(e.Size))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) download(ctx context.Context, from place, size int64) ([]byte, error) {
	resp, err := c.send(ctx, http.MethodGet, c.at(filesRoute+"/"+string(from), nil), "", nil)
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", path.Base(string(from)), err)
	}
	defer resp.Body.Close() //nolint:errcheck // was only read
	b, err := c.read(resp.Body, c.limits.file)
	if err == nil && int64(len(b)) != size {
		err = fault.New(fault.Corrupt, "A file came from MLflow in another size than it has there.", "Fetch it again.",
			fmt.Errorf("%d bytes, not %d", len(b), size))
	}
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", path.Base(string(from)), err)
	}
	return b, nil
}
