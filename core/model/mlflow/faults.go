package mlflow

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"coverslip.dev/coverslip/core/fault"
)

// unanswered says what it means that a call got no answer.
func (c *Client) unanswered(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	// A fault of the reader that was sent, such as a file that is gone, is not MLflow's.
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	if cert, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fault.New(fault.Denied, "MLflow at "+c.base.Host+" shows a certificate that this computer does not trust.",
			"Ask who runs it for the certificate of the lab's own authority.", cert)
	}
	return fault.New(fault.Offline, "MLflow at "+c.base.Host+" does not answer.",
		"Check that it runs and that the network is there; the work goes on by itself when it is back.", c.login.hidden(err))
}

func (c *Client) cutShort(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return fault.New(fault.Offline, "The answer of MLflow at "+c.base.Host+" was cut short.",
		"The work goes on by itself when the network is better.", c.login.hidden(err))
}

// stranger says that what answers is not MLflow.
func stranger(cause error) error {
	return fault.New(fault.Invalid, "What answers at this address is not MLflow.", "Check the address under Settings, MLflow.", cause)
}

// refused says what an answer that is no success means.
func (c *Client) refused(resp *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // the status alone tells enough
	var said struct {
		Code    string `json:"error_code"`
		Message string `json:"message"`
	}
	ours := json.Unmarshal(text, &said) == nil && said.Code != ""
	message := c.login.hide(said.Message)
	cause := fmt.Errorf("status %d %s: %s", resp.StatusCode, c.login.hide(said.Code), message)
	if !ours {
		cause = fmt.Errorf("status %d: %s", resp.StatusCode, brief(c.login.hide(string(text))))
	}
	switch code := resp.StatusCode; {
	case code < 400:
		return fault.New(fault.Invalid, "The address of MLflow leads elsewhere.",
			"Write the address that it leads to under Settings, MLflow; a login page means that a token is needed.", cause)
	case code == http.StatusUnauthorized:
		return fault.New(fault.Denied, "MLflow refused the name or password.", "Check them under Settings, MLflow.", cause)
	case code == http.StatusForbidden && strings.Contains(string(text), "Host header"):
		return fault.New(fault.Denied, "MLflow takes no calls under the name "+c.base.Host+".",
			"Ask who runs it to add that name to its --allowed-hosts.", cause)
	case code == http.StatusForbidden:
		return fault.New(fault.Denied, "MLflow does not permit this to "+c.login.caller()+".", "Ask who runs it for the permission.", cause)
	case said.Code == "RESOURCE_ALREADY_EXISTS":
		return fault.New(fault.Exists, "MLflow has something of that name already.", "Choose another name.", cause)
	case said.Code == "RESOURCE_DOES_NOT_EXIST", ours && code == http.StatusNotFound:
		return fault.New(fault.NotFound, "MLflow does not have what was asked for.", "Refresh the screen: it may be out of date.", cause)
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable:
		return fault.New(fault.Busy, "MLflow has too much to do.", "The work goes on by itself.", cause)
	case code == http.StatusBadGateway, code == http.StatusGatewayTimeout:
		return fault.New(fault.Offline, "MLflow at "+c.base.Host+" does not answer.", "Check that it runs behind its proxy.", cause)
	case code == http.StatusRequestEntityTooLarge:
		return fault.New(fault.Invalid, "The file is bigger than the way to MLflow takes.", "Ask who runs its proxy to raise the limit.", cause)
	case code >= 500:
		return fault.New(fault.Internal, "MLflow had an error of its own.", "Ask who runs it to look into its log.", cause)
	case ours:
		return fault.New(fault.Invalid, "MLflow did not accept this: "+sentence(message), "", cause)
	}
	return stranger(cause)
}

// sentence makes one line with a full stop of a server's words.
func sentence(s string) string {
	return strings.TrimRight(brief(s), ".…") + "."
}

func brief(s string) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > 200 {
		r = append(r[:200], '…')
	}
	return string(r)
}
