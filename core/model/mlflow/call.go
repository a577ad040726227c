package mlflow

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"coverslip.dev/coverslip/core/fault"
)

// get asks a route of the API and reads its answer into out.
func (c *Client) get(ctx context.Context, route string, query url.Values, out any) error {
	return c.call(ctx, http.MethodGet, route, query, nil, out)
}

// post sends in to a route of the API and reads its answer into out, nil for none.
func (c *Client) post(ctx context.Context, route string, in, out any) error {
	return c.call(ctx, http.MethodPost, route, nil, in, out)
}

func (c *Client) call(ctx context.Context, method, route string, query url.Values, in, out any) error {
	what := "mlflow " + route
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		body = bytes.NewReader(b)
	}
	resp, err := c.send(ctx, method, c.at("api/2.0/mlflow/"+route, query), "application/json", body)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	defer resp.Body.Close() //nolint:errcheck // was only read
	if out == nil {
		out = &struct{}{}
	}
	if err := c.decode(resp.Body, out); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// decode reads a JSON answer.
func (c *Client) decode(r io.Reader, out any) error {
	b, err := c.read(r, c.limits.answer)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, out); err != nil {
		return stranger(err)
	}
	return nil
}

// at returns the address of a path below the server's own.
func (c *Client) at(path string, query url.Values) *url.URL {
	u := *c.base
	u.Path = c.base.Path + "/" + path
	u.RawQuery = query.Encode()
	return &u
}

// send makes a call; its answer, if it is no error, is a success. A body has a content type,
// or MLflow answers 400.
func (c *Client) send(ctx context.Context, method string, to *url.URL, content string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, to.String(), body)
	if err != nil {
		return nil, err
	}
	c.login.sign(req)
	if body != nil {
		req.Header.Set("Content-Type", content)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.unanswered(ctx, err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		defer resp.Body.Close() //nolint:errcheck // was only read
		return nil, c.refused(resp)
	}
	return resp, nil
}

// read reads an answer whole, up to limit bytes.
func (c *Client) read(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, c.cutShort(err)
	}
	if int64(len(b)) > limit {
		return nil, fault.New(fault.Invalid, "MLflow sent more than this program takes at once.",
			"Check that the address is MLflow's.", fmt.Errorf("more than %d bytes", limit))
	}
	return b, nil
}
