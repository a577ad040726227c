package jpeg

import "fmt"

// The markers that are looked at.
const (
	markerSOF0 = 0xc0
	markerSOF1 = 0xc1
	markerSOF2 = 0xc2
	markerDHT  = 0xc4
	markerRST0 = 0xd0
	markerRST7 = 0xd7
	markerSOI  = 0xd8
	markerEOI  = 0xd9
	markerSOS  = 0xda
	markerDQT  = 0xdb
	markerDRI  = 0xdd
	markerAPP0 = 0xe0
	markerAPPE = 0xee
)

// isFrame reports whether a marker begins a frame, of whatever kind.
func isFrame(m byte) bool { return m >= 0xc0 && m <= 0xcf && m != markerDHT && m != 0xc8 && m != 0xcc }

// read takes in segments until stop says so and returns the stream from that marker's
// segment on, nil at the end of the stream.
func (d *Decoder) read(src []byte, stop func(byte) bool) ([]byte, error) {
	for {
		for len(src) > 0 && src[0] != 0xff { // what stands between segments is skipped, as libjpeg does
			src = src[1:]
		}
		for len(src) > 1 && src[1] == 0xff {
			src = src[1:]
		}
		if len(src) < 2 {
			return nil, nil
		}
		m := src[1]
		src = src[2:]
		switch {
		case m == markerEOI:
			return nil, nil
		case m == 0 || m == 1 || m == markerSOI || m >= markerRST0 && m <= markerRST7:
			continue
		case stop(m):
			return src, nil
		}
		if len(src) < 2 {
			return nil, errShort
		}
		n := int(src[0])<<8 | int(src[1])
		if n < 2 || n > len(src) {
			return nil, errShort
		}
		if err := d.segment(m, src[2:n]); err != nil {
			return nil, err
		}
		src = src[n:]
	}
}

func (d *Decoder) segment(m byte, b []byte) error {
	switch {
	case m == markerDQT:
		return d.quantisers(b)
	case m == markerDHT:
		return d.huffmans(b)
	case m == markerSOF0, m == markerSOF1, m == markerSOF2:
		d.progressive = m == markerSOF2
		err := d.frame(b)
		d.conf.Progressive = d.progressive
		return err
	case isFrame(m):
		return fmt.Errorf("%w: frame of kind %#x", ErrUnsupported, m)
	case m == markerDRI && len(b) >= 2:
		d.every = int(b[0])<<8 | int(b[1])
	case m == markerAPP0:
		d.jfif = d.jfif || len(b) >= 5 && string(b[:5]) == "JFIF\x00"
	case m == markerAPPE && len(b) >= 12 && string(b[:5]) == "Adobe":
		d.adobe = int(b[11])
	}
	return nil
}

func (d *Decoder) quantisers(b []byte) error {
	for len(b) > 0 {
		wide, to := int(b[0]>>4), &d.quant[b[0]&3]
		b = b[1:]
		if wide > 1 || len(b) < 64*(1+wide) {
			return errShort
		}
		for i := range to {
			if wide == 1 {
				to[i] = int32(b[2*i])<<8 | int32(b[2*i+1])
			} else {
				to[i] = int32(b[i])
			}
		}
		b = b[64*(1+wide):]
	}
	return nil
}

func (d *Decoder) huffmans(b []byte) error {
	for len(b) > 0 {
		if len(b) < 17 {
			return errShort
		}
		to := &d.dc[b[0]&3]
		if b[0]>>4 != 0 {
			to = &d.ac[b[0]&3]
		}
		n := 0
		for _, c := range b[1:17] {
			n += int(c)
		}
		if n > 256 || len(b) < 17+n {
			return errShort
		}
		to.build([16]byte(b[1:17]), b[17:17+n])
		b = b[17+n:]
	}
	return nil
}
