package intake

import "coverslip.dev/coverslip/core/flow"

// Instruments write files by the thousand, and a sync, a lock or a commit costs the same
// for one as for many.
const (
	manyFiles    = 512      // captured together
	manyBytes    = 64 << 20 // of them
	smallFile    = 8 << 20  // larger ones are captured side by side instead
	manyVersions = 1000     // in a commit
	manyPushed   = 10_000   // covered by a push
)

// company names the captures that are stored together: of one instrument, as its share may hang.
func company(it flow.Item) string {
	var c Capture
	if it.Read(&c) != nil || c.Count > 0 || c.Size > smallFile {
		return ""
	}
	return "small of " + c.Instrument
}

// upTo bounds the bytes that are stored together.
func upTo(first flow.Item) func(flow.Item) bool {
	bytes := int64(0)
	more := func(it flow.Item) bool {
		var c Capture
		if it.Read(&c) == nil { // or its own turn tells
			bytes += c.Size
		}
		return bytes <= manyBytes
	}
	more(first)
	return more
}

// source names the captures that one commit may tell of: single ones of an instrument, or
// several files each.
func source(it flow.Item) string {
	var c Capture
	switch {
	case it.Read(&c) != nil:
		return ""
	case c.Count > 0:
		return "sets of " + c.Instrument
	}
	return "files of " + c.Instrument
}
