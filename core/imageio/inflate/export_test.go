package inflate

// Plain leaves out what is in assembly.
func (z *Decoder) Plain() { z.d.plain = true }
