#include "textflag.h"

// How often each of 32 bytes counts: as often as there are bytes from it on.
DATA weights<>+0(SB)/8, $0x191a1b1c1d1e1f20
DATA weights<>+8(SB)/8, $0x1112131415161718
DATA weights<>+16(SB)/8, $0x090a0b0c0d0e0f10
DATA weights<>+24(SB)/8, $0x0102030405060708
GLOBL weights<>(SB), RODATA|NOPTR, $32

// func weighBlocks(p *byte, n int) (sum, weighted uint64)
//
// Y0 holds sums of the bytes in four lanes, Y1 the sums of what Y0 was before each round, and
// Y2 the weighted bytes of the rounds, in eight lanes of 32 bits: 1<<15 rounds of at most
// 32640.
TEXT ·weighBlocks(SB), NOSPLIT, $0-32
	MOVQ p+0(FP), SI
	MOVQ n+8(FP), CX
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	VPXOR Y2, Y2, Y2
	VPXOR Y15, Y15, Y15
	VMOVDQU weights<>(SB), Y14
	VPCMPEQW Y13, Y13, Y13
	VPSRLW $15, Y13, Y13

blocks:
	VMOVDQU (SI), Y3
	VPADDQ Y0, Y1, Y1
	VPSADBW Y15, Y3, Y4
	VPADDQ Y4, Y0, Y0
	VPMADDUBSW Y14, Y3, Y5
	VPMADDWD Y13, Y5, Y5
	VPADDD Y5, Y2, Y2
	ADDQ $32, SI
	SUBQ $32, CX
	JNZ blocks

	VPUNPCKLDQ Y15, Y2, Y3
	VPUNPCKHDQ Y15, Y2, Y4
	VPSLLQ $5, Y1, Y1
	VPADDQ Y3, Y1, Y1
	VPADDQ Y4, Y1, Y1
	VEXTRACTI128 $1, Y0, X3
	VEXTRACTI128 $1, Y1, X4
	VPADDQ X3, X0, X0
	VPADDQ X4, X1, X1
	VPSRLDQ $8, X0, X3
	VPSRLDQ $8, X1, X4
	VPADDQ X3, X0, X0
	VPADDQ X4, X1, X1
	VMOVQ X0, sum+16(FP)
	VMOVQ X1, weighted+24(FP)
	VZEROUPPER
	RET
