// Command coverslip is the workstation's window.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"github.com/go-gl/glfw/v3.4/glfw"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/station"
	"coverslip.dev/coverslip/ui"
)

// garbage is how much memory may be waiting to be reused, in percent of what is in use: a third of
// Go's own choice, as pictures and objects are large and a bench PC has other programs.
const garbage = 30

func main() {
	home, _ := os.UserHomeDir() // empty where there is none: the workspace is then beside the program
	workspace := flag.String("workspace", filepath.Join(home, "Coverslip"), "folder of the workspace")
	sample := flag.Bool("sample", false, "open the sample bench: a simulated instrument, its folder and a remote")
	look := flag.String("appearance", "", "dark or light, over what the settings say")
	verbose := flag.Bool("v", false, "log more")
	show := flag.String("open", "", "capture to open at once: its ID, or newest")
	image := flag.String("look", "", "image file to look at, without capturing it; with the objects of FILE.geojson if that is there")
	flag.Parse()
	debug.SetGCPercent(garbage)
	fewArenas()
	opt := ui.Options{Appearance: *look, Open: *show, Look: *image}
	exit(run(*workspace, *sample, *verbose, opt))
}

// exit ends the program, and says why if something is wrong.
func exit(err error) {
	if err != nil {
		say, hint := fault.Explain(err)
		fmt.Fprintln(os.Stderr, "coverslip:", say, hint)
		os.Exit(1)
	}
	os.Exit(0)
}

// refuse says in a window why the program does not start, where there may be one: without a display the
// toolkit would panic.
func refuse(a fyne.App, opt ui.Options, err error) {
	if runtime.GOOS != "linux" || os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != "" {
		ui.Refuse(a, opt, err)
	}
}

func run(workspace string, sample, verbose bool, opt ui.Options) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a := app.NewWithID("dev.coverslip.coverslip")
	opt.Before = plainFrames
	log, f, err := logs(filepath.Join(workspace, "log"), verbose)
	if err != nil {
		refuse(a, opt, err)
		return err
	}
	defer f.Close() //nolint:errcheck // the last act
	opt.Log = log

	st, err := station.Open(ctx, station.Options{Workspace: workspace, Sample: sample, Log: log})
	if err != nil {
		log.Error("the workspace is not opened", slog.Any("error", err))
		if ctx.Err() == nil {
			refuse(a, opt, err)
		}
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	done, ended := make(chan error, 1), make(chan error, 1)
	go func() { // waited for below
		err := st.Run(ctx)
		if ctx.Err() == nil {
			ended <- err
		}
		done <- err
	}()
	end := func(err error) error {
		cancel()
		rerr := <-done
		if errors.Is(rerr, context.Canceled) {
			rerr = nil
		}
		return errors.Join(err, rerr, st.Close())
	}
	opt.Ended = ended
	opt.Stuck = func(err error) { // run does not go on then
		log.Warn("the toolkit does not end")
		exit(end(err))
	}
	return end(ui.Show(ctx, a, st, opt))
}

// logs opens the program's log in a folder, and has what it says when it crashes be written beside it.
func logs(dir string, verbose bool) (*slog.Logger, io.Closer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, "coverslip.log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, err
	}
	level := slog.LevelInfo
	if verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewJSONHandler(io.MultiWriter(f, os.Stderr), &slog.HandlerOptions{Level: level}))
	crash, err := os.OpenFile(filepath.Join(dir, "crash.log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err == nil {
		err = debug.SetCrashOutput(crash, debug.CrashOptions{})
	}
	if err != nil {
		log.Warn("no crash log", slog.Any("error", err))
	}
	return log, f, nil
}

// plainFrames asks for windows without depth and stencil: nothing here is drawn by depth, and
// OpenGL in software spent a fifth of a frame on clearing it.
func plainFrames() {
	glfw.WindowHint(glfw.DepthBits, 0)
	glfw.WindowHint(glfw.StencilBits, 0)
}
