// SPDX-License-Identifier: MIT
//
// Numbers and fields of the CSRs (privileged specification, "CSR Listing" and the sections of the registers).
#pragma once

#include <cstdint>

namespace fermata::riscv::core {

namespace csr {
inline constexpr unsigned fflags = 0x001, frm = 0x002, fcsr = 0x003;
inline constexpr unsigned cycle = 0xc00, time = 0xc01, instret = 0xc02, hpmcounter3 = 0xc03, hpmcounter31 = 0xc1f;
inline constexpr unsigned sstatus = 0x100, sie = 0x104, stvec = 0x105, scounteren = 0x106, senvcfg = 0x10a,
                          sscratch = 0x140, sepc = 0x141, scause = 0x142, stval = 0x143, sip = 0x144, satp = 0x180;
inline constexpr unsigned mvendorid = 0xf11, marchid = 0xf12, mimpid = 0xf13, mhartid = 0xf14, mconfigptr = 0xf15;
inline constexpr unsigned mstatus = 0x300, misa = 0x301, medeleg = 0x302, mideleg = 0x303, mie = 0x304, mtvec = 0x305,
                          mcounteren = 0x306, menvcfg = 0x30a, mcountinhibit = 0x320, mhpmevent3 = 0x323,
                          mhpmevent31 = 0x33f, mscratch = 0x340, mepc = 0x341, mcause = 0x342, mtval = 0x343,
                          mip = 0x344;
inline constexpr unsigned pmpcfg0 = 0x3a0, pmpcfg2 = 0x3a2, pmpaddr0 = 0x3b0, pmpaddr15 = 0x3bf;
inline constexpr unsigned mcycle = 0xb00, minstret = 0xb02, mhpmcounter3 = 0xb03, mhpmcounter31 = 0xb1f;
}  // namespace csr

namespace status {
inline constexpr std::uint64_t sie = 1U << 1, mie = 1U << 3, spie = 1U << 5, mpie = 1U << 7, spp = 1U << 8,
                               mpp = 3U << 11, fs = 3U << 13, mprv = 1U << 17, sum = 1U << 18, mxr = 1U << 19,
                               tvm = 1U << 20, tw = 1U << 21, tsr = 1U << 22, sd = std::uint64_t{1} << 63;
inline constexpr std::uint64_t uxl_64 = std::uint64_t{2} << 32, sxl_64 = std::uint64_t{2} << 34;
inline constexpr unsigned mpp_shift = 11, fs_shift = 13;
}  // namespace status

namespace cause {
inline constexpr std::uint64_t fetch_access = 1, illegal_instruction = 2, breakpoint = 3, load_misaligned = 4,
                               load_access = 5, store_misaligned = 6, store_access = 7, ecall_from_user = 8,
                               ecall_from_supervisor = 9, ecall_from_machine = 11, fetch_page = 12, load_page = 13,
                               store_page = 15;
inline constexpr std::uint64_t interrupt = std::uint64_t{1} << 63;
}  // namespace cause

}  // namespace fermata::riscv::core
