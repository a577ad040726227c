#include "textflag.h"

// The table T of RFC 1321, 3.4.
DATA sines<>+0(SB)/8, $0xe8c7b756d76aa478
DATA sines<>+8(SB)/8, $0xc1bdceee242070db
DATA sines<>+16(SB)/8, $0x4787c62af57c0faf
DATA sines<>+24(SB)/8, $0xfd469501a8304613
DATA sines<>+32(SB)/8, $0x8b44f7af698098d8
DATA sines<>+40(SB)/8, $0x895cd7beffff5bb1
DATA sines<>+48(SB)/8, $0xfd9871936b901122
DATA sines<>+56(SB)/8, $0x49b40821a679438e
DATA sines<>+64(SB)/8, $0xc040b340f61e2562
DATA sines<>+72(SB)/8, $0xe9b6c7aa265e5a51
DATA sines<>+80(SB)/8, $0x02441453d62f105d
DATA sines<>+88(SB)/8, $0xe7d3fbc8d8a1e681
DATA sines<>+96(SB)/8, $0xc33707d621e1cde6
DATA sines<>+104(SB)/8, $0x455a14edf4d50d87
DATA sines<>+112(SB)/8, $0xfcefa3f8a9e3e905
DATA sines<>+120(SB)/8, $0x8d2a4c8a676f02d9
DATA sines<>+128(SB)/8, $0x8771f681fffa3942
DATA sines<>+136(SB)/8, $0xfde5380c6d9d6122
DATA sines<>+144(SB)/8, $0x4bdecfa9a4beea44
DATA sines<>+152(SB)/8, $0xbebfbc70f6bb4b60
DATA sines<>+160(SB)/8, $0xeaa127fa289b7ec6
DATA sines<>+168(SB)/8, $0x04881d05d4ef3085
DATA sines<>+176(SB)/8, $0xe6db99e5d9d4d039
DATA sines<>+184(SB)/8, $0xc4ac56651fa27cf8
DATA sines<>+192(SB)/8, $0x432aff97f4292244
DATA sines<>+200(SB)/8, $0xfc93a039ab9423a7
DATA sines<>+208(SB)/8, $0x8f0ccc92655b59c3
DATA sines<>+216(SB)/8, $0x85845dd1ffeff47d
DATA sines<>+224(SB)/8, $0xfe2ce6e06fa87e4f
DATA sines<>+232(SB)/8, $0x4e0811a1a3014314
DATA sines<>+240(SB)/8, $0xbd3af235f7537e82
DATA sines<>+248(SB)/8, $0xeb86d3912ad7d2bb
GLOBL sines<>(SB), RODATA|NOPTR, $256

// func blocks(state *[4][Width]uint32, data *[Width]*byte, n int)
//
// For each block of 64 bytes the words of the eight inputs are transposed to the stack, so
// that a register holds the same word of all; then come the 64 steps of RFC 1321, 3.4.
// Y0 to Y3 are its A to D, Y6 is all ones.
#define HALF(at, to) \
	VMOVDQU at(BX)(AX*1), Y0 \
	VMOVDQU at(DX)(AX*1), Y1 \
	VMOVDQU at(R8)(AX*1), Y2 \
	VMOVDQU at(R9)(AX*1), Y3 \
	VMOVDQU at(R10)(AX*1), Y4 \
	VMOVDQU at(R11)(AX*1), Y5 \
	VMOVDQU at(R12)(AX*1), Y6 \
	VMOVDQU at(R13)(AX*1), Y7 \
	VPUNPCKLDQ Y1, Y0, Y8 \
	VPUNPCKHDQ Y1, Y0, Y9 \
	VPUNPCKLDQ Y3, Y2, Y10 \
	VPUNPCKHDQ Y3, Y2, Y11 \
	VPUNPCKLDQ Y5, Y4, Y12 \
	VPUNPCKHDQ Y5, Y4, Y13 \
	VPUNPCKLDQ Y7, Y6, Y14 \
	VPUNPCKHDQ Y7, Y6, Y15 \
	VPUNPCKLQDQ Y10, Y8, Y0 \
	VPUNPCKHQDQ Y10, Y8, Y1 \
	VPUNPCKLQDQ Y11, Y9, Y2 \
	VPUNPCKHQDQ Y11, Y9, Y3 \
	VPUNPCKLQDQ Y14, Y12, Y4 \
	VPUNPCKHQDQ Y14, Y12, Y5 \
	VPUNPCKLQDQ Y15, Y13, Y6 \
	VPUNPCKHQDQ Y15, Y13, Y7 \
	APART(Y0, Y4, to) \
	APART(Y1, Y5, to+32) \
	APART(Y2, Y6, to+64) \
	APART(Y3, Y7, to+96)

// APART stores two words whose halves lie in lo and hi, and which are four words apart.
#define APART(lo, hi, to) \
	VPERM2I128 $0x20, hi, lo, Y8 \
	VPERM2I128 $0x31, hi, lo, Y9 \
	VMOVDQU Y8, to(SP) \
	VMOVDQU Y9, to+128(SP)

// Each leaves its function of b, c and d in Y4.
#define F(b, c, d) \
	VPXOR c, d, Y4 \
	VPAND b, Y4, Y4 \
	VPXOR d, Y4, Y4

#define G(b, c, d) F(d, b, c)

#define H(b, c, d) \
	VPXOR c, d, Y4 \
	VPXOR b, Y4, Y4

#define I(b, c, d) \
	VPXOR Y6, d, Y4 \
	VPOR b, Y4, Y4 \
	VPXOR c, Y4, Y4

// STEP is a = b + ((a + Y4 + word + sine) <<< s).
#define STEP(a, b, word, sine, s) \
	VPBROADCASTD ((sine)*4)(SI), Y5 \
	VPADDD ((word)*32)(SP), a, a \
	VPADDD Y5, a, a \
	VPADDD Y4, a, a \
	VPSRLD $(32-s), a, Y5 \
	VPSLLD $s, a, a \
	VPOR Y5, a, a \
	VPADDD b, a, a

#define FOUR(f, w0, w1, w2, w3, sine, s0, s1, s2, s3) \
	f(Y1, Y2, Y3) \
	STEP(Y0, Y1, w0, sine, s0) \
	f(Y0, Y1, Y2) \
	STEP(Y3, Y0, w1, sine+1, s1) \
	f(Y3, Y0, Y1) \
	STEP(Y2, Y3, w2, sine+2, s2) \
	f(Y2, Y3, Y0) \
	STEP(Y1, Y2, w3, sine+3, s3)

TEXT ·blocks(SB), NOSPLIT, $512-24
	MOVQ state+0(FP), DI
	MOVQ data+8(FP), AX
	MOVQ n+16(FP), CX
	LEAQ sines<>(SB), SI
	MOVQ 0(AX), BX
	MOVQ 8(AX), DX
	MOVQ 16(AX), R8
	MOVQ 24(AX), R9
	MOVQ 32(AX), R10
	MOVQ 40(AX), R11
	MOVQ 48(AX), R12
	MOVQ 56(AX), R13
	XORQ AX, AX

block:
	TESTQ CX, CX
	JZ done
	HALF(0, 0)
	HALF(32, 256)
	VMOVDQU 0(DI), Y0
	VMOVDQU 32(DI), Y1
	VMOVDQU 64(DI), Y2
	VMOVDQU 96(DI), Y3
	VPCMPEQD Y6, Y6, Y6
	FOUR(F, 0, 1, 2, 3, 0, 7, 12, 17, 22)
	FOUR(F, 4, 5, 6, 7, 4, 7, 12, 17, 22)
	FOUR(F, 8, 9, 10, 11, 8, 7, 12, 17, 22)
	FOUR(F, 12, 13, 14, 15, 12, 7, 12, 17, 22)
	FOUR(G, 1, 6, 11, 0, 16, 5, 9, 14, 20)
	FOUR(G, 5, 10, 15, 4, 20, 5, 9, 14, 20)
	FOUR(G, 9, 14, 3, 8, 24, 5, 9, 14, 20)
	FOUR(G, 13, 2, 7, 12, 28, 5, 9, 14, 20)
	FOUR(H, 5, 8, 11, 14, 32, 4, 11, 16, 23)
	FOUR(H, 1, 4, 7, 10, 36, 4, 11, 16, 23)
	FOUR(H, 13, 0, 3, 6, 40, 4, 11, 16, 23)
	FOUR(H, 9, 12, 15, 2, 44, 4, 11, 16, 23)
	FOUR(I, 0, 7, 14, 5, 48, 6, 10, 15, 21)
	FOUR(I, 12, 3, 10, 1, 52, 6, 10, 15, 21)
	FOUR(I, 8, 15, 6, 13, 56, 6, 10, 15, 21)
	FOUR(I, 4, 11, 2, 9, 60, 6, 10, 15, 21)
	VPADDD 0(DI), Y0, Y0
	VPADDD 32(DI), Y1, Y1
	VPADDD 64(DI), Y2, Y2
	VPADDD 96(DI), Y3, Y3
	VMOVDQU Y0, 0(DI)
	VMOVDQU Y1, 32(DI)
	VMOVDQU Y2, 64(DI)
	VMOVDQU Y3, 96(DI)
	ADDQ $64, AX
	DECQ CX
	JMP block

done:
	VZEROUPPER
	RET
