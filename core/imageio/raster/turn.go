package raster

import (
	"bytes"
	"encoding/binary"

	"coverslip.dev/coverslip/core/imageio"
)

// turnOf is how a picture is shown by its EXIF: cameras store what their sensor saw, whichever way they
// were held.
func (k *kind) turnOf(data []byte) imageio.Turn {
	const mark = "Exif\x00\x00"
	var exif []byte
	switch k.name {
	case "JPEG":
		jpegHead(data, func(marker byte, b []byte) {
			if marker == 0xe1 && exif == nil && bytes.HasPrefix(b, []byte(mark)) {
				exif = b
			}
		})
	case "PNG": // length, name, bytes, checksum
		exif = chunk(data, 8, "eXIf", func(b []byte) (name []byte, n, more int64) {
			return b[4:8], int64(binary.BigEndian.Uint32(b)), 4
		})
	case "WebP": // name, length, bytes, a whole number of pairs
		exif = chunk(data, 12, "EXIF", func(b []byte) (name []byte, n, more int64) {
			n = int64(binary.LittleEndian.Uint32(b[4:]))
			return b[:4], n, n % 2
		})
	}
	return imageio.Oriented(orientation(bytes.TrimPrefix(exif, []byte(mark))))
}

// chunk finds one by its name; head reads the 8 bytes before each.
func chunk(data []byte, at int64, name string, head func([]byte) (name []byte, n, more int64)) []byte {
	for size := int64(len(data)); at+8 <= size; {
		is, n, more := head(data[at : at+8])
		if n > size-at-8 {
			return nil
		}
		if string(is) == name {
			return data[at+8 : at+8+n]
		}
		at += 8 + n + more
	}
	return nil
}

// jpegHead hands out the segments before the pixels, and returns where those begin or the head makes no
// sense any more.
func jpegHead(data []byte, each func(marker byte, b []byte)) int {
	at := 2
	for at+4 <= len(data) && data[at] == 0xff && data[at+1] != 0xda {
		if data[at+1] == 0xff { // fill
			at++
			continue
		}
		n := int(binary.BigEndian.Uint16(data[at+2:]))
		if n >= 2 && n <= len(data)-at-2 {
			each(data[at+1], data[at+4:at+2+n])
		}
		at += 2 + n
	}
	return at
}

// orientation reads that of EXIF, which is the first directory of a TIFF; 0 where it says none.
func orientation(exif []byte) int {
	if len(exif) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.LittleEndian
	if exif[0] == 'M' {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(exif[4:]))
	if at > int64(len(exif)-2) {
		return 0
	}
	entries := exif[at+2:]
	for range order.Uint16(exif[at:]) {
		if len(entries) < 12 {
			return 0
		}
		if order.Uint16(entries) == 274 {
			return int(order.Uint16(entries[8:]))
		}
		entries = entries[12:]
	}
	return 0
}
