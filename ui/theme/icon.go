package theme

import (
	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"

	"coverslip.dev/coverslip/assets"
)

// Icon returns one of the program's own icons, tinted like text; a question
// mark when there is none of that name.
func Icon(name string) fyne.Resource {
	b := assets.Icon(name)
	if b == nil {
		return fynetheme.QuestionIcon()
	}
	return fynetheme.NewThemedResource(fyne.NewStaticResource(name+".svg", b))
}
