// SPDX-License-Identifier: MIT
//
// Which CSRs there are, and what reading and writing them does: a table in the order of their numbers.
#include "fermata/riscv/core/csr_file.hpp"

#include <algorithm>
#include <array>

#include "fermata/riscv/core/csr_bits.hpp"
#include "fermata/riscv/core/memory.hpp"
#include "fermata/riscv/core/trap.hpp"
#include "fermata/riscv/translation/mmu.hpp"

namespace fermata::riscv::core {
namespace {

constexpr std::uint64_t bit(Interrupt line) { return std::uint64_t{1} << static_cast<unsigned>(line); }

constexpr std::uint64_t supervisor_interrupts =
    bit(Interrupt::supervisor_software) | bit(Interrupt::supervisor_timer) | bit(Interrupt::supervisor_external);
constexpr std::uint64_t all_interrupts = supervisor_interrupts | bit(Interrupt::machine_software) |
                                         bit(Interrupt::machine_timer) | bit(Interrupt::machine_external);
// All but the environment call from machine mode, which never comes from a less privileged mode.
constexpr std::uint64_t delegable_exceptions = 0xb3ff;

constexpr std::uint64_t mstatus_writable = status::sie | status::mie | status::spie | status::mpie | status::spp |
                                           status::mprv | status::sum | status::mxr | status::tvm | status::tw |
                                           status::tsr;
constexpr std::uint64_t sstatus_writable = status::sie | status::spie | status::spp | status::sum | status::mxr;

constexpr std::uint64_t extension(char letter) { return std::uint64_t{1} << (letter - 'A'); }
constexpr std::uint64_t misa_value = std::uint64_t{2} << 62 | extension('A') | extension('C') | extension('D') |
                                     extension('F') | extension('I') | extension('M') | extension('S') | extension('U');

constexpr std::uint64_t counter_enable_writable = 0xffff'ffff;
constexpr std::uint64_t inhibit_cycle = 1, inhibit_instret = 4;
constexpr std::uint64_t fence_of_io_implies_memory = 1;  // FIOM: all that there is of menvcfg and senvcfg

using Reader = std::uint64_t (*)(const HartState&, unsigned number);
using WriterFunction = void (*)(HartState&, unsigned number, std::uint64_t value);

struct Register {
  unsigned first;
  unsigned last;
  Reader read;
  WriterFunction write;
};

template <std::uint64_t Csrs::*member>
std::uint64_t read_plain(const HartState& hart, unsigned /*number*/) {
  return hart.csrs.*member;
}
template <std::uint64_t Csrs::*member, std::uint64_t writable = ~std::uint64_t{0}>
void write_plain(HartState& hart, unsigned /*number*/, std::uint64_t value) {
  hart.csrs.*member = value & writable;
}
template <std::uint64_t value>
std::uint64_t read_constant(const HartState& /*hart*/, unsigned /*number*/) {
  return value;
}
void ignore(HartState& /*hart*/, unsigned /*number*/, std::uint64_t /*value*/) {}

template <std::uint64_t Csrs::*member, std::uint64_t writable = ~std::uint64_t{0}>
constexpr Register plain(unsigned number) {
  return {number, number, read_plain<member>, write_plain<member, writable>};
}

// --- floating point ---

template <unsigned shift, std::uint64_t mask>
std::uint64_t read_fcsr(const HartState& hart, unsigned /*number*/) {
  return (static_cast<std::uint64_t>(hart.frm) << 5 | hart.fflags) >> shift & mask;
}
void write_fflags(HartState& hart, unsigned /*number*/, std::uint64_t value) {
  hart.fflags = value & 0x1f;
  hart.fs = 3;
}
void write_frm(HartState& hart, unsigned /*number*/, std::uint64_t value) {
  hart.frm = value & 7;
  hart.fs = 3;
}
void write_fcsr(HartState& hart, unsigned number, std::uint64_t value) {
  write_fflags(hart, number, value);
  write_frm(hart, number, value >> 5);
}

// --- status ---

void write_status(HartState& hart, std::uint64_t value, std::uint64_t writable) {
  std::uint64_t& mstatus = hart.csrs.mstatus;
  const std::uint64_t before = mstatus;
  mstatus = (mstatus & ~writable) | (value & writable);
  hart.fs = value >> status::fs_shift & 3;
  if (((before ^ mstatus) & status::mxr) != 0) {
    flush_translations(hart);
  }
  update_views(hart);
  update_interrupts(hart);
}

std::uint64_t read_mstatus(const HartState& hart, unsigned /*number*/) { return mstatus_value(hart); }
void write_mstatus(HartState& hart, unsigned /*number*/, std::uint64_t value) {
  const bool has_mode = (value >> status::mpp_shift & 3) != 2;  // 2 is no privilege: the old one stays
  write_status(hart, value, mstatus_writable | (has_mode ? status::mpp : 0));
}
std::uint64_t read_sstatus(const HartState& hart, unsigned /*number*/) {
  return mstatus_value(hart) & (sstatus_writable | status::fs | status::sd | status::uxl_64);
}
void write_sstatus(HartState& hart, unsigned /*number*/, std::uint64_t value) {
  write_status(hart, value, sstatus_writable);
}

// --- interrupts and traps ---

void write_mideleg(HartState& hart, unsigned /*number*/, std::uint64_t value) {
  hart.csrs.mideleg = value & supervisor_interrupts;
  update_interrupts(hart);
}
void write_mie(HartState& hart, unsigned /*number*/, std::uint64_t value) {
  hart.csrs.mie = value & all_interrupts;
  update_interrupts(hart);
}
std::uint64_t read_sie(const HartState& hart, unsigned /*number*/) { return hart.csrs.mie & hart.csrs.mideleg; }
void write_sie(HartState& hart, unsigned number, std::uint64_t value) {
  write_mie(hart, number, (hart.csrs.mie & ~hart.csrs.mideleg) | (value & hart.csrs.mideleg));
}
std::uint64_t read_mip(const HartState& hart, unsigned /*number*/) { return pending_interrupts(hart); }
void write_mip(HartState& hart, unsigned /*number*/, std::uint64_t value) {
  hart.csrs.mip = value & supervisor_interrupts;
  update_interrupts(hart);
}
std::uint64_t read_sip(const HartState& hart, unsigned /*number*/) {
  return pending_interrupts(hart) & hart.csrs.mideleg;
}
void write_sip(HartState& hart, unsigned number, std::uint64_t value) {
  const std::uint64_t writable = hart.csrs.mideleg & bit(Interrupt::supervisor_software);
  write_mip(hart, number, (hart.csrs.mip & ~writable) | (value & writable));
}
template <std::uint64_t Csrs::*member>
void write_tvec(HartState& hart, unsigned /*number*/, std::uint64_t value) {
  if ((value & 3) <= 1) {  // direct or vectored
    hart.csrs.*member = value;
  }
}

// --- translation and protection ---

void write_satp(HartState& hart, unsigned /*number*/, std::uint64_t value) {
  if (translation::satp_mode(value) && value != hart.csrs.satp) {
    hart.csrs.satp = value;
    flush_translations(hart);
  }
}
std::uint64_t read_pmpcfg(const HartState& hart, unsigned number) { return hart.pmp.config(number - csr::pmpcfg0); }
void write_pmpcfg(HartState& hart, unsigned number, std::uint64_t value) {
  hart.pmp.set_config(number - csr::pmpcfg0, value);
  flush_views(hart);
}
std::uint64_t read_pmpaddr(const HartState& hart, unsigned number) { return hart.pmp.address(number - csr::pmpaddr0); }
void write_pmpaddr(HartState& hart, unsigned number, std::uint64_t value) {
  hart.pmp.set_address(number - csr::pmpaddr0, value);
  flush_views(hart);
}

// --- counters ---

std::uint64_t read_cycle(const HartState& hart, unsigned /*number*/) { return hart.cycle.read(hart.count()); }
std::uint64_t read_instret(const HartState& hart, unsigned /*number*/) { return hart.instret.read(hart.count()); }
std::uint64_t read_time(const HartState& hart, unsigned /*number*/) { return hart.read_mtime(); }
void write_cycle(HartState& hart, unsigned /*number*/, std::uint64_t value) { hart.cycle.write(hart.count(), value); }
void write_instret(HartState& hart, unsigned /*number*/, std::uint64_t value) {
  hart.instret.write(hart.count(), value);
}
void write_mcountinhibit(HartState& hart, unsigned /*number*/, std::uint64_t value) {
  hart.csrs.mcountinhibit = value & (inhibit_cycle | inhibit_instret);
  hart.cycle.set_inhibited(hart.count(), (value & inhibit_cycle) != 0);
  hart.instret.set_inhibited(hart.count(), (value & inhibit_instret) != 0);
}

std::uint64_t read_mhartid(const HartState& hart, unsigned /*number*/) { return hart.id; }

constexpr Register read_only_zero(unsigned first, unsigned last) { return {first, last, read_constant<0>, ignore}; }

constexpr auto registers = std::to_array<Register>({
    {csr::fflags, csr::fflags, read_fcsr<0, 0x1f>, write_fflags},
    {csr::frm, csr::frm, read_fcsr<5, 7>, write_frm},
    {csr::fcsr, csr::fcsr, read_fcsr<0, 0xff>, write_fcsr},
    {csr::sstatus, csr::sstatus, read_sstatus, write_sstatus},
    {csr::sie, csr::sie, read_sie, write_sie},
    {csr::stvec, csr::stvec, read_plain<&Csrs::stvec>, write_tvec<&Csrs::stvec>},
    plain<&Csrs::scounteren, counter_enable_writable>(csr::scounteren),
    plain<&Csrs::senvcfg, fence_of_io_implies_memory>(csr::senvcfg),
    plain<&Csrs::sscratch>(csr::sscratch),
    plain<&Csrs::sepc, ~std::uint64_t{1}>(csr::sepc),
    plain<&Csrs::scause>(csr::scause),
    plain<&Csrs::stval>(csr::stval),
    {csr::sip, csr::sip, read_sip, write_sip},
    {csr::satp, csr::satp, read_plain<&Csrs::satp>, write_satp},
    {csr::mstatus, csr::mstatus, read_mstatus, write_mstatus},
    {csr::misa, csr::misa, read_constant<misa_value>, ignore},
    plain<&Csrs::medeleg, delegable_exceptions>(csr::medeleg),
    {csr::mideleg, csr::mideleg, read_plain<&Csrs::mideleg>, write_mideleg},
    {csr::mie, csr::mie, read_plain<&Csrs::mie>, write_mie},
    {csr::mtvec, csr::mtvec, read_plain<&Csrs::mtvec>, write_tvec<&Csrs::mtvec>},
    plain<&Csrs::mcounteren, counter_enable_writable>(csr::mcounteren),
    plain<&Csrs::menvcfg, fence_of_io_implies_memory>(csr::menvcfg),
    {csr::mcountinhibit, csr::mcountinhibit, read_plain<&Csrs::mcountinhibit>, write_mcountinhibit},
    read_only_zero(csr::mhpmevent3, csr::mhpmevent31),
    plain<&Csrs::mscratch>(csr::mscratch),
    plain<&Csrs::mepc, ~std::uint64_t{1}>(csr::mepc),
    plain<&Csrs::mcause>(csr::mcause),
    plain<&Csrs::mtval>(csr::mtval),
    {csr::mip, csr::mip, read_mip, write_mip},
    {csr::pmpcfg0, csr::pmpcfg0, read_pmpcfg, write_pmpcfg},
    {csr::pmpcfg2, csr::pmpcfg2, read_pmpcfg, write_pmpcfg},
    {csr::pmpaddr0, csr::pmpaddr15, read_pmpaddr, write_pmpaddr},
    {csr::mcycle, csr::mcycle, read_cycle, write_cycle},
    {csr::minstret, csr::minstret, read_instret, write_instret},
    read_only_zero(csr::mhpmcounter3, csr::mhpmcounter31),
    {csr::cycle, csr::cycle, read_cycle, ignore},
    {csr::time, csr::time, read_time, ignore},
    {csr::instret, csr::instret, read_instret, ignore},
    read_only_zero(csr::hpmcounter3, csr::hpmcounter31),
    read_only_zero(csr::mvendorid, csr::mimpid),
    {csr::mhartid, csr::mhartid, read_mhartid, ignore},
    read_only_zero(csr::mconfigptr, csr::mconfigptr),
});
static_assert(std::is_sorted(registers.begin(), registers.end(),
                             [](const Register& a, const Register& b) { return a.last < b.first; }));

const Register* find(unsigned number) {
  const auto* const found =
      std::lower_bound(registers.begin(), registers.end(), number,
                       [](const Register& entry, unsigned wanted) { return entry.last < wanted; });
  return found != registers.end() && found->first <= number ? found : nullptr;
}

bool is_counter_enabled(const HartState& hart, unsigned number) {
  const std::uint64_t counter = std::uint64_t{1} << (number - csr::cycle);
  switch (hart.privilege) {
    case Privilege::machine: return true;
    case Privilege::supervisor: return (hart.csrs.mcounteren & counter) != 0;
    case Privilege::user: break;
  }
  return (hart.csrs.mcounteren & hart.csrs.scounteren & counter) != 0;
}

/// Privileged specification, "CSR Address Mapping Conventions", and the conditions of single registers.
bool is_permitted(const HartState& hart, unsigned number, bool writes) {
  const bool is_read_only = number >> 10 == 3;
  if ((number >> 8 & 3) > static_cast<unsigned>(hart.privilege) || (is_read_only && writes)) {
    return false;
  }
  if (number <= csr::fcsr) {
    return hart.fs != 0;
  }
  if (number == csr::satp) {
    return hart.privilege == Privilege::machine || (hart.csrs.mstatus & status::tvm) == 0;
  }
  return number < csr::cycle || number > csr::hpmcounter31 || is_counter_enabled(hart, number);
}

/// What CSRRS and CSRRC change: of mip only what software wrote, not the wires (privileged specification, "mip and
/// mie").
std::uint64_t value_to_modify(const HartState& hart, unsigned number, std::uint64_t value) {
  return number == csr::mip || number == csr::sip ? hart.csrs.mip : value;
}

}  // namespace

std::uint64_t mstatus_value(const HartState& hart) {
  return hart.csrs.mstatus | static_cast<std::uint64_t>(hart.fs) << status::fs_shift | status::uxl_64 | status::sxl_64 |
         (hart.fs == 3 ? status::sd : 0);
}

std::optional<std::uint64_t> access_csr(HartState& hart, const CsrAccess& access) {
  const Register* const entry = find(access.number);
  if (entry == nullptr || !is_permitted(hart, access.number, access.writes)) {
    return std::nullopt;
  }
  if (access.number == csr::time) {
    hart.time->set_executed(hart.start + hart.before + 1);  // the present instruction included, as QEMU counts
  }
  const std::uint64_t old = entry->read(hart, access.number);
  if (access.writes) {
    const std::uint64_t base = value_to_modify(hart, access.number, old);
    switch (access.operation) {
      case CsrAccess::Operation::write: entry->write(hart, access.number, access.operand); break;
      case CsrAccess::Operation::set: entry->write(hart, access.number, base | access.operand); break;
      case CsrAccess::Operation::clear: entry->write(hart, access.number, base & ~access.operand); break;
    }
  }
  return old;
}

std::optional<std::uint64_t> read_csr(const HartState& hart, unsigned number) {
  const Register* const entry = find(number);
  return entry == nullptr ? std::nullopt : std::optional(entry->read(hart, number));
}

}  // namespace fermata::riscv::core
