package ometiff

import (
	"cmp"
	"encoding/xml"
	"math"
	"strconv"
	"time"

	"coverslip.dev/coverslip/core/imageio"
)

// UnmarshalXML reads the first plane, of the first of each channel its exposure, and of those that differ from
// the first in time only the time.
func (p *omePlane) UnmarshalXML(dec *xml.Decoder, at xml.StartElement) error {
	says := func(key string) string {
		for _, a := range at.Attr {
			if a.Name.Local == key {
				return a.Value
			}
		}
		return ""
	}
	if p.at == nil {
		on := func(axis string) float64 { // without a unit it is no length
			v, err := strconv.ParseFloat(says("Position"+axis), 64)
			if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
				return 0
			}
			return v * imageio.MicronsPer(says("Position"+axis+"Unit"))
		}
		stage := imageio.Micron{X: on("X"), Y: on("Y"), Z: on("Z")}
		*p = omePlane{says("TheC"), says("TheZ"), map[int]float64{}, stage, map[int]time.Duration{}}
	}
	if c, err := strconv.Atoi(says("TheC")); err == nil && len(p.light) < maxPages {
		if _, ok := p.light[c]; !ok {
			p.light[c] = seconds(number(says("ExposureTime")) * imageio.SecondsPer(cmp.Or(says("ExposureTimeUnit"), "s")))
		}
	}
	if says("TheC") != p.c || says("TheZ") != p.z || len(p.at) >= maxPages {
		return dec.Skip()
	}
	t, err := strconv.Atoi(says("TheT"))
	since, err2 := strconv.ParseFloat(says("DeltaT"), 64)
	if _, ok := p.at[t]; err == nil && err2 == nil && !ok {
		p.at[t] = since * imageio.SecondsPer(cmp.Or(says("DeltaTUnit"), "s"))
	}
	return dec.Skip()
}

// clock tells how far apart n time points are and, if they are uneven, all their times, by the seconds
// that are known of some.
func clock(known map[int]float64, n int) (every time.Duration, times []time.Duration) {
	first, last := n, -1
	for t := range known {
		if t >= 0 && t < n {
			first, last = min(first, t), max(last, t)
		}
	}
	if last <= first {
		return 0, nil
	}
	every = seconds((known[last] - known[first]) / float64(last-first))
	if every == 0 || last-first < n-1 {
		return every, nil
	}
	times = make([]time.Duration, n)
	for t := 1; t < n; t++ {
		at, ok := known[t]
		if times[t] = seconds(at - known[0]); !ok || times[t] <= times[t-1] {
			return every, nil // one is not known, or they make no sense
		}
	}
	return imageio.Clock(times)
}

// seconds is a time of so many; zero for one that is none.
func seconds(s float64) time.Duration {
	if s > 0 && s <= 1e9 {
		return time.Duration(s * float64(time.Second))
	}
	return 0
}
