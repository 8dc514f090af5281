# SPDX-License-Identifier: MIT
# Runs the sequences of random code that the descriptors name, one after the other: sets each one's state up, logs its
# traps and goes on behind them, and records the state at its end. Machine mode, one hart.
#include "layout.h"

.macro each_x op, base, offset, first, last
  .set i, \first
  .rept \last - \first + 1
    each_register \op, x, %i, \base, \offset
    .set i, i + 1
  .endr
.endm
.altmacro
.macro each_register op, kind, number, base, offset
  \op \kind\number, (\offset + 8 * \number)(\base)
.endm
.macro each_f op, base, offset
  .set i, 0
  .rept 32
    each_register \op, f, %i, \base, \offset
    .set i, i + 1
  .endr
.endm
.macro set_csr csr, word
  ld t1, 8 * (\word)(s0)
  csrw \csr, t1
.endm
.macro keep_csr csr, word
  csrr t1, \csr
  sd t1, 8 * (\word)(s1)
.endm

.section .text.start, "ax"
.globl _start
_start:
  csrsi mcountinhibit, INHIBIT_INSTRET  # only the random code counts
  csrw minstret, zero
  lla t0, trapped
  csrw mtvec, t0
  li t0, TIMER_COMPARE  # no timer interrupt
  li t1, -1
  sd t1, 0(t0)

next:
  li s2, CONTROL_BASE
  ld t0, CONTROL_REMAINING(s2)
  beqz t0, finished
  addi t0, t0, -1
  sd t0, CONTROL_REMAINING(s2)
  sd zero, CONTROL_TRAPS(s2)
  ld s0, CONTROL_DESCRIPTOR(s2)
  .set i, 0
  .rept POKES
    ld t0, 8 * (D_POKES + 2 * i)(s0)
    ld t1, 8 * (D_POKES + 2 * i + 1)(s0)
    sd t1, 0(t0)
    .set i, i + 1
  .endr
  set_csr pmpaddr0, D_PMPADDR0
  set_csr pmpaddr1, D_PMPADDR0 + 1
  set_csr pmpaddr2, D_PMPADDR0 + 2
  set_csr pmpaddr3, D_PMPADDR0 + 3
  set_csr pmpaddr4, D_PMPADDR0 + 4
  set_csr pmpaddr5, D_PMPADDR0 + 5
  set_csr pmpaddr6, D_PMPADDR0 + 6
  set_csr pmpaddr7, D_PMPADDR0 + 7
  set_csr pmpcfg0, D_PMPCFG0
  set_csr satp, D_SATP
  sfence.vma
  fence.i
  set_csr medeleg, D_MEDELEG
  set_csr mideleg, D_MIDELEG
  set_csr stvec, D_STVEC
  set_csr sscratch, D_SSCRATCH
  csrw sepc, zero
  csrw scause, zero
  csrw stval, zero
  set_csr mcounteren, D_MCOUNTEREN
  set_csr scounteren, D_SCOUNTEREN
  li t0, 3 << 13
  csrw mstatus, t0
  each_f fld, s0, 8 * D_F
  set_csr fcsr, D_FCSR
  set_csr mstatus, D_MSTATUS
  set_csr mepc, D_CODE
  set_csr mip, D_MIP
  set_csr mie, D_MIE
  li t0, SAVE_BASE
  csrw mscratch, t0
  mv x31, s0
  each_x ld, x31, 8 * D_X, 1, 30
  ld x31, 8 * (D_X + 31)(x31)
  csrci mcountinhibit, INHIBIT_INSTRET
  mret

finished:
  li t0, FINISHER_BASE
  li t1, FINISHER_PASS
  sw t1, 0(t0)
1:
  j 1b

.balign 4
trapped:
  csrsi mcountinhibit, INHIBIT_INSTRET
  csrrw x31, mscratch, x31
  each_x sd, x31, 0, 1, 30
  csrr x1, mscratch
  sd x1, 8 * 31(x31)
  csrw mscratch, x31
  li s2, CONTROL_BASE
  ld s0, CONTROL_DESCRIPTOR(s2)
  ld s1, CONTROL_RECORD(s2)
  ld s7, 8 * D_END(s0)
  csrr a0, mcause
  csrr a1, mepc
  csrr a2, mtval
  csrr a3, mstatus
  jal log
  beq a1, s7, ended
  bltz a0, interrupted
  li t0, 9
  bne a0, t0, go_on
  lla t1, stub
  sub t1, a1, t1
  li t2, STUB_SIZE
  bltu t1, t2, trapped_in_supervisor
go_on:
  jal advance
  csrw mepc, a1
  j return
interrupted:
  csrw mip, zero
  j return

trapped_in_supervisor:
  csrr a0, scause
  csrr a1, sepc
  csrr a2, stval
  csrr a3, sstatus
  jal log
  beq a1, s7, ended
  lla t0, return_from_supervisor
  csrw mepc, t0
  bltz a0, interrupted
  jal advance
  csrw sepc, a1
return:
  li x31, SAVE_BASE
  each_x ld, x31, 0, 1, 30
  ld x31, 8 * 31(x31)
  csrci mcountinhibit, INHIBIT_INSTRET
  mret

# Logs a0 to a3; ends the sequence if there is no room.
log:
  ld t0, CONTROL_TRAPS(s2)
  li t1, TRAP_LOG
  bgeu t0, t1, ended
  slli t1, t0, 5
  add t1, t1, s1
  sd a0, 8 * R_TRAP_LOG(t1)
  sd a1, 8 * R_TRAP_LOG + 8(t1)
  sd a2, 8 * R_TRAP_LOG + 16(t1)
  sd a3, 8 * R_TRAP_LOG + 24(t1)
  addi t0, t0, 1
  sd t0, CONTROL_TRAPS(s2)
  ret

# Moves a1 behind the instruction there, which trapped with cause a0; ends the sequence if that cannot be.
advance:
  li t0, 16
  bgeu a0, t0, ended
  li t0, 1 << 0 | 1 << 1 | 1 << 12  # no instruction could be fetched
  srl t0, t0, a0
  andi t0, t0, 1
  bnez t0, ended
  li t0, CODE_BASE
  sub t0, a1, t0
  li t1, CODE_SIZE
  bgeu t0, t1, ended
  lhu t0, 0(a1)
  andi t0, t0, 3
  addi a1, a1, 2
  li t1, 3
  bne t0, t1, 1f
  addi a1, a1, 2
1:
  ret

ended:
  csrr t1, mstatus
  sd t1, 8 * R_MSTATUS(s1)
  li t0, 3 << 13
  csrs mstatus, t0
  ld t0, CONTROL_TRAPS(s2)
  sd t0, 8 * R_TRAPS(s1)
  li s3, SAVE_BASE
  .set i, 1
  .rept 31
    ld t0, 8 * i(s3)
    sd t0, 8 * i(s1)
    .set i, i + 1
  .endr
  each_f fsd, s1, 8 * R_F
  keep_csr fcsr, R_FCSR
  keep_csr scause, R_SCAUSE
  keep_csr sepc, R_SEPC
  keep_csr stval, R_STVAL
  keep_csr sscratch, R_SSCRATCH
  keep_csr mie, R_MIE
  keep_csr mip, R_MIP
  keep_csr medeleg, R_MEDELEG
  keep_csr mideleg, R_MIDELEG
  keep_csr satp, R_SATP
  keep_csr stvec, R_STVEC
  keep_csr mcounteren, R_MCOUNTEREN
  keep_csr scounteren, R_SCOUNTEREN
  keep_csr pmpcfg0, R_PMPCFG0
  keep_csr pmpaddr0, R_PMPADDR0
  csrw mie, zero
  csrw mip, zero
  addi s0, s0, 8 * DESCRIPTOR_WORDS
  sd s0, CONTROL_DESCRIPTOR(s2)
  addi s1, s1, 8 * RECORD_WORDS
  sd s1, CONTROL_RECORD(s2)
  j next

# What a delegated trap leads to: at once on to machine mode, which comes back to the sret.
.section .text.stub, "ax"
.option norvc
stub:
  .rept STUB_SIZE / 4
    ecall
  .endr
return_from_supervisor:
  sret
