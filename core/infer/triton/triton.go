// Package triton runs models on a Triton inference server, over gRPC or HTTP.
package triton

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/secret"
)

// Options say which server, and how it wants to be asked.
type Options struct {
	Name string // for people; empty: host and port
	// Address is grpc://host:port, grpcs://host:port, http://host:port or
	// https://host:port; the ports are 8001 and 8000 if left out. Triton itself has no
	// https: that is a proxy in front of it.
	Address string
	// Backend runs the networks that are loaded: "onnxruntime", the default, or
	// "python" where the server has only that; then model.py is sent along.
	Backend string
	TLS     *tls.Config       // for grpcs and https; nil: as Files say
	Files   Files             // of certificates
	Headers map[string]string // sent with every request, such as access keys
	Token   secret.Text       // sent as "Authorization: Bearer …"
	// TokenHeader is sent with the token as it is instead, as Triton's restricted APIs
	// want it: triton-grpc-protocol-KEY over gRPC, KEY over HTTP.
	TokenHeader string
	Compress    bool // tensors are compressed on their way there and back: for slow networks
	// Apart has all tensors go over the wire. Else those for a server on this machine go
	// through shared memory, if it takes that.
	Apart bool
	// Metrics is where the server tells how busy it is; empty: at http://host:8002/metrics
	// or, where the address has another port than Triton's own, one after gRPC's and two
	// after HTTP's, as Triton's own ports lie. It may be that of a Prometheus that has them; then
	// ?instance=… behind it says under which name, if that is not the server's host.
	Metrics string
	Log     *slog.Logger // nil: none
}

// Engine is one Triton server: an [infer.Engine] and an [infer.Loader]. Besides the
// contract: where the server is shared, the versions of a model that another program
// has loaded leave the server when this one loads a version of its own.
type Engine struct {
	name    string
	host    string // of the address, without the port
	secure  bool   // over TLS
	files   Files  // of certificates
	key     string // the header that carries the token; empty: no token
	backend string
	log     *slog.Logger
	wire    transport
	meter   *meter
	closed  atomic.Bool
	memory  *memory       // shared with a server on this machine; nil: with none
	release func()        // parts with it
	loading chan struct{} // holds a token while nobody loads

	mu        sync.Mutex // guards below
	shelf     map[string]*shelf
	streaming map[string]bool   // models that answer in streams only
	dead      map[string]bool   // models that must be sent again, though the server calls them ready
	sent      map[string]string // which sending of a model this engine has found or made
}

var (
	_ infer.Engine = (*Engine)(nil)
	_ infer.Loader = (*Engine)(nil)

	_ infer.Repository = (*Engine)(nil)
)

// No question waits for ever: a server that hangs must not hang the lab.
const (
	quick = 10 * time.Second // whatever needs no model
	slow  = 2 * time.Minute  // an answer of a model, or loading one
)

// transport carries questions to the server. Versions are Triton's numbers, in decimal;
// errors are refusals, or those of ctx.
type transport interface {
	// ready asks whether all models are ready.
	ready(ctx context.Context) (bool, error)
	// index lists the models of the server's repositories and all that are ready.
	index(ctx context.Context) ([]entry, error)
	describe(ctx context.Context, model, version string) (infer.Spec, error)
	// parameters returns what the model's configuration keeps as such.
	parameters(ctx context.Context, model string) (map[string]string, error)
	ask(ctx context.Context, q *question) ([]infer.Tensor, error)
	// load sends a model; without a config it is the one in the server's repository.
	load(ctx context.Context, model, config string, files map[string][]byte) error
	unload(ctx context.Context, model string) error
	close() error
}

// entry is one version of a model in the server's index.
type entry struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	State   string `json:"state"`
	Reason  string `json:"reason"`
}

// The states that an entry may be in; there is also none at all, of what was never loaded.
const (
	stateReady       = "READY"
	stateLoading     = "LOADING"
	stateUnloading   = "UNLOADING"
	stateUnavailable = "UNAVAILABLE"
)

// Dial prepares an engine for a server. It asks nothing of the server yet, so a server
// that is down is no error here.
func Dial(ctx context.Context, opt Options) (*Engine, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	u, err := readAddress(opt.Address)
	if err != nil {
		return nil, err
	}
	backend, err := backendOf(opt.Backend)
	if err != nil {
		return nil, err
	}
	e := &Engine{host: u.Hostname(), key: opt.key(), backend: backend, log: opt.Log, loading: make(chan struct{}, 1), shelf: map[string]*shelf{}, streaming: map[string]bool{}, dead: map[string]bool{}, sent: map[string]string{}, release: func() {}}
	e.loading <- struct{}{}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	headers := opt.headers()
	secure := opt.TLS
	if e.secure = u.Scheme == "grpcs" || u.Scheme == "https"; !e.secure {
		secure = nil
	} else if secure == nil {
		e.files, secure = opt.Files, opt.Files.config(u.Hostname())
	}
	var host string
	switch u.Scheme {
	case "grpc", "grpcs":
		host = hostPort(u, "8001")
		e.name = host + " (gRPC)"
		e.wire, err = dialGRPC(host, secure, headers, opt.Compress)
	case "http", "https":
		host = hostPort(u, "8000")
		u.Host = host
		e.name = host + " (HTTP)"
		e.wire = dialHTTP(u, secure, headers, opt.Compress)
	default:
		err = fmt.Errorf("scheme %q", u.Scheme)
	}
	if err != nil {
		return nil, badAddress(opt.Address, err)
	}
	e.name = cmp.Or(opt.Name, e.name)
	e.meter = meterOf(e.name, u, opt.Metrics, opt.Files)
	if w, ok := e.wire.(sharer); ok && !opt.Apart && onThisMachine(u.Hostname()) {
		e.memory = newMemory(w, host, e.log)
		e.release = func() { e.memory.close(context.WithoutCancel(ctx)) }
	}
	return e, nil
}

// backendOf is what runs ONNX networks on a server.
func backendOf(chosen string) (string, error) {
	switch chosen {
	case "":
		return "onnxruntime", nil
	case "onnxruntime", "python":
		return chosen, nil
	}
	return "", fault.New(fault.Invalid, "There is no Triton backend "+chosen+" for ONNX networks.", "Choose onnxruntime or python in Settings, Servers.", nil)
}

// readAddress reads the address of a server.
func readAddress(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return nil, badAddress(address, err)
	}
	if u.User != nil { // only half of the questions would carry it
		return nil, fault.New(fault.Invalid, "The address "+u.Redacted()+" holds a name or a password.",
			"Leave it out; an access key goes into Settings, Servers, or into COVERSLIP_TOKEN for coverslipctl.", nil)
	}
	return u, nil
}

// metricsPort is where the metrics are expected: Triton's ports are 8000 for HTTP, 8001 for
// gRPC and 8002 for metrics, and people who move one move all. A proxy's port tells nothing.
func metricsPort(u *url.URL) string {
	n, err := strconv.Atoi(u.Port())
	switch {
	case err != nil || u.Scheme == "https":
		return "8002"
	case u.Scheme == "http":
		n++
	}
	return strconv.Itoa(n + 1)
}

// key is the header that carries the token; empty: there is none.
func (o Options) key() string {
	if o.Token == "" {
		return ""
	}
	return cmp.Or(o.TokenHeader, "Authorization")
}

// headers are what every request carries.
func (o Options) headers() map[string]string {
	h := map[string]string{}
	maps.Copy(h, o.Headers)
	switch key := o.key(); {
	case key == "":
	case o.TokenHeader != "":
		h[key] = o.Token.Reveal()
	default:
		h[key] = "Bearer " + o.Token.Reveal()
	}
	return h
}

func hostPort(u *url.URL, port string) string {
	if p := u.Port(); p != "" {
		port = p
	} else if u.Scheme == "https" {
		port = "443"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// Name is for people, such as "gpu-1:8001 (gRPC)".
func (e *Engine) Name() string { return e.name }

// Close ends the connections; questions under way fail.
func (e *Engine) Close() error {
	if e.closed.Swap(true) {
		return nil
	}
	e.meter.client.CloseIdleConnections()
	e.release()
	return e.wire.close()
}

func (e *Engine) open() error {
	if e.closed.Load() {
		return fault.New(fault.Offline, "The connection to the inference server "+e.name+" was ended.",
			"Connect it again in Settings, Servers.", errors.New("engine is closed"))
	}
	return nil
}

func badAddress(address string, err error) error {
	return fault.New(fault.Invalid, "The address "+address+" is none of an inference server.",
		"It looks like grpc://host:8001 or http://host:8000.", err)
}
