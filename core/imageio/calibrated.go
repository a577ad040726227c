package imageio

// Calibrated returns src with another size of pixels than the file says; a part of size
// that is zero is as the file says. A side that neither tells is as long as the other, or as the file says of their
// proportion.
func Calibrated(src Source, size Micron) Source {
	info := src.Info()
	for _, v := range []struct {
		to   *float64
		from float64
	}{{&info.Micron.X, size.X}, {&info.Micron.Y, size.Y}, {&info.Micron.Z, size.Z}} {
		if v.from > 0 {
			*v.to = v.from
		}
	}
	if info.Micron == src.Info().Micron {
		return src
	}
	aspect := info.Aspect
	if aspect == 0 {
		aspect = 1
	}
	switch m := &info.Micron; {
	case m.X == 0:
		m.X = m.Y * aspect
	case m.Y == 0:
		m.Y = m.X / aspect
	}
	return &calibrated{src, info}
}

type calibrated struct {
	Source
	info Info
}

func (c *calibrated) Info() Info { return c.info }
