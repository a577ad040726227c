// Package azure keeps blobs in a container of Azure Blob Storage.
package azure

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote/wire"
	"coverslip.dev/coverslip/core/secret"
)

// Options say where a container is and who asks. [Parse] reads them from DVC's settings.
// The first login of this order that is set counts: connection string, key, signature.
type Options struct {
	URL        string // azure://container/prefix
	Connection secret.Text
	Account    string
	Key        secret.Text
	SAS        secret.Text // shared access signature, with or without its question mark
	Anonymous  bool        // the container is open to all
	Parallel   int         // calls at once
	Connect    time.Duration
	Silence    time.Duration // how long the server may say nothing
}

const parallel = 8

// Parse reads DVC's options of a remote with an azure:// URL.
func Parse(rawURL string, conf map[string]string) (Options, error) {
	c := wire.Read("the remote "+rawURL, conf)
	o := Options{
		URL: rawURL, Connection: secret.Text(c.Text("connection_string")), Account: c.Text("account_name"),
		Key: secret.Text(c.Text("account_key")), SAS: secret.Text(c.Text("sas_token")),
		Anonymous: c.Flag("allow_anonymous_login", false), Parallel: c.Jobs(parallel),
		Connect: time.Duration(c.Number("connection_timeout")) * time.Second,
		Silence: time.Duration(c.Number("read_timeout")) * time.Second,
	}
	c.Skip("timeout", "exclude_environment_credential", "exclude_visual_studio_code_credential",
		"exclude_shared_token_cache_credential", "exclude_managed_identity_credential")
	c.Unable("tenant_id", "client_id", "client_secret")
	return o, c.Close()
}

// place takes the address of a container apart.
func (o Options) place() (name, prefix string, err error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "azure" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", "", fault.New(fault.Invalid, "The address of the Azure remote makes no sense.", "Write it as azure://container/folder.", nil)
	}
	prefix, err = wire.Prefix(u.Path)
	return u.Host, prefix, err
}

// client makes the library's client. Its messages quote what they were given, so they are
// left out.
func (o Options) client(name string, t http.RoundTripper) (*container.Client, error) {
	opts := &container.ClientOptions{ClientOptions: azcore.ClientOptions{
		Retry:     policy.RetryOptions{MaxRetries: -1}, // remote.Retrying tries again
		Transport: &http.Client{Transport: t},
	}}
	if o.Connection != "" {
		c, err := container.NewClientFromConnectionString(o.Connection.Reveal(), name, opts)
		if err != nil || !isWeb(c.URL()) {
			return nil, fault.New(fault.Invalid, "The connection string for "+o.URL+" makes no sense.",
				"Copy it anew from the storage account's access keys.", nil)
		}
		return c, nil
	}
	if !regexp.MustCompile(`^[a-z0-9]{3,24}$`).MatchString(o.Account) {
		return nil, fault.New(fault.Denied, "There is no login for the remote "+o.URL+".",
			"Enter its connection string in Settings, or with: dvc remote modify --local.", nil)
	}
	address := "https://" + o.Account + ".blob.core.windows.net/" + name
	switch {
	case o.Key != "":
		key, err := container.NewSharedKeyCredential(o.Account, o.Key.Reveal())
		if err != nil {
			return nil, fault.New(fault.Invalid, "The account key for "+o.URL+" makes no sense.", "Copy it anew from the storage account's access keys.", nil)
		}
		return container.NewClientWithSharedKeyCredential(address, key, opts)
	case o.SAS != "":
		return container.NewClientWithNoCredential(address+"?"+strings.TrimPrefix(o.SAS.Reveal(), "?"), opts)
	case o.Anonymous:
		return container.NewClientWithNoCredential(address, opts)
	}
	return nil, fault.New(fault.Denied, "There is no login for the remote "+o.URL+".",
		"Enter its account key or signature in Settings, or with: dvc remote modify --local.", nil)
}

func isWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// expiry is when the signature in a container's address ends, zero for none.
func expiry(u *url.URL) time.Time {
	se := u.Query().Get("se")
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z", time.DateOnly} {
		if t, err := time.Parse(layout, se); err == nil {
			return t
		}
	}
	return time.Time{}
}
