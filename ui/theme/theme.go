// Package theme is how the program looks: calm greys, one accent, and fixed
// colours for the states of objects, in dark and in light.
package theme

import (
	"image/color"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"
)

// Mode says whether the program is dark or light.
type Mode string

// The modes; System follows the desktop.
const (
	System Mode = "system"
	Dark   Mode = "dark"
	Light  Mode = "light"
)

// Names of colours that Fyne does not have.
const (
	Rail    fyne.ThemeColorName = "coverslip.rail"    // behind the navigation and the status strip
	Panel   fyne.ThemeColorName = "coverslip.panel"   // behind side panels and cards
	Subtle  fyne.ThemeColorName = "coverslip.subtle"  // text of second rank
	Canvas  fyne.ThemeColorName = "coverslip.canvas"  // around an image
	Accent  fyne.ThemeColorName = "coverslip.accent"  // soft fill of a chosen thing
	Good    fyne.ThemeColorName = "coverslip.good"    // soft fills of chips
	Held    fyne.ThemeColorName = "coverslip.held"    //
	Bad     fyne.ThemeColorName = "coverslip.bad"     //
	Neutral fyne.ThemeColorName = "coverslip.neutral" //
)

type look struct {
	mode  Mode
	tones map[fyne.ThemeColorName]tone
}

// New returns the theme in that mode.
func New(m Mode) fyne.Theme { return &look{mode: m, tones: tones()} }

func (l *look) dark(v fyne.ThemeVariant) bool {
	switch l.mode {
	case Dark:
		return true
	case Light:
		return false
	case System:
	}
	return v == fynetheme.VariantDark
}

// Color is one of ours, or Fyne's for names that we do not set.
func (l *look) Color(n fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	of, ours := l.tones[n]
	c, as := of.light, fynetheme.VariantLight
	if l.dark(v) {
		c, as = of.dark, fynetheme.VariantDark
	}
	if ours {
		return c
	}
	return fynetheme.DefaultTheme().Color(n, as)
}

// Font is Fyne's.
func (*look) Font(s fyne.TextStyle) fyne.Resource { return fynetheme.DefaultTheme().Font(s) }

// Icon is Fyne's.
func (*look) Icon(n fyne.ThemeIconName) fyne.Resource { return fynetheme.DefaultTheme().Icon(n) }

// Size keeps targets large enough for gloves and text small enough for tables.
func (*look) Size(n fyne.ThemeSizeName) float32 {
	switch n {
	case fynetheme.SizeNameInnerPadding:
		return 9
	case fynetheme.SizeNamePadding:
		return 5
	case fynetheme.SizeNameInlineIcon:
		return 22
	case fynetheme.SizeNameHeadingText:
		return 22
	case fynetheme.SizeNameSubHeadingText:
		return 17
	case fynetheme.SizeNameText:
		return 14
	case fynetheme.SizeNameCaptionText:
		return 12
	case fynetheme.SizeNameScrollBar:
		return 14
	case fynetheme.SizeNameScrollBarSmall:
		return 5
	case fynetheme.SizeNameInputRadius, fynetheme.SizeNameSelectionRadius, fynetheme.SizeNameButtonRadius:
		return 7
	}
	return fynetheme.DefaultTheme().Size(n)
}
