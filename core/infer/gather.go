package infer

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"slices"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"coverslip.dev/coverslip/core/fault"
)

// A network in ONNX may keep its numbers in files beside it, as newer exporters of PyTorch leave it. Engines
// are given one network in memory, so the numbers are put where they belong.

// message is one of onnx.proto on the way from a network to a tensor.
type message int

const (
	aModel message = iota
	aGraph
	aFunction
	aNode
	anAttribute
	aSparse
	aTensor
)

// leads are the fields of messages that lead on.
func leads() map[message]map[protowire.Number]message {
	return map[message]map[protowire.Number]message{
		aModel:      {7: aGraph, 25: aFunction},
		aGraph:      {1: aNode, 5: aTensor, 15: aSparse},
		aFunction:   {7: aNode},
		aNode:       {5: anAttribute},
		anAttribute: {5: aTensor, 6: aGraph, 10: aTensor, 11: aGraph, 22: aSparse, 23: aSparse},
		aSparse:     {1: aTensor, 2: aTensor},
	}
}

// The fields of a tensor that say where its numbers are, and of an entry that says it.
const (
	tensorRaw   = 9
	tensorAway  = 13
	tensorPlace = 14
	entryKey    = 1
	entryValue  = 2

	elsewhere = 1  // of a tensor's place
	deepest   = 64 // messages in one another
)

// errNoONNX is a network that can't be read. Engines tell.
var errNoONNX = errors.New("no ONNX")

// gatherer puts the numbers of other files into a network.
type gatherer struct {
	name  string // of the network
	read  func(name string) ([]byte, error)
	leads map[message]map[protowire.Number]message
	files map[string][]byte // that were read
	held  int               // bytes of these
	size  int               // of the network
}

// gather returns a network with all its numbers, of which some may be in files beside it, that are read by names from its
// own folder.
func gather(name string, onnx []byte, read func(name string) ([]byte, error)) ([]byte, error) {
	g := gatherer{name: path.Base(name), read: read, leads: leads(), files: map[string][]byte{}, size: len(onnx)}
	pieces, err := g.message(aModel, onnx, 0)
	if errors.Is(err, errNoONNX) { // which is for others to say
		pieces, err = nil, nil
	}
	if err != nil || pieces != nil {
		return slices.Concat(pieces...), err
	}
	return onnx, nil
}

// field is one of a message: all of it, and what it holds.
type field struct {
	number protowire.Number
	whole  []byte
	bytes  []byte // of a field that has some, else nil
	count  uint64
}

// next is the first field of a message.
func next(b []byte) (f field, err error) {
	number, kind, n := protowire.ConsumeTag(b)
	if n < 0 {
		return f, errNoONNX
	}
	m := protowire.ConsumeFieldValue(number, kind, b[n:])
	if m < 0 {
		return f, errNoONNX
	}
	f = field{number: number, whole: b[:n+m]}
	if kind == protowire.BytesType {
		f.bytes, _ = protowire.ConsumeBytes(b[n:])
	}
	if kind == protowire.VarintType {
		f.count, _ = protowire.ConsumeVarint(b[n:])
	}
	return f, nil
}

// message returns the pieces that make a message with all numbers; nil if it has them.
func (g *gatherer) message(m message, b []byte, depth int) (pieces [][]byte, err error) {
	if m == aTensor {
		return g.tensor(b)
	}
	if depth == deepest {
		return nil, errNoONNX
	}
	same := 0 // bytes before the field that are as they were
	for at := 0; at < len(b); {
		f, err := next(b[at:])
		if err != nil {
			return nil, err
		}
		if to, ok := g.leads[m][f.number]; ok {
			inner, err := g.message(to, f.bytes, depth+1)
			if err != nil {
				return nil, err
			}
			if inner != nil {
				pieces = append(pieces, b[at-same:at], head(f.number, inner))
				pieces = append(pieces, inner...)
				same = -len(f.whole)
			}
		}
		at, same = at+len(f.whole), same+len(f.whole)
	}
	if pieces == nil {
		return nil, nil
	}
	return append(pieces, b[len(b)-same:]), nil
}

// head is what stands before the pieces of a field.
func head(f protowire.Number, pieces [][]byte) []byte {
	n := 0
	for _, p := range pieces {
		n += len(p)
	}
	return protowire.AppendVarint(protowire.AppendTag(nil, f, protowire.BytesType), uint64(n)) //nolint:gosec // not below 0
}

// tensor returns a tensor with the numbers that are elsewhere; nil if it has its own.
func (g *gatherer) tensor(b []byte) (pieces [][]byte, err error) {
	where := map[string]string{}
	away, from := false, 0 // from where on fields are as they were
	for at := 0; at < len(b); {
		f, err := next(b[at:])
		if err != nil {
			return nil, err
		}
		begin := at
		at += len(f.whole)
		if f.number == tensorPlace {
			away = f.count == elsewhere
		} else if f.number == tensorAway {
			k, v, err := entry(f.bytes)
			if err != nil {
				return nil, err
			}
			where[k] = v
		} else if f.number != tensorRaw { // of one that is elsewhere that says nothing
			continue
		}
		pieces = append(pieces, b[from:begin])
		from = at
	}
	if !away {
		return nil, nil
	}
	pieces = append(pieces, b[from:])
	numbers, err := g.numbers(where)
	if err != nil {
		return nil, err
	}
	raw := [][]byte{numbers}
	return append(pieces, head(tensorRaw, raw), numbers), nil
}

// entry is a word and what it says.
func entry(b []byte) (key, value string, err error) {
	for len(b) > 0 {
		f, err := next(b)
		if err != nil {
			return "", "", err
		}
		if f.number == entryKey {
			key = string(f.bytes)
		}
		if f.number == entryValue {
			value = string(f.bytes)
		}
		b = b[len(f.whole):]
	}
	return key, value, nil
}

// numbers are those that a tensor has elsewhere.
func (g *gatherer) numbers(where map[string]string) ([]byte, error) {
	name, err := local(where["location"])
	if err != nil {
		return nil, fault.New(fault.Invalid, "The network "+g.name+" keeps its numbers in a file outside of its folder, which is not read.",
			"Put that file beside the network, and name it there without a folder.", err)
	}
	all, err := g.file(name)
	if err != nil {
		return nil, err
	}
	from, length := 0, len(all)
	for key, to := range map[string]*int{"offset": &from, "length": &length} {
		if said, ok := where[key]; ok {
			if *to, err = strconv.Atoi(said); err != nil || *to < 0 {
				return nil, errNoONNX
			}
		}
	}
	if _, ok := where["length"]; !ok {
		length -= from
	}
	if from > len(all) || length < 0 || length > len(all)-from {
		return nil, fault.New(fault.Corrupt, "The file "+name+" with the numbers of the network "+g.name+" ends too early.",
			"Fetch both again: they belong together.", fmt.Errorf("%d bytes from %d on of %d", length, from, len(all)))
	}
	if g.size += length; g.size > math.MaxInt32 {
		return nil, tooLargeNetwork(g.name)
	}
	return all[from:][:length], nil
}

// file reads a file beside the network, once.
func (g *gatherer) file(name string) ([]byte, error) {
	if b, ok := g.files[name]; ok {
		return b, nil
	}
	b, err := g.read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "The network "+g.name+" keeps its numbers in a second file, "+name+", which is not there.",
			"Put it beside the network, or have whoever made it join both: onnx.save_model(onnx.load(\""+g.name+"\"), \"whole.onnx\") in Python.", err)
	}
	if err != nil {
		return nil, err
	}
	if g.held += len(b); g.held > math.MaxInt32 {
		return nil, tooLargeNetwork(g.name)
	}
	g.files[name] = b
	return b, nil
}

// tooLargeNetwork is one that no engine can be given: ONNX ends at 2 GB.
func tooLargeNetwork(name string) error {
	return fault.New(fault.Invalid, "The network "+name+" is larger than 2 GB with its numbers, and an engine is given no more.", "Choose a smaller one.", nil)
}
