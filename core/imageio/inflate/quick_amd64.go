package inflate

import "golang.org/x/sys/cpu"

// What ends quickWords: no room ahead, the end of the block, or damage.
const (
	wordsRoom = iota
	wordsEnd
	wordsCorrupt
)

// mostWords is how much is written at once at most: while it is, no other goroutine can make
// this one wait, and so the collector of garbage waits for it.
const mostWords = 1 << 16

// quickWords is quickPlain while pos is at most lastIn and o at most lastOut. Written in assembly
// for BMI2 and AVX2.
//
//go:noescape
func quickWords(d *decoder, lastIn, lastOut int) int

// quick is quickPlain, by quickWords where this machine runs it.
func (d *decoder) quick() (done bool, err error) {
	if d.plain || !cpu.X86.HasBMI2 || !cpu.X86.HasAVX2 {
		return d.quickPlain()
	}
	lastIn, lastOut := len(d.src)-inMargin, len(d.dst)-outMargin
	for d.pos <= lastIn && d.o <= lastOut {
		switch quickWords(d, lastIn, min(lastOut, d.o+mostWords)) {
		case wordsEnd:
			return true, nil
		case wordsCorrupt:
			return false, ErrCorrupt
		}
	}
	return false, nil
}
