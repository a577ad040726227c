package ometiff

import (
	"errors"
	"math"
	"time"

	"coverslip.dev/coverslip/core/imageio"
)

// fromMetaMorph lays out the planes of a MetaMorph stack (STK), which lie behind its one page: depths where it says
// how far apart they are, else times where it says when each was taken.
func (f *file) fromMetaMorph(first *page) (*layout, error) {
	if !first.contiguous() || first.planar || first.metaMorph.count > maxPages {
		return nil, f.unread("the planes of a MetaMorph stack (STK) behind one page")
	}
	n := int(first.metaMorph.count)
	pages, err := f.behind(first, n)
	if err != nil {
		return nil, err
	}
	const each = 24 // a fraction, two days and two times of day, of 32 bits each
	says := make([]byte, each*n)
	if err := f.read(says, first.metaMorph.at); err != nil {
		return nil, err
	}
	l := plain(pages, 0)
	l.info.Format = "MetaMorph STK"
	l.info.Micron = f.metaMorphMicron(first.metaMorphs)
	since, apart, day := map[int]float64{}, true, 0.0
	for i := range n {
		at := func(k int) float64 { return float64(f.order.Uint32(says[each*i+4*k:])) }
		step := at(0) / at(1)
		apart = apart && step > 0 && !math.IsInf(step, 0)
		if i == 0 {
			l.info.Micron.Z = positive(step)
			l.info.Acquired, day = julian(at(2), at(3)), at(2)
		}
		since[i] = 86400*(at(2)-day) + at(3)/1000
		apart = apart && math.Abs(step-l.info.Micron.Z) < step/100
	}
	if apart {
		return l, nil
	}
	l.info.Micron.Z = 0
	for i := 1; i < n; i++ {
		if since[i] == since[i-1] {
			return l, nil
		}
	}
	l.info.Z, l.info.T = 1, n
	l.info.Interval, l.info.Times = clock(since, n)
	return l, nil
}

// metaMorphMicron is the size of a pixel by the settings, which are pairs of a number and a value, or where it lies.
func (f *file) metaMorphMicron(d field) (m imageio.Micron) {
	const calibrated, x, y, unit, most = 3, 4, 5, 6, 1 << 16
	if d.typ != 4 || d.count == 0 || d.count > most {
		return m
	}
	pairs := make([]byte, 8*d.count)
	if f.read(pairs, d.at) != nil {
		return m
	}
	var microns float64
	valid := false
	for ; len(pairs) > 0; pairs = pairs[8:] {
		value := f.order.Uint32(pairs[4:])
		at := f.offset(uint64(value))
		var err error
		switch f.order.Uint32(pairs) {
		case calibrated:
			valid = value != 0
		case x:
			m.X, err = f.rational(field{typ: 5, count: 1, at: at})
		case y:
			m.Y, err = f.rational(field{typ: 5, count: 1, at: at})
		case unit:
			microns, err = f.metaMorphUnit(at)
		}
		if err != nil {
			return imageio.Micron{}
		}
	}
	if !valid {
		return imageio.Micron{}
	}
	return imageio.Micron{X: positive(m.X * microns), Y: positive(m.Y * microns)}
}

// metaMorphUnit is the length of the unit that is named at at.
func (f *file) metaMorphUnit(at int64) (float64, error) {
	n, err := f.number(field{typ: 4, count: 1, at: at}, 0)
	if err != nil {
		return 0, err
	}
	if n > 64 {
		return 0, errors.New("a unit of so many letters")
	}
	name, err := f.text(field{typ: 2, count: n, at: at + 4})
	return imageio.MicronsPer(name), err
}

// julian is a time of a day, both as MetaMorph counts them, on the instrument's clock; none of a day that nobody wrote.
func julian(day, milliseconds float64) time.Time {
	const from, until, of1970 = 2415020, 2488069, 2440587 // 1900, 2100: a day is named by its midnight
	if day < from || day >= until || milliseconds >= 86400_000 {
		return time.Time{}
	}
	ms := int(milliseconds)
	return time.Date(1970, 1, 1+int(day)-of1970, 0, 0, ms/1000, ms%1000*1e6, time.Local) //nolint:gosmopolitan // the file names no zone
}
