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

// Where 16 of the bytes go that stand in 48, every third from the first, the second and the third
// on: of the first 16 bytes, the second and the third. 0x80 is none.
DATA thirds<>+0(SB)/8, $0x80800f0c09060300
DATA thirds<>+8(SB)/8, $0x8080808080808080
DATA thirds<>+16(SB)/8, $0x0502808080808080
DATA thirds<>+24(SB)/8, $0x80808080800e0b08
DATA thirds<>+32(SB)/8, $0x8080808080808080
DATA thirds<>+40(SB)/8, $0x0d0a070401808080
DATA thirds<>+48(SB)/8, $0x8080800d0a070401
DATA thirds<>+56(SB)/8, $0x8080808080808080
DATA thirds<>+64(SB)/8, $0x0603008080808080
DATA thirds<>+72(SB)/8, $0x80808080800f0c09
DATA thirds<>+80(SB)/8, $0x8080808080808080
DATA thirds<>+88(SB)/8, $0x0e0b080502808080
DATA thirds<>+96(SB)/8, $0x8080800e0b080502
DATA thirds<>+104(SB)/8, $0x8080808080808080
DATA thirds<>+112(SB)/8, $0x0704018080808080
DATA thirds<>+120(SB)/8, $0x8080808080800d0a
DATA thirds<>+128(SB)/8, $0x8080808080808080
DATA thirds<>+136(SB)/8, $0x0f0c090603008080
GLOBL thirds<>(SB), RODATA|NOPTR, $144

// func pickThird(dst, src *byte, n, k int)
TEXT ·pickThird(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ k+24(FP), AX
	LEAQ thirds<>(SB), BX
	IMULQ $48, AX
	VMOVDQU (BX)(AX*1), X13
	VMOVDQU 16(BX)(AX*1), X14
	VMOVDQU 32(BX)(AX*1), X15

pixels:
	VMOVDQU (SI), X0
	VMOVDQU 16(SI), X1
	VMOVDQU 32(SI), X2
	VPSHUFB X13, X0, X0
	VPSHUFB X14, X1, X1
	VPSHUFB X15, X2, X2
	VPOR X1, X0, X0
	VPOR X2, X0, X0
	VMOVDQU X0, (DI)
	ADDQ $48, SI
	ADDQ $16, DI
	SUBQ $16, CX
	JNZ pixels
	RET
