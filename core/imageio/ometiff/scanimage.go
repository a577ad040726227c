package ometiff

import (
	"math"
	"strings"
)

// scanImage returns what ScanImage says of a recording, line by line; nil for a file of another program. It is in the
// Software tag, before 2016 in the description.
func (f *file) scanImage(first *page, description string) (map[string]string, error) {
	text, err := f.aside(first.software)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(text, "SI.") {
		text = description
		if !strings.Contains(text, "scanimage.SI.") {
			return nil, nil //nolint:nilnil // see above
		}
	}
	says := map[string]string{}
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(line, "="); ok {
			says[strings.TrimPrefix(strings.TrimSpace(key), "scanimage.")] = strings.TrimSpace(value)
		}
	}
	return says, nil
}

// matlab are the numbers of a value as MATLAB writes it, such as [1;2].
func matlab(value string) (all []float64) {
	for _, word := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune("[]{};, ", r) }) {
		var v float64
		if number(word) > 0 {
			v = number(word)
		} else if less, ok := strings.CutPrefix(word, "-"); ok {
			v = -number(less)
		}
		all = append(all, v)
	}
	return all
}

// fromScanImage lays out pages whose channels alternate: around them the frames of a depth, around those depths,
// around those volumes, with frames between them while the lens flies back. A recording that was stopped lacks the last.
func (f *file) fromScanImage(pages []*page, says map[string]string) *layout {
	const stack = "SI.hStackManager."
	saved := matlab(says["SI.hChannels.channelSave"])
	l := &layout{planes: images(pages)[0][:1], samples: pages[0].samples, stacks: max(1, len(saved))}
	l.info.Format = "ScanImage TIFF"
	count := func(keys ...string) int {
		for _, key := range keys {
			if v := matlab(says[stack+key]); len(v) == 1 && v[0] >= 1 && v[0] < maxPages {
				return int(v[0])
			}
		}
		return 1
	}
	if l.stacks > len(l.planes[0]) {
		l.stacks = 1
	}
	each, depths, frames := 1, 1, len(l.planes[0])/l.stacks
	if says[stack+"enable"] != "false" {
		each, depths = count("framesPerSlice"), count("actualNumSlices", "numSlices")
	}
	if depths > frames/each { // it does not add up: times alone
		each, depths = 1, 1
	}
	whole := each * depths
	if flown := count("numFramesPerVolumeWithFlyback"); flown > whole && depths > 1 && frames != whole*count("actualNumVolumes", "numVolumes") {
		whole = flown
	}
	l.info.Z, l.info.T = depths, (frames+whole-1)/whole*each
	for i := range l.info.T * depths {
		t, z := i/depths, i%depths
		at := t/each*whole + z*each + t%each
		for c := range l.stacks {
			if at < frames {
				l.index = append(l.index, at*l.stacks+c)
			} else {
				l.index = append(l.index, -1)
			}
		}
	}
	f.scanImageWords(l, says, saved)
	return l
}

// scanImageWords takes the size of a pixel from that of the field, the channels' names and how fast frames came.
func (f *file) scanImageWords(l *layout, says map[string]string, saved []float64) {
	var low, high [2]float64
	for i, v := range matlab(says["SI.hRoiManager.imagingFovUm"]) { // its corners
		if i < 2 {
			low[i], high[i] = v, v
		}
		low[i%2], high[i%2] = min(low[i%2], v), max(high[i%2], v)
	}
	size := l.planes[0][0].size
	l.info.Micron.X, l.info.Micron.Y = positive((high[0]-low[0])/float64(size.X)), positive((high[1]-low[1])/float64(size.Y))
	if step := matlab(says["SI.hStackManager.stackZStepSize"]); len(step) == 1 && l.info.Z > 1 {
		l.info.Micron.Z = positive(math.Abs(step[0]))
	}
	names := strings.Split(strings.Trim(says["SI.hChannels.channelName"], "{}"), ";")
	for c, id := range saved {
		ch := channel(c, l.stacks, l.samples, photometricBlack)
		if i := int(id) - 1; i >= 0 && i < len(names) && c < l.stacks && l.samples == 1 {
			if name := strings.Trim(names[i], "' "); name != "" {
				ch.Name = name
			}
			l.info.Channels = append(l.info.Channels, ch)
		}
	}
	taken := map[int]float64{}
	for _, t := range []int{0, l.info.T - 1} { // it is a scanner: they are even
		at := l.index[t*l.info.Z*l.stacks]
		if at < 0 {
			return
		}
		text, err := f.text(l.planes[0][at].texts[0])
		_, rest, ok := strings.Cut(text, "frameTimestamps_sec = ")
		if err == nil && ok {
			rest, _, _ = strings.Cut(rest, "\n")
			taken[t] = number(rest)
		}
	}
	l.info.Interval, _ = clock(taken, l.info.T)
}
