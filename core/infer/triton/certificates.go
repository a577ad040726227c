package triton

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"

	"coverslip.dev/coverslip/core/fault"
)

// Files are certificates in PEM files. An empty CA stands for those that the system trusts;
// Cert and Key are for servers that want to know who asks.
type Files struct{ CA, Cert, Key string }

// config reads the files.
func (f Files) config() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if f.CA != "" {
		text, err := os.ReadFile(f.CA)
		c.RootCAs = x509.NewCertPool()
		if err == nil && !c.RootCAs.AppendCertsFromPEM(text) {
			err = errors.New("no certificate in it")
		}
		if err != nil {
			return nil, unreadable(f.CA, err)
		}
	}
	if f.Cert != "" {
		pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
		if err != nil {
			return nil, unreadable(f.Cert, err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

func unreadable(path string, err error) error {
	return fault.New(fault.Invalid, "The certificate "+path+" can't be read.", "Check its path, and that its key belongs to it.", err)
}
