package j2k_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"coverslip.dev/coverslip/core/imageio/j2k"
)

// tilePart is one of a stream, and its packets.
type tilePart struct {
	sot, head       []byte // without its length; the segments of its header
	headers, bodies [][]byte
}

// takenApart is a stream with SOP before and EPH behind each packet's header.
func takenApart(src []byte) (head []byte, parts []tilePart) {
	at := bytes.Index(src, []byte("\xff\x90\x00\x0a"))
	head, src = src[:at], src[at:]
	for bytes.HasPrefix(src, []byte("\xff\x90")) {
		n := binary.BigEndian.Uint32(src[6:])
		sod := bytes.Index(src, []byte("\xff\x93"))
		p := tilePart{sot: src[:12], head: src[12:sod]}
		for _, packet := range bytes.Split(src[sod+2:n], []byte("\xff\x91\x00\x04"))[1:] {
			end := bytes.Index(packet, []byte("\xff\x92")) + 2
			p.headers, p.bodies = append(p.headers, packet[2:end]), append(p.bodies, packet[end:])
		}
		parts, src = append(parts, p), src[n:]
	}
	return head, parts
}

// segments are marker segments of at most 50 bytes each, with their numbers, the last one first.
func segments(marker string, data []byte) []byte {
	var all [][]byte
	for b := range slices.Chunk(data, 50) {
		all = append(all, append([]byte{marker[0], marker[1], 0, byte(3 + len(b)), byte(len(all))}, b...))
	}
	slices.Reverse(all)
	return slices.Concat(all...)
}

// TestHeadersApart moves the headers of packets to the headers of tile-parts (PPT) and of the stream (PPM).
func TestHeadersApart(t *testing.T) {
	src := file(t, "testdata", "sop-eph-plt-tlm.j2k")
	want, err := j2k.NewDecoder().DecodePlanes(nil, src, 0)
	if err != nil {
		t.Fatal(err)
	}
	head, parts := takenApart(src)
	var tiles, inTiles, all []byte
	for _, p := range parts {
		headers, body := slices.Concat(p.headers...), slices.Concat(p.bodies...)
		for i, moved := range [][]byte{segments("\xff\x61", headers), nil} {
			part := slices.Concat(p.sot, p.head, moved, []byte("\xff\x93"), body)
			binary.BigEndian.PutUint32(part[6:], uint32(len(part)))
			if i == 0 {
				inTiles = append(inTiles, part...)
			} else {
				tiles = append(tiles, part...)
			}
		}
		all = append(binary.BigEndian.AppendUint32(all, uint32(len(headers))), headers...)
	}
	for name, src := range map[string][]byte{
		"PPT": slices.Concat(head, inTiles, []byte("\xff\xd9")),
		"PPM": slices.Concat(head, segments("\xff\x60", all), tiles, []byte("\xff\xd9")),
	} {
		got, err := j2k.NewDecoder().DecodePlanes(nil, src, 0)
		if err != nil || !bytes.Equal(got.Data, want.Data) {
			t.Errorf("%s: differs, %v", name, err)
		}
	}
}

// TestLastLayerMissing leaves out packets at the end of a tile-part: of the second of two layers, as Kakadu does
// where it would be empty, and of the first.
func TestLastLayerMissing(t *testing.T) {
	head, parts := takenApart(file(t, "testdata", "sop-eph.j2k"))
	p := parts[0]
	for n := range p.headers {
		part := slices.Concat(p.sot, p.head, []byte("\xff\x93"))
		for i := range n {
			part = slices.Concat(part, p.headers[i], p.bodies[i])
		}
		binary.BigEndian.PutUint32(part[6:], uint32(len(part)))
		_, err := j2k.NewDecoder().DecodePlanes(nil, slices.Concat(head, part), 0)
		if whole := n >= len(p.headers)/2; whole != (err == nil) {
			t.Errorf("%d of %d packets: %v", n, len(p.headers), err)
		}
	}
}
