#include "textflag.h"

// func aboveBlocks(v *float32, n int, level float32, to *byte)
//
// Eight values are compared at once; what the comparison says of each is a bit of one byte.
// The predicate 0x11 is less than, ordered and quiet: false where one is not a number.
TEXT ·aboveBlocks(SB), NOSPLIT, $0-32
	MOVQ v+0(FP), SI
	MOVQ n+8(FP), CX
	VBROADCASTSS level+16(FP), Y0
	MOVQ to+24(FP), DI
	SHRQ $3, CX

blocks:
	VCMPPS $0x11, (SI), Y0, Y1
	VMOVMSKPS Y1, AX
	MOVB AX, (DI)
	ADDQ $32, SI
	INCQ DI
	DECQ CX
	JNZ blocks

	VZEROUPPER
	RET
