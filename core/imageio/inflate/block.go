package inflate

import "io"

// block decodes the words of a block, to its end.
func (d *decoder) block() error {
	for {
		done, err := d.quick()
		if done || err != nil {
			return err
		}
		if done, err = d.word(); done || err != nil {
			return err
		}
	}
}

// word decodes one word with all care.
func (d *decoder) word() (done bool, err error) {
	d.fill()
	e := d.lit[d.buf&(1<<litBits-1)]
	if e&flagLit != 0 {
		return false, d.put(e)
	}
	if e, err = d.long(e, d.lit[:], litBits); err != nil {
		return false, err
	}
	if e&flagLit != 0 {
		return false, d.put(e)
	}
	if e&flagEnd != 0 {
		_, err := d.take(uint(e & 63))
		return true, err
	}
	length, err := d.value(e)
	if err != nil {
		return false, err
	}
	d.fill()
	if e, err = d.long(d.dist[d.buf&(1<<distBits-1)], d.dist[:], distBits); err != nil {
		return false, err
	}
	distance, err := d.value(e)
	if err != nil {
		return false, err
	}
	if distance > d.o {
		return false, ErrCorrupt
	}
	for range length {
		if d.o == len(d.dst) {
			return false, errFull
		}
		d.dst[d.o] = d.dst[d.o-distance]
		d.o++
	}
	return false, nil
}

// put writes the literals of an entry.
func (d *decoder) put(e uint32) error {
	if _, err := d.take(uint(e & 63)); err != nil {
		return err
	}
	for i := range e >> 24 & 3 {
		if d.o == len(d.dst) {
			return errFull
		}
		d.dst[d.o] = byte(e >> (8 + 8*i)) //nolint:gosec // a literal
		d.o++
	}
	return nil
}

// long follows a code that is longer than the root bits.
func (d *decoder) long(e uint32, t []uint32, root uint) (uint32, error) {
	if e&flagMore == 0 || e&flagEnd != 0 {
		return e, nil
	}
	if e&63 == 0 {
		return 0, d.none()
	}
	if _, err := d.take(root); err != nil {
		return 0, err
	}
	e = t[e>>12&0xfff+uint32(d.buf)&(1<<(e>>8&15)-1)]
	if e&flagMore != 0 && e&flagEnd == 0 {
		return 0, d.none()
	}
	return e, nil
}

// none says what bits that are no code are: the end of src, or damage.
func (d *decoder) none() error {
	if d.n < longest && d.pos == len(d.src) {
		return io.ErrUnexpectedEOF
	}
	return ErrCorrupt
}

// value consumes the code of a length or a distance, and what is added to it.
func (d *decoder) value(e uint32) (int, error) {
	if _, err := d.take(uint(e >> 8 & 15)); err != nil {
		return 0, err
	}
	more, err := d.take(uint(e&63 - e>>8&15))
	return int(e>>16) + int(more), err //nolint:gosec // 15 bits
}
