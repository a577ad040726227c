package triton

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	"coverslip.dev/coverslip/core/infer"
)

// httpWire is the transport over HTTP/1.1, for networks that let nothing else through.
type httpWire struct {
	base     *url.URL
	client   *http.Client
	headers  map[string]string
	compress bool   // tensors
	plain    *plain // for questions; nil: by client too
}

func dialHTTP(base *url.URL, secure *tls.Config, headers map[string]string, compress bool) *httpWire {
	t := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSClientConfig:     secure,
		DisableCompression:  true, // Triton would compress the tensors, which takes longer than sending them
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     time.Minute,
		WriteBufferSize:     256 << 10,
		ReadBufferSize:      256 << 10,
	}
	return &httpWire{base: base, client: &http.Client{Transport: t, CheckRedirect: stay}, headers: headers, compress: compress, plain: newPlain(base, headers)}
}

// stay follows no redirection: no inference server answers with one, but the login page of a network
// does, and the keys are for nobody else.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (w *httpWire) close() error {
	w.client.CloseIdleConnections()
	if w.plain != nil {
		return w.plain.close()
	}
	return nil
}

func (w *httpWire) ready(ctx context.Context) (bool, error) {
	err := w.json(ctx, http.MethodGet, nil, nil, "health", "ready")
	if r, ok := errors.AsType[*refusal](err); ok && r.code == codes.InvalidArgument {
		return false, nil // it answers: no
	}
	return err == nil, err
}

func (w *httpWire) index(ctx context.Context) ([]entry, error) {
	var known []entry
	if err := w.json(ctx, http.MethodPost, struct{}{}, &known, "repository", "index"); err != nil {
		return nil, err
	}
	var all struct {
		Ready []entry `json:"model_stats"`
	}
	err := w.json(ctx, http.MethodGet, nil, &all, "models", "stats")
	return merge(known, all.Ready), err
}

// httpPort is a tensor in JSON.
type httpPort struct {
	Name  string  `json:"name"`
	Type  string  `json:"datatype"`
	Shape []int64 `json:"shape"`
}

func (w *httpWire) describe(ctx context.Context, model, version string) (infer.Spec, error) {
	var r struct{ Inputs, Outputs []httpPort }
	err := w.json(ctx, http.MethodGet, nil, &r, modelPath(model, version)...)
	ports := func(list []httpPort) []infer.Port {
		var out []infer.Port
		for _, p := range list {
			out = append(out, infer.Port(p))
		}
		return out
	}
	return infer.Spec{In: ports(r.Inputs), Out: ports(r.Outputs)}, err
}

func (w *httpWire) parameters(ctx context.Context, model string) (map[string]string, error) {
	var r struct {
		Parameters map[string]struct {
			Text string `json:"string_value"`
		}
	}
	err := w.json(ctx, http.MethodGet, nil, &r, "models", model, "config")
	out := map[string]string{}
	for k, v := range r.Parameters {
		out[k] = v.Text
	}
	return out, err
}

func (w *httpWire) load(ctx context.Context, model, config string, files map[string][]byte) error {
	p := map[string]any{}
	if config != "" {
		p["config"] = config
	}
	for name, data := range files {
		p[name] = data // base64 in JSON
	}
	return w.json(ctx, http.MethodPost, map[string]any{"parameters": p}, nil, "repository", "models", model, "load")
}

func (w *httpWire) unload(ctx context.Context, model string) error {
	return w.json(ctx, http.MethodPost, struct{}{}, nil, "repository", "models", model, "unload")
}

func (w *httpWire) register(ctx context.Context, region string, size int64) error {
	in := map[string]any{"key": "/" + region, "offset": 0, "byte_size": size}
	return w.json(ctx, http.MethodPost, in, nil, "systemsharedmemory", "region", region, "register")
}

func (w *httpWire) unregister(ctx context.Context, region string) error {
	return w.json(ctx, http.MethodPost, struct{}{}, nil, "systemsharedmemory", "region", region, "unregister")
}

func modelPath(model, version string, more ...string) []string {
	p := []string{"models", model}
	if version != "" {
		p = append(p, "versions", version)
	}
	return append(p, more...)
}

// json sends in, if not nil, and reads the answer into out, if not nil.
func (w *httpWire) json(ctx context.Context, method string, in, out any, path ...string) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	rsp, err := w.do(ctx, method, [][]byte{body}, nil, true, path...)
	if err != nil {
		return err
	}
	defer rsp.Body.Close() //nolint:errcheck // it was read
	if out == nil {
		_, err = io.Copy(io.Discard, rsp.Body) // or the connection can't be used again
	} else {
		err = json.NewDecoder(rsp.Body).Decode(out)
	}
	return lost(ctx, err)
}

// do sends a request whose body is the parts; the caller closes the body of what comes
// back. An answer that is no success becomes a refusal. again tells whether the request may be
// sent twice, as net/http does when the server has just closed a connection that was idle.
func (w *httpWire) do(ctx context.Context, method string, parts [][]byte, headers map[string]string, again bool, path ...string) (*http.Response, error) {
	escaped := make([]string, len(path))
	for i, p := range path {
		escaped[i] = url.PathEscape(p)
	}
	req, err := http.NewRequestWithContext(ctx, method, w.base.JoinPath(append([]string{"v2"}, escaped...)...).String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	var size int64
	for _, p := range parts {
		size += int64(len(p))
	}
	if size > 0 {
		req.ContentLength = size
		req.GetBody = func() (io.ReadCloser, error) {
			var all []io.Reader
			for _, p := range parts {
				all = append(all, bytes.NewReader(p))
			}
			return io.NopCloser(io.MultiReader(all...)), nil
		}
		if req.Body, err = req.GetBody(); err != nil {
			return nil, err
		}
	}
	for _, h := range []map[string]string{w.headers, headers} {
		for k, v := range h {
			req.Header.Set(k, v)
		}
	}
	if again {
		req.Header["Idempotency-Key"] = nil // for net/http; it is not sent
	}
	rsp, err := w.client.Do(req)
	return accepted(ctx, rsp, err)
}

// post sends a question, which is done as do does it.
func (w *httpWire) post(ctx context.Context, q *question, parts [][]byte, headers map[string]string) (*http.Response, error) {
	path := modelPath(q.model, q.version, "infer")
	again := q.terms.Sequence.ID == 0
	if w.plain == nil {
		return w.do(ctx, http.MethodPost, parts, headers, again, path...)
	}
	for i, p := range path {
		path[i] = url.PathEscape(p)
	}
	uri := "/" + strings.TrimPrefix(w.base.JoinPath(append([]string{"v2"}, path...)...).RequestURI(), "/")
	rsp, err := w.plain.post(ctx, uri, []map[string]string{w.headers, headers}, parts, again)
	return accepted(ctx, rsp, err)
}

// accepted makes a refusal of an answer that is no success.
func accepted(ctx context.Context, rsp *http.Response, err error) (*http.Response, error) {
	if err != nil {
		return nil, lost(ctx, err)
	}
	if rsp.StatusCode != http.StatusOK {
		defer rsp.Body.Close() //nolint:errcheck // it was read
		return nil, refusedHTTP(rsp)
	}
	return rsp, nil
}

// lost says that the connection broke; nil stays nil.
func lost(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	if asRefusal(err) != nil {
		return err
	}
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		return &refusal{code: codes.Unimplemented, text: "answer is no JSON: " + err.Error()}
	}
	return &refusal{code: codes.Unavailable, text: err.Error()}
}

func refusedHTTP(rsp *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(rsp.Body, 64<<10))
	if err != nil {
		text = []byte(err.Error())
	}
	var r struct{ Error string }
	if json.Unmarshal(text, &r) == nil && r.Error != "" {
		text = []byte(r.Error)
	}
	code := codes.Internal
	switch rsp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		code = codes.Unimplemented
	case http.StatusBadRequest:
		code = codes.InvalidArgument
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired:
		code = codes.PermissionDenied
	case http.StatusNotFound:
		code = codes.NotFound
	case http.StatusTooManyRequests:
		code = codes.ResourceExhausted
	case http.StatusBadGateway, http.StatusServiceUnavailable:
		code = codes.Unavailable
	case http.StatusGatewayTimeout:
		code = codes.DeadlineExceeded
	}
	return &refusal{code: code, text: rsp.Status + ": " + string(text)}
}
