package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/fault"
)

// Link says how to connect; zero values are usual ones.
type Link struct {
	Connect  time.Duration // how long a connection may take to come about
	Silence  time.Duration // how long a server may say and take nothing
	Parallel int           // connections that are kept
	TLS      *tls.Config
}

// Transport makes a transport that gives up on a silent server, also amid a body, which
// the standard library alone would wait for without end.
func (l Link) Transport() *http.Transport {
	if l.Connect == 0 {
		l.Connect = 10 * time.Second
	}
	if l.Silence == 0 {
		l.Silence = 2 * time.Minute // a store may think that long about a big upload's parts
	}
	dialer := &net.Dialer{Timeout: l.Connect, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return &watched{c, l.Silence}, nil
		},
		TLSClientConfig:     l.TLS,
		TLSHandshakeTimeout: l.Connect,
		MaxIdleConnsPerHost: l.Parallel + 2,
		IdleConnTimeout:     min(50*time.Second, l.Silence),
		DisableCompression:  true, // blobs come as they are
		ReadBufferSize:      64 << 10,
		WriteBufferSize:     64 << 10,
	}
}

// watched is a connection whose deadline moves on with every byte, in either direction.
type watched struct {
	net.Conn

	silence time.Duration
}

func (w *watched) Read(b []byte) (int, error) {
	if err := w.SetDeadline(time.Now().Add(w.silence)); err != nil {
		return 0, err
	}
	return w.Conn.Read(b)
}

func (w *watched) Write(b []byte) (int, error) {
	if err := w.SetDeadline(time.Now().Add(w.silence)); err != nil {
		return 0, err
	}
	return w.Conn.Write(b)
}

// Trust reads DVC's option ssl_verify: true, false, or the file of the authorities to trust.
func Trust(verify string) (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	switch strings.ToLower(verify) {
	case "", "true":
		return conf, nil
	case "false":
		conf.InsecureSkipVerify = true //nolint:gosec // the lab's own decision, in its settings
		return conf, nil
	}
	text, err := os.ReadFile(verify)
	if err != nil {
		return nil, fault.New(fault.Invalid, "The file of certificates "+verify+" can't be read.", "Correct the remote's option ssl_verify.", err)
	}
	conf.RootCAs = x509.NewCertPool()
	if !conf.RootCAs.AppendCertsFromPEM(text) {
		return nil, fault.New(fault.Invalid, "The file "+verify+" holds no certificate.", "Correct the remote's option ssl_verify.", nil)
	}
	return conf, nil
}
