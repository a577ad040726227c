#include "textflag.h"

// What two coefficients weigh in a sum of the transform, eight times each; sums of the constants
// of idct.go.
DATA plus<>+0(SB)/8, $0x2000200020002000
DATA plus<>+8(SB)/8, $0x2000200020002000
DATA plus<>+16(SB)/8, $0x2000200020002000
DATA plus<>+24(SB)/8, $0x2000200020002000
GLOBL plus<>(SB), RODATA|NOPTR, $32
DATA minus<>+0(SB)/8, $0xe0002000e0002000
DATA minus<>+8(SB)/8, $0xe0002000e0002000
DATA minus<>+16(SB)/8, $0xe0002000e0002000
DATA minus<>+24(SB)/8, $0xe0002000e0002000
GLOBL minus<>(SB), RODATA|NOPTR, $32
DATA even0<>+0(SB)/8, $0x115129cf115129cf
DATA even0<>+8(SB)/8, $0x115129cf115129cf
DATA even0<>+16(SB)/8, $0x115129cf115129cf
DATA even0<>+24(SB)/8, $0x115129cf115129cf
GLOBL even0<>(SB), RODATA|NOPTR, $32
DATA even1<>+0(SB)/8, $0xd6301151d6301151
DATA even1<>+8(SB)/8, $0xd6301151d6301151
DATA even1<>+16(SB)/8, $0xd6301151d6301151
DATA even1<>+24(SB)/8, $0xd6301151d6301151
GLOBL even1<>(SB), RODATA|NOPTR, $32
DATA odd0by15<>+0(SB)/8, $0x25a108d425a108d4
DATA odd0by15<>+8(SB)/8, $0x25a108d425a108d4
DATA odd0by15<>+16(SB)/8, $0x25a108d425a108d4
DATA odd0by15<>+24(SB)/8, $0x25a108d425a108d4
GLOBL odd0by15<>(SB), RODATA|NOPTR, $32
DATA odd0by37<>+0(SB)/8, $0xd39de6dcd39de6dc
DATA odd0by37<>+8(SB)/8, $0xd39de6dcd39de6dc
DATA odd0by37<>+16(SB)/8, $0xd39de6dcd39de6dc
DATA odd0by37<>+24(SB)/8, $0xd39de6dcd39de6dc
GLOBL odd0by37<>(SB), RODATA|NOPTR, $32
DATA odd1by15<>+0(SB)/8, $0x08d5192508d51925
DATA odd1by15<>+8(SB)/8, $0x08d5192508d51925
DATA odd1by15<>+16(SB)/8, $0x08d5192508d51925
DATA odd1by15<>+24(SB)/8, $0x08d5192508d51925
GLOBL odd1by15<>(SB), RODATA|NOPTR, $32
DATA odd1by37<>+0(SB)/8, $0x25a1d39e25a1d39e
DATA odd1by37<>+8(SB)/8, $0x25a1d39e25a1d39e
DATA odd1by37<>+16(SB)/8, $0x25a1d39e25a1d39e
DATA odd1by37<>+24(SB)/8, $0x25a1d39e25a1d39e
GLOBL odd1by37<>(SB), RODATA|NOPTR, $32
DATA odd2by15<>+0(SB)/8, $0xd39e25a1d39e25a1
DATA odd2by15<>+8(SB)/8, $0xd39e25a1d39e25a1
DATA odd2by15<>+16(SB)/8, $0xd39e25a1d39e25a1
DATA odd2by15<>+24(SB)/8, $0xd39e25a1d39e25a1
GLOBL odd2by15<>(SB), RODATA|NOPTR, $32
DATA odd2by37<>+0(SB)/8, $0xe6dcf72de6dcf72d
DATA odd2by37<>+8(SB)/8, $0xe6dcf72de6dcf72d
DATA odd2by37<>+16(SB)/8, $0xe6dcf72de6dcf72d
DATA odd2by37<>+24(SB)/8, $0xe6dcf72de6dcf72d
GLOBL odd2by37<>(SB), RODATA|NOPTR, $32
DATA odd3by15<>+0(SB)/8, $0x19252c6319252c63
DATA odd3by15<>+8(SB)/8, $0x19252c6319252c63
DATA odd3by15<>+16(SB)/8, $0x19252c6319252c63
DATA odd3by15<>+24(SB)/8, $0x19252c6319252c63
GLOBL odd3by15<>(SB), RODATA|NOPTR, $32
DATA odd3by37<>+0(SB)/8, $0x08d425a108d425a1
DATA odd3by37<>+8(SB)/8, $0x08d425a108d425a1
DATA odd3by37<>+16(SB)/8, $0x08d425a108d425a1
DATA odd3by37<>+24(SB)/8, $0x08d425a108d425a1
GLOBL odd3by37<>(SB), RODATA|NOPTR, $32

// What rounds the results of a pass.
DATA halfColumns<>+0(SB)/8, $0x0000040000000400
DATA halfColumns<>+8(SB)/8, $0x0000040000000400
DATA halfColumns<>+16(SB)/8, $0x0000040000000400
DATA halfColumns<>+24(SB)/8, $0x0000040000000400
GLOBL halfColumns<>(SB), RODATA|NOPTR, $32
DATA halfRows<>+0(SB)/8, $0x0002000000020000
DATA halfRows<>+8(SB)/8, $0x0002000000020000
DATA halfRows<>+16(SB)/8, $0x0002000000020000
DATA halfRows<>+24(SB)/8, $0x0002000000020000
GLOBL halfRows<>(SB), RODATA|NOPTR, $32

// In 16 bytes of four columns of four rows, the rows.
DATA turned<>+0(SB)/8, $0x0d0905010c080400
DATA turned<>+8(SB)/8, $0x0f0b07030e0a0602
DATA turned<>+16(SB)/8, $0x0d0905010c080400
DATA turned<>+24(SB)/8, $0x0f0b07030e0a0602
GLOBL turned<>(SB), RODATA|NOPTR, $32

// ODD adds what two pairs of odd rows weigh to the even part even, for one row, and subtracts it
// for another.
#define ODD(by15, by37, even, plus, minus) \
	VPMADDWD by15, Y2, Y4 \
	VPMADDWD by37, Y3, Y5 \
	VPADDD Y5, Y4, Y4 \
	VPADDD Y4, even, plus \
	VPSUBD Y4, even, minus

// PASS is the one-dimensional transform of eight columns, into Y8 to Y15. Y0 holds the words of
// the rows 0 and 4 in turn, Y1 those of 2 and 6, Y2 of 1 and 5, Y3 of 3 and 7. The even part, e0
// to e3 of idct.go, is in Y0, Y1, Y7 and Y6, rounded already.
#define PASS(half, shift) \
	VPMADDWD plus<>(SB), Y0, Y4 \
	VPMADDWD minus<>(SB), Y0, Y5 \
	VPADDD half<>(SB), Y4, Y4 \
	VPADDD half<>(SB), Y5, Y5 \
	VPMADDWD even0<>(SB), Y1, Y6 \
	VPMADDWD even1<>(SB), Y1, Y7 \
	VPADDD Y6, Y4, Y0 \
	VPSUBD Y6, Y4, Y6 \
	VPADDD Y7, Y5, Y1 \
	VPSUBD Y7, Y5, Y7 \
	ODD(odd3by15<>(SB), odd3by37<>(SB), Y0, Y8, Y15) \
	ODD(odd2by15<>(SB), odd2by37<>(SB), Y1, Y9, Y14) \
	ODD(odd1by15<>(SB), odd1by37<>(SB), Y7, Y10, Y13) \
	ODD(odd0by15<>(SB), odd0by37<>(SB), Y6, Y11, Y12) \
	VPSRAD shift, Y8, Y8 \
	VPSRAD shift, Y9, Y9 \
	VPSRAD shift, Y10, Y10 \
	VPSRAD shift, Y11, Y11 \
	VPSRAD shift, Y12, Y12 \
	VPSRAD shift, Y13, Y13 \
	VPSRAD shift, Y14, Y14 \
	VPSRAD shift, Y15, Y15

// func transformBlock(to *byte, stride int, co *[64]int16)
//
// The columns, a transposition of words, the rows; these are then columns of samples in Y8 to
// Y15, which are narrowed to bytes around 0, turned to rows in each quarter of the block, and
// moved to 128.
TEXT ·transformBlock(SB), NOSPLIT, $0-24
	MOVQ to+0(FP), DI
	MOVQ stride+8(FP), SI
	MOVQ co+16(FP), BX
	VPERMQ $0xd8, 0(BX), Y8
	VPERMQ $0xd8, 32(BX), Y9
	VPERMQ $0xd8, 64(BX), Y10
	VPERMQ $0xd8, 96(BX), Y11
	VPUNPCKLWD Y10, Y8, Y0
	VPUNPCKLWD Y11, Y9, Y1
	VPUNPCKHWD Y10, Y8, Y2
	VPUNPCKHWD Y11, Y9, Y3
	PASS(halfColumns, $11)
	VPACKSSDW Y9, Y8, Y0
	VPACKSSDW Y11, Y10, Y1
	VPACKSSDW Y13, Y12, Y2
	VPACKSSDW Y15, Y14, Y3
	VPERM2I128 $0x20, Y2, Y0, Y4
	VPERM2I128 $0x31, Y2, Y0, Y5
	VPERM2I128 $0x20, Y3, Y1, Y6
	VPERM2I128 $0x31, Y3, Y1, Y7
	VPUNPCKLWD Y5, Y4, Y8
	VPUNPCKHWD Y5, Y4, Y9
	VPUNPCKLWD Y7, Y6, Y10
	VPUNPCKHWD Y7, Y6, Y11
	VPUNPCKLDQ Y9, Y8, Y4
	VPUNPCKHDQ Y9, Y8, Y5
	VPUNPCKLDQ Y11, Y10, Y6
	VPUNPCKHDQ Y11, Y10, Y7
	VPUNPCKLQDQ Y6, Y4, Y0
	VPUNPCKHQDQ Y6, Y4, Y2
	VPUNPCKLQDQ Y7, Y5, Y1
	VPUNPCKHQDQ Y7, Y5, Y3
	PASS(halfRows, $18)
	VPACKSSDW Y9, Y8, Y0
	VPACKSSDW Y11, Y10, Y1
	VPACKSSDW Y13, Y12, Y2
	VPACKSSDW Y15, Y14, Y3
	VPACKSSWB Y1, Y0, Y0
	VPACKSSWB Y3, Y2, Y2
	VMOVDQU turned<>(SB), Y4
	VPSHUFB Y4, Y0, Y0
	VPSHUFB Y4, Y2, Y2
	VPUNPCKLDQ Y2, Y0, Y1
	VPUNPCKHDQ Y2, Y0, Y3
	VPCMPEQB Y4, Y4, Y4
	VPABSB Y4, Y4
	VPSLLW $7, Y4, Y4
	VPXOR Y4, Y1, Y1
	VPXOR Y4, Y3, Y3
	LEAQ (SI)(SI*2), DX
	LEAQ (DI)(SI*4), R8
	VMOVQ X1, (DI)
	VMOVHPS X1, (DI)(SI*1)
	VMOVQ X3, (DI)(SI*2)
	VMOVHPS X3, (DI)(DX*1)
	VEXTRACTI128 $1, Y1, X1
	VEXTRACTI128 $1, Y3, X3
	VMOVQ X1, (R8)
	VMOVHPS X1, (R8)(SI*1)
	VMOVQ X3, (R8)(SI*2)
	VMOVHPS X3, (R8)(DX*1)
	VZEROUPPER
	RET
