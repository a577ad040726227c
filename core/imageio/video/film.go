package video

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/fault"
)

// ahead is how many frames are read over to reach one, before a new start is quicker.
const ahead = 48

// keptBehind is how many bytes of frames that were read over are kept: a step back asks for them.
const keptBehind = 64 << 20

// film asks the program ffmpeg for frames. One process runs on behind the last frame, so
// that playing and stepping never wait for a start.
type film struct {
	program, path string
	track         *track
	length        int64 // of the file

	mu     sync.Mutex // guards all below; one frame at a time
	cancel context.CancelFunc
	cmd    *exec.Cmd
	out    *bufio.Reader
	next   int       // the frame that comes next out of it
	past   []pam     // those before it, the last one last
	wider  int       // bits that ffmpeg adds to samples of more than 8; below 0: not known yet
	said   complaint // read when it has ended
	closed bool
}

// complaint is the first of what a program says is wrong.
type complaint []byte

func (c *complaint) Write(p []byte) (int, error) {
	*c = append(*c, p[:min(len(p), 4096-len(*c))]...)
	return len(p), nil
}

func newFilm(path string, length int64, t *track) (*film, error) {
	program, err := exec.LookPath("ffmpeg")
	if err != nil {
		return nil, fault.New(fault.Invalid, "The video “"+filepath.Base(path)+"” needs the program ffmpeg, which is not on this computer.",
			"Install it (Debian: apt-get install ffmpeg) and open the video again.", fmt.Errorf("codec %q: %w", t.codec, err))
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	return &film{program: program, path: abs, track: t, length: length, wider: -1}, nil
}

// still returns frame n.
func (f *film) still(ctx context.Context, n int) (*still, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := ctx.Err(); err != nil { // taken back while it waited: the process and its frames stay
		return nil, err
	}
	for try := range 2 {
		if back := f.next - n; back > 0 && back <= len(f.past) {
			return f.past[len(f.past)-back].still(), nil
		}
		if f.out == nil || n < f.next || n > f.next+ahead && !f.track.blind {
			if err := f.start(ctx, n); err != nil {
				return nil, err
			}
		}
		p, err := f.read(ctx, n)
		if err == nil {
			return p.still(), nil
		}
		f.stop()
		if ctx.Err() != nil || try > 0 {
			return nil, err
		}
	}
	return nil, errCut
}

// start runs ffmpeg from frame n on. It needs f.mu.
func (f *film) start(ctx context.Context, n int) error {
	if f.closed {
		return os.ErrClosed
	}
	f.stop()
	n, args := f.arguments(n)
	running, cancel := context.WithCancel(context.WithoutCancel(ctx)) // it outlives the question that starts it
	cmd := exec.CommandContext(running, f.program, args...)           //nolint:gosec // the program on the path, a file of the operator's
	cmd.WaitDelay = 2 * time.Second
	f.said = nil
	cmd.Stderr = &f.said
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return fmt.Errorf("ffmpeg: %w", err)
	}
	f.cancel, f.cmd, f.out, f.next = cancel, cmd, bufio.NewReaderSize(out, 1<<20), n
	f.past = nil
	return nil
}

// reorder is how many frames a codec may decode before one that is shown earlier, at most (H.264's).
const reorder = 16

// arguments are ffmpeg's for the frames from n on, or from one before n: first, where times don't
// tell neighbours apart, or near the start, where those that lean on some that were cut away may have
// none. All times are the file's own, which may begin with sound, or anywhere. The
// seek goes so far back that a key frame before n is found whether the container lists it by the
// time at which it is decoded or shown; what is too much is dropped: all before the middle between
// the frame and the one before it, so that no rounding picks a neighbour.
func (f *film) arguments(n int) (first int, args []string) {
	frames := f.track.frames
	seconds := func(d time.Duration) string { return strconv.FormatFloat((d + f.track.offset).Seconds(), 'f', 6, 64) }
	if n <= reorder {
		n = 0
	}
	for n > 0 && (f.track.blind || frames[n].at-frames[n-1].at < 4*time.Microsecond) {
		n--
	}
	// frames that lean on some that were cut away are stored, and counted, all the same
	args = []string{"-nostdin", "-v", "error", "-noautorotate", "-copyts", "-flags", "+output_corrupt"}
	if f.track.quick { // what an edit list hides is stored, and counted, all the same
		args = append(args, "-ignore_editlist", "1")
	}
	if n > reorder {
		args = append(args, "-noaccurate_seek", "-seek_timestamp", "1", "-ss", seconds(frames[n-reorder].at))
	}
	args = append(args, "-i", "file:"+f.path, "-map", "0:v:0")
	if n > 0 { // the filter trim, which -ss puts in otherwise, rounds to the container's ticks
		args = append(args, "-vf", "select=gte(t\\,"+seconds((frames[n-1].at+frames[n].at)/2)+")")
	}
	return n, append(args, "-vsync", "passthrough", "-f", "image2pipe", "-c:v", "pam", "-")
}

// read returns frame n, reading over those before it. It needs f.mu.
func (f *film) read(ctx context.Context, n int) (pam, error) {
	stopped := context.AfterFunc(ctx, f.cancel) // a question that is taken back ends the wait
	defer stopped()
	for {
		p, err := readPAM(f.out)
		if err == nil && p.max > 255 && f.wider < 0 {
			f.wider, err = f.widens(ctx)
		}
		if p.wider = f.wider; err == nil {
			p.data = f.room(p.bytes())
			_, err = io.ReadFull(f.out, p.data)
		}
		if err != nil {
			if ctx.Err() != nil {
				return pam{}, ctx.Err()
			}
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				f.stop()
				return pam{}, f.ended(n)
			}
			return pam{}, fmt.Errorf("ffmpeg: %w", err)
		}
		f.next++
		f.past = append(f.past, p)
		if f.next > n {
			return p, nil
		}
	}
}

// deep is a stream whose samples, grey or of red, green and blue, have more than 8 bits and less than 16.
var deep = regexp.MustCompile(`\b(?:gray|gbra?p)(9|10|12|14)[lb]e\b`)

// widens tells how many bits ffmpeg adds to the film's samples, as it hands out 16: it repeats their upper
// ones, and none is lost. Colours that were stored as luminance and two differences are made anew, and
// have 16.
func (f *film) widens(ctx context.Context) (int, error) {
	cmd := exec.CommandContext(ctx, f.program, "-nostdin", "-hide_banner", "-v", "info", "-i", "file:"+f.path) //nolint:gosec // as in start
	said, _ := cmd.CombinedOutput()                                                                            // an error: nothing is to be made
	if err := ctx.Err(); err != nil {
		return -1, err
	}
	for line := range strings.Lines(string(said)) {
		if strings.HasPrefix(strings.TrimSpace(line), "Stream #") && strings.Contains(line, " Video: ") {
			if m := deep.FindStringSubmatch(line); m != nil {
				n, _ := strconv.Atoi(m[1]) // it is one of those
				return 16 - n, nil
			}
			return 0, nil // the first is the one that is shown
		}
	}
	return 0, nil
}

// room is for one more frame of this size: that of the oldest kept, where there are enough. It needs
// f.mu.
func (f *film) room(size int) []byte {
	if len(f.past) == 0 || (len(f.past)+1)*size <= keptBehind {
		return make([]byte, size)
	}
	oldest := f.past[0].data
	f.past = append(f.past[:0], f.past[1:]...)
	if len(oldest) != size {
		return make([]byte, size)
	}
	return oldest
}

// ended is why no frame n came out of ffmpeg, which was stopped: the file ends before it, or the
// frame is there and something else is wrong. It needs f.mu.
func (f *film) ended(n int) error {
	at, said := f.track.frames[n], strings.TrimSpace(string(f.said))
	switch {
	case said == "" || at.off > f.length-int64(at.n):
		return fmt.Errorf("%w: ffmpeg ends before frame %d of %d: %s", errCut, f.next, len(f.track.frames), said)
	case f.next == 0:
		return fmt.Errorf("%w: %s", errOther("pictures that ffmpeg can't decode ("+f.track.codec+")"), said)
	}
	return fmt.Errorf("ffmpeg ends before frame %d of %d: %s", f.next, len(f.track.frames), said)
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
	f.closed, f.past = true, nil
	f.stop()
}
