package mlflow

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/model"
)

// Models returns all registered models, by name.
func (c *Client) Models(ctx context.Context) ([]model.Model, error) {
	out := []model.Model{}
	err := paged(func(token string) (string, error) {
		q := url.Values{"max_results": {"1000"}, "order_by": {"name ASC"}}
		if token != "" {
			q.Set("page_token", token)
		}
		var page struct {
			Models []wireModel `json:"registered_models"`
			Next   string      `json:"next_page_token"`
		}
		err := c.get(ctx, "registered-models/search", q, &page)
		for _, m := range page.Models {
			out = append(out, m.model())
		}
		return page.Next, err
	})
	return out, err
}

func (c *Client) registered(ctx context.Context, name string) (model.Model, error) {
	var out struct {
		Model wireModel `json:"registered_model"`
	}
	err := c.get(ctx, "registered-models/get", url.Values{"name": {name}}, &out)
	return out.Model.model(), err
}

// Versions returns the versions of a model, the newest first. The search leaves aliases
// out, so the model itself is asked for them.
func (c *Client) Versions(ctx context.Context, name string) ([]model.Version, error) {
	m, err := c.registered(ctx, name)
	if err != nil {
		return nil, err
	}
	filter, err := named(name)
	if err != nil {
		return nil, err
	}
	var out []model.Version
	err = paged(func(token string) (string, error) {
		q := url.Values{"max_results": {"1000"}, "filter": {filter}}
		if token != "" {
			q.Set("page_token", token)
		}
		var page struct {
			Versions []wireVersion `json:"model_versions"`
			Next     string        `json:"next_page_token"`
		}
		err := c.get(ctx, "model-versions/search", q, &page)
		for _, v := range page.Versions {
			if v.Name == name {
				out = append(out, v.version(m.Aliases))
			}
		}
		return page.Next, err
	})
	slices.SortFunc(out, func(a, b model.Version) int { return ordinal(b) - ordinal(a) })
	return out, err
}

func ordinal(v model.Version) int {
	n, _ := strconv.Atoi(v.Version) // MLflow has numbers only; anything else comes last
	return n
}

// named is the filter for a name, in the quotes that it does not have itself.
func named(name string) (string, error) {
	for _, quote := range []string{"'", `"`} {
		if !strings.Contains(name, quote) {
			return "name = " + quote + name + quote, nil
		}
	}
	return "", fault.New(fault.Invalid, "MLflow can't be asked about a model with both kinds of quotes in its name.",
		"Rename it in MLflow.", fmt.Errorf("name %q", name))
}

// SetAlias points an alias to a version, from wherever it pointed before.
func (c *Client) SetAlias(ctx context.Context, name, alias, version string) error {
	return c.post(ctx, "registered-models/alias", map[string]any{"name": name, "alias": alias, "version": version}, nil)
}

// DropAlias takes an alias away; one that is not there is no error.
func (c *Client) DropAlias(ctx context.Context, name, alias string) error {
	return c.call(ctx, http.MethodDelete, "registered-models/alias", nil, map[string]any{"name": name, "alias": alias}, nil)
}

// Tag sets a tag of a version.
func (c *Client) Tag(ctx context.Context, name, version, key, value string) error {
	return c.post(ctx, "model-versions/set-tag", map[string]any{"name": name, "version": version, "key": key, "value": value}, nil)
}

// Fetch returns the files of a version, with MLflow's own, such as MLmodel.
func (c *Client) Fetch(ctx context.Context, name, version string) (map[string][]byte, error) {
	var found struct {
		URI string `json:"artifact_uri"`
	}
	err := c.get(ctx, "model-versions/get-download-uri", url.Values{"name": {name}, "version": {version}}, &found)
	if err != nil {
		return nil, err
	}
	at, err := c.place(ctx, found.URI)
	if err != nil {
		return nil, fmt.Errorf("fetch %s %s: %w", name, version, err)
	}
	out := map[string][]byte{}
	if err := c.walk(ctx, at, "", out); err != nil {
		return nil, fmt.Errorf("fetch %s %s: %w", name, version, err)
	}
	if len(out) == 0 { // the server lists a folder that is gone as an empty one
		return nil, fault.New(fault.NotFound, "The files of version "+version+" of "+name+" are gone from MLflow.",
			"Ask who runs it to restore them, or register the model again.", nil)
	}
	return out, nil
}
