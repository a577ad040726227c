package imageio_test

import (
	"testing"

	"coverslip.dev/coverslip/core/imageio"
)

func TestDisplayColors(t *testing.T) {
	white := [3]uint8{255, 255, 255}
	got := imageio.DisplayColors([]imageio.Channel{{Name: "GFP", Color: white}, {Name: "DAPI", Color: white}})
	if got[0][1] < 200 || got[0][0] > 150 || got[1][2] < 200 || got[1][0] > 150 {
		t.Errorf("stains: %v", got)
	}
	red := [3]uint8{255, 0, 0}
	got = imageio.DisplayColors([]imageio.Channel{{Name: "GFP", Color: red}, {Name: "DAPI", Color: white}})
	if got[0] != red || got[1] != white {
		t.Errorf("what the file says was not kept: %v", got)
	}
	if got = imageio.DisplayColors([]imageio.Channel{{Name: "DAPI", Color: white}}); got[0] != white {
		t.Errorf("a single channel is grey: %v", got)
	}
}

func TestColored(t *testing.T) {
	rgb := []imageio.Channel{{Name: "Red", Color: [3]uint8{255, 0, 0}}, {Name: "Green", Color: [3]uint8{0, 255, 0}}, {Name: "Blue", Color: [3]uint8{0, 0, 255}}}
	for _, c := range []struct {
		info imageio.Info
		want bool
	}{
		{imageio.Info{Type: imageio.Uint8, Channels: rgb}, true},
		{imageio.Info{Type: imageio.Uint16, Channels: rgb}, true},
		{imageio.Info{Type: imageio.Float32, Channels: rgb}, false},
		{imageio.Info{Type: imageio.Uint8, Channels: rgb[:2]}, false},
		{imageio.Info{Type: imageio.Uint8, Channels: []imageio.Channel{rgb[1], rgb[0], rgb[2]}}, false},
		{imageio.Info{Type: imageio.Uint8, Channels: []imageio.Channel{{Name: "DAPI", Color: rgb[0].Color}, rgb[1], rgb[2]}}, false},
	} {
		if got := c.info.Colored(); got != c.want {
			t.Errorf("%+v: %v", c.info, got)
		}
	}
}
