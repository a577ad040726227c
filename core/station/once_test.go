package station_test

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/servertest"
	"coverslip.dev/coverslip/core/station"
)

// stained writes a picture of three channels.
func stained(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stained.png")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	img := image.NewRGBA(image.Rect(0, 0, 64, 64))
	for i := range 64 * 64 {
		img.Set(i%64, i/64, color.RGBA{R: uint8(i % 64), G: uint8(i / 64), B: uint8(i % 7), A: 255})
	}
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAskMeasuresEveryChannel, whichever the model has looked at.
func TestAskMeasuresEveryChannel(t *testing.T) {
	servertest.Need(t, "COVERSLIP_TEST_ORT")
	q := station.Question{Engine: "embedded", Model: "nuclei"}
	if err := station.Ask(t.Context(), q, []string{stained(t)}, func(a station.Answer) error {
		if !slices.Equal(a.Table.Channels, []int{0, 1, 2}) {
			t.Errorf("measured: %v", a.Table.Channels)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// TestAskAboutAChannel: the model is given what was chosen, or says that it takes another number.
func TestAskAboutAChannel(t *testing.T) {
	servertest.Need(t, "COVERSLIP_TEST_ORT")
	for text, want := range map[string][]int{"": {0}, "2": {2}, "1,0": nil} {
		q := station.Question{Engine: "embedded", Model: "nuclei"}
		if text != "" {
			if err := q.SetChannels(text); err != nil {
				t.Fatal(err)
			}
		}
		err := station.Ask(t.Context(), q, []string{stained(t)}, func(a station.Answer) error {
			if !slices.Equal(a.Given.Channels, want) {
				t.Errorf("%q: given %v", text, a.Given)
			}
			return nil
		})
		if (err == nil) != (want != nil) || err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}
