// Package recipe is a model's description in the vocabulary of bioimage.io: what
// to do with the pixels before the network, and with its numbers after.
package recipe

// Recipe is a coverslip.yaml, or what is understood of a bioimage.io rdf.yaml.
type Recipe struct {
	Name        string
	Description string
	Task        string  // "instances"
	Class       string  // the class that its objects get, such as "nucleus"
	Diameter    float64 // the usual size of an object in pixels that it was made for; 0: any
	Inputs      []Port
	Outputs     []Port
	Decode      Op // how outputs become objects: stardist_postprocessing, …
}

// Port is one input or output tensor.
type Port struct {
	ID   string
	Axes string // "bcyx"
	Type string // float32
	// Step: the height and width of a tile must be Min + n·Step.
	Min, Step int
	Halo      int     // pixels to crop at each side of an output
	Scale     float64 // pixels of the output a pixel of the input
	Ops       []Op    // pre- or postprocessing, in order
}

// Op is one named operation and its keyword arguments.
type Op struct {
	ID     string
	Kwargs map[string]any
}
