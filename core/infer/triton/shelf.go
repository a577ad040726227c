package triton

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"

	"coverslip.dev/coverslip/core/infer"
	model "coverslip.dev/coverslip/packaging/triton"
)

// versions of one model that stay loaded side by side: the one in force, the one that
// wants to be, and the one to go back to.
const versions = 3

// shelf holds the loaded versions of one model, with their networks: Triton takes only
// all versions of a model in one go, so that those that stay are sent again with each
// new one. The engine's mutex guards it.
type shelf struct {
	bundles []stored // the last used one last
	latest  string   // version that was loaded last
}

// stored is a bundle with what is asked of its network again and again, found out once: that
// takes seconds where the network is large.
type stored struct {
	infer.Bundle

	sum    string // SHA-256 of the network
	joined bool   // questions may be
}

// store finds out about b; nothing anew where was is of the very same bytes.
func store(b infer.Bundle, was *shelf) stored {
	if was != nil {
		if i := was.index(b.Version); i >= 0 && same(was.bundles[i].ONNX, b.ONNX) && bytes.Equal(was.bundles[i].Recipe, b.Recipe) {
			return stored{b, was.bundles[i].sum, was.bundles[i].joined}
		}
	}
	sum := sha256.Sum256(b.ONNX)
	return stored{b, hex.EncodeToString(sum[:]), b.Batched() && freeFirst(b.ONNX)}
}

// same tells whether a and b are the same bytes in memory. Nobody writes to a network.
func same(a, b []byte) bool { return len(a) == len(b) && len(a) > 0 && &a[0] == &b[0] }

// with returns a shelf with b on it, in the place of the same version or of those that were
// not used for longest: so many that the others can be sent in one message.
func (s *shelf) with(b infer.Bundle) *shelf {
	n := &shelf{latest: b.Version}
	if s != nil {
		n.bundles = slices.DeleteFunc(slices.Clone(s.bundles), func(o stored) bool { return o.Version == b.Version })
	}
	n.bundles = append(n.bundles, store(b, s))
	n.bundles = n.bundles[max(0, len(n.bundles)-versions):]
	for len(n.bundles) > 1 && n.size() > mostBytes-besides {
		n.bundles = n.bundles[1:]
	}
	return n
}

// clone is a copy that stays as it is when s is touched.
func (s *shelf) clone() *shelf {
	if s == nil {
		return nil
	}
	return &shelf{slices.Clone(s.bundles), s.latest}
}

// besides is room in a message for all that comes with networks.
const besides = 1 << 20

// size is how many bytes all networks have.
func (s *shelf) size() int {
	n := 0
	if s != nil {
		for _, b := range s.bundles {
			n += len(b.ONNX)
		}
	}
	return n
}

func (s *shelf) touch(version string) {
	if i := s.index(version); i >= 0 {
		b := s.bundles[i]
		s.bundles = append(slices.Delete(s.bundles, i, i+1), b)
	}
}

func (s *shelf) index(version string) int {
	return slices.IndexFunc(s.bundles, func(b stored) bool { return b.Version == version })
}

// What a model's configuration keeps; of a version before "." and Triton's number.
const (
	versionKey = "coverslip_version"
	digestKey  = "coverslip_sha256"
	imagesKey  = "max_images"     // of the model; model.py reads it
	sentKey    = "coverslip_sent" // of the model; tells one sending of it from the next
)

// parameters are what the configuration keeps: which registered version each number is,
// and of which content, and how many images may be joined. A server that has others is sent
// the model again.
func (s *shelf) parameters() map[string]string {
	p := map[string]string{imagesKey: strconv.Itoa(s.batch())}
	for _, b := range s.bundles {
		n := number(b.Version)
		p[versionKey+"."+n], p[digestKey+"."+n] = b.Version, b.sum
	}
	return p
}

// joined is how many images Triton may give to a network at a time, that came one by one.
const joined = 16

// batch is how many questions all versions may be asked as one; 0: none. model.py makes that its
// max_batch_size as far as the server is fit for it, and asks one by one where what was joined
// fails. Another backend would refuse all of them, so it is told nothing of it.
func (s *shelf) batch() int {
	for _, b := range s.bundles {
		if !b.joined {
			return 0
		}
	}
	return joined
}

// config is the model's configuration. Inputs and outputs are left for the backend to
// complete from the network. With dynamic batching questions wait in the server by their
// priority, also where they are not joined.
func (s *shelf) config(name, backend, sent string) (string, error) {
	type value struct {
		Text string `json:"string_value"`
	}
	parameters := map[string]value{sentKey: {sent}}
	for k, v := range s.parameters() {
		parameters[k] = value{v}
	}
	var numbers []string // int64 is text in the JSON of protobuf
	for _, b := range s.bundles {
		numbers = append(numbers, number(b.Version))
	}
	text, err := json.Marshal(map[string]any{
		"name": name, "backend": backend, "max_batch_size": 0, "parameters": parameters,
		"dynamic_batching": map[string]any{"priority_levels": 2, "default_priority_level": 2},
		"version_policy":   map[string]any{"specific": map[string]any{"versions": numbers}},
	})
	return string(text), err
}

// files are what lies in the model's folder.
func (s *shelf) files(backend string) map[string][]byte {
	f := map[string][]byte{}
	for _, b := range s.bundles {
		dir := "file:" + number(b.Version) + "/"
		f[dir+"model.onnx"] = b.ONNX
		if backend == "python" {
			f[dir+"model.py"] = model.ModelPy
		}
	}
	return f
}

// number is the number that Triton knows a version by: the version itself where that is
// one, 1 for none, and else a large one that follows from its letters.
func number(version string) string {
	if version == "" {
		return "1"
	}
	if n, err := strconv.Atoi(version); err == nil && 0 < n && n < 1e9 && strconv.Itoa(n) == version {
		return version
	}
	return fmt.Sprint(1e9 + int64(crc32.ChecksumIEEE([]byte(version))))
}

// nameOf is the version that a number stands for.
func nameOf(n string, parameters map[string]string) string {
	if v, ok := parameters[versionKey+"."+n]; ok {
		return v
	}
	return n
}
