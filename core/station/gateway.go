package station

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/gateway"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/secret"
)

// Front is a gateway to be opened: an HTTP API outside any workspace.
type Front struct {
	Listen  string   // host:port
	Servers []string // addresses of engines; none: the built-in one
	Backend string   // of the servers
	Token   secret.Text
	Access
	Folders []string // of models; none: the bundled one
	Log     *slog.Logger
	gateway.Options
}

// ServeGateway loads the models into the engines and answers until ctx ends; opened is told
// the address. Other machines are let in only with tokens.
func ServeGateway(ctx context.Context, f Front, opened func(address string)) (err error) {
	host, _, err := net.SplitHostPort(f.Listen)
	if err != nil {
		return fault.New(fault.Invalid, f.Listen+" is no address to listen at.", "It looks like 127.0.0.1:8090.", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) && len(f.Tokens) == 0 {
		return fault.New(fault.Denied, "Without tokens the gateway answers this computer only.", "Give a file of tokens, or listen at 127.0.0.1.", nil)
	}
	if len(f.Servers) == 0 {
		f.Servers = []string{"embedded"}
	}
	en, err := Question{Engine: strings.Join(f.Servers, ","), Backend: f.Backend, Token: f.Token, Access: f.Access, Log: f.Log}.engine(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, en.Close()) }()
	f.Engine = en
	loaded, err := f.load(ctx)
	if err != nil {
		return err
	}
	if h, ok := en.(*hosts); ok {
		ctx, stop := context.WithCancel(ctx)
		var wg sync.WaitGroup
		wg.Go(func() { h.keep(ctx, loaded, reload, f.Log) })
		defer wg.Wait()
		defer stop()
	}
	f.Open, f.Cache = openUpload, cacheOf(ctx, f.Dataset)
	f.Plane, f.Options.Log = plane, f.Log
	g, err := gateway.New(f.Options)
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", f.Listen)
	if err != nil {
		return fault.New(fault.Invalid, "Nobody can listen at "+f.Listen+".", "Another program may do so already.", err)
	}
	opened(l.Addr().String())
	return g.Run(ctx, l)
}

// cacheOf is the cache of the dataset that a folder is, or lies in; empty: it is none.
func cacheOf(ctx context.Context, folder string) string {
	at, err := filepath.Abs(folder)
	if folder == "" || err != nil {
		return ""
	}
	for ; at != filepath.Dir(at); at = filepath.Dir(at) {
		if r, err := dataset.Open(ctx, at, dataset.Options{}); err == nil {
			return r.CacheDir()
		}
	}
	return ""
}

// reload is how often the gateway looks whether servers still have its models.
const reload = 5 * time.Second

// load brings every model into the engines, and returns them.
func (f *Front) load(ctx context.Context) (all []infer.Bundle, err error) {
	if len(f.Folders) == 0 {
		f.Folders = []string{""}
	}
	for _, folder := range f.Folders {
		b, m, err := Question{Folder: folder}.bundle()
		if err != nil {
			return nil, err
		}
		if folder != "" {
			b.Model = m.Name // in the version of the folder, or whichever the server has
		}
		if slices.ContainsFunc(all, func(o infer.Bundle) bool { return o.Model == b.Model }) {
			return nil, fault.New(fault.Invalid, "Two models are named "+b.Model+".", "Give one of them another name in its description.", nil)
		}
		if err := load(ctx, f.Engine, b); err != nil {
			return nil, err
		}
		all = append(all, b)
		f.Models = append(f.Models, gateway.Model{Ref: b.Ref, Recipe: m, Hash: hashOf(b)})
	}
	return all, nil
}
