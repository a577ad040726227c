#include "go_asm.h"
#include "textflag.h"

// What 16 bytes look like that repeat the first 1, 2, … 15 of them; the first row is of none.
DATA repeated<>+0(SB)/8, $0x0000000000000000
DATA repeated<>+8(SB)/8, $0x0000000000000000
DATA repeated<>+16(SB)/8, $0x0000000000000000
DATA repeated<>+24(SB)/8, $0x0000000000000000
DATA repeated<>+32(SB)/8, $0x0100010001000100
DATA repeated<>+40(SB)/8, $0x0100010001000100
DATA repeated<>+48(SB)/8, $0x0100020100020100
DATA repeated<>+56(SB)/8, $0x0002010002010002
DATA repeated<>+64(SB)/8, $0x0302010003020100
DATA repeated<>+72(SB)/8, $0x0302010003020100
DATA repeated<>+80(SB)/8, $0x0201000403020100
DATA repeated<>+88(SB)/8, $0x0004030201000403
DATA repeated<>+96(SB)/8, $0x0100050403020100
DATA repeated<>+104(SB)/8, $0x0302010005040302
DATA repeated<>+112(SB)/8, $0x0006050403020100
DATA repeated<>+120(SB)/8, $0x0100060504030201
DATA repeated<>+128(SB)/8, $0x0706050403020100
DATA repeated<>+136(SB)/8, $0x0706050403020100
DATA repeated<>+144(SB)/8, $0x0706050403020100
DATA repeated<>+152(SB)/8, $0x0605040302010008
DATA repeated<>+160(SB)/8, $0x0706050403020100
DATA repeated<>+168(SB)/8, $0x0504030201000908
DATA repeated<>+176(SB)/8, $0x0706050403020100
DATA repeated<>+184(SB)/8, $0x04030201000a0908
DATA repeated<>+192(SB)/8, $0x0706050403020100
DATA repeated<>+200(SB)/8, $0x030201000b0a0908
DATA repeated<>+208(SB)/8, $0x0706050403020100
DATA repeated<>+216(SB)/8, $0x0201000c0b0a0908
DATA repeated<>+224(SB)/8, $0x0706050403020100
DATA repeated<>+232(SB)/8, $0x01000d0c0b0a0908
DATA repeated<>+240(SB)/8, $0x0706050403020100
DATA repeated<>+248(SB)/8, $0x000e0d0c0b0a0908
GLOBL repeated<>(SB), RODATA|NOPTR, $256

// How many of these 16 bytes are whole repetitions.
DATA whole<>+0(SB)/8, $0x0e0c0f100f101000
DATA whole<>+8(SB)/8, $0x0f0e0d0c0b0a0910
GLOBL whole<>(SB), RODATA|NOPTR, $16

// The loop keeps src in SI and dst in DI, the next bits in R8 and how many there are in the
// lowest byte of R9, the tables in R10, where it must end in R11 and R12, and where dst begins
// in R13. Whether a length follows at once or behind a literal is hard to foretell: so R15 is what
// lead has of the next bits, 11 or more, and is put without a look at what it is.

// FILL brings 56 bits or more into R8.
#define FILL \
	MOVQ (SI), DX \
	SHLXQ R9, DX, DX \
	ORQ DX, R8 \
	MOVL R9, DX \
	SHRL $3, DX \
	ANDL $7, DX \
	ADDQ $7, SI \
	SUBQ DX, SI \
	ORL $56, R9

// LOOK finds the entry of the next bits.
#define LOOK \
	MOVL R8, AX \
	ANDL $(1<<const_litBits-1), AX \
	MOVL (R10)(AX*4), AX

// LEAD finds the entry of the next bits if it is of literals, else none.
#define LEAD \
	MOVL R8, R15 \
	ANDL $(1<<const_litBits-1), R15 \
	MOVL (decoder_lead-decoder_lit)(R10)(R15*4), R15

// PUT writes the literals of an entry.
#define PUT(e) \
	SHRXQ e, R8, R8 \
	SUBL e, R9 \
	MOVL e, DX \
	SHRL $24, DX \
	ANDL $3, DX \
	SHRL $8, e \
	MOVW e, (DI) \
	ADDQ DX, DI

// VALUE takes a length or a distance out of the bits: e becomes its value.
#define VALUE(e) \
	BZHIQ e, R8, CX \
	SHRXQ e, R8, R8 \
	SUBL e, R9 \
	MOVL e, DX \
	SHRL $8, DX \
	SHRXQ DX, CX, CX \
	SHRL $16, e \
	ADDL CX, e

// FURTHER is where the table goes on of a code that is longer than its first bits.
#define FURTHER(e) \
	MOVL e, DX \
	SHRL $8, DX \
	ANDL $15, DX \
	BZHIL DX, R8, CX \
	SHRL $12, e \
	ANDL $0xfff, e \
	ADDL CX, e

// func quickWords(d *decoder, lastIn, lastOut int) int
//
// Bits: FILL leaves 56. Before a length there are those again, for it (20), a distance (28), and
// what is left, 8, may be too few to look for the next word.
TEXT ·quickWords(SB), NOSPLIT, $0-32
	MOVQ d+0(FP), R10
	MOVQ decoder_src(R10), R11
	MOVQ R11, SI
	ADDQ decoder_pos(R10), SI
	ADDQ lastIn+8(FP), R11
	MOVQ decoder_dst(R10), R13
	MOVQ R13, R12
	MOVQ R13, DI
	ADDQ decoder_o(R10), DI
	ADDQ lastOut+16(FP), R12
	MOVQ decoder_buf(R10), R8
	MOVQ decoder_n(R10), R9
	ADDQ $decoder_lit, R10

again:
	CMPQ SI, R11
	JHI room
	CMPQ DI, R12
	JHI room
	FILL
	LEAD
	JMP literals

	PCALIGN $32

words:
	CMPQ SI, R11
	JHI room
	CMPQ DI, R12
	JHI room
	FILL

literals:
	PUT(R15)
	LOOK
	TESTL $const_flagLit, AX
	JZ filled
	PUT(AX)
	LOOK
	TESTL $const_flagLit, AX
	JZ filled
	PUT(AX)
	LEAD
	JMP words

filled:
	FILL

more:
	TESTL AX, AX
	JS special

length:
	VALUE(AX)
	MOVBLZX R8, BX
	MOVL (decoder_dist-decoder_lit)(R10)(BX*4), BX
	TESTL BX, BX
	JS farther

distance:
	VALUE(BX)
	LEAD
	MOVQ DI, DX
	SUBQ R13, DX
	CMPQ BX, DX
	JHI corrupt
	MOVQ DI, CX
	SUBQ BX, CX
	VMOVDQU (CX), X0
	CMPL BX, $16
	JLO repeat
	VMOVDQU X0, (DI)
	CMPL AX, $16
	JHI long
	ADDQ AX, DI

copied:
	CMPB R9, $const_litBits
	JHS words
	JMP again

long:
	ADDQ DI, AX
	CMPL BX, $64
	JLO period

chunks:
	VMOVDQU 16(CX), X0
	VMOVDQU X0, 16(DI)
	ADDQ $16, CX
	ADDQ $16, DI
	LEAQ 16(DI), DX
	CMPQ DX, AX
	JLO chunks
	MOVQ AX, DI
	JMP copied

// What repeats within 64 bytes is kept in two registers: to load what was stored just before, at
// another alignment, makes the processor wait.
period:
	CMPL BX, $32
	JHS wide
	VMOVDQU -16(DI), X1

narrows:
	VMOVDQU X0, (DI)
	VMOVDQU X1, -16(DI)(BX*1)
	ADDQ BX, DI
	CMPQ DI, AX
	JLO narrows
	MOVQ AX, DI
	JMP copied

wide:
	VMOVDQU (CX), Y0
	VMOVDQU -32(DI), Y1

wides:
	VMOVDQU Y0, (DI)
	VMOVDQU Y1, -32(DI)(BX*1)
	ADDQ BX, DI
	CMPQ DI, AX
	JLO wides
	VZEROUPPER
	MOVQ AX, DI
	JMP copied

repeat:
	LEAQ repeated<>(SB), CX
	MOVL BX, DX
	SHLL $4, DX
	VPSHUFB (CX)(DX*1), X0, X0
	LEAQ whole<>(SB), CX
	MOVBLZX (CX)(BX*1), DX
	ADDQ DI, AX

repeats:
	VMOVDQU X0, (DI)
	ADDQ DX, DI
	CMPQ DI, AX
	JLO repeats
	MOVQ AX, DI
	JMP copied

farther:
	TESTB BX, BX
	JZ corrupt
	SHRQ $const_distBits, R8
	SUBL $const_distBits, R9
	FURTHER(BX)
	ANDL $0x3ff, BX
	MOVL (decoder_dist-decoder_lit)(R10)(BX*4), BX
	TESTL BX, BX
	JS corrupt
	JMP distance

special:
	TESTL $const_flagEnd, AX
	JNZ end
	TESTB AX, AX
	JZ corrupt
	SHRQ $const_litBits, R8
	SUBL $const_litBits, R9
	FURTHER(AX)
	ANDL $0xfff, AX
	MOVL (R10)(AX*4), AX
	TESTL $const_flagLit, AX
	JZ noLiteral
	PUT(AX)
	LEAD
	JMP words

noLiteral:
	TESTL AX, AX
	JNS length
	TESTL $const_flagEnd, AX
	JZ corrupt

end:
	SHRXQ AX, R8, R8
	SUBL AX, R9
	MOVQ $const_wordsEnd, AX
	JMP leave

corrupt:
	MOVQ $const_wordsCorrupt, AX
	JMP leave

room:
	MOVQ $const_wordsRoom, AX

leave:
	MOVQ d+0(FP), R10
	SUBQ decoder_src(R10), SI
	MOVQ SI, decoder_pos(R10)
	SUBQ R13, DI
	MOVQ DI, decoder_o(R10)
	MOVQ R8, decoder_buf(R10)
	MOVBLZX R9, R9
	MOVQ R9, decoder_n(R10)
	MOVQ AX, ret+24(FP)
	RET
