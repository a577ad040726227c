package jpeg

// What the tests of the kernels call.
var (
	Vectors        = vectors
	Transform      = transform
	TransformPlain = transformPlain
)
