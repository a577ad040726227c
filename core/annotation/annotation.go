// Package annotation holds what people and models drew on an image.
package annotation

import "time"

// Point is a position in pixels of the full image, x to the right, y down; the
// centre of the upper left pixel is (0.5, 0.5), as in QuPath and GeoJSON.
type Point struct{ X, Y float64 }

// State is what a person thinks of an object.
type State string

// The states of an object.
const (
	Predicted State = "predicted" // a model's, nobody looked yet
	Accepted  State = "accepted"
	Rejected  State = "rejected"
	Drawn     State = "drawn" // a person's own
)

// Object is one outlined thing. It is a value: edits make a new one.
type Object struct {
	ID      string  // unique within a dataset, stays through edits
	Class   string  // "nucleus", …
	Outline []Point // closed ring, first point not repeated; around holes as Join has it
	Score   float64 // the model's probability in 0…1; 1 for a person's
	State   State
	By      string // person, or model@version
	// Track is the number, from 1, of what this is over time; 0 where nobody followed it.
	Track int `json:",omitempty"`
}

// Layer is the objects that one author laid over one image.
type Layer struct {
	Image   string // imageio.Source.ID, or the file's hash
	By      string // person, or model@version
	Made    time.Time
	Objects []Object
	// Z and T are the plane and the time point of the objects.
	Z int `json:",omitempty"`
	T int `json:",omitempty"`
	// Threshold of probability, where a person set another than the model's own; else 0.
	Threshold float64 `json:",omitempty"`
	// Since is the number from which on edits came after the layer; 0: only the clock tells.
	Since int64 `json:",omitempty"`
}

// Kind says what an edit does.
type Kind string

// The kinds of edits.
const (
	Add    Kind = "add"
	Remove Kind = "remove"
	Change Kind = "change" // new outline, class or state
)

// Edit is one entry of an image's edit log. Before and After make it reversible;
// the log is also the audit trail.
type Edit struct {
	Kind   Kind
	Before *Object `json:",omitempty"` // nil for Add
	After  *Object `json:",omitempty"` // nil for Remove
	// With are edits of other objects that stand and fall with this one, such as of what broke off of it. When
	// and by whom is what the edit says.
	With   []Edit    `json:",omitempty"`
	At     time.Time `json:",omitzero"`
	By     string
	Undoes int64 `json:",omitempty"` // the number of the edit that this one takes back; 0 for none
	Redoes int64 `json:",omitempty"` // the number of the undo that this one takes back; 0 for none
}

// All are the edit and those that stand and fall with it.
func (e Edit) All() []Edit { return append([]Edit{e}, e.With...) }
