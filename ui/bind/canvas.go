package bind

import "fyne.io/fyne/v2"

// OnCanvas calls do with the canvas that shows o, such as to focus something there or
// to open a dialog; not at all while o is on none. A widget has no other way to its
// canvas than over the running app, and this is the only one that we take.
func OnCanvas(o fyne.CanvasObject, do func(fyne.Canvas)) {
	driver := fyne.CurrentApp().Driver() //nolint:forbidigo // the one place that asks for the app
	if c := driver.CanvasForObject(o); c != nil {
		do(c)
	}
}
