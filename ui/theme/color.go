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

// tone is a colour in dark and in light.
type tone struct{ dark, light color.Color }

// tones is the whole table of colours.
func tones() map[fyne.ThemeColorName]tone {
	return map[fyne.ThemeColorName]tone{
		fynetheme.ColorNameBackground:          {rgb(0x161a1f), rgb(0xf6f8f9)},
		Rail:                                   {rgb(0x101317), rgb(0xe9eef1)},
		Panel:                                  {rgb(0x1d2228), rgb(0xffffff)},
		fynetheme.ColorNameHeaderBackground:    {rgb(0x1d2228), rgb(0xeef2f4)},
		fynetheme.ColorNameMenuBackground:      {rgb(0x20262d), rgb(0xffffff)},
		fynetheme.ColorNameOverlayBackground:   {rgb(0x20262d), rgb(0xffffff)},
		Canvas:                                 {rgb(0x0a0c0e), rgb(0x0a0c0e)},
		fynetheme.ColorNameForeground:          {rgb(0xe8ecf0), rgb(0x17212a)},
		Subtle:                                 {rgb(0x9eabb8), rgb(0x586673)},
		fynetheme.ColorNamePlaceHolder:         {rgb(0x9eabb8), rgb(0x586673)},
		fynetheme.ColorNameDisabled:            {rgb(0x8793a0), rgb(0x6a7682)},
		fynetheme.ColorNameButton:              {rgb(0x343e48), rgb(0xe3e9ed)},
		fynetheme.ColorNameDisabledButton:      {rgb(0x20262c), rgb(0xeef1f3)},
		fynetheme.ColorNameInputBackground:     {rgb(0x2a323a), rgb(0xe6ecf0)},
		fynetheme.ColorNameInputBorder:         {rgb(0x747f8b), rgb(0x7a8691)},
		fynetheme.ColorNameSeparator:           {rgb(0x2c343c), rgb(0xd7dee3)},
		fynetheme.ColorNamePrimary:             {rgb(0x4fb6d6), rgb(0x0b6a8a)},
		fynetheme.ColorNameHyperlink:           {rgb(0x4fb6d6), rgb(0x0b6a8a)},
		fynetheme.ColorNameForegroundOnPrimary: {rgb(0x06222c), rgb(0xffffff)},
		fynetheme.ColorNameFocus:               {rgba(0xffffff, 0x48), rgba(0x0c2030, 0x55)},
		fynetheme.ColorNameSelection:           {rgb(0x234450), rgb(0xcfe6ee)},
		fynetheme.ColorNameHover:               {rgba(0xffffff, 0x12), rgba(0x0c2030, 0x0e)},
		fynetheme.ColorNamePressed:             {rgba(0xffffff, 0x26), rgba(0x0c2030, 0x22)},
		fynetheme.ColorNameScrollBar:           {rgba(0xffffff, 0x55), rgba(0x0c2030, 0x55)},
		fynetheme.ColorNameShadow:              {rgba(0x000000, 0x88), rgba(0x0c2030, 0x2a)},
		fynetheme.ColorNameSuccess:             {rgb(0x58cf8a), rgb(0x14713f)},
		fynetheme.ColorNameWarning:             {rgb(0xf0b64a), rgb(0x8d5a00)},
		fynetheme.ColorNameError:               {rgb(0xf0838a), rgb(0xb3303a)},
		Accent:                                 {rgb(0x1d3a45), rgb(0xd7ebf2)},
		Good:                                   {rgb(0x1b3a2a), rgb(0xd8f0e2)},
		Held:                                   {rgb(0x41341a), rgb(0xfbecc8)},
		Bad:                                    {rgb(0x47262a), rgb(0xfadfe0)},
		Neutral:                                {rgb(0x2b333c), rgb(0xe3e9ed)},
	}
}
