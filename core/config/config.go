// Package config holds the settings of a workspace: loads, checks and saves them.
package config

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/event"
	"coverslip.dev/coverslip/core/fault"
)

// Settings are what a person can set. Passwords are not among them: package secret
// keeps those under the names that [Server.Secret] and [Platform.Secret] give.
type Settings struct {
	Person     Person     `json:"person"`
	Folders    []Folder   `json:"folders"`
	Servers    []Server   `json:"servers"`
	Takeover   bool       `json:"takeover"` // the built-in engine may work when no server answers
	MLflow     Platform   `json:"mlflow"`
	Remote     string     `json:"remote"` // the DVC remote: a folder, s3://bucket/… or azure://container/…; empty: none
	Git        Platform   `json:"git"`    // where commits are pushed
	Model      string     `json:"model"`  // the registered model that captures are sent to
	Appearance Appearance `json:"appearance"`
	Linking    Linking    `json:"linking"`
	// Converter is the program that makes OME-TIFF of what can't be read here: its path or name; empty: the
	// first that is installed.
	Converter string `json:"converter,omitempty"`
}

// Linking says which objects of different time points of a film may be the same.
type Linking struct {
	Reach float64 `json:"reach"` // pixels that an object moves at most from one time point to the next
	Gap   int     `json:"gap"`   // time points in which an object may be missing
}

// Person is who works here; commits and decisions carry it.
type Person struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

// Folder is where an instrument writes.
type Folder struct {
	Path       string        `json:"path"`
	Instrument string        `json:"instrument"`
	Quiet      time.Duration `json:"quiet"` // a capture unchanged for so long is finished; 0: as the profile says
	// Profile names what the instrument writes: one of those that package capture knows;
	// empty: single files.
	Profile string `json:"profile,omitempty"`
	// Own is used instead of Profile where the lab has written one.
	Own *Profile `json:"own,omitempty"`
	// Model is the registered model that captures of this instrument are sent to; empty: that
	// of the settings.
	Model string `json:"model,omitempty"`
	// Share has the folder treated as a network share whatever the system says.
	Share bool `json:"share,omitempty"`
}

// Profile is what an instrument writes in the lab's own words; its fields are those of
// the profile of package capture.
type Profile struct {
	Match      []string      `json:"match,omitempty"`
	Group      string        `json:"group,omitempty"`
	Companions []string      `json:"companions,omitempty"`
	Marker     string        `json:"marker,omitempty"`
	Quiet      time.Duration `json:"quiet,omitempty"`
	MaxWait    time.Duration `json:"max_wait,omitempty"`
}

// Server is an inference server.
type Server struct {
	Name    string `json:"name,omitempty"` // for people; empty: host and port
	Address string `json:"address"`        // grpc://, grpcs://, http:// or https://host:port
	Backend string `json:"backend"`        // onnxruntime or python
	// Metrics is where it tells how busy it is, such as http://host:8002/metrics; empty: at
	// the port that Triton has by default, or beside the port of the address.
	Metrics string `json:"metrics,omitempty"`
	// Header carries the token as it is, such as triton-grpc-protocol-KEY of a restricted
	// API; empty: Authorization, as a bearer's.
	Header string `json:"header,omitempty"`
	// CA are the certificates that the server's is signed with; Cert and Key are shown to a
	// server that wants to know who asks. Paths of PEM files; empty: the system's, none.
	CA   string `json:"ca,omitempty"`
	Cert string `json:"cert,omitempty"`
	Key  string `json:"key,omitempty"`
	// Compress makes tensors smaller on their way, for slow networks.
	Compress bool `json:"compress,omitempty"`
}

// Secret is the name under which the server's token is kept.
func (s Server) Secret() string { return "server:" + s.Address }

// Platform is a server with a login.
type Platform struct {
	URL  string `json:"url"`
	User string `json:"user"`
}

// Secret is the name under which the login's password is kept.
func (p Platform) Secret() string { return "login:" + p.User + "@" + p.URL }

// Appearance is dark, light, or empty for the system's.
type Appearance string

// Default returns the settings of a new workspace.
func Default() Settings {
	return Settings{Takeover: true, Model: "nuclei", Linking: Linking{Reach: 20, Gap: 1}}
}

// FolderOf returns the instrument folder that path lies in, of several the innermost.
func (s Settings) FolderOf(path string) (in Folder, ok bool) {
	for _, f := range s.Folders {
		if rel, err := filepath.Rel(f.Path, path); err == nil && filepath.IsLocal(rel) && len(f.Path) > len(in.Path) {
			in, ok = f, true
		}
	}
	return in, ok
}

// ModelFor returns the model that a capture at path is sent to: that of its folder, as two may be
// of one instrument, or where that is no longer named, of its instrument's.
func (s Settings) ModelFor(instrument, path string) string {
	f, ok := s.FolderOf(path)
	for _, o := range s.Folders {
		if !ok && o.Instrument == instrument && instrument != "" && o.Model != "" {
			f, ok = o, true
		}
	}
	return cmp.Or(f.Model, s.Model)
}

// ModelsInUse are the models that captures are sent to, each once.
func (s Settings) ModelsInUse() []string {
	models := []string{s.Model}
	for _, f := range s.Folders {
		if f.Model != "" && !slices.Contains(models, f.Model) {
			models = append(models, f.Model)
		}
	}
	return models
}

// Check returns the first thing that makes no sense, as a fault. What is to be checked by itself
// is put into [Default].
func (s Settings) Check() error {
	for _, f := range s.Folders {
		if !filepath.IsAbs(f.Path) {
			return invalid("The instrument folder “"+f.Path+"” is not a whole path.", "Write it from the root, such as /data/scope1.")
		}
	}
	if err := checkServers(s.Servers); err != nil {
		return err
	}
	if s.MLflow.URL != "" {
		if err := checkURL(s.MLflow.URL, "http", "https"); err != nil {
			return err
		}
	}
	if err := checkGit(s.Git.URL); err != nil {
		return err
	}
	if err := checkRemote(s.Remote); err != nil {
		return err
	}
	if l := s.Linking; l.Reach <= 0 || l.Reach > 1e6 || l.Gap < 0 || l.Gap > 1000 {
		return invalid("Objects can't be followed over time by this rule.", "Choose a step of more than 0 pixels, and a gap of 0 to 1000 time points.")
	}
	if strings.ContainsAny(s.Person.Name+s.Person.Email, "<>\n\r") {
		return invalid("A name or e-mail can't hold < or >.", "Leave those out.")
	}
	return nil
}

func checkServers(list []Server) error {
	for i, v := range list {
		if slices.ContainsFunc(list[:i], func(o Server) bool { return o.Address == v.Address || v.Name != "" && o.Name == v.Name }) {
			return invalid("The server "+cmp.Or(v.Name, v.Address)+" is there twice.", "Take one of them out, or give it another name and address.")
		}
		if err := checkURL(v.Address, "grpc", "grpcs", "http", "https"); err != nil {
			return err
		}
		if v.Backend != "onnxruntime" && v.Backend != "python" {
			return invalid("The server "+v.Address+" has no known backend.", "Choose onnxruntime or python.")
		}
		if err := v.checkMore(); err != nil {
			return err
		}
	}
	return nil
}

func (s Server) checkMore() error {
	if s.Metrics != "" {
		if err := checkURL(s.Metrics, "http", "https"); err != nil {
			return err
		}
	}
	for _, path := range []string{s.CA, s.Cert, s.Key} {
		if path != "" && !filepath.IsAbs(path) {
			return invalid("The certificate “"+path+"” of the server "+s.Address+" is not a whole path.", "Write it from the root, such as /etc/lab/ca.pem.")
		}
	}
	if (s.Cert == "") != (s.Key == "") {
		return invalid("A certificate for the server "+s.Address+" needs its key.", "Name both files, or none.")
	}
	if !strings.HasPrefix(s.Address, "grpcs:") && !strings.HasPrefix(s.Address, "https:") && s.CA+s.Cert != "" {
		return invalid("The server "+s.Address+" has certificates, but its address does not encrypt.", "Write it with grpcs:// or https://, or take the certificates out.")
	}
	if strings.ContainsAny(s.Header, " :\t\r\n") {
		return invalid("“"+s.Header+"” is no name of a header.", "Write it as triton-grpc-protocol-KEY.")
	}
	return nil
}

// checkGit knows what git does: URLs, host:folder for SSH, and whole paths.
func checkGit(at string) error {
	switch host, _, ok := strings.Cut(at, ":"); {
	case strings.Contains(at, "://"):
		if u, err := url.Parse(at); err == nil && u.Scheme == "ssh" && u.User != nil {
			if _, has := u.User.Password(); !has { // a name alone is no secret
				u.User = nil
				at = u.String()
			}
		}
		return checkURL(at, "https", "http", "ssh")
	case at == "", filepath.IsAbs(at), ok && host != "" && !strings.ContainsAny(at, " \t\n") && !strings.HasPrefix(at, "-"):
		return nil
	}
	return invalid("“"+at+"” is no address of a git server.", "Write it as https://host/lab/cells.git or git@host:lab/cells.git.")
}

func checkRemote(place string) error {
	switch {
	case strings.HasPrefix(place, "s3:"), strings.HasPrefix(place, "azure:"):
		return checkURL(place, "s3", "azure")
	case place != "" && !filepath.IsAbs(place):
		return invalid("The remote folder “"+place+"” is not a whole path.", "Write it from the root, such as /mnt/nas/dvc, or as s3://bucket/folder.")
	}
	return nil
}

// RemoteSecret is the name under which the login of a remote is kept: lines of
// "option = value" as dvc names them.
func RemoteSecret(place string) string { return "remote:" + place }

func checkURL(raw string, schemes ...string) error {
	u, err := url.Parse(raw)
	if err == nil && u.User != nil {
		return invalid("The address "+u.Redacted()+" holds a password.", "Leave it out and use the password field.")
	}
	if err == nil && u.Host != "" && slices.Contains(schemes, u.Scheme) {
		return nil
	}
	if raw == "" {
		return invalid("There is no address yet.", "Write it as "+schemes[0]+"://host:port.")
	}
	return invalid("“"+raw+"” is not an address.", "Write it as "+schemes[0]+"://host:port.")
}

func invalid(say, hint string) error { return fault.New(fault.Invalid, say, hint, nil) }

// File is the settings as they lie on disk. Now tells who watches: its one row has
// the empty key.
type File struct {
	Now event.Feed[string, Settings]

	path string
}

// Load reads the settings at path; where there are none it starts with [Default].
func Load(path string) (*File, error) {
	f := &File{path: path}
	s := Default()
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("read settings: %w", err)
	default:
		d := json.NewDecoder(bytes.NewReader(b))
		if err := d.Decode(&s); err != nil {
			return nil, fault.New(fault.Corrupt, "The settings file "+path+" can't be read.", "Mend it, or move it away to start with new settings.", err)
		}
	}
	if s.Linking.Reach == 0 { // as a form of earlier days saved it
		s.Linking = Default().Linking
	}
	f.Now.Put("", s)
	return f, nil
}

// Settings returns the settings in force.
func (f *File) Settings() Settings {
	s, _ := f.Now.Row("")
	return s
}

// Save checks s, writes it whole or not at all, and tells who watches.
func (f *File) Save(s Settings) error {
	if err := s.Check(); err != nil {
		return err
	}
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := replace(f.path, append(b, '\n')); err != nil {
		return fmt.Errorf("save settings: %w", err)
	}
	f.Now.Put("", s)
	return nil
}

func replace(path string, b []byte) error {
	t, err := os.CreateTemp(filepath.Dir(path), ".settings-*")
	if err != nil {
		return err
	}
	defer os.Remove(t.Name()) //nolint:errcheck // gone already when all went well
	_, err = t.Write(b)
	if err == nil {
		err = t.Sync()
	}
	if cerr := t.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(t.Name(), path)
}
