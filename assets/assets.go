// Package assets holds the icons and the operator's manual, built into the program.
package assets

import "embed"

//go:embed icons/*.svg
var icons embed.FS

//go:embed help/*.md
var help embed.FS

// Icon returns the SVG of that name, or nil. Icons are filled shapes of one
// colour on a 24×24 canvas, so that a theme can tint them.
func Icon(name string) []byte {
	b, err := icons.ReadFile("icons/" + name + ".svg")
	if err != nil {
		return nil
	}
	return b
}

// Help returns a page of the manual as Markdown, or "" when there is none.
func Help(page string) string {
	b, err := help.ReadFile("help/" + page + ".md")
	if err != nil {
		return ""
	}
	return string(b)
}
