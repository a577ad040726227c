#include "textflag.h"

// Where the last word, and the last byte, of 16 bytes goes: everywhere.
DATA lastWord<>+0(SB)/8, $0x0f0e0f0e0f0e0f0e
DATA lastWord<>+8(SB)/8, $0x0f0e0f0e0f0e0f0e
GLOBL lastWord<>(SB), RODATA|NOPTR, $16

DATA lastByte<>+0(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA lastByte<>+8(SB)/8, $0x0f0f0f0f0f0f0f0f
GLOBL lastByte<>(SB), RODATA|NOPTR, $16

// func sumWords(row *byte, n int)
//
// Each word of X1 gets those one, then two, then four places before it, and then the last sum
// of the sixteen bytes before, which X0 holds in every word.
TEXT ·sumWords(SB), NOSPLIT, $0-16
	MOVQ row+0(FP), SI
	MOVQ n+8(FP), CX
	VMOVDQU lastWord<>(SB), X15
	VPXOR X0, X0, X0

words:
	VMOVDQU (SI), X1
	VPSLLDQ $2, X1, X2
	VPADDW X2, X1, X1
	VPSLLDQ $4, X1, X2
	VPADDW X2, X1, X1
	VPSLLDQ $8, X1, X2
	VPADDW X2, X1, X1
	VPADDW X0, X1, X1
	VMOVDQU X1, (SI)
	VPSHUFB X15, X1, X0
	ADDQ $16, SI
	SUBQ $16, CX
	JNZ words
	RET

// func sumBytes(row *byte, n int)
TEXT ·sumBytes(SB), NOSPLIT, $0-16
	MOVQ row+0(FP), SI
	MOVQ n+8(FP), CX
	VMOVDQU lastByte<>(SB), X15
	VPXOR X0, X0, X0

bytes:
	VMOVDQU (SI), X1
	VPSLLDQ $1, X1, X2
	VPADDB X2, X1, X1
	VPSLLDQ $2, X1, X2
	VPADDB X2, X1, X1
	VPSLLDQ $4, X1, X2
	VPADDB X2, X1, X1
	VPSLLDQ $8, X1, X2
	VPADDB X2, X1, X1
	VPADDB X0, X1, X1
	VMOVDQU X1, (SI)
	VPSHUFB X15, X1, X0
	ADDQ $16, SI
	SUBQ $16, CX
	JNZ bytes
	RET
