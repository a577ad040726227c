package mlflow

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// mlmodel is the file MLmodel, which tells MLflow's pages and its Python client what a
// folder holds.
type mlmodel struct {
	ArtifactPath string            `yaml:"artifact_path"`
	Flavors      map[string]any    `yaml:"flavors"`
	Size         int               `yaml:"model_size_bytes"`
	Run          string            `yaml:"run_id"`
	Signature    map[string]string `yaml:"signature,omitempty"`
	Created      string            `yaml:"utc_time_created"`
}

// onnxFlavor is what MLflow's own client writes for an ONNX file.
type onnxFlavor struct {
	Data         string   `yaml:"data"`
	OnnxVersion  string   `yaml:"onnx_version"`
	Providers    []string `yaml:"providers"`
	ExternalData bool     `yaml:"save_as_external_data"`
}

// describe returns files with an MLmodel, where they have an ONNX file and none yet.
func describe(files map[string][]byte, run, folder string) map[string][]byte {
	if _, ok := files["MLmodel"]; ok {
		return files
	}
	data := ""
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Ext(name) == ".onnx" && !strings.Contains(name, "/") && (data == "" || name == "model.onnx") {
			data = name
		}
	}
	if data == "" {
		return files
	}
	m := mlmodel{
		ArtifactPath: folder, Run: run, Created: time.Now().UTC().Format("2006-01-02 15:04:05.000000"),
		Flavors: map[string]any{
			"onnx": onnxFlavor{
				Data: data, OnnxVersion: "1.17.0",
				Providers: []string{"CUDAExecutionProvider", "CPUExecutionProvider"},
			},
			"python_function": map[string]any{"loader_module": "mlflow.onnx", "data": data},
		},
	}
	for _, b := range files {
		m.Size += len(b)
	}
	if in, out, err := signature(files[data]); err == nil {
		m.Signature = map[string]string{"inputs": in, "outputs": out}
	}
	text, err := yaml.Marshal(m)
	if err != nil {
		return files // MLflow's pages then say less; the model is whole
	}
	all := maps.Clone(files)
	all["MLmodel"] = fmt.Appendln(nil, strings.TrimSpace(string(text)))
	return all
}
