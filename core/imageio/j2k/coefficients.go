package j2k

// coefficients decodes a plane's code-blocks into it.
func (d *Decoder) coefficients(p *plane) error {
	for r := range p.resolutions {
		s := &p.resolutions[r]
		for i := range s.grid.X * s.grid.Y {
			q := &d.precincts[s.first+i]
			for _, c := range q.cells[:len(s.bands)] {
				for k := range c.grid.X * c.grid.Y {
					b := &d.blocks[c.first+k]
					if b.passes == 0 {
						continue
					}
					if err := d.coder.block(b, d.pieces, p.modes); err != nil {
						return err
					}
					d.place(p, b)
				}
			}
		}
	}
	return nil
}

// place puts the coefficients of a code-block into its plane.
func (d *Decoder) place(p *plane, b *block) {
	c := &d.coder
	if p.shift > 0 {
		unshift(c.data, p.shift)
	}
	w := p.area.Dx()
	for y := range c.h {
		from := c.data[y>>2*c.w*4+y&3:]
		at := (int(b.y)+y)*w + int(b.x)
		if p.reversible {
			for x := range p.ints[at : at+c.w] {
				v := from[4*x]
				m := int32(v &^ sign >> 1)
				if v&sign != 0 {
					m = -m
				}
				p.ints[at+x] = m
			}
			continue
		}
		for x := range p.floats[at : at+c.w] {
			v := from[4*x]
			m := float32(v&^sign) * b.band.delta
			if v&sign != 0 {
				m = -m
			}
			p.floats[at+x] = m
		}
	}
}

// unshift brings down the coefficients of a region of interest (H.1).
func unshift(data []uint32, by int) {
	for i, v := range data {
		if m := uint64(v &^ sign); m>>1 >= 1<<by {
			data[i] = uint32(m>>by) | v&sign
		}
	}
}
