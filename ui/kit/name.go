package kit

import (
	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Name is a name in bold. Of one that is too long for its place the middle is left out.
type Name struct {
	widget.Label

	full string
}

// NewName returns an empty one; size is that of its text.
func NewName(size fyne.ThemeSizeName) *Name {
	n := &Name{}
	n.SizeName, n.TextStyle.Bold, n.Truncation = size, true, fyne.TextTruncateEllipsis
	n.ExtendBaseWidget(n)
	return n
}

// Set replaces the name.
func (n *Name) Set(full string) {
	n.full = full
	n.fit()
}

// Full is the whole name.
func (n *Name) Full() string { return n.full }

// Wide is how wide it is in full.
func (n *Name) Wide() float32 {
	return fyne.MeasureText(n.full, fynetheme.Size(n.SizeName), n.TextStyle).Width + nameAir()
}

// nameAir is what Fyne's labels carry beside their text, and a little for what it rounds.
func nameAir() float32 { return 2*fynetheme.InnerPadding() + fynetheme.Padding() }

// Resize makes room for more or less of it.
func (n *Name) Resize(s fyne.Size) {
	n.Label.Resize(s)
	n.fit()
}

func (n *Name) fit() {
	text := n.full
	if w := n.Size().Width; w > 0 {
		text = ShortenedAs(text, w-nameAir(), fynetheme.Size(n.SizeName), n.TextStyle)
	}
	if text != n.Text {
		n.SetText(text)
	}
}
