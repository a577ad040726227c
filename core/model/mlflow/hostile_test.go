package mlflow

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/model"
)

// What answers in these tests is not MLflow, or means ill: the network has such things too.

const word = "pässwörd-hunter2"

// at returns a client, with a login, of what answers as h does.
func at(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return client(t, Options{URL: s.URL + "/", User: "robin", Password: word})
}

func text(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func TestAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		h    http.HandlerFunc
		kind fault.Kind
		say  string
	}{
		"a page":       {text(200, "<html>Welcome</html>"), fault.Invalid, "is not MLflow"},
		"no page":      {text(404, "<html>Not found</html>"), fault.Invalid, "is not MLflow"},
		"empty":        {text(200, ""), fault.Invalid, "is not MLflow"},
		"a list":       {text(200, "[1]"), fault.Invalid, "is not MLflow"},
		"a login page": {http.RedirectHandler("http://login.example/", http.StatusFound).ServeHTTP, fault.Invalid, "leads elsewhere"},
		"no login":     {text(401, "who are you?"), fault.Denied, "refused the name or password"},
		"overloaded":   {text(503, "later"), fault.Busy, "too much to do"},
		"too often":    {text(429, "later"), fault.Busy, "too much to do"},
		"a dead proxy": {text(502, "bad gateway"), fault.Offline, "does not answer"},
		"its own":      {text(500, `{"error_code":"INTERNAL_ERROR","message":"x"}`), fault.Internal, "error of its own"},
		"not accepted": {text(400, `{"error_code":"INVALID_PARAMETER_VALUE","message":"Odd\n name."}`), fault.Invalid, "did not accept this: Odd name."},
		"too big":      {text(413, "<html>"), fault.Invalid, "bigger than"},
		"same page":    {text(200, `{"registered_models":[{"name":"a"}],"next_page_token":"x"}`), fault.Invalid, "is not MLflow"},
	} {
		_, err := at(t, c.h).Models(t.Context())
		say, _ := fault.Explain(err)
		if fault.KindOf(err) != c.kind || !strings.Contains(say, c.say) || !strings.HasSuffix(say, ".") {
			t.Errorf("%s: kind %d, %q, %v", name, fault.KindOf(err), say, err)
		}
	}
}

// TestPasswordStaysIn expects that no error, print or log has the password, even if the
// server sends it back.
func TestPasswordStaysIn(t *testing.T) {
	var said []string
	for _, status := range []int{200, 302, 400, 401, 403, 404, 409, 500, 503} {
		for _, form := range []string{"%s", `{"error_code":%q,"message":%[1]q}`} {
			c := at(t, func(w http.ResponseWriter, r *http.Request) {
				_, p, ok := r.BasicAuth()
				if !ok || p != word {
					t.Errorf("the password did not arrive: %q", p)
				}
				w.Header().Set("Location", "http://"+word+"/")
				w.WriteHeader(status)
				_, _ = fmt.Fprintf(w, form, p+" "+r.Header.Get("Authorization"))
			})
			_, err := c.Models(t.Context())
			if err == nil && status != 200 {
				t.Errorf("status %d is no error", status)
			}
			said = append(said, printed(err)...)
			said = append(said, printed(c)...)
		}
	}
	gone := unreachableURL(t)
	for _, o := range []Options{
		{URL: gone, User: "robin", Password: word},
		{URL: gone, Token: word},
		{URL: strings.Replace(gone, "://", "://"+url.UserPassword("robin", word).String()+"@", 1)},
	} {
		c := client(t, o)
		_, err := c.Models(t.Context())
		if fault.KindOf(err) != fault.Offline {
			t.Errorf("nobody there: %v", err)
		}
		said = append(append(said, printed(err)...), printed(c)...)
		said = append(said, c.Name())
	}
	_, err := New(Options{URL: "http://robin:" + word + "@host:no-port/"})
	said = append(said, printed(err)...)
	said = append(said, printed(Options{URL: "http://host", Password: word, Token: word})...)
	for _, s := range said {
		if strings.Contains(s, "hunter2") || strings.Contains(s, base64.StdEncoding.EncodeToString([]byte("robin:"+word))) {
			t.Errorf("the password is in %q", s)
		}
	}
}

// printed is v in all the ways that it may get out.
func printed(v any) []string {
	var b strings.Builder
	slog.New(slog.NewTextHandler(&b, nil)).Error("x", slog.Any("v", v))
	slog.New(slog.NewJSONHandler(&b, nil)).Error("x", slog.Any("v", v))
	out := []string{b.String(), fmt.Sprint(v), fmt.Sprintf("%+v", v), fmt.Sprintf("%#v", v)}
	if c, ok := v.(*Client); ok {
		out = append(out, fmt.Sprintf("%+v", *c), fmt.Sprintf("%#v", *c))
	}
	if err, ok := v.(error); ok {
		say, hint := fault.Explain(err)
		out = append(out, say, hint)
	}
	return out
}

func unreachableURL(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return "http://" + l.Addr().String()
}

// TestRedirectKeepsLogin expects that a redirect is not followed with the password.
func TestRedirectKeepsLogin(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("followed to %s with %q", r.URL, r.Header.Get("Authorization"))
	}))
	defer other.Close()
	for _, status := range []int{301, 302, 307, 308} {
		c := at(t, http.RedirectHandler(other.URL+"/elsewhere", status).ServeHTTP)
		if err := c.SetAlias(t.Context(), "m", "champion", "1"); fault.KindOf(err) != fault.Invalid {
			t.Errorf("status %d: %v", status, err)
		}
	}
}

// files answers as a registry with one version whose files are as list and body say.
func files(list, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "get-download-uri"):
			_, _ = w.Write([]byte(`{"artifact_uri":"mlflow-artifacts:/1/model"}`))
		case strings.HasSuffix(r.URL.Path, "mlflow-artifacts/artifacts"):
			_, _ = w.Write([]byte(list))
		default:
			_, _ = w.Write([]byte(body))
		}
	}
}

func TestHostileFiles(t *testing.T) {
	one := func(path string, size int) string {
		return fmt.Sprintf(`{"files":[{"path":%q,"file_size":%d}]}`, path, size)
	}
	for name, c := range map[string]struct {
		list, body string
		kind       fault.Kind
	}{
		"upwards":       {one("../../etc/passwd", 1), "x", fault.Invalid},
		"absolute":      {one("/etc/passwd", 1), "x", fault.Invalid},
		"deep":          {one("a/b", 1), "x", fault.Invalid},
		"itself":        {one(".", 1), "x", fault.Invalid},
		"unnamed":       {one("", 1), "x", fault.Invalid},
		"backslash":     {one(`..\x`, 1), "x", fault.Invalid},
		"endless":       {`{"files":[{"path":"a","is_dir":true}]}`, "", fault.Invalid},
		"another size":  {one("model.onnx", 2), "x", fault.Corrupt},
		"a big file":    {one("model.onnx", 200), strings.Repeat("x", 200), fault.Invalid},
		"a big listing": {`{"files":[` + strings.Repeat(" ", 2000) + `]}`, "", fault.Invalid},
		"many files":    {`{"files":[{"path":"a","file_size":1},{"path":"b","file_size":1},{"path":"c","file_size":1},{"path":"d","file_size":1}]}`, "x", fault.Invalid},
		"no files":      {`{}`, "", fault.NotFound},
	} {
		client := at(t, files(c.list, c.body))
		client.limits = limits{answer: 1000, file: 100, files: 3}
		got, err := client.Fetch(t.Context(), "m", "1")
		if fault.KindOf(err) != c.kind || err == nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	got, err := at(t, files(one("model.onnx", 1), "x")).Fetch(t.Context(), "m", "1")
	if err != nil || string(got["model.onnx"]) != "x" {
		t.Errorf("as it should be: %v, %v", got, err)
	}
}

// TestCutAnswer has the connection end in the middle of an answer.
func TestCutAnswer(t *testing.T) {
	c := at(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte(`{"registered_models":[`))
	})
	if _, err := c.Models(t.Context()); fault.KindOf(err) != fault.Offline {
		t.Errorf("cut: %v", err)
	}
}

func TestCertificates(t *testing.T) {
	s := httptest.NewTLSServer(text(200, `{"registered_models":[{"name":"nuclei"}]}`))
	defer s.Close()
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	_, err := client(t, Options{URL: s.URL}).Models(t.Context())
	if say, _ := fault.Explain(err); fault.KindOf(err) != fault.Denied || !strings.Contains(say, "certificate") {
		t.Errorf("an unknown authority: %v", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	var ms []model.Model
	c := client(t, Options{URL: s.URL, TLS: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}})
	if ms, err = c.Models(t.Context()); err != nil || len(ms) != 1 || ms[0].Name != "nuclei" {
		t.Errorf("the lab's own authority: %v, %v", ms, err)
	}
}

func TestAddresses(t *testing.T) {
	for _, u := range []string{"", "host:5000", "ftp://host", "http://", "mlflow", "http://[::1", "file:///x"} {
		if _, err := New(Options{URL: u}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", u, err)
		}
	}
	for u, want := range map[string]string{
		" http://host:5000/ ": "http://host:5000/api/x", "https://robin:p@host/mlflow//": "https://host/mlflow/api/x", "http://host?x=1#y": "http://host/api/x",
	} {
		if got := client(t, Options{URL: u}).at("api/x", nil).String(); got != want {
			t.Errorf("%q: %s, want %s", u, got, want)
		}
	}
	for _, uri := range []string{"mlflow-artifacts://elsewhere:1/net", "file:///etc", "models:/other/1", "http://x/y", "::", "", "/etc"} {
		if at, err := client(t, Options{URL: "http://host"}).place(t.Context(), uri); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %q, %v", uri, at, err)
		}
	}
}
