package triton_test

import (
	"os"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/infer/triton"
	"coverslip.dev/coverslip/core/servertest"
	packed "coverslip.dev/coverslip/packaging/triton"
)

const ports = `
max_batch_size: 0
input [ { name: "image" data_type: TYPE_FP32 dims: [ -1, 1, -1, -1 ] } ]
output [ { name: "y" data_type: TYPE_FP32 dims: [ -1, 1, -1, -1 ] } ]
`

// ensemble asks inner twice, one after the other.
const ensemble = `platform: "ensemble"` + ports + `ensemble_scheduling { step [
	{ model_name: "inner" model_version: -1 input_map { key: "image" value: "image" } output_map { key: "y" value: "between" } },
	{ model_name: "inner" model_version: -1 input_map { key: "image" value: "between" } output_map { key: "y" value: "y" } } ] }`

const blsConfig = `backend: "python"` + ports

// bls is a model whose Python asks inner itself.
const bls = `
import triton_python_backend_utils as pb

class TritonPythonModel:
    def execute(self, requests):
        out = []
        for r in requests:
            x = pb.get_input_tensor_by_name(r, "image")
            for _ in range(2):
                a = pb.InferenceRequest(model_name="inner", requested_output_names=["y"], inputs=[pb.Tensor.from_dlpack("image", x.to_dlpack())]).exec()
                if a.has_error():
                    raise pb.TritonModelException(a.error().message())
                x = pb.get_output_tensor_by_name(a, "y")
            out.append(pb.InferenceResponse([pb.Tensor.from_dlpack("y", x.to_dlpack())]))
        return out
`

// put writes a model into a server's repository.
func put(t *testing.T, repository, name, config string, files map[string][]byte) {
	t.Helper()
	home := filepath.Join(repository, name, "1")
	if err := os.MkdirAll(home, 0o755); err != nil {
		t.Fatal(err)
	}
	files["../config.pbtxt"] = []byte(config)
	for file, data := range files {
		if err := os.WriteFile(filepath.Join(home, file), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestModelsOfModels asks an ensemble and a model that asks others (business logic
// scripting) as any other: 2(2x+1)+1. They lie in the server's own repository: Triton does
// not take an ensemble over the wire whose members came so too.
func TestModelsOfModels(t *testing.T) {
	servertest.Need(t, "COVERSLIP_TEST_TRITON_GRPC") // or skip
	repository := t.TempDir()
	put(t, repository, "inner", `backend: "python"`, map[string][]byte{"model.onnx": infertest.Affine1(), "model.py": packed.ModelPy})
	put(t, repository, "ensemble", ensemble, map[string][]byte{})
	put(t, repository, "bls", blsConfig, map[string][]byte{"model.py": []byte(bls)})
	s := servertest.StartTriton(t, "--model-repository="+repository, "--load-model=ensemble", "--load-model=bls")
	for _, at := range []string{s.GRPC, s.HTTP} {
		e := dial(t, triton.Options{Address: at, Backend: "python"})
		for _, name := range []string{"ensemble", "bls"} {
			ref := infer.Ref{Model: name}
			if spec, err := e.Describe(t.Context(), ref); err != nil || len(spec.In) != 1 || spec.In[0].Name != "image" {
				t.Errorf("%s at %s: %+v, %v", name, at, spec, err)
			}
			if err := infertest.Ask(t.Context(), e, ref, 4, 3, 2, 1, 5, 7); err != nil {
				t.Errorf("%s at %s: %v", name, at, err)
			}
		}
	}
}
