package ometiff_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/ometiff"
)

// TestUnevenTimes has frames that were not taken at an even pace: each has its own time, also in a file
// that is made of it. Of a recording of which some are not known it is the mean distance.
func TestUnevenTimes(t *testing.T) {
	after := []float64{0.5, 12.8, 22.9, 32.9, 43, 53}
	all := []time.Duration{0, 12300 * time.Millisecond, 22400 * time.Millisecond, 32400 * time.Millisecond, 42500 * time.Millisecond, 52500 * time.Millisecond}
	for _, c := range []struct {
		name    string
		without int
		times   []time.Duration
	}{{"all", -1, all}, {"some", 2, nil}} {
		text := `<OME><Image><Pixels DimensionOrder="XYZCT" SizeX="16" SizeY="16" SizeZ="1" SizeC="1" SizeT="6" Type="uint8"><TiffData/>`
		for i, s := range after {
			if i != c.without {
				text += fmt.Sprintf(`<Plane TheC="0" TheZ="0" TheT="%d" DeltaT="%g" PositionX="7" PositionXUnit="um"/>`, i, s)
			}
		}
		data := tiff(6, text+`</Pixels></Image></OME>`, make([]byte, 256), nil)
		src, err := ometiff.OpenReader(t.Context(), bytes.NewReader(data), int64(len(data)), "uneven.ome.tif")
		if err != nil {
			t.Fatal(err)
		}
		saved := saved(t, src)
		for _, i := range []struct {
			of    string
			every time.Duration
			times []time.Duration
			stage float64
		}{
			{"read", src.Info().Interval, src.Info().Times, src.Info().Stage.X}, {"saved", saved.Info().Interval, saved.Info().Times, saved.Info().Stage.X},
		} {
			if i.every != 10500*time.Millisecond || !slices.Equal(i.times, c.times) || i.stage != 7 {
				t.Errorf("%s, %s: every %v, %v, at %g µm", c.name, i.of, i.every, i.times, i.stage)
			}
		}
	}
}

// TestHowItWasTaken is kept in a file that is made of another: what the image is called, the objective, how
// long each channel was exposed, and where.
func TestHowItWasTaken(t *testing.T) {
	text := `<OME><Instrument ID="I"><Objective ID="O:0" LensNA="0.3" NominalMagnification="10"/><Objective ID="O:1" LensNA="0.95" NominalMagnification="40"/></Instrument>` +
		`<Image Name="well B2"><InstrumentRef ID="I"/><ObjectiveSettings ID="O:1"/><Pixels DimensionOrder="XYCZT" SizeX="16" SizeY="16" SizeZ="1" SizeC="2" SizeT="3" Type="uint8" TimeIncrement="2"><Channel Name="A"/><Channel Name="B"/><TiffData/>`
	for i := range 6 {
		text += fmt.Sprintf(`<Plane TheC="%d" TheZ="0" TheT="%d" ExposureTime="%d" ExposureTimeUnit="ms" PositionX="7" PositionXUnit="um"/>`, i%2, i/2, 50+i)
	}
	data := tiff(6, text+`</Pixels></Image></OME>`, make([]byte, 256), nil)
	src, err := ometiff.OpenReader(t.Context(), bytes.NewReader(data), int64(len(data)), "taken.ome.tif")
	if err != nil {
		t.Fatal(err)
	}
	saved := saved(t, src)
	for of, i := range map[string]imageio.Info{"read": src.Info(), "saved": saved.Info()} {
		if i.Title != "well B2" || i.Lens != (imageio.Lens{Power: 40, Aperture: 0.95}) || i.Stage.X != 7 || i.Interval != 2*time.Second || i.Times != nil ||
			i.Channels[0].Exposure != 50*time.Millisecond || i.Channels[1].Exposure != 51*time.Millisecond {
			t.Errorf("%s: %+v", of, i)
		}
	}
}

// saved is what Save makes of src, opened.
func saved(t *testing.T, src imageio.Source) imageio.Source { //nolint:ireturn // as it is opened
	t.Helper()
	path := filepath.Join(t.TempDir(), "saved.ome.tif")
	if err := ometiff.Save(t.Context(), path, src, ometiff.Options{}); err != nil {
		t.Fatal(err)
	}
	out, err := ometiff.Format{}.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	return out
}
