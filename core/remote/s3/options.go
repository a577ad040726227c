// Package s3 keeps blobs in a bucket of Amazon S3, MinIO or another server of that protocol.
package s3

import (
	"cmp"
	"net/url"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote/wire"
	"coverslip.dev/coverslip/core/secret"
)

// Options say where a bucket is and who asks. [Parse] reads them from DVC's settings.
type Options struct {
	URL       string // s3://bucket/prefix
	Endpoint  string // http(s)://host:port; empty: Amazon
	Region    string // empty: asked from Amazon, of no matter elsewhere
	AccessKey string
	SecretKey secret.Text
	Session   secret.Text
	Anonymous bool   // the bucket is open to all
	Profile   string // of the file below
	KeyFile   string // of AWS keys, used where AccessKey is empty; empty: where AWS's programs look
	Plain     bool   // http to Amazon
	Verify    string // true, false, or the file of the authorities to trust
	Parallel  int    // calls at once
	Connect   time.Duration
	Silence   time.Duration // how long the server may say nothing
}

// parallel fills a lab's network; DVC's own default is four per processor.
const parallel = 8

// Parse reads DVC's options of a remote with an s3:// URL.
func Parse(rawURL string, conf map[string]string) (Options, error) {
	c := wire.Read("the remote "+rawURL, conf)
	o := Options{
		URL: rawURL, Endpoint: c.Text("endpointurl"), Region: c.Text("region"), Profile: c.Text("profile"),
		KeyFile: c.Text("credentialpath"), AccessKey: c.Text("access_key_id"), SecretKey: secret.Text(c.Text("secret_access_key")),
		Session: secret.Text(c.Text("session_token")), Anonymous: c.Flag("allow_anonymous_login", false),
		Plain: !c.Flag("use_ssl", true), Verify: c.Text("ssl_verify"), Parallel: c.Jobs(parallel),
		Connect: time.Duration(c.Number("connect_timeout")) * time.Second,
		Silence: time.Duration(c.Number("read_timeout")) * time.Second,
	}
	c.Skip("listobjects", "cache_regions")
	c.Unable("configpath", "sse", "sse_kms_key_id", "sse_customer_algorithm", "sse_customer_key",
		"acl", "grant_read", "grant_read_acp", "grant_write_acp", "grant_full_control")
	if (o.AccessKey == "") != (o.SecretKey == "") {
		c.Refuse("The remote "+rawURL+" has one of its two keys.", "Enter both the access key and the secret key.")
	}
	return o, c.Close()
}

// place takes the address of a bucket apart.
func (o Options) place() (bucket, prefix string, err error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "s3" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", "", fault.New(fault.Invalid, "The address of the S3 remote makes no sense.", "Write it as s3://bucket/folder.", nil)
	}
	prefix, err = wire.Prefix(u.Path)
	return u.Host, prefix, err
}

// server returns the endpoint's host and whether it speaks https.
func (o Options) server() (host string, secure bool, err error) {
	if o.Endpoint == "" {
		return "s3.amazonaws.com", !o.Plain, nil
	}
	u, err := url.Parse(o.Endpoint)
	if err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || (u.Scheme != "http" && u.Scheme != "https") {
		return "", false, fault.New(fault.Invalid, "The address of the S3 server makes no sense.", "Write it as http://host:port.", nil)
	}
	return u.Host, u.Scheme == "https", nil
}

// region is what requests are signed for. Servers other than Amazon's take any, so
// nobody need be asked.
func (o Options) region() string {
	if o.Endpoint == "" {
		return o.Region
	}
	return cmp.Or(o.Region, "us-east-1")
}
