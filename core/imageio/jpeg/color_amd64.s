#include "textflag.h"

// What the colours weigh in 16 bits of fraction, blue and red in turn, less what is whole: of red
// and green one red, of blue two blue. 91881 = 65536 + 26345, 46802 = 65536 - 18734,
// 116130 = 2·65536 - 14942.
DATA weightRed<>+0(SB)/8, $0x66e9000066e90000
DATA weightRed<>+8(SB)/8, $0x66e9000066e90000
DATA weightRed<>+16(SB)/8, $0x66e9000066e90000
DATA weightRed<>+24(SB)/8, $0x66e9000066e90000
GLOBL weightRed<>(SB), RODATA|NOPTR, $32

DATA weightGreen<>+0(SB)/8, $0x492ea7e6492ea7e6
DATA weightGreen<>+8(SB)/8, $0x492ea7e6492ea7e6
DATA weightGreen<>+16(SB)/8, $0x492ea7e6492ea7e6
DATA weightGreen<>+24(SB)/8, $0x492ea7e6492ea7e6
GLOBL weightGreen<>(SB), RODATA|NOPTR, $32

DATA weightBlue<>+0(SB)/8, $0x0000c5a20000c5a2
DATA weightBlue<>+8(SB)/8, $0x0000c5a20000c5a2
DATA weightBlue<>+16(SB)/8, $0x0000c5a20000c5a2
DATA weightBlue<>+24(SB)/8, $0x0000c5a20000c5a2
GLOBL weightBlue<>(SB), RODATA|NOPTR, $32

DATA half16<>+0(SB)/8, $0x0000800000008000
DATA half16<>+8(SB)/8, $0x0000800000008000
DATA half16<>+16(SB)/8, $0x0000800000008000
DATA half16<>+24(SB)/8, $0x0000800000008000
GLOBL half16<>(SB), RODATA|NOPTR, $32

DATA center<>+0(SB)/8, $0x0080008000800080
DATA center<>+8(SB)/8, $0x0080008000800080
DATA center<>+16(SB)/8, $0x0080008000800080
DATA center<>+24(SB)/8, $0x0080008000800080
GLOBL center<>(SB), RODATA|NOPTR, $32

// Where the bytes of 16 reds, greens and blues go in three times 16 bytes; 0x80 is none.
DATA toRed0<>+0(SB)/8, $0x8002808001808000
DATA toRed0<>+8(SB)/8, $0x0580800480800380
GLOBL toRed0<>(SB), RODATA|NOPTR, $16

DATA toGreen0<>+0(SB)/8, $0x0280800180800080
DATA toGreen0<>+8(SB)/8, $0x8080048080038080
GLOBL toGreen0<>(SB), RODATA|NOPTR, $16

DATA toBlue0<>+0(SB)/8, $0x8080018080008080
DATA toBlue0<>+8(SB)/8, $0x8004808003808002
GLOBL toBlue0<>(SB), RODATA|NOPTR, $16

DATA toRed1<>+0(SB)/8, $0x8080078080068080
DATA toRed1<>+8(SB)/8, $0x800a808009808008
GLOBL toRed1<>(SB), RODATA|NOPTR, $16

DATA toGreen1<>+0(SB)/8, $0x8007808006808005
DATA toGreen1<>+8(SB)/8, $0x0a80800980800880
GLOBL toGreen1<>(SB), RODATA|NOPTR, $16

DATA toBlue1<>+0(SB)/8, $0x0780800680800580
DATA toBlue1<>+8(SB)/8, $0x8080098080088080
GLOBL toBlue1<>(SB), RODATA|NOPTR, $16

DATA toRed2<>+0(SB)/8, $0x0d80800c80800b80
DATA toRed2<>+8(SB)/8, $0x80800f80800e8080
GLOBL toRed2<>(SB), RODATA|NOPTR, $16

DATA toGreen2<>+0(SB)/8, $0x80800c80800b8080
DATA toGreen2<>+8(SB)/8, $0x800f80800e80800d
GLOBL toGreen2<>(SB), RODATA|NOPTR, $16

DATA toBlue2<>+0(SB)/8, $0x800c80800b80800a
DATA toBlue2<>+8(SB)/8, $0x0f80800e80800d80
GLOBL toBlue2<>(SB), RODATA|NOPTR, $16

// Sixteen samples a round, as words: Y0 is luma, Y1 blue and Y2 red less 128. SHARE leaves what
// the colours add to one of red, green and blue, beside what is whole.
#define SHARE(weight, to, tmp) \
	VPMADDWD weight, Y3, to \
	VPMADDWD weight, Y4, tmp \
	VPADDD Y15, to, to \
	VPADDD Y15, tmp, tmp \
	VPSRAD $16, to, to \
	VPSRAD $16, tmp, tmp \
	VPACKSSDW tmp, to, to

// NARROW makes bytes of sixteen words.
#define NARROW(y, x) \
	VEXTRACTI128 $1, y, X9 \
	VPACKUSWB X9, x, x

// COLORS makes X5, X6 and X7, 16 reds, greens and blues, of what (SI), (BX) and (DX) hold.
#define COLORS \
	VPMOVZXBW (SI), Y0 \
	VPMOVZXBW (BX), Y1 \
	VPMOVZXBW (DX), Y2 \
	VPSUBW Y14, Y1, Y1 \
	VPSUBW Y14, Y2, Y2 \
	VPUNPCKLWD Y2, Y1, Y3 \
	VPUNPCKHWD Y2, Y1, Y4 \
	SHARE(Y13, Y5, Y9) \
	SHARE(Y12, Y6, Y9) \
	SHARE(Y8, Y7, Y9) \
	VPADDW Y0, Y5, Y5 \
	VPADDW Y2, Y5, Y5 \
	VPADDW Y0, Y6, Y6 \
	VPSUBW Y2, Y6, Y6 \
	VPADDW Y0, Y7, Y7 \
	VPADDW Y1, Y7, Y7 \
	VPADDW Y1, Y7, Y7 \
	NARROW(Y5, X5) \
	NARROW(Y6, X6) \
	NARROW(Y7, X7)

// WEIGHTS loads what COLORS needs.
#define WEIGHTS \
	VMOVDQU half16<>(SB), Y15 \
	VMOVDQU center<>(SB), Y14 \
	VMOVDQU weightRed<>(SB), Y13 \
	VMOVDQU weightGreen<>(SB), Y12 \
	VMOVDQU weightBlue<>(SB), Y8

#define STORE(red, green, blue, at) \
	VPSHUFB red, X5, X9 \
	VPSHUFB green, X6, X10 \
	VPSHUFB blue, X7, X11 \
	VPOR X10, X9, X9 \
	VPOR X11, X9, X9 \
	VMOVDQU X9, at(DI)

// func rgbRow(to, luma, blue, red *byte, n int)
TEXT ·rgbRow(SB), NOSPLIT, $0-40
	MOVQ to+0(FP), DI
	MOVQ luma+8(FP), SI
	MOVQ blue+16(FP), BX
	MOVQ red+24(FP), DX
	MOVQ n+32(FP), CX
	WEIGHTS

samples:
	COLORS
	STORE(toRed0<>(SB), toGreen0<>(SB), toBlue0<>(SB), 0)
	STORE(toRed1<>(SB), toGreen1<>(SB), toBlue1<>(SB), 16)
	STORE(toRed2<>(SB), toGreen2<>(SB), toBlue2<>(SB), 32)
	ADDQ $16, SI
	ADDQ $16, BX
	ADDQ $16, DX
	ADDQ $48, DI
	SUBQ $16, CX
	JNZ samples
	VZEROUPPER
	RET

// func planeRow(to *byte, apart int, luma, blue, red *byte, n int)
TEXT ·planeRow(SB), NOSPLIT, $0-48
	MOVQ to+0(FP), DI
	MOVQ apart+8(FP), R8
	MOVQ luma+16(FP), SI
	MOVQ blue+24(FP), BX
	MOVQ red+32(FP), DX
	MOVQ n+40(FP), CX
	WEIGHTS

apart:
	COLORS
	VMOVDQU X5, (DI)
	VMOVDQU X6, (DI)(R8*1)
	VMOVDQU X7, (DI)(R8*2)
	ADDQ $16, SI
	ADDQ $16, BX
	ADDQ $16, DX
	ADDQ $16, DI
	SUBQ $16, CX
	JNZ apart
	VZEROUPPER
	RET

// SUM is three parts of near and one of other, as words.
#define SUM(at, to) \
	VPMOVZXBW at(SI), Y4 \
	VPMOVZXBW at(BX), to \
	VPADDW Y4, to, to \
	VPADDW Y4, Y4, Y4 \
	VPADDW Y4, to, to

// func widerRow(to, near, other *byte, n int, even, odd uint16)
//
// Sixteen samples a round: Y0 holds their sums, Y1 and Y2 those of their neighbours.
TEXT ·widerRow(SB), NOSPLIT, $0-36
	MOVQ to+0(FP), DI
	MOVQ near+8(FP), SI
	MOVQ other+16(FP), BX
	MOVQ n+24(FP), CX
	VPBROADCASTW even+32(FP), Y14
	VPBROADCASTW odd+34(FP), Y15

pairs:
	SUM(0, Y0)
	SUM(-1, Y1)
	SUM(1, Y2)
	VPADDW Y0, Y0, Y3
	VPADDW Y0, Y3, Y3
	VPADDW Y3, Y1, Y1
	VPADDW Y3, Y2, Y2
	VPADDW Y14, Y1, Y1
	VPADDW Y15, Y2, Y2
	VPSRLW $4, Y1, Y1
	VPSRLW $4, Y2, Y2
	VPSLLW $8, Y2, Y2
	VPOR Y2, Y1, Y1
	VMOVDQU Y1, (DI)
	ADDQ $16, SI
	ADDQ $16, BX
	ADDQ $32, DI
	SUBQ $16, CX
	JNZ pairs
	VZEROUPPER
	RET
