package zarr

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"coverslip.dev/coverslip/core/imageio"
)

// errOther is an array that is fine and can't be read here; the words say what it has.
type errOther string

func (e errOther) Error() string { return string(e) }

// metaV2 is a .zarray.
type metaV2 struct {
	Shape      []int           `json:"shape"`
	Chunks     []int           `json:"chunks"`
	Type       json.RawMessage `json:"dtype"`
	Compressor *codecV2        `json:"compressor"`
	Filters    []codecV2       `json:"filters"`
	Order      string          `json:"order"`
	Fill       json.RawMessage `json:"fill_value"`
	Separator  string          `json:"dimension_separator"`
}

type codecV2 struct {
	ID   string `json:"id"`
	Size int    `json:"elementsize"`
}

// metaV3 is a zarr.json.
type metaV3 struct {
	Node  string              `json:"node_type"`
	Shape []int               `json:"shape"`
	Type  extension[struct{}] `json:"data_type"`
	Grid  extension[struct {
		Shape []int `json:"chunk_shape"`
	}] `json:"chunk_grid"`
	Keys extension[struct {
		Separator string `json:"separator"`
	}] `json:"chunk_key_encoding"`
	Fill       json.RawMessage `json:"fill_value"`
	Codecs     []codecV3       `json:"codecs"`
	Names      []*string       `json:"dimension_names"`
	Attributes json.RawMessage `json:"attributes"`
}

type codecV3 = extension[codecConf]

type codecConf struct {
	Endian string                 `json:"endian"`
	Order  []int                  `json:"order"`
	Shape  []int                  `json:"chunk_shape"`
	Codecs []extension[codecConf] `json:"codecs"`
	Index  []extension[codecConf] `json:"index_codecs"`
	Place  string                 `json:"index_location"`
	Size   int                    `json:"elementsize"`
}

// extension is what version 3 names: a name alone, or with what goes with it.
type extension[T any] struct {
	Name string `json:"name"`
	Conf T      `json:"configuration"`
}

// UnmarshalJSON reads either; what goes with a name that is not known here may be of any kind.
func (e *extension[T]) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte(`"`)) {
		return json.Unmarshal(data, &e.Name)
	}
	type plain extension[T]
	return lenient(data, (*plain)(e))
}

// arrayV2 reads the metadata of an array of version 2.
func arrayV2(path string, data []byte) (*array, error) {
	var m metaV2
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("zarr: .zarray: %w", err)
	}
	var typ string
	if err := json.Unmarshal(m.Type, &typ); err != nil || len(typ) < 3 {
		return nil, errOther("samples made of several values")
	}
	a := &array{path: path, shape: m.Shape, grid: m.Chunks, chunk: m.Chunks}
	if err := a.sample(typ[1:]); err != nil {
		return nil, err
	}
	a.big = typ[0] == '>'
	a.keys = keyed(path, "", orElse(m.Separator, "."))
	if m.Order == "F" {
		for i := range m.Shape {
			a.order = append(a.order, len(m.Shape)-1-i)
		}
	}
	filters := len(m.Filters)
	if m.Compressor != nil {
		m.Filters = append(m.Filters, *m.Compressor)
	}
	for i, f := range m.Filters {
		switch f.ID {
		case "blosc", "zlib", "gzip", "zstd", "lz4", "bz2", "shuffle", "crc32c":
			a.steps = append(a.steps, packing{f.ID, f.Size})
		default:
			what := "compression"
			if i < filters {
				what = "a filter,"
			}
			return nil, errOther(what + " “" + f.ID + "”")
		}
	}
	return a, a.finish(m.Fill)
}

// arrayV3 reads the metadata of an array of version 3.
func arrayV3(path string, m metaV3) (*array, error) {
	if m.Grid.Name != "regular" {
		return nil, errOther("chunks of unequal sizes")
	}
	a := &array{path: path, shape: m.Shape, grid: m.Grid.Conf.Shape}
	for _, n := range m.Names {
		if n != nil {
			a.names = append(a.names, *n)
		}
	}
	name, ok := map[string]string{
		"bool": "b1", "int8": "i1", "int16": "i2", "int32": "i4", "uint8": "u1", "uint16": "u2", "uint32": "u4",
		"int64": "i8", "uint64": "u8", "float16": "f2", "float32": "f4", "float64": "f8",
	}[m.Type.Name]
	if m.Type.Name == "" {
		return nil, errOther("samples of a type of its own")
	}
	if !ok {
		return nil, errOther("samples of type " + m.Type.Name)
	}
	if err := a.sample(name); err != nil {
		return nil, err
	}
	switch m.Keys.Name {
	case "default":
		a.keys = keyed(path, "c", orElse(m.Keys.Conf.Separator, "/"))
	case "v2":
		a.keys = keyed(path, "", orElse(m.Keys.Conf.Separator, "."))
	default:
		return nil, errOther("keys in the manner “" + m.Keys.Name + "”")
	}
	codecs := m.Codecs
	a.chunk = a.grid
	if i := slices.IndexFunc(codecs, func(c codecV3) bool { return c.Name == "sharding_indexed" }); i >= 0 {
		if len(codecs) != 1 {
			return nil, errOther("shards that are packed again")
		}
		conf := codecs[0].Conf
		index := decoder{stored: 8}
		if err := index.follow(conf.Index, 2); err != nil {
			return nil, err
		}
		a.chunk, codecs = conf.Shape, conf.Codecs
		a.shard = &shardIndex{steps: index.steps, big: index.big, first: conf.Place == "start"}
	}
	if err := a.follow(codecs, len(m.Shape)); err != nil {
		return nil, err
	}
	return a, a.finish(m.Fill)
}

// follow takes in the codecs of version 3.
func (d *decoder) follow(codecs []codecV3, axes int) error {
	for _, c := range codecs {
		switch name := strings.TrimPrefix(c.Name, "numcodecs."); name { // version 2 has those
		case "bytes":
			d.big = c.Conf.Endian == "big" && d.stored > 1
		case "transpose":
			if err := d.transpose(c.Conf.Order, axes); err != nil {
				return err
			}
		case "blosc", "gzip", "zstd", "crc32c", "zlib", "lz4", "bz2", "shuffle":
			d.steps = append(d.steps, packing{name, cmp.Or(c.Conf.Size, d.stored)})
		default:
			return errOther("compression “" + c.Name + "”")
		}
	}
	return nil
}

// transpose puts another order of axes on the one that is there.
func (d *decoder) transpose(order []int, axes int) error {
	sorted := slices.Sorted(slices.Values(order))
	if axes == 0 || len(order) != axes || sorted[0] != 0 || sorted[axes-1] != axes-1 || len(slices.Compact(sorted)) != axes {
		return fmt.Errorf("zarr: axes in the order %v", order)
	}
	now := make([]int, axes)
	for i, o := range order {
		now[i] = o
		if d.order != nil {
			now[i] = d.order[o]
		}
	}
	d.order = now
	return nil
}

// sample sets the type by numpy's letter and size.
func (d *decoder) sample(typ string) error {
	types := map[string]imageio.PixelType{
		"b1": imageio.Uint8, "u1": imageio.Uint8, "u2": imageio.Uint16, "u4": imageio.Uint32, "i1": imageio.Int8, "i2": imageio.Int16,
		"i4": imageio.Int32, "f2": imageio.Float32, "f4": imageio.Float32, "f8": imageio.Float64, "i8": imageio.Float64, "u8": imageio.Float64,
	}
	var ok bool
	if d.typ, ok = types[typ]; !ok {
		return errOther("samples of type " + typ)
	}
	d.half = typ == "f2"
	if typ == "i8" || typ == "u8" {
		d.long = typ[0]
	}
	d.stored = d.typ.Bytes()
	if d.half {
		d.stored = 2
	}
	return nil
}

// finish checks the array and sets what holes are filled with.
func (a *array) finish(fill json.RawMessage) error {
	if err := a.check(); err != nil {
		return err
	}
	v, err := number(fill)
	if err != nil {
		return err
	}
	le := binary.LittleEndian
	switch a.typ {
	case imageio.Float32:
		a.fill = le.AppendUint32(nil, math.Float32bits(float32(v)))
	case imageio.Float64:
		a.fill = le.AppendUint64(nil, math.Float64bits(v))
	case imageio.Uint8, imageio.Uint16, imageio.Uint32, imageio.Int8, imageio.Int16, imageio.Int32:
		if math.IsNaN(v) || math.Abs(v) > 1<<33 {
			return fmt.Errorf("zarr: fill value %s", fill)
		}
		a.fill = le.AppendUint64(nil, uint64(int64(v)))[:a.typ.Bytes()]
	}
	return nil
}

// number is a fill value: a number, its name, true or false, or the bits of a float.
func number(raw json.RawMessage) (float64, error) {
	var v any
	if len(raw) == 0 || string(raw) == "null" {
		return 0, nil
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return 0, err
	}
	switch v := v.(type) {
	case float64:
		return v, nil
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	case string:
		if hex, ok := strings.CutPrefix(v, "0x"); ok {
			bits, err := strconv.ParseUint(hex, 16, 64)
			if len(hex) <= 8 {
				return float64(math.Float32frombits(uint32(bits))), err
			}
			return math.Float64frombits(bits), err
		}
		if n, err := strconv.ParseFloat(v, 64); err == nil {
			return n, nil
		}
		if b, err := base64.StdEncoding.DecodeString(v); err == nil && len(b) == 8 {
			return math.Float64frombits(binary.LittleEndian.Uint64(b)), nil
		}
	}
	return 0, errors.New("zarr: fill value " + string(raw))
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
