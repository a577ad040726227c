package gateway_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/gateway"
)

// TestWhatIsSaidOfUploads is for who has sent them: not the name of a file here, nor what to do in the window.
func TestWhatIsSaidOfUploads(t *testing.T) {
	at, _ := open(t, nil)
	good := picture(t, 3)
	for what, body := range map[string][]byte{"no image": []byte("no picture at all"), "cut": good[:len(good)/2], "damaged": append(bytes.Clone(good[:60]), make([]byte, len(good)-60)...)} {
		code, _, said := call(t, "POST", at+"/v1/predict", "image/png", body)
		var p struct{ Detail, Hint string }
		if err := json.Unmarshal(said, &p); err != nil || code != http.StatusUnprocessableEntity || !strings.Contains(p.Detail, "“upload”") || !strings.Contains(p.Hint, "Send") {
			t.Errorf("%s: %d %s %v", what, code, said, err)
		}
	}
	_, head, _ := call(t, "POST", at+"/v1/jobs", "image/png", []byte("no picture at all"))
	job := at + head.Get("Location")
	until(t, job, func(state, detail, hint string) bool {
		return state == "failed" && strings.Contains(detail, "“upload”") && strings.Contains(hint, "Send")
	})
	if code, _, body := call(t, "GET", job+"/result", "", nil); code != http.StatusConflict || !strings.Contains(string(body), "“upload”") {
		t.Errorf("result: %d %s", code, body)
	}
}

// TestCompressedBodies are refused as such, also those that name an image.
func TestCompressedBodies(t *testing.T) {
	at, _ := open(t, nil)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(picture(t, 3)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for coding, want := range map[string]int{"gzip": http.StatusUnsupportedMediaType, "Identity": http.StatusOK} {
		body := b.Bytes()
		if want == http.StatusOK {
			body = picture(t, 3)
		}
		for kind, want := range map[string]int{"image/png": want, "application/json": max(want, http.StatusBadRequest)} {
			code, _, said := call(t, "POST", at+"/v1/predict", kind, body, func(r *http.Request) { r.Header.Set("Content-Encoding", coding) })
			if code != want {
				t.Errorf("%s as %s: %d %s", kind, coding, code, said)
			}
		}
	}
}

// TestHeadFetchesNothing: a result whose length alone was asked for is kept as one that nobody has fetched.
func TestHeadFetchesNothing(t *testing.T) {
	at, _ := open(t, func(o *gateway.Options) { o.Results, o.Grace = 1, short })
	k := clientOf(t, at, token)
	k.submit(2, http.StatusAccepted)
	if code, head, _ := call(t, "HEAD", k.all[0]+"/result", "", nil); code != http.StatusOK || head.Get("Content-Length") == "" {
		t.Errorf("%d %v", code, head)
	}
	k.submit(2, http.StatusTooManyRequests)
	k.fetch(0)
	k.submit(2, http.StatusAccepted)
	if code, head, _ := call(t, "OPTIONS", k.all[1], "", nil); code != http.StatusMethodNotAllowed || head.Get("Allow") != "GET, HEAD, DELETE" {
		t.Errorf("%d %v", code, head)
	}
}

// TestAClientThatHangsUp is no failure of the gateway's.
func TestAClientThatHangsUp(t *testing.T) {
	at, _ := open(t, func(o *gateway.Options) { o.Engine = held{o.Engine, nil} })
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(at, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	body := picture(t, 3)
	fmt.Fprintf(c, "POST /v1/predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n%s", token, len(body), body)
	measures(t, at, "running 1")
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	measures(t, at, "running 0", "spool_bytes 0", `requests_total{route="/v1/predict",code="499"} 1`)
}

// TestNamesFromElsewhere: without tokens a page in a browser here gets nothing by leading its own name here.
func TestNamesFromElsewhere(t *testing.T) {
	anybody, _ := open(t, func(o *gateway.Options) { o.Tokens = nil })
	tokens, _ := open(t, nil)
	for host, want := range map[string]int{
		"127.0.0.1:8090": http.StatusOK, "localhost": http.StatusOK, "LocalHost.:1": http.StatusOK, "[::1]:8090": http.StatusOK, "gateway.localhost": http.StatusOK,
		"evil.example:8090": http.StatusMisdirectedRequest, "localhost.evil.example": http.StatusMisdirectedRequest, "127.0.0.1.evil.example": http.StatusMisdirectedRequest,
	} {
		by := func(r *http.Request) { r.Host = host }
		if code, _, body := call(t, "GET", anybody+"/v1/models", "", nil, by); code != want {
			t.Errorf("%s: %d %s", host, code, body)
		}
		if code, _, body := call(t, "GET", tokens+"/v1/models", "", nil, by); code != http.StatusOK {
			t.Errorf("%s with a token: %d %s", host, code, body)
		}
	}
}
