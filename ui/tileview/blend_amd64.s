#include "textflag.h"

// func blendRow(dst, src *uint32, n int, strength uint32)
//
// Eight pixels a round, none where all eight of src are empty: bytes are widened to words, src
// is weakened, dst is scaled by 256 less src's alpha, and both are added. Y13 holds the strength
// and Y14 256 in each word, Y15 opaque black, Y12 zero.
TEXT ·blendRow(SB), NOSPLIT, $0-28
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	MOVL strength+24(FP), R8
	VMOVD R8, X13
	VPBROADCASTW X13, Y13
	VPCMPEQW Y14, Y14, Y14
	VPSLLD $24, Y14, Y15
	VPSRLW $15, Y14, Y14
	VPSLLW $8, Y14, Y14
	VPXOR Y12, Y12, Y12
	XORQ AX, AX

pixels:
	CMPQ AX, CX
	JGE done
	VMOVDQU (SI)(AX*4), Y0
	VPTEST Y0, Y0
	JZ next
	VMOVDQU (DI)(AX*4), Y1
	VPUNPCKLBW Y12, Y0, Y2
	VPUNPCKHBW Y12, Y0, Y3
	VPMULLW Y13, Y2, Y2
	VPMULLW Y13, Y3, Y3
	VPSRLW $8, Y2, Y2
	VPSRLW $8, Y3, Y3
	VPUNPCKLBW Y12, Y1, Y4
	VPUNPCKHBW Y12, Y1, Y5
	VPSHUFLW $0xff, Y2, Y6
	VPSHUFHW $0xff, Y6, Y6
	VPSHUFLW $0xff, Y3, Y7
	VPSHUFHW $0xff, Y7, Y7
	VPSUBW Y6, Y14, Y6
	VPSUBW Y7, Y14, Y7
	VPMULLW Y6, Y4, Y4
	VPMULLW Y7, Y5, Y5
	VPSRLW $8, Y4, Y4
	VPSRLW $8, Y5, Y5
	VPADDW Y2, Y4, Y4
	VPADDW Y3, Y5, Y5
	VPACKUSWB Y5, Y4, Y0
	VPOR Y15, Y0, Y0
	VMOVDQU Y0, (DI)(AX*4)

next:
	ADDQ $8, AX
	JMP pixels

done:
	VZEROUPPER
	RET
