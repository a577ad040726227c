package triton_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/infer/triton"
	"coverslip.dev/coverslip/core/servertest"
)

// told reads what Triton says of a model over HTTP.
func told(t *testing.T, model, what string, into any) {
	t.Helper()
	url := servertest.Need(t, "COVERSLIP_TEST_TRITON_HTTP") + "/v2/models/" + model + "/" + what
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close() //nolint:errcheck // read only
	if err := json.NewDecoder(a.Body).Decode(into); err != nil {
		t.Fatalf("%s: %v", url, err)
	}
}

// runs are in how many runs of a model its images were answered. Triton counts a run after its
// answers are out, so they are waited for.
func runs(t *testing.T, model string, images int) int {
	t.Helper()
	var said struct {
		Stats []struct {
			Images int `json:"inference_count"`
			Runs   int `json:"execution_count"`
		} `json:"model_stats"`
	}
	servertest.Succeeds(t, func() error {
		if told(t, model, "stats", &said); len(said.Stats) != 1 || said.Stats[0].Images > images {
			t.Fatalf("%s was not asked %d images: %+v", model, images, said)
		}
		if n := said.Stats[0].Images; n < images {
			return fmt.Errorf("%s was asked %d images, not %d", model, n, images)
		}
		return nil
	})
	return said.Stats[0].Runs
}

// TestDescribedLater: a server that has a model as one of whose questions none may be joined,
// such as from an older Coverslip, gets it again.
func TestDescribedLater(t *testing.T) {
	e := dial(t, triton.Options{Address: servertest.Need(t, "COVERSLIP_TEST_TRITON_GRPC"), Backend: "python"})
	b := infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName(), Version: "1"}, ONNX: infertest.Affine1()}
	defer e.Unload(t.Context(), b.Model) //nolint:errcheck // the test's end
	for _, text := range [][]byte{nil, infertest.Recipe("y")} {
		b.Recipe = text
		if err := e.Load(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		var said struct {
			Most     int       `json:"max_batch_size"`
			Batching *struct{} `json:"dynamic_batching"`
		}
		if told(t, b.Model, "config", &said); (said.Most > 1) != (text != nil) || said.Batching == nil {
			t.Errorf("described by %q: %+v", text, said)
		}
		if err := infertest.Ask(t.Context(), e, b.Ref, 2, 1, 1, 1, 4, 4); err != nil { // before it goes, as infertest does
			t.Error(err)
		}
	}
}

// TestJoined: Triton joins questions to a model that it got over the wire, where the model's
// description and network allow it, whatever their sizes and the outputs that each wants; the
// answers are those that they get one by one.
func TestJoined(t *testing.T) {
	for _, env := range []string{"COVERSLIP_TEST_TRITON_GRPC", "COVERSLIP_TEST_TRITON_HTTP"} {
		e := dial(t, triton.Options{Address: servertest.Need(t, env), Backend: "python"})
		b := infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName(), Version: "1"}, ONNX: infertest.Split(), Recipe: infertest.Recipe("prob", "dist")}
		if err := e.Load(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		defer e.Unload(t.Context(), b.Model) //nolint:errcheck // the test's end
		ask := func(i int) ([]infer.Tensor, error) {
			in := infertest.Image(int64(1+i%4/3), 1, int64(8+8*(i/12)), 16)
			copy(in.Data, infertest.Image(int64(2 + i)).Data[4:]) // each its own
			ctx := infer.WithTerms(t.Context(), infer.Terms{Outputs: [][]string{nil, {"dist"}, {"dist", "prob"}}[i/3%3]})
			return e.Infer(ctx, b.Ref, []infer.Tensor{in})
		}
		const n = 36
		want := make([][]infer.Tensor, n)
		for i := range want {
			var err error
			if want[i], err = ask(i); err != nil {
				t.Fatalf("%s: %v", e.Name(), err)
			}
		}
		const images = n * 5 / 4
		alone := runs(t, b.Model, images)
		if alone != n {
			t.Errorf("%s: one by one: in %d runs", e.Name(), alone)
		}
		// Which of them meet at the server is luck, so they are asked until some did.
		together := alone
		for round := 1; together-alone == n*(round-1); round++ {
			if round > 50 {
				t.Fatalf("%s: %d questions at once, 50 times: in %d runs", e.Name(), n, together-alone)
			}
			var wg sync.WaitGroup
			for i := range n {
				wg.Go(func() {
					got, err := ask(i)
					if err != nil || !slices.EqualFunc(got, want[i], same) {
						t.Errorf("%s: question %d among others: %v, %v", e.Name(), i, got, err)
					}
				})
			}
			wg.Wait()
			together = runs(t, b.Model, images*(1+round))
		}
	}
}

func same(a, b infer.Tensor) bool {
	return a.Name == b.Name && a.Type == b.Type && slices.Equal(a.Shape, b.Shape) && bytes.Equal(a.Data, b.Data)
}

// TestNotJoined: a network that takes one image at a time is served as it is, whatever its
// description says; and one that may be asked several goes on beside it.
func TestNotJoined(t *testing.T) {
	e := dial(t, triton.Options{Address: servertest.Need(t, "COVERSLIP_TEST_TRITON_GRPC"), Backend: "python"})
	b := infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName(), Version: "1"}, ONNX: infertest.Single(), Recipe: infertest.Recipe("y")}
	defer e.Unload(t.Context(), b.Model) //nolint:errcheck // the test's end
	if err := e.Load(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	spec, err := e.Describe(t.Context(), b.Ref)
	if err != nil || len(spec.In) != 1 || !slices.Equal(spec.In[0].Shape, []int64{1, 1, -1, -1}) {
		t.Errorf("described as %+v, %v", spec, err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := infertest.Ask(t.Context(), e, b.Ref, 2, 1, 1, 1, 16, 16); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := runs(t, b.Model, 8); n != 8 {
		t.Errorf("8 images in %d runs", n)
	}
	b.Version, b.ONNX = "2", infertest.Affine1() // one that could; but both have one configuration
	if err := e.Load(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"1", "2"} {
		if err := infertest.Ask(t.Context(), e, infer.Ref{Model: b.Model, Version: version}, 2, 1, 1, 1, 8, 8); err != nil {
			t.Error(err)
		}
	}
	if err := infertest.Ask(t.Context(), e, b.Ref, 2, 1, 20, 1, 8, 8); err != nil {
		t.Errorf("twenty images at once: %v", err)
	}
}

// TestManyImagesAtOnce: more images in one question than a model takes are asked in parts.
func TestManyImagesAtOnce(t *testing.T) {
	for _, env := range []string{"COVERSLIP_TEST_TRITON_GRPC", "COVERSLIP_TEST_TRITON_HTTP"} {
		e := dial(t, triton.Options{Address: servertest.Need(t, env), Backend: "python"})
		b := infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName(), Version: "1"}, ONNX: infertest.Affine1(), Recipe: infertest.Recipe("y")}
		defer e.Unload(t.Context(), b.Model) //nolint:errcheck // the test's end
		if err := e.Load(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		for _, side := range []int64{8, 64} { // 64: through shared memory
			if err := infertest.Ask(t.Context(), e, b.Ref, 2, 1, 21, 1, side, side); err != nil {
				t.Error(err)
			}
		}
		if _, err := e.Infer(t.Context(), b.Ref, []infer.Tensor{infertest.Image(21)}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("of another shape: %v", err)
		}
	}
}
