// Package triton holds what Coverslip sends to a Triton server along with a network.
package triton

import _ "embed"

// ModelPy serves an ONNX network in Triton's Python backend.
//
//go:embed model.py
var ModelPy []byte
