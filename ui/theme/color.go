package theme

import (
	"image/color"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"
)

func rgb(v uint32) color.NRGBA { return rgba(v, 255) }

func rgba(v uint32, a uint8) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: a}
}

// ObjectColors are the colours of what lies on an image, the same in dark and in
// light.
type ObjectColors struct {
	Predicted color.NRGBA // amber: a model's, nobody looked yet
	Accepted  color.NRGBA // green
	Rejected  color.NRGBA // red, dashed
	Drawn     color.NRGBA // magenta: a person's own
	Hovered   color.NRGBA // cyan
	Selected  color.NRGBA // white
}

// Objects returns the colours of objects.
func Objects() ObjectColors {
	return ObjectColors{
		Predicted: rgb(0xf5b83d), Accepted: rgb(0x46d17f), Rejected: rgb(0xd4626c),
		Drawn: rgb(0xe65bd0), Hovered: rgb(0x5fd4f4), Selected: rgb(0xffffff),
	}
}

//nolint:cyclop // a table
func darkColor(n fyne.ThemeColorName) (color.Color, bool) {
	switch n {
	case fynetheme.ColorNameBackground:
		return rgb(0x161a1f), true
	case Rail:
		return rgb(0x101317), true
	case Panel, fynetheme.ColorNameHeaderBackground:
		return rgb(0x1d2228), true
	case fynetheme.ColorNameMenuBackground, fynetheme.ColorNameOverlayBackground:
		return rgb(0x20262d), true
	case Canvas:
		return rgb(0x0a0c0e), true
	case fynetheme.ColorNameForeground:
		return rgb(0xe8ecf0), true
	case Subtle, fynetheme.ColorNamePlaceHolder:
		return rgb(0x9eabb8), true
	case fynetheme.ColorNameDisabled:
		return rgb(0x8793a0), true
	case fynetheme.ColorNameButton:
		return rgb(0x343e48), true
	case fynetheme.ColorNameDisabledButton:
		return rgb(0x20262c), true
	case fynetheme.ColorNameInputBackground:
		return rgb(0x2a323a), true
	case fynetheme.ColorNameInputBorder:
		return rgb(0x3d4853), true
	case fynetheme.ColorNameSeparator:
		return rgb(0x2c343c), true
	case fynetheme.ColorNamePrimary, fynetheme.ColorNameHyperlink:
		return rgb(0x4fb6d6), true
	case fynetheme.ColorNameForegroundOnPrimary:
		return rgb(0x06222c), true
	case fynetheme.ColorNameFocus:
		return rgba(0x4fb6d6, 0x55), true
	case fynetheme.ColorNameSelection:
		return rgb(0x234450), true
	case fynetheme.ColorNameHover:
		return rgba(0xffffff, 0x12), true
	case fynetheme.ColorNamePressed:
		return rgba(0xffffff, 0x26), true
	case fynetheme.ColorNameScrollBar:
		return rgba(0xffffff, 0x55), true
	case fynetheme.ColorNameShadow:
		return rgba(0x000000, 0x88), true
	case fynetheme.ColorNameSuccess:
		return rgb(0x58cf8a), true
	case fynetheme.ColorNameWarning:
		return rgb(0xf0b64a), true
	case fynetheme.ColorNameError:
		return rgb(0xf0838a), true
	case Accent:
		return rgb(0x1d3a45), true
	case Good:
		return rgb(0x1b3a2a), true
	case Held:
		return rgb(0x41341a), true
	case Bad:
		return rgb(0x47262a), true
	case Neutral:
		return rgb(0x2b333c), true
	}
	return nil, false
}

//nolint:cyclop // a table
func lightColor(n fyne.ThemeColorName) (color.Color, bool) {
	switch n {
	case fynetheme.ColorNameBackground:
		return rgb(0xf6f8f9), true
	case Rail:
		return rgb(0xe9eef1), true
	case Panel, fynetheme.ColorNameMenuBackground, fynetheme.ColorNameOverlayBackground:
		return rgb(0xffffff), true
	case fynetheme.ColorNameHeaderBackground:
		return rgb(0xeef2f4), true
	case Canvas:
		return rgb(0x0a0c0e), true
	case fynetheme.ColorNameForeground:
		return rgb(0x17212a), true
	case Subtle, fynetheme.ColorNamePlaceHolder:
		return rgb(0x586673), true
	case fynetheme.ColorNameDisabled:
		return rgb(0x6a7682), true
	case fynetheme.ColorNameButton:
		return rgb(0xe3e9ed), true
	case fynetheme.ColorNameDisabledButton:
		return rgb(0xeef1f3), true
	case fynetheme.ColorNameInputBackground:
		return rgb(0xe6ecf0), true
	case fynetheme.ColorNameInputBorder:
		return rgb(0xb6c1ca), true
	case fynetheme.ColorNameSeparator:
		return rgb(0xd7dee3), true
	case fynetheme.ColorNamePrimary, fynetheme.ColorNameHyperlink:
		return rgb(0x0b6a8a), true
	case fynetheme.ColorNameForegroundOnPrimary:
		return rgb(0xffffff), true
	case fynetheme.ColorNameFocus:
		return rgba(0x0b6a8a, 0x44), true
	case fynetheme.ColorNameSelection:
		return rgb(0xcfe6ee), true
	case fynetheme.ColorNameHover:
		return rgba(0x0c2030, 0x0e), true
	case fynetheme.ColorNamePressed:
		return rgba(0x0c2030, 0x22), true
	case fynetheme.ColorNameScrollBar:
		return rgba(0x0c2030, 0x55), true
	case fynetheme.ColorNameShadow:
		return rgba(0x0c2030, 0x2a), true
	case fynetheme.ColorNameSuccess:
		return rgb(0x14713f), true
	case fynetheme.ColorNameWarning:
		return rgb(0x8d5a00), true
	case fynetheme.ColorNameError:
		return rgb(0xb3303a), true
	case Accent:
		return rgb(0xd7ebf2), true
	case Good:
		return rgb(0xd8f0e2), true
	case Held:
		return rgb(0xfbecc8), true
	case Bad:
		return rgb(0xfadfe0), true
	case Neutral:
		return rgb(0xe3e9ed), true
	}
	return nil, false
}
