package gateway

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/fault"
)

// document describes the API.
//
//go:embed openapi.json
var document []byte

// Handler answers requests.
func (g *Gateway) Handler() http.Handler {
	mux := http.NewServeMux()
	handle := func(method, path string, open bool, h func(http.ResponseWriter, *http.Request) error) {
		mux.Handle(method+" "+path, g.route(path, open, h))
	}
	handle("GET", "/healthz", true, func(w http.ResponseWriter, r *http.Request) error {
		return reply(w, r, map[string]string{"status": "ok"})
	})
	handle("GET", "/readyz", true, g.ready)
	handle("GET", "/openapi.json", true, func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "application/json")
		_, err := w.Write(document)
		return err
	})
	handle("GET", "/metrics", false, g.metrics)
	handle("GET", "/v1/models", false, g.models)
	handle("POST", "/v1/predict", false, g.predictNow)
	handle("POST", "/v1/jobs", false, g.submit)
	handle("GET", "/v1/jobs/{id}", false, g.job)
	handle("DELETE", "/v1/jobs/{id}", false, g.remove)
	handle("GET", "/v1/jobs/{id}/result", false, g.result)
	mux.Handle("/", g.route("other", true, func(_ http.ResponseWriter, r *http.Request) error {
		return g.elsewhere(mux, r)
	}))
	return mux
}

// elsewhere says that there is nothing here, or not by this method.
func (g *Gateway) elsewhere(mux *http.ServeMux, r *http.Request) error {
	var allow []string
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = m
		if _, pattern := mux.Handler(other); pattern != "/" && pattern != "" {
			if allow = append(allow, m); m == http.MethodGet {
				allow = append(allow, http.MethodHead)
			}
		}
	}
	if len(allow) > 0 {
		return status{http.StatusMethodNotAllowed, "This address does not take " + r.Method + ".", "", map[string]string{"Allow": strings.Join(allow, ", ")}}
	}
	return fault.New(fault.NotFound, "There is nothing at this address.", "See /openapi.json.", nil)
}

// status is an answer that no fault says.
type status struct {
	code   int
	say    string
	hint   string
	header map[string]string
}

func (s status) Error() string { return s.say }

// route lets a request in, counts it, and makes an answer of what goes wrong.
func (g *Gateway) route(path string, open bool, h func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		c := &counted{ResponseWriter: w, code: http.StatusOK}
		err := c.until(time.Time{}) // that of the answer before, on the same connection
		err = errors.Join(err, g.enter(r, open))
		if r.Body != http.NoBody {
			err = errors.Join(err, newSlow(c, r).begin())
		}
		if err == nil {
			err = h(c, r)
		}
		if err != nil {
			g.refuse(c, r, err)
		}
		g.counts.request(path, c.code, time.Since(begun))
	})
}

// hungUp is what is counted where a client did not wait for its answer, as other servers do.
const hungUp = 499

// counted remembers what was answered. Whoever takes nothing of that for a minute is waited
// for no longer: half of it may go by until the server has given up a body that nobody reads.
type counted struct {
	http.ResponseWriter
	code    int
	written bool
}

func (c *counted) WriteHeader(code int) {
	c.code, c.written = code, true
	_ = c.until(time.Now().Add(2 * silence)) // at worst it waits
	c.ResponseWriter.WriteHeader(code)
}

func (c *counted) Write(b []byte) (n int, err error) {
	c.written = true
	for part := range slices.Chunk(b, 32<<10) { // a minute for each
		if err := c.until(time.Now().Add(2 * silence)); err != nil {
			return n, err
		}
		m, err := c.ResponseWriter.Write(part)
		if n += m; err != nil {
			return n, err
		}
	}
	return n, nil
}

func (c *counted) until(t time.Time) error {
	if err := http.NewResponseController(c.ResponseWriter).SetWriteDeadline(t); !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// Unwrap is for http.ResponseController.
func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// enter checks token and rate.
func (g *Gateway) enter(r *http.Request, open bool) error {
	if open {
		return nil
	}
	if len(g.tokens) == 0 && !here(r.Host) {
		return status{http.StatusMisdirectedRequest, "Without tokens the gateway answers by the name of this computer only.", "Ask 127.0.0.1 or localhost, or have whoever runs the gateway give out tokens.", nil}
	}
	if len(g.tokens) > 0 && !g.known(r) {
		return status{http.StatusUnauthorized, "A token is needed.", "", map[string]string{"WWW-Authenticate": `Bearer realm="coverslip"`}}
	}
	if !g.rates.allow(g.client(r), time.Now()) {
		return status{http.StatusTooManyRequests, "Too many requests in a short time.", "", map[string]string{"Retry-After": "1"}}
	}
	return nil
}

// here tells whether a request is to this computer by a name or number of its own. A page from elsewhere
// that a browser here shows can have its own name lead here, and then read the answers.
func here(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	return host == "" || host == "localhost" || strings.HasSuffix(host, ".localhost") || net.ParseIP(host) != nil
}

// bearer is the token of a request; the scheme may be written in any case (RFC 9110).
func bearer(r *http.Request) (token string, ok bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimLeft(token, " "), strings.EqualFold(scheme, "Bearer")
}

func (g *Gateway) known(r *http.Request) bool {
	token, said := bearer(r)
	got, ok := hash(token), 0
	for _, t := range g.tokens { // all, so that time tells nothing
		ok |= subtle.ConstantTimeCompare(t[:], got[:])
	}
	return ok == 1 && said
}

func hash(s string) [32]byte { return sha256.Sum256([]byte(s)) }

// client is who asks: by the token, or, where there are none, by the address, as anybody can
// make up a token.
func (g *Gateway) client(r *http.Request) string {
	if len(g.tokens) > 0 {
		token, _ := bearer(r)
		h := hash(token)
		return hex.EncodeToString(h[:])
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// problem is an answer by RFC 9457.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Hint   string `json:"hint,omitempty"`
}

func (g *Gateway) refuse(c *counted, r *http.Request, err error) {
	if c.written { // it is shorter than its Content-Length, which tells the client
		g.opt.Log.Debug("answer cut off", slog.String("path", r.URL.Path), slog.Any("error", err))
		return
	}
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		c.code = hungUp // which is no failure, for whoever counts these
		return
	}
	p := problem{Type: "about:blank", Status: codeOf(err)}
	if s, ok := errors.AsType[status](err); ok {
		p.Status, p.Detail, p.Hint = s.code, s.say, s.hint
		for k, v := range s.header {
			c.Header().Set(k, v)
		}
	} else {
		p.Detail, p.Hint = fault.Once(err)
	}
	if p.Status == http.StatusServiceUnavailable {
		c.Header().Set("Retry-After", "5")
	}
	p.Title = http.StatusText(p.Status)
	if p.Status >= http.StatusInternalServerError {
		g.opt.Log.Warn("request failed", slog.String("path", r.URL.Path), slog.Int("status", p.Status), slog.Any("error", err))
	}
	c.Header().Set("Content-Type", "application/problem+json")
	c.WriteHeader(p.Status)
	if err := json.NewEncoder(c).Encode(p); err != nil {
		g.opt.Log.Debug("answer not sent", slog.Any("error", err))
	}
}

func codeOf(err error) int {
	switch fault.KindOf(err) {
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Busy, fault.Offline, fault.Canceled:
		return http.StatusServiceUnavailable
	case fault.Denied:
		return http.StatusForbidden
	case fault.Exists:
		return http.StatusConflict
	case fault.Invalid, fault.Corrupt:
		return http.StatusUnprocessableEntity
	case fault.Full:
		return http.StatusRequestEntityTooLarge
	case fault.Internal:
	}
	return http.StatusInternalServerError
}

// reply sends v.
func reply(w http.ResponseWriter, _ *http.Request, v any) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(v)
}

// ready tells whether images can be looked at and answers fetched. That many uploads wait is no
// reason to send nobody here any more: each that is too many hears so.
func (g *Gateway) ready(w http.ResponseWriter, r *http.Request) error {
	if err := g.open(); err != nil {
		return err
	}
	if err := g.folder.room(time.Now()); err != nil {
		return noRoom(err)
	}
	if err := g.opt.Engine.Ready(r.Context()); err != nil {
		return fault.New(fault.Offline, "No inference engine answers.", "", err)
	}
	for _, m := range g.opt.Models {
		if _, err := g.opt.Engine.Describe(r.Context(), m.Ref); err != nil {
			return fault.New(fault.Busy, "No inference engine has the model "+m.Model+".", "", err)
		}
	}
	return reply(w, r, map[string]string{"status": "ready"})
}

func (g *Gateway) models(w http.ResponseWriter, r *http.Request) error {
	if _, err := readQuery(r); err != nil {
		return err
	}
	type model struct {
		Name     string  `json:"name"`
		Version  string  `json:"version"`
		About    string  `json:"about"`
		Diameter float64 `json:"diameter"`
		Inputs   int     `json:"inputs"`
	}
	out := []model{}
	for _, m := range g.opt.Models {
		out = append(out, model{m.Model, m.Version, m.Recipe.Description, m.Recipe.Diameter, len(m.Recipe.Inputs)})
	}
	return reply(w, r, map[string]any{"models": out})
}

// bad is a request whose words are off.
func bad(format string, args ...any) error {
	return status{http.StatusBadRequest, fmt.Sprintf(format, args...), "", nil}
}
