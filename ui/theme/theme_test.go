package theme_test

import (
	"image/color"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"

	"coverslip.dev/coverslip/ui/theme"
)

// luminance is WCAG 2's relative luminance.
func luminance(c color.Color) float64 {
	r, g, b, _ := c.RGBA()
	lin := func(v uint32) float64 {
		s := float64(v) / 65535
		if s <= 0.03928 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*lin(r) + 0.7152*lin(g) + 0.0722*lin(b)
}

func contrast(a, b color.Color) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// TestTextIsReadable holds every text colour to WCAG's AA (4.5:1) on what it stands on.
func TestTextIsReadable(t *testing.T) {
	on := map[fyne.ThemeColorName][]fyne.ThemeColorName{
		fynetheme.ColorNameForeground: {
			fynetheme.ColorNameBackground, theme.Panel, theme.Rail, fynetheme.ColorNameButton,
			fynetheme.ColorNameSelection, theme.Accent, theme.Held, theme.Bad, theme.Good, theme.Neutral,
		},
		theme.Subtle:                           {fynetheme.ColorNameBackground, theme.Panel, theme.Rail, theme.Neutral, fynetheme.ColorNameInputBackground},
		fynetheme.ColorNamePrimary:             {fynetheme.ColorNameBackground, theme.Panel, theme.Accent},
		fynetheme.ColorNameForegroundOnPrimary: {fynetheme.ColorNamePrimary},
		fynetheme.ColorNameSuccess:             {theme.Good, theme.Panel},
		fynetheme.ColorNameWarning:             {theme.Held, theme.Panel},
		fynetheme.ColorNameError:               {theme.Bad, theme.Panel},
	}
	for _, m := range []theme.Mode{theme.Dark, theme.Light} {
		l := theme.New(m)
		for fg, bgs := range on {
			for _, bg := range bgs {
				if k := contrast(l.Color(fg, 0), l.Color(bg, 0)); k < 4.5 {
					t.Errorf("%s: %s on %s has contrast %.2f", m, fg, bg, k)
				}
			}
		}
	}
}

// TestEdgesAreSeen holds the edges of boxes, circles and fields to WCAG's 3:1 for parts of an
// interface: it is they that say where one can tick and write.
func TestEdgesAreSeen(t *testing.T) {
	for _, m := range []theme.Mode{theme.Dark, theme.Light} {
		l := theme.New(m)
		for _, bg := range []fyne.ThemeColorName{
			fynetheme.ColorNameBackground, theme.Panel, fynetheme.ColorNameOverlayBackground, fynetheme.ColorNameInputBackground,
		} {
			if k := contrast(l.Color(fynetheme.ColorNameInputBorder, 0), l.Color(bg, 0)); k < 3 {
				t.Errorf("%s: the edge on %s has contrast %.2f", m, bg, k)
			}
		}
	}
}

// TestFocusIsSeen tells a button that has the keys from its neighbours, and keeps it readable.
func TestFocusIsSeen(t *testing.T) {
	over := func(bg, fg color.Color) color.Color {
		f := color.NRGBAModel.Convert(fg).(color.NRGBA)
		b := color.NRGBAModel.Convert(bg).(color.NRGBA)
		mix := func(b, f, a uint8) uint8 { return uint8((int(b)*(255-int(a)) + int(f)*int(a)) / 255) }
		return color.NRGBA{R: mix(b.R, f.R, f.A), G: mix(b.G, f.G, f.A), B: mix(b.B, f.B, f.A), A: 255}
	}
	for _, m := range []theme.Mode{theme.Dark, theme.Light} {
		l := theme.New(m)
		focus := l.Color(fynetheme.ColorNameFocus, 0)
		for _, c := range []struct {
			on, text fyne.ThemeColorName
			least    float64
		}{
			{fynetheme.ColorNamePrimary, fynetheme.ColorNameForegroundOnPrimary, 1.25},
			{fynetheme.ColorNameButton, fynetheme.ColorNameForeground, 1.9},
		} {
			on := l.Color(c.on, 0)
			if k := contrast(over(on, focus), on); k < c.least {
				t.Errorf("%s: the focus on %s has contrast %.2f", m, c.on, k)
			}
			if k := contrast(over(on, focus), l.Color(c.text, 0)); k < 3.9 {
				t.Errorf("%s: text on %s in focus has contrast %.2f", m, c.on, k)
			}
		}
	}
}

func TestEveryNameHasAColor(t *testing.T) {
	test.NewTempApp(t)
	test.AssertAllColorNamesDefined(t, theme.New(theme.Dark), "dark")
	test.AssertAllColorNamesDefined(t, theme.New(theme.Light), "light")
}
