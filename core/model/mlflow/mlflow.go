// Package mlflow tracks runs and registers models at an MLflow server, over its REST API.
//
// It is written against MLflow 3.17.2. Files go through the server, which must hand them
// out (--serve-artifacts, on by default).
package mlflow

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/model"
	"coverslip.dev/coverslip/core/secret"
)

var (
	_ model.Tracker  = (*Client)(nil)
	_ model.Registry = (*Client)(nil)
)

// Options say where a server is and who calls it.
type Options struct {
	URL      string      // such as http://host:5000, with the path that a proxy gave it
	User     string      // empty where the server asks for no login
	Password secret.Text // for User
	Token    secret.Text // a bearer token instead of a name and password
	TLS      *tls.Config // for https; nil trusts what the system trusts
}

// Client calls a server. Its methods may be called from any goroutine.
type Client struct {
	base   *url.URL // without a login and a trailing slash
	login  login
	http   http.Client
	limits limits
}

// limits bound what a server can make this program hold in memory, in bytes.
type limits struct {
	answer int64 // a JSON answer
	file   int64 // a file of a model
	files  int   // how many files a model has
}

// New returns a client of a server and calls nobody yet.
func New(o Options) (*Client, error) {
	u, err := url.Parse(strings.TrimSpace(o.URL))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		// The address may have a password in it, so the cause stays out.
		return nil, fault.New(fault.Invalid, "The address of MLflow is not like http://host:5000.", "Correct it under Settings, MLflow.", nil)
	}
	c := &Client{limits: limits{answer: 64 << 20, file: 2 << 30, files: 2000}}
	if u.User != nil && o.User == "" {
		p, _ := u.User.Password()
		o.User, o.Password = u.User.Username(), secret.Text(p)
	}
	c.login = newLogin(o.User, o.Password, o.Token)
	c.base = &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")}
	dial := net.Dialer{Timeout: 10 * time.Second}
	c.http.Transport = &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dial.DialContext,
		TLSClientConfig: o.TLS, TLSHandshakeTimeout: 10 * time.Second, ForceAttemptHTTP2: true,
		ResponseHeaderTimeout: 2 * time.Minute, IdleConnTimeout: time.Minute,
		// Over plain HTTP a used connection costs 40 ms a call, a new one 2 ms.
		DisableKeepAlives: u.Scheme == "http",
	}
	// A redirect leads to a login page or elsewhere with the password: it is an answer.
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c, nil
}

// Name says which server this is, for people.
func (c *Client) Name() string { return "MLflow at " + c.base.Host + c.base.Path }
