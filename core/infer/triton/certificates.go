package triton

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/fault"
)

// Files are certificates in PEM files. An empty CA stands for those that the system trusts;
// Cert and Key are for servers that want to know who asks.
type Files struct{ CA, Cert, Key string }

// config is for connections to host. The files are read whenever one is made: renewed
// certificates count, and a drive that is not there yet may come.
func (f Files) config(host string) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if f.Cert != "" {
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
			return &pair, err
		}
	}
	if f.CA != "" {
		c.InsecureSkipVerify = true //nolint:gosec // VerifyConnection does it, with the CA of now
		c.VerifyConnection = func(s tls.ConnectionState) error {
			roots, err := f.roots()
			if err != nil {
				return err
			}
			between := x509.NewCertPool()
			for _, cert := range s.PeerCertificates[1:] {
				between.AddCert(cert)
			}
			_, err = s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, DNSName: host})
			return err
		}
	}
	return c
}

// client asks one address, now and then.
func (f Files) client(address string) *http.Client {
	t := &http.Transport{MaxIdleConns: 1}
	if at, err := url.Parse(address); err == nil {
		t.TLSClientConfig = f.config(at.Hostname())
	}
	return &http.Client{Transport: t}
}

func (f Files) roots() (*x509.CertPool, error) {
	text, err := os.ReadFile(f.CA)
	if err != nil {
		return nil, unreadable(f.CA, err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, noPEM(f.CA, "certificate", nil)
	}
	return roots, nil
}

// Check tells what is wrong with the files now: fault.Invalid where they can't be used,
// fault.Denied where the client's certificate is out of date.
func (f Files) Check() error {
	if f.CA != "" {
		if _, err := f.roots(); err != nil {
			return err
		}
	}
	if f.Cert == "" {
		return nil
	}
	cert, err := os.ReadFile(f.Cert)
	if err != nil {
		return unreadable(f.Cert, err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(cert) {
		return noPEM(f.Cert, "certificate", nil)
	}
	key, err := os.ReadFile(f.Key)
	if err != nil {
		return unreadable(f.Key, err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	switch {
	case err == nil:
	case strings.Contains(string(key), "ENCRYPTED"):
		return fault.New(fault.Invalid, "The key "+f.Key+" is locked with a passphrase.", "Ask for it without one, and let only yourself read the file.", err)
	case strings.Contains(err.Error(), "does not match public key"):
		return fault.New(fault.Invalid, "The key "+f.Key+" does not belong to the certificate "+f.Cert+".", "Choose the two files that were made together.", err)
	default:
		return noPEM(f.Key, "private key", err)
	}
	const day = "2 January 2006"
	renew := "Ask whoever gave it to you for a new one, and choose it in Settings, Servers."
	switch now := time.Now(); {
	case now.After(pair.Leaf.NotAfter):
		return fault.New(fault.Denied, "Your certificate "+f.Cert+" expired on "+pair.Leaf.NotAfter.Format(day)+".", renew, nil)
	case now.Before(pair.Leaf.NotBefore):
		return fault.New(fault.Denied, "Your certificate "+f.Cert+" counts only from "+pair.Leaf.NotBefore.Format(day)+" on.", "Check this computer's clock.", nil)
	}
	return nil
}

func unreadable(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Invalid, "There is no file "+path+".", "Choose it again in Settings, Servers, or connect its drive.", err)
	}
	return fault.New(fault.Invalid, "The file "+path+" can't be read.", "Check its permissions.", err)
}

func noPEM(path, what string, err error) error {
	return fault.New(fault.Invalid, "The file "+path+" holds no "+what+".", "It must be a PEM file, with the words BEGIN "+strings.ToUpper(what)+" in it.", err)
}
