package local

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/model"
)

// registered is an entry of registry.json, by the model's name.
type registered struct {
	Updated  time.Time         `json:"updated"`
	Aliases  map[string]string `json:"aliases"` // alias → version
	Versions []version         `json:"versions"`
}

type version struct {
	Version string            `json:"version"` // "1" is the first
	Run     string            `json:"run,omitempty"`
	User    string            `json:"user"`
	Created time.Time         `json:"created"`
	Tags    map[string]string `json:"tags,omitempty"`
	Bundle  string            `json:"bundle"` // the folder in bundles
	Files   []file            `json:"files"`
}

// book is registry.json.
type book map[string]*registered

const registryFile = "registry.json"

func (s *Store) book(ctx context.Context) (book, error) {
	if err := live(ctx, "read registry"); err != nil {
		return nil, err
	}
	b := book{}
	err := s.load(&b, registryFile)
	return b, err
}

func (b book) model(name string) (*registered, error) {
	if m, ok := b[name]; ok {
		return m, nil
	}
	return nil, missing("model named " + name)
}

func (b book) version(name, v string) (*registered, *version, error) {
	m, err := b.model(name)
	if err != nil {
		return nil, nil, err
	}
	for i := range m.Versions {
		if m.Versions[i].Version == v {
			return m, &m.Versions[i], nil
		}
	}
	return nil, nil, missing("version " + v + " of " + name)
}

// change lets do alter the book and saves it.
func (s *Store) change(ctx context.Context, do func(book) error) error {
	return s.writing(ctx, func() error {
		b, err := s.book(ctx)
		if err != nil {
			return err
		}
		if err := do(b); err != nil {
			return err
		}
		return s.save(b, registryFile)
	})
}

// Models returns all models, by name.
func (s *Store) Models(ctx context.Context) ([]model.Model, error) {
	b, err := s.book(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]model.Model, 0, len(b))
	for name, m := range b {
		out = append(out, model.Model{Name: name, Aliases: m.Aliases, Updated: m.Updated})
	}
	slices.SortFunc(out, func(a, b model.Model) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// Versions returns the versions of a model, the newest first.
func (s *Store) Versions(ctx context.Context, name string) ([]model.Version, error) {
	b, err := s.book(ctx)
	if err != nil {
		return nil, err
	}
	m, err := b.model(name)
	if err != nil {
		return nil, err
	}
	out := make([]model.Version, 0, len(m.Versions))
	for _, v := range slices.Backward(m.Versions) {
		out = append(out, s.shown(name, m, v))
	}
	return out, nil
}

func (s *Store) shown(name string, m *registered, v version) model.Version {
	out := model.Version{
		Model: name, Version: v.Version, Run: v.Run, Source: s.path(bundlesDir, v.Bundle), Status: "READY",
		Tags: v.Tags, Created: v.Created, User: v.User,
	}
	for alias, to := range m.Aliases {
		if to == v.Version {
			out.Aliases = append(out.Aliases, alias)
		}
	}
	slices.Sort(out.Aliases)
	return out
}

// Register makes the next version of a model. The files are kept first, whole; a crash
// before the version is written down leaves nothing that counts.
func (s *Store) Register(ctx context.Context, name, run string, files map[string][]byte, tags map[string]string) (model.Version, error) {
	if name == "" || strings.ContainsAny(name, "/:") {
		return model.Version{}, fault.New(fault.Invalid, "A model's name can't be empty or have a / or : in it.", "Give it another name.", nil)
	}
	if err := checkFiles(files); err != nil {
		return model.Version{}, err
	}
	var out model.Version
	err := s.change(ctx, func(b book) error {
		if run != "" {
			if _, err := s.run(run); err != nil {
				return err
			}
		}
		bundle, list, err := s.keep(ctx, files)
		if err != nil {
			return fmt.Errorf("register %s: %w", name, err)
		}
		m := b[name]
		if m == nil {
			m = &registered{Aliases: map[string]string{}}
			b[name] = m
		}
		m.Updated = time.Now().UTC().Truncate(time.Millisecond)
		v := version{
			Version: strconv.Itoa(len(m.Versions) + 1), Run: run, User: s.person, Created: m.Updated,
			Tags: tags, Bundle: bundle, Files: list,
		}
		m.Versions = append(m.Versions, v)
		out = s.shown(name, m, v)
		return nil
	})
	if err != nil {
		return model.Version{}, err
	}
	return out, nil
}

// SetAlias points an alias to a version, from wherever it pointed before.
func (s *Store) SetAlias(ctx context.Context, name, alias, v string) error {
	// MLflow's rules, so that what is made here can move there.
	if !regexp.MustCompile(`^[\w-]+$`).MatchString(alias) || regexp.MustCompile(`(?i)^(latest|v\d+)$`).MatchString(alias) {
		return fault.New(fault.Invalid, "An alias has letters, digits, - and _ only, and is neither latest nor like v1.", "Choose another name.", nil)
	}
	return s.change(ctx, func(b book) error {
		m, _, err := b.version(name, v)
		if err != nil {
			return err
		}
		m.Aliases[alias], m.Updated = v, time.Now().UTC().Truncate(time.Millisecond)
		return nil
	})
}

// DropAlias takes an alias away; one that is not there is no error.
func (s *Store) DropAlias(ctx context.Context, name, alias string) error {
	return s.change(ctx, func(b book) error {
		m, err := b.model(name)
		if err != nil {
			return err
		}
		delete(m.Aliases, alias)
		m.Updated = time.Now().UTC().Truncate(time.Millisecond)
		return nil
	})
}

// Tag sets a tag of a version.
func (s *Store) Tag(ctx context.Context, name, v, key, value string) error {
	if key == "" {
		return fault.New(fault.Invalid, "A tag has no name.", "Name it.", nil)
	}
	return s.change(ctx, func(b book) error {
		_, ver, err := b.version(name, v)
		if err != nil {
			return err
		}
		if ver.Tags == nil {
			ver.Tags = map[string]string{}
		}
		ver.Tags[key] = value
		return nil
	})
}

// Fetch returns the files of a version, checked against what was registered.
func (s *Store) Fetch(ctx context.Context, name, v string) (map[string][]byte, error) {
	b, err := s.book(ctx)
	if err != nil {
		return nil, err
	}
	_, ver, err := b.version(name, v)
	if err != nil {
		return nil, err
	}
	out := make(map[string][]byte, len(ver.Files))
	for _, f := range ver.Files {
		if err := live(ctx, "fetch "+name); err != nil {
			return nil, err
		}
		if out[f.Path], err = s.bytes(ver.Bundle, f); err != nil {
			return nil, damaged(name, v, f.Path, err)
		}
	}
	return out, nil
}

func sorted(files map[string][]byte) []string {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.SortFunc(names, cmp.Compare[string])
	return names
}
