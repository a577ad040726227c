package video

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"strconv"
	"strings"

	"coverslip.dev/coverslip/core/imageio"
)

// pam is a picture as ffmpeg hands it out, in Netpbm's format: it says of itself how large it is, and
// has grey or colour, 8 or 16 bits, whichever holds what the film has.
type pam struct {
	size       image.Point
	depth, max int // samples of a pixel, the greatest one
	wider      int // bits that the film's samples do not have
	data       []byte
}

// bytes is how many the samples take up.
func (p pam) bytes() int { return p.size.X * p.size.Y * p.depth * p.sample() }

func (p pam) sample() int {
	if p.max > 255 {
		return 2
	}
	return 1
}

// readPAM reads the words before the samples.
func readPAM(r *bufio.Reader) (p pam, err error) {
	to := map[string]*int{"WIDTH": &p.size.X, "HEIGHT": &p.size.Y, "DEPTH": &p.depth, "MAXVAL": &p.max}
	for n := range 16 {
		line, err := r.ReadString('\n')
		if err != nil && n > 0 {
			return p, errors.Join(err, io.ErrUnexpectedEOF)
		}
		if err != nil {
			return p, err
		}
		word, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if word == "ENDHDR" {
			break
		}
		if v := to[word]; v != nil {
			if *v, err = strconv.Atoi(value); err != nil {
				return p, fmt.Errorf("ffmpeg: %q: %w", line, err)
			}
		}
	}
	if p.depth < 1 || p.depth > 4 || p.max < 1 || p.max > 1<<16-1 {
		return p, fmt.Errorf("ffmpeg: a picture of %d samples up to %d", p.depth, p.max)
	}
	return p, (&track{size: p.size, frames: make([]frame, 1)}).check()
}

// still takes it apart; transparency is left out.
func (p pam) still() *still {
	planes := 1
	if p.depth > 2 {
		planes = 3
	}
	if planes == 3 && p.max == 255 {
		return apart(p.size, p.data, p.depth, [3]int{0, 1, 2})
	}
	n, b := p.size.X*p.size.Y, p.sample()
	out := &still{size: p.size, planes: planes, typ: imageio.Uint8, data: make([]byte, planes*n*b)}
	if b == 2 {
		out.typ = imageio.Uint16
	}
	for c := range planes {
		plane := out.data[c*n*b : (c+1)*n*b]
		for i := range n {
			at := (i*p.depth + c) * b
			switch {
			case b == 2:
				binary.LittleEndian.PutUint16(plane[2*i:], binary.BigEndian.Uint16(p.data[at:])>>p.wider)
			case p.max == 1: // black and white
				plane[i] = 255 * p.data[at]
			default:
				plane[i] = p.data[at]
			}
		}
	}
	return out
}
