package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"unicode"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/secret"
	"coverslip.dev/coverslip/core/station"
)

// serveGateway answers other programs over HTTP until it is stopped.
func serveGateway(ctx context.Context, c call, args []string) error {
	flags := flag.NewFlagSet("gateway", flag.ContinueOnError)
	f := station.Front{Log: c.log, Token: secret.Text(os.Getenv("COVERSLIP_TOKEN"))}
	var servers, folders, tokens string
	flags.StringVar(&f.Listen, "listen", "127.0.0.1:8090", "address; other machines only with --tokens")
	flags.StringVar(&servers, "engines", "", "grpc://HOST:PORT,http://HOST:PORT; empty: this computer")
	flags.StringVar(&f.Backend, "backend", "python", "of the servers: onnxruntime or python")
	flags.StringVar(&folders, "folders", "", "of models, parted by commas; empty: the bundled one. "+stays)
	access(flags, &f.Access)
	flags.StringVar(&tokens, "tokens", "", "file with a token a line, one for each client: they are served in turn, and share what there is room for. Without it everybody on this computer is let in, by a number or as localhost")
	flags.StringVar(&f.Dataset, "dataset", "", "folder whose images may be named by their paths")
	flags.StringVar(&f.Work, "work", "", "folder for uploads and what models answer to jobs, up to 24 GiB, with a large --max-upload more; empty: the system's for temporary files, which may lie in memory")
	flags.Int64Var(&f.MaxUpload, "max-upload", 0, "bytes of one image; 0: 2 GiB. Of all uploads 16 GiB are kept, or four times as much as of one")
	flags.Int64Var(&f.MaxPixels, "max-pixels", 0, "of an image that is answered at once; 0: 64 million")
	flags.IntVar(&f.Parallel, "parallel", 0, "images under way at a time; 0: 2")
	flags.IntVar(&f.Waiting, "waiting", 0, "images that may wait, of which each client has its share; 0: 2000")
	flags.IntVar(&f.Results, "results", 0, "jobs that are kept, those whose outcome was fetched the shortest; 0: 1000")
	flags.Float64Var(&f.Rate, "rate", 0, "requests a second from one client; 0: 50")
	rest, err := c.parse(flags, args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usageError("the gateway takes no arguments")
	}
	if err := cmp.Or(checkAccess(f.Access, servers), checkFront(f)); err != nil {
		return err
	}
	if tokens != "" {
		if f.Tokens, err = readTokens(tokens); err != nil {
			return err
		}
	}
	f.Servers, f.Folders = list(servers), list(folders)
	return station.ServeGateway(ctx, f, func(address string) { fmt.Fprintln(c.out, "listening at http://"+address) })
}

// checkFront refuses numbers that make no sense, and a dataset that is not there.
func checkFront(f station.Front) error {
	for _, n := range []struct {
		name  string
		value float64
		most  float64
	}{
		{"max-upload", float64(f.MaxUpload), 1 << 50},
		{"max-pixels", float64(f.MaxPixels), 1 << 50},
		{"parallel", float64(f.Parallel), 1 << 10},
		{"waiting", float64(f.Waiting), 1 << 20},
		{"results", float64(f.Results), 1 << 20},
		{"rate", f.Rate, 1e6},
	} {
		if !(n.value >= 0 && n.value <= n.most) { // nor NaN
			return usageError(fmt.Sprintf("--%s is from 0 to %.0f", n.name, n.most))
		}
	}
	if st, err := os.Stat(f.Dataset); f.Dataset != "" && (err != nil || !st.IsDir()) {
		return fault.New(fault.NotFound, "There is no folder "+f.Dataset+" for --dataset.", "", err)
	}
	return nil
}

// readTokens reads a file with a token a line.
func readTokens(file string) (all []secret.Text, err error) {
	b, err := os.ReadFile(file) //nolint:gosec // the operator's own file
	if err != nil {
		return nil, fault.New(fault.NotFound, "The file of tokens can't be read.", "", err)
	}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if strings.ContainsFunc(line, unicode.IsSpace) {
			return nil, fault.New(fault.Invalid, "A line of the file of tokens has more than a token.", "Write one a line, without blanks.", nil)
		}
		if line != "" {
			all = append(all, secret.Text(line))
		}
	}
	if len(all) == 0 {
		return nil, fault.New(fault.Invalid, "The file of tokens is empty.", "Write one a line.", nil)
	}
	return all, nil
}

// list parts a flag at its commas.
func list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' })
}
