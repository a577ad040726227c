package ometiff

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// beginsOME reports whether a file that begins so is OME-XML alone.
func beginsOME(head []byte) bool {
	head = bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")))
	return bytes.HasPrefix(head, []byte("<")) && (bytes.Contains(head, []byte("<OME")) || bytes.Contains(head, []byte(":OME ")))
}

// noImage is the fault of OME-XML alone, such as the companion of a set: it says which file to open.
func noImage(r io.ReaderAt, size int64, name string) error {
	head := make([]byte, min(size, 4096))
	if n, _ := r.ReadAt(head, 0); n < len(head) || !beginsOME(head) { // who reads it next meets the error, too
		return nil
	}
	text := make([]byte, min(size, maxText))
	if _, err := r.ReadAt(text, 0); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read image: %w", err)
	}
	f := &file{name: name}
	doc, err := f.decodeXML(unicoded(strings.TrimPrefix(string(text), "\ufeff")))
	if other := elsewhere(doc); err == nil && other != "" {
		return fault.New(fault.Invalid, "“"+name+"” only describes images, which are in other files.",
			"Open “"+other+"”, which it names.", imageio.ErrNoFormat)
	}
	return fault.New(fault.Invalid, "“"+name+"” is OME-XML without a file of pixels.",
		"It is kept and versioned all the same; export it as OME-TIFF to look at it here.", imageio.ErrNoFormat)
}

// parse reads OME-XML, and where it only names the file that holds the metadata, that one.
func (f *file) parse(text string) (omeXML, error) {
	doc, err := f.decodeXML(text)
	if err != nil || doc.Binary.File == "" {
		return doc, err
	}
	uuid := doc.Binary.UUID
	if doc.UUID != "" {
		uuid = doc.UUID
	}
	text, err = f.companion(doc.Binary.File)
	if err != nil {
		return doc, err
	}
	doc, err = f.decodeXML(text)
	doc.UUID = uuid
	return doc, err
}

// decodeXML reads what programs call OME-XML. They don't always write XML: what is read of it does not
// hang on an entity of HTML, a control character in somebody's notes, or the version in its first line.
func (f *file) decodeXML(text string) (doc omeXML, err error) {
	if strings.HasPrefix(text, "<?xml") { // it says a version and an encoding, which is known
		_, text, _ = strings.Cut(text, "?>")
	}
	text = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return ' '
		}
		return r
	}, text)
	if strings.Contains(text, "&#") { // those characters, as numbers
		text = regexp.MustCompile(`&#(0*([0-8]|1[124-9]|2[0-9]|3[01])|[xX]0*([0-8bBcCeEfF]|1[0-9a-fA-F]));`).ReplaceAllLiteralString(text, " ")
	}
	dec := xml.NewDecoder(strings.NewReader(text))
	dec.Strict, dec.Entity = false, xml.HTMLEntity
	if err := dec.Decode(&doc); err != nil {
		return doc, fault.New(fault.Invalid, "The image “"+f.name+"” can't be read: its description (OME-XML) makes no sense.",
			"Export it again as OME-TIFF.", fmt.Errorf("OME-XML: %w", err))
	}
	return doc, nil
}

// companion returns the OME-XML of another file of the set: a TIFF, or XML alone.
func (f *file) companion(name string) (text string, err error) {
	set := &set{folder: f.folder, own: f.name}
	r, size, err := set.sibling(name)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if size > maxText {
		return "", f.broken(fmt.Errorf("%d bytes of OME-XML", size))
	}
	if other, err := newFile(r, size, name); err == nil {
		p, _, err := other.page(other.first)
		if err != nil {
			return "", err
		}
		return other.text(p.texts[0])
	}
	data, err := io.ReadAll(io.NewSectionReader(r, 0, size))
	return unicoded(string(data)), err
}
