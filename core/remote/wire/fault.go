package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"coverslip.dev/coverslip/core/fault"
)

// Broken says what it means that a call to host got no whole answer. Addresses are left
// out of the cause: some carry a signature.
func Broken(ctx context.Context, host string, err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	if err := Stopped(ctx); err != nil {
		return err
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
		if strings.Contains(err.Error(), "://") { // made of the address by a library
			err = errors.New("the connection broke off")
		}
	}
	_, isAuthority := errors.AsType[x509.UnknownAuthorityError](err)
	_, isName := errors.AsType[x509.HostnameError](err)
	_, isInvalid := errors.AsType[x509.CertificateInvalidError](err)
	_, isPlain := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case isAuthority || isName || isInvalid:
		return fault.New(fault.Invalid, host+" has a certificate that is not trusted.",
			"Name the lab's own authority in the remote's option ssl_verify, and check this computer's clock.", err)
	case isPlain || strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return fault.New(fault.Invalid, host+" does not speak https.", "Write its address with http://.", err)
	case strings.Contains(err.Error(), "malformed HTTP"):
		return fault.New(fault.Invalid, host+" does not speak http.", "Check the address; perhaps it begins with https://.", err)
	}
	return fault.New(fault.Offline, host+" can't be reached.",
		"Check the network and the address; the work goes on by itself when it is back.", err)
}

// NoKey is the cause of a fault on a key, without what a library made of it.
func NoKey(key string, status int, code string) error {
	return fmt.Errorf("%s: %d %s", key, status, code)
}
