// Command coverslipctl does without a window what the window does, in the manner of git
// and dvc.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"sort"
	"strings"
	"syscall"

	"coverslip.dev/coverslip/core/fault"
)

// call is one invocation.
type call struct {
	dir     string // -C
	json    bool
	verbose bool
	out     io.Writer
	errs    io.Writer
	log     *slog.Logger
}

type command struct {
	usage, help string
	run         func(ctx context.Context, c call, args []string) error
}

func commands() map[string]command {
	return map[string]command{
		"init":         {"init", "make the folder a dataset (git and DVC)", initialise},
		"add":          {"add PATH…", "version files or folders of the dataset", add},
		"status":       {"status [--wait-predicted] [--wait-recorded]", "what differs, and how captures stand", status},
		"commit":       {"commit -m MESSAGE [PATH…]", "commit .dvc files with your name", commit},
		"push":         {"push [--remote NAME]", "bring objects to the remote, then commits to the git server", push},
		"pull":         {"pull [--remote NAME] [PATH…]", "fetch what is missing, of all or of some files and folders, verified, and put it in place", pull},
		"checkout":     {"checkout [--version COMMIT] [PATH…]", "make the work tree what its .dvc files, or an older commit's, say", checkout},
		"diff":         {"diff [FROM [TO]]", "files added, changed and removed from one commit to another, or to the work tree", differences},
		"verify":       {"verify [--all-commits]", "read the cache's objects and compare each with its hash", verify},
		"audit":        {"audit [--remote NAME] [--all-commits] [--deep] [--mend]", "compare what a remote holds with what the versions name", audit},
		"gc":           {"gc [--older [--remote NAME]] [--force]", "show, and remove, what no version names", collect},
		"log":          {"log [-n N]", "commits, the newest first", history},
		"repro":        {"repro [--force] [STAGE…]", "run the pipeline's stages that have changed, and what they need", repro},
		"dag":          {"dag", "the pipeline's stages, what feeds what, what has changed and why", dag},
		"instrument":   {instrumentUsage, "the instruments' folders that are watched, and what is written there", instrument},
		"demo":         {"demo [--seconds N]", "the sample bench without a window, until every capture is predicted", demo},
		"watch":        {"watch", "capture, version and predict until stopped", watch},
		"infer":        {"infer IMAGE… [--engine embedded|grpc://H:P|http://H:P] [--model NAME] [--folder DIR] [--out FILE | --into DIR [--as tif,csv,geojson]] [--force] [--keep DIR] [--ca FILE] [--cert FILE --key FILE]", "predict images; a network that is brought to a server stays there (-h says more)", inferImages},
		"info":         {"info FILE [--image N]", "what an image says of itself: sizes, axes, channels, calibration", info},
		"calibrate":    {"calibrate PATH X [Y [Z]]", "say how large the pixels of a dataset's image are, in µm, and commit that; 0: as the file says", calibrate},
		"convert":      {"convert IN OUT.ome.tif [--image N] [--compression deflate|zstd|none] [--force]", "write an image as a tiled OME-TIFF with a pyramid", convert},
		"runs":         {"runs", "training runs, from the server or as last seen", runs},
		"models":       {"models", "registered models, versions and aliases", models},
		"promote":      {"promote MODEL VERSION --reason WHY", "load, probe, and put a version in force", promote},
		"share":        {"share [MODEL]", "register the workspace's own model at the MLflow server", share},
		"rollback":     {"rollback MODEL --reason WHY", "put the version before back in force", rollback},
		"thread":       {"thread OBJECT", "the chain of one object: file, commit, model, correction, person", thread},
		"summary":      {"summary", "what was captured, committed, found", summary},
		"gateway":      {"gateway [--listen H:P] [--engines A,B] [--folders DIR,…] [--tokens FILE] [--dataset DIR] [--ca FILE] [--cert FILE --key FILE]", "answer other programs over HTTP, until stopped; its networks stay on the servers (-h says more)", serveGateway},
		"selftest":     {"selftest DIR [--engine embedded|grpc://H:P|http://H:P]", "a model's test images, against its maker's answers", selfTest},
		"model-report": {"model-report", "accuracy of the bundled model on held-out images", modelReport},
	}
}

// firstMemory is how much memory is in use, in bytes, when it is collected for the first
// time, before which most commands end; moreMemory is by how many percent it then grows, and
// inferMemory where whole images come and go, which collecting takes a tenth of all time for,
// from one time to the next.
const (
	firstMemory = 24 << 20
	moreMemory  = 50
	inferMemory = 150
)

// collectLater has the first collection of memory wait. A person who sets GOGC is heeded.
func collectLater() {
	more := moreMemory
	if slices.Contains(os.Args, "infer") || slices.Contains(os.Args, "gateway") {
		more = inferMemory
	}
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(-1)
	limit := debug.SetMemoryLimit(firstMemory)
	runtime.AddCleanup(new([64]byte), func(int) {
		debug.SetMemoryLimit(limit)
		debug.SetGCPercent(more)
	}, 0)
}

func main() {
	collectLater()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the next one kills, should something not heed it
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// The exit codes: 0 done, 1 it went wrong, 2 the words of the call are off.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	c := call{out: out, errs: errs}
	flags := flag.NewFlagSet("coverslipctl", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.StringVar(&c.dir, "C", ".", "workspace or dataset folder")
	flags.BoolVar(&c.json, "json", false, "print JSON")
	flags.BoolVar(&c.verbose, "v", false, "log more to standard error")
	flags.Usage = func() {}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		usage(out)
		return 0
	} else if err != nil {
		usage(errs)
		return 2
	}
	cmd, ok := commands()[flags.Arg(0)]
	if !ok {
		usage(errs)
		return 2
	}
	level := slog.LevelError + 1
	switch name := flags.Arg(0); {
	case c.verbose:
		level = slog.LevelDebug
	case name == "gateway" || name == "watch": // they run for days, and nothing else tells of it
		level = slog.LevelWarn
	}
	c.log = slog.New(slog.NewTextHandler(errs, &slog.HandlerOptions{Level: level}))
	return c.end(cmd, cmd.run(ctx, c, flags.Args()[1:]))
}

// end says how a command has ended, and returns the exit code.
func (c call) end(cmd command, err error) int {
	var bad usageError
	if h, ok := errors.AsType[helpWanted](err); ok {
		fmt.Fprintf(c.out, "usage: coverslipctl %s\n%s\n", cmd.usage, cmd.help)
		h.SetOutput(c.out)
		h.PrintDefaults()
		return 0
	}
	switch {
	case err == nil:
		return 0
	case errors.As(err, &bad):
		fmt.Fprintf(c.errs, "coverslipctl: %v\nusage: coverslipctl %s\n", err, cmd.usage)
		return 2
	}
	if found, ok := errors.AsType[unwell](err); ok {
		fmt.Fprintln(c.errs, "coverslipctl: "+found)
		return 1
	}
	say, hint := fault.Once(err)
	fmt.Fprintln(c.errs, strings.TrimSpace("coverslipctl: "+say+" "+here(hint)))
	if c.verbose {
		fmt.Fprintln(c.errs, err)
	}
	return 1
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "usage: coverslipctl [-C DIR] [--json] [-v] COMMAND …")
	all := commands()
	names := make([]string, 0, len(all))
	for n := range all {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		fmt.Fprintf(w, "  %s\n        %s\n", all[n].usage, all[n].help)
	}
}

// usageError is about the words of the call.
type usageError string

func (e usageError) Error() string { return string(e) }

// helpWanted has the flags that a person wants to know of.
type helpWanted struct{ *flag.FlagSet }

func (helpWanted) Error() string { return flag.ErrHelp.Error() }

// parse reads flags wherever they stand among the arguments, up to "--", and returns the rest.
func (c *call) parse(flags *flag.FlagSet, args []string) ([]string, error) {
	flags.SetOutput(io.Discard)
	flags.BoolVar(&c.json, "json", c.json, "print JSON")
	var rest, names []string
	if i := slices.Index(args, "--"); i >= 0 { // what stands behind it is no flag
		args, names = args[:i], args[i+1:]
	}
	for len(args) > 0 {
		err := flags.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			return nil, helpWanted{flags}
		}
		if err != nil {
			return nil, usageError(err.Error())
		}
		args = flags.Args()
		if len(args) > 0 {
			rest, args = append(rest, args[0]), args[1:]
		}
	}
	return append(rest, names...), nil
}

// printLine writes one of several, as JSON on a line of its own.
func (c call) printLine(v any, line string) error {
	if c.json {
		return json.NewEncoder(c.out).Encode(v)
	}
	return c.print(nil, line)
}

// print writes v as JSON, or the lines of text.
func (c call) print(v any, lines ...string) error {
	if c.json {
		e := json.NewEncoder(c.out)
		e.SetIndent("", "  ")
		return e.Encode(v)
	}
	for _, l := range lines {
		if _, err := fmt.Fprintln(c.out, l); err != nil {
			return err
		}
	}
	return nil
}
