package jpeg

// What the tests of the kernels call.
var (
	Transform      = transform
	TransformPlain = transformPlain
	Wider          = wider
	WiderPlain     = widerPlain
)

// RGB converts with the kernel, RGBPlain without.
func (d *Decoder) RGB(to, luma, blue, red []byte)      { d.convert.toRGB(to, luma, blue, red) }
func (d *Decoder) RGBPlain(to, luma, blue, red []byte) { d.convert.toRGBPlain(to, luma, blue, red) }
