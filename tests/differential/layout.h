/* SPDX-License-Identifier: MIT */
/* Where things stand in the memory of a differential run; for harness.S and for the C++ that fills the memory. */
#pragma once

#define RAM_BASE 0x80000000
#define RAM_SIZE 0x06000000
#define RAM_COMPARED 0x05c00000 /* beyond, QEMU puts its device tree */

#define STUB_BASE 0x80001000 /* one page that supervisor mode may execute */
#define STUB_SIZE 0x100      /* of ecalls, for a vectored stvec */
#define CONTROL_BASE 0x80002000
#define SAVE_BASE 0x80002100    /* x0 to x31 of the interrupted code */
#define SCRATCH_BASE 0x80200000 /* what the random code loads and stores: a megapage */
#define SCRATCH_SIZE 0x200000
#define SCRATCH_HOT 0x10000    /* mostly its first bytes */
#define TABLES_BASE 0x80020000 /* page tables */
#define TABLES_SIZE 0x20000
#define CODE_BASE 0x80800000 /* the random code */
#define CODE_SIZE 0x800000
#define DESCRIPTORS_BASE 0x81000000
#define RECORDS_BASE 0x82000000

/* The control block, offsets in bytes. */
#define CONTROL_REMAINING 0
#define CONTROL_DESCRIPTOR 8
#define CONTROL_RECORD 16
#define CONTROL_TRAPS 24

/* A descriptor, in 8-byte words: how a sequence begins. */
#define DESCRIPTOR_WORDS 112
#define D_X 0
#define D_F 32
#define D_FCSR 64
#define D_CODE 65
#define D_END 66 /* the address of the instruction that ends the sequence */
#define D_MSTATUS 67
#define D_SATP 68
#define D_MEDELEG 69
#define D_MIDELEG 70
#define D_MIE 71
#define D_MIP 72
#define D_SSCRATCH 73
#define D_STVEC 74
#define D_MCOUNTEREN 75
#define D_SCOUNTEREN 76
#define D_PMPCFG0 77
#define D_PMPADDR0 78 /* 8 of them */
#define D_POKES 86    /* pairs of address and value, stored before */
#define POKES 4

/* A record, in 8-byte words: how it ended. */
#define RECORD_WORDS 192
#define R_TRAPS 0 /* how many; then x1 to x31 */
#define R_F 32
#define R_FCSR 64
#define R_MSTATUS 65
#define R_SCAUSE 66
#define R_SEPC 67
#define R_STVAL 68
#define R_SSCRATCH 69
#define R_MIE 70
#define R_MIP 71
#define R_MEDELEG 72
#define R_MIDELEG 73
#define R_SATP 74
#define R_STVEC 75
#define R_MCOUNTEREN 76
#define R_SCOUNTEREN 77
#define R_PMPCFG0 78
#define R_PMPADDR0 79
#define R_TRAP_LOG 88 /* cause, pc, value, status of each */
#define TRAP_LOG 26   /* entries; when they are used up the sequence is over */

#define INHIBIT_INSTRET 4 /* of mcountinhibit */
#define FINISHER_BASE 0x100000
#define FINISHER_PASS 0x5555
#define TIMER_COMPARE 0x02004000 /* of hart 0: mtimecmp */
