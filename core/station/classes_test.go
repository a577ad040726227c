package station

import (
	"slices"
	"testing"

	"coverslip.dev/coverslip/core/recipe"
)

// TestClassesOfModels: one, those of pixels without the ground, and those of boxes.
func TestClassesOfModels(t *testing.T) {
	channels := recipe.Tensor{ID: "out", Axes: []recipe.Axis{{ID: "channel", Names: []string{"ground", "living", "dead"}}}}
	last := recipe.Tensor{ID: "out", Axes: []recipe.Axis{{ID: "channel", Names: []string{"living", "dead", "Background"}}}}
	for name, c := range map[string]struct {
		m    recipe.Model
		want []string
	}{
		"one":    {recipe.Model{Class: "nucleus", Outputs: []recipe.Tensor{channels}, From: "out", Decode: recipe.Op{ID: recipe.Floods}}, []string{"nucleus"}},
		"pixels": {recipe.Model{Class: "object", Outputs: []recipe.Tensor{channels}, From: "out", Decode: recipe.Op{ID: recipe.Semantic}}, []string{"living", "dead"}},
		"named":  {recipe.Model{Class: "object", Outputs: []recipe.Tensor{last}, From: "out", Decode: recipe.Op{ID: recipe.Semantic}}, []string{"living", "dead"}},
		"boxes":  {recipe.Model{Class: "object", Outputs: []recipe.Tensor{{ID: "boxes"}, {}, {Classes: []string{"bg", "a", "b", "Background"}}}}, []string{"a", "b"}},
	} {
		if got := classes(&c.m); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, not %v", name, got, c.want)
		}
	}
}
