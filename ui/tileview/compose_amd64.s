#include "textflag.h"

// func composeRows(dst *uint32, n int, planes **uint16, stains *vectorStain, count int, flip uint32)
//
// Sixteen pixels a round: for each channel the window, the slope and three products with
// saturating sums; then the lanes' upper bytes are woven to RGBA. Y4 holds 0xff00 in each
// 16-bit lane, Y11 the flip, Y5 Y6 Y7 the sums of red, green and blue.
TEXT ·composeRows(SB), NOSPLIT, $0-44
	MOVQ dst+0(FP), DI
	MOVQ n+8(FP), CX
	MOVQ planes+16(FP), SI
	MOVQ stains+24(FP), R8
	MOVQ count+32(FP), R9
	MOVL flip+40(FP), R12
	VMOVD R12, X11
	VPBROADCASTD X11, Y11
	VPCMPEQW Y4, Y4, Y4
	VPSLLW $8, Y4, Y4
	XORQ AX, AX

pixels:
	CMPQ AX, CX
	JGE done
	VPXOR Y5, Y5, Y5
	VPXOR Y6, Y6, Y6
	VPXOR Y7, Y7, Y7
	XORQ BX, BX
	MOVQ R8, R10

channels:
	MOVQ (SI)(BX*8), R11
	VMOVDQU (R11)(AX*2), Y0
	VPSUBUSW (R10), Y0, Y0
	VPMINUW 32(R10), Y0, Y0
	VPSLLW 192(R10), Y0, Y0
	VPMULHUW 64(R10), Y0, Y0
	VPADDW Y0, Y0, Y0
	VPMULHUW 96(R10), Y0, Y1
	VPADDUSW Y1, Y5, Y5
	VPMULHUW 128(R10), Y0, Y2
	VPADDUSW Y2, Y6, Y6
	VPMULHUW 160(R10), Y0, Y3
	VPADDUSW Y3, Y7, Y7
	ADDQ $208, R10
	INCQ BX
	CMPQ BX, R9
	JLT channels

	VPSRLW $8, Y5, Y5
	VPAND Y4, Y6, Y6
	VPOR Y6, Y5, Y5
	VPSRLW $8, Y7, Y7
	VPOR Y4, Y7, Y7
	VPUNPCKLWD Y7, Y5, Y6
	VPUNPCKHWD Y7, Y5, Y5
	VPERM2I128 $0x20, Y5, Y6, Y8
	VPERM2I128 $0x31, Y5, Y6, Y9
	VPXOR Y11, Y8, Y8
	VPXOR Y11, Y9, Y9
	VMOVDQU Y8, (DI)(AX*4)
	VMOVDQU Y9, 32(DI)(AX*4)
	ADDQ $16, AX
	JMP pixels

done:
	VZEROUPPER
	RET
