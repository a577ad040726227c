package imageio

import "coverslip.dev/coverslip/core/fault"

// CutShort is the fault of an image's file that ends too early.
func CutShort(name string, cause error) error {
	return fault.New(fault.Corrupt, "The image “"+name+"” is cut short.",
		"The instrument may still be writing it, or a copy broke off: copy it again.", cause)
}

// Damaged is the fault of an image's file whose bytes make no sense.
func Damaged(name string, cause error) error {
	return fault.New(fault.Corrupt, "The image “"+name+"” is damaged.", "Copy it again from the instrument.", cause)
}
