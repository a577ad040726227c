package video

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/fault"
)

// ahead is how many frames are read over to reach one, before a new start is quicker.
const ahead = 48

// film asks the program ffmpeg for frames. One process runs on behind the last frame, so
// that playing and stepping never wait for a start.
type film struct {
	program, path string
	track         *track

	mu     sync.Mutex // guards all below; one frame at a time
	cancel context.CancelFunc
	cmd    *exec.Cmd
	out    *bufio.Reader
	next   int // the frame that comes next out of it
}

func newFilm(path string, t *track) (*film, error) {
	program, err := exec.LookPath("ffmpeg")
	if err != nil {
		return nil, fault.New(fault.Invalid, "The video “"+filepath.Base(path)+"” needs the program ffmpeg, which is not on this computer.",
			"Install it (Debian: apt-get install ffmpeg) and open the video again.", fmt.Errorf("codec %q: %w", t.codec, err))
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	return &film{program: program, path: abs, track: t}, nil
}

// still returns frame n.
func (f *film) still(ctx context.Context, n int) (*still, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for try := range 2 {
		if f.out == nil || n < f.next || n > f.next+ahead {
			if err := f.start(ctx, n); err != nil {
				return nil, err
			}
		}
		data, err := f.read(ctx, n)
		if err == nil {
			return apart(f.track.size, data, 3, [3]int{0, 1, 2}), nil
		}
		f.stop()
		if ctx.Err() != nil || try > 0 {
			return nil, err
		}
	}
	return nil, errCut
}

// start runs ffmpeg from frame n on: from the middle between it and the one before, so that
// no rounding picks a neighbour. It needs f.mu.
func (f *film) start(ctx context.Context, n int) error {
	f.stop()
	args := []string{"-nostdin", "-v", "error", "-noautorotate"}
	if n > 0 {
		at := (f.track.frames[n-1].at + f.track.frames[n].at) / 2
		args = append(args, "-ss", strconv.FormatFloat(at.Seconds(), 'f', 6, 64))
	}
	args = append(args, "-i", "file:"+f.path, "-map", "0:v:0", "-vsync", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
	running, cancel := context.WithCancel(context.WithoutCancel(ctx)) // it outlives the question that starts it
	cmd := exec.CommandContext(running, f.program, args...)           //nolint:gosec // the program on the path, a file of the operator's
	cmd.WaitDelay = 2 * time.Second
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return fmt.Errorf("ffmpeg: %w", err)
	}
	f.cancel, f.cmd, f.out, f.next = cancel, cmd, bufio.NewReaderSize(out, 1<<20), n
	return nil
}

// read returns frame n, reading over those before it. It needs f.mu.
func (f *film) read(ctx context.Context, n int) ([]byte, error) {
	stopped := context.AfterFunc(ctx, f.cancel) // a question that is taken back ends the wait
	defer stopped()
	data := make([]byte, 3*f.track.size.X*f.track.size.Y)
	for {
		if _, err := io.ReadFull(f.out, data); err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return nil, fmt.Errorf("%w: ffmpeg ends before frame %d of %d", errCut, f.next, len(f.track.frames))
			}
			return nil, fmt.Errorf("ffmpeg: %w", err)
		}
		f.next++
		if f.next > n {
			return data, nil
		}
	}
}

// stop ends the process. It needs f.mu.
func (f *film) stop() {
	if f.cmd == nil {
		return
	}
	f.cancel()
	_ = f.cmd.Wait() // it was ended
	f.cmd, f.out = nil, nil
}

func (f *film) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stop()
}
